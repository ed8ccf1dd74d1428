"""Dead letters tried again: their records, and only these, go the whole way once more.

A record that lies in a raw object is tried in another round of that object's receipt. A line of a file that could not
be read has no object yet: it is read again and lands in one of its own. A target that was never fetched is fetched.
Each of these may be cut off anywhere and done again: what is on its way, or has arrived, is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from creators.errors import BadRecord
from creators.stores import deadletters, receipts
from creators.stores.coordination import lease
from creators.stores.deadletters import DeadLetter, LetterState, Wanted, replaying
from creators.stores.receipts import NEXT_JOB, State
from fetchers import intake
from fetchers.settlement import ask_again
from fetchers.sources.dataset import open_rows, to_record
from indexers import pictures

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.lake import LakeObject
    from creators.stores.session import Stores
    from fetchers.sources.dataset import Line

LEASE = "lease:dlq-replay"
MAX_TOGETHER = 200
"""Unreadable lines of one file that are tried in one go."""
Letter = dict[str, Any]


@dataclass(slots=True)
class Replayed:
    """What became of letters, in letters."""

    queued: int = 0
    """Their records are on their way."""
    arrived: int = 0
    """Their records had arrived already; they are closed."""
    busy: int = 0
    """Their object is on its way, or is not booked: nothing is done."""
    failed: int = 0
    """Still cannot be read."""


@dataclass(slots=True)
class Pace:
    """At most ``per_s`` records a second; waits by ``sleep``."""

    per_s: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def spend(self, records: int) -> None:
        """Wait until so many records may be queued."""
        now = self.clock()
        if self._next > now:
            self.sleep(self._next - now)
        self._next = max(self._next, now) + records / self.per_s


def replay(stores: Stores, wanted: Wanted, *, pace: Pace, on_progress: Callable[[Replayed], None]) -> Replayed:
    """Have the records of letters tried again; returns what became of the letters.

    Args:
        stores: where they are.
        wanted: which; those already replayed are passed over.
        pace: how fast they are queued.
        on_progress: told after every object.

    Raises:
        QueueUnavailable: Redis does not answer, or another replay holds on for too long. What was queued stays so.
    """
    done = Replayed()
    with_object = deadletters.each(stores.cluster, wanted, has_object=True)
    for key, letters in groupby(with_object, key=lambda letter: str(letter["raw_key"])):
        _again(stores, key, list(letters), done, pace)
        on_progress(done)
    for some in _by_origin(deadletters.each(stores.cluster, wanted, has_object=False)):
        if some[0]["dataset_id"] is not None:
            _read_again(stores, some, done, pace)
        elif some[0]["target"] is not None:
            shown = [one for one in some if one["stage"] == pictures.STAGE]
            _look_again(stores, shown, done, pace)
            _fetch_again(stores, [one for one in some if one not in shown], done, pace)
        on_progress(done)
    return done


def _lease(stores: Stores) -> Any:
    return lease(stores.queue.redis, f"{stores.settings.index_prefix}{LEASE}", wait_s=60)


def _ids(letters: Iterable[Letter]) -> list[str]:
    return [letter["letter_id"] for letter in letters]


def _again(stores: Stores, key: str, letters: list[Letter], done: Replayed, pace: Pace) -> None:
    """Begin another round of an object with the records of its letters."""
    with _lease(stores):
        receipt = receipts.load(stores.cluster, key)
        if receipt is None or receipt.is_open:
            done.busy += len(letters)
            return
        following = receipt.again([letter["line"] for letter in letters if letter["line"] is not None])
        chosen = None if following is None else following.only
        tried = [one for one in letters if following and (chosen is None or one["line"] in chosen)]
        # First of all: a record that fails in this round must find its letter waiting for that.
        deadletters.mark(stores.cluster, _ids(tried), replaying())
        others = [one for one in letters if one not in tried]
        deadletters.mark(stores.cluster, _ids(others), lambda _doc: {"state": LetterState.REPLAYED})
        done.arrived += len(others)
        if following is None:
            return
        receipts.save(stores.cluster, following)
    stores.queue.enqueue(NEXT_JOB[State.LANDED], key)
    done.queued += len(tried)
    pace.spend(following.due)


def _by_origin(letters: Iterator[Letter]) -> Iterator[list[Letter]]:
    """Yield letters of one dataset, or of targets, together; those that land in one object stay together."""
    for _, group in groupby(letters, key=lambda letter: letter["dataset_id"]):
        while some := list(islice(group, MAX_TOGETHER)):
            yield some


def _read_again(stores: Stores, letters: list[Letter], done: Replayed, pace: Pace) -> None:
    """Read lines of a file again that could not be read, and land those that can now."""
    dataset_id = letters[0]["dataset_id"]
    slices = receipts.slices(stores.cluster, dataset_id)
    whole = [one for one in letters if any(s["start"] == one["line"] and not s["rows"] for s in slices)]
    if whole:
        # Here the file itself could not be read further.
        deadletters.mark(stores.cluster, _ids(whole), lambda _doc: {"state": LetterState.REPLAYED})
        stores.queue.enqueue("fetch_dataset", dataset_id, str(whole[0]["line"]))
        done.queued += len(whole)
    with _lease(stores):
        begun = [one for one in letters if one["replayed_as"] is not None]
        for key, group in groupby(sorted(begun, key=_replayed_as), key=_replayed_as):
            _finish(stores, key, list(group), done)
        booked = [one for one in letters if one not in whole and one not in begun and _is_booked(one, slices)]
        done.busy += len(letters) - len(whole) - len(begun) - len(booked)
        for landed, own in _landed(stores, dataset_id, booked, done):
            deadletters.mark(stores.cluster, _ids(own), replaying(landed.key))
            _book(stores, landed.key, own, done)
    pace.spend(len(letters))


def _replayed_as(letter: Letter) -> str:
    return str(letter["replayed_as"])


def _is_booked(letter: Letter, slices: Sequence[dict[str, Any]]) -> bool:
    """Return whether the account counts the line as dead-lettered by now."""
    return any(one["start"] < letter["line"] <= one["end"] for one in slices)


def _finish(stores: Stores, key: str, letters: list[Letter], done: Replayed) -> None:
    """Go on with lines that an earlier replay had put into the object ``key``."""
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        _book(stores, key, letters, done)
    elif receipt.is_open:
        done.busy += len(letters)
    else:
        deadletters.close(stores.cluster, key)
        done.arrived += len(letters)


def _book(stores: Stores, key: str, letters: list[Letter], done: Replayed) -> None:
    # In one write: as many records are pending now as are no longer dead-lettered where their slice is booked.
    records = len(letters)
    settled = receipts.Settled(dead_lettered=-records)
    receipts.save(
        stores.cluster,
        receipts.ObjectReceipt(key=key, records=records, dataset_id=letters[0]["dataset_id"], settled=settled),
    )
    stores.queue.enqueue(NEXT_JOB[State.LANDED], key)
    done.queued += records


def _landed(
    stores: Stores, dataset_id: str, letters: list[Letter], done: Replayed
) -> list[tuple[LakeObject, list[Letter]]]:
    """Put the lines that can be read now into the lake; those that still cannot stay open, with their new reason."""
    dataset = intake.load(stores.lake, dataset_id)
    readable: list[tuple[RawRecord, Letter]] = []
    with stores.lake.local_file(dataset.file_key) as path:
        for letter, line in _lines(open_rows(path, dataset.mapping, start=0), letters):
            try:
                at = dataset.registered_at
                record = to_record(line, dataset.mapping, dataset_id=dataset_id, default_at=at)
                readable.append((record, letter))
            except BadRecord as error:
                reason = error.detail
                where: dict[str, Any] = {"dataset_id": dataset_id, "line": line.number, "excerpt": line.raw}
                deadletters.mark(stores.cluster, [letter["letter_id"]], replaying())
                deadletters.add(stores.cluster, [DeadLetter("fetch", error.code, reason, field=error.field, **where)])
                done.failed += 1
    readable.sort(key=lambda pair: pair[0].platform)
    objects = []
    for _, group in groupby(readable, key=lambda pair: pair[0].platform):
        records, own = zip(*group, strict=True)
        objects.append((stores.lake.put(list(records), landed_on=dataset.landed_on), list(own)))
    return objects


def _lines(rows: Iterator[Line], letters: list[Letter]) -> Iterator[tuple[Letter, Line]]:
    by_line = {letter["line"]: letter for letter in letters}
    for line in rows if by_line else ():
        if (letter := by_line.pop(line.number, None)) is not None:
            yield letter, line
        if not by_line:
            return


def _look_again(stores: Stores, letters: list[Letter], done: Replayed, pace: Pace) -> None:
    """Have pictures looked at again; one that fails again has its letter opened again."""
    deadletters.mark(stores.cluster, _ids(letters), lambda _doc: {"state": LetterState.REPLAYED})
    pictures.look_again(stores, [letter["target"] for letter in letters])
    done.queued += len(letters)
    pace.spend(len(letters))


def _fetch_again(stores: Stores, letters: list[Letter], done: Replayed, pace: Pace) -> None:
    """Have targets fetched again; how that goes is in their own log."""
    ask_again(stores, [letter["target"] for letter in letters])
    deadletters.mark(stores.cluster, _ids(letters), lambda _doc: {"state": LetterState.REPLAYED})
    done.queued += len(letters)
    pace.spend(len(letters))
