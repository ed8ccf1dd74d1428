"""Pictures that are due, a few at a time: fetched, kept in the lake, read, and landed as records like any other.

What a picture says reaches the index by its record; a rebuild reads that record again and asks nobody. A picture that
fails is tried three times, later each time, and then becomes a dead letter; it costs no other picture anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from creators.annotations import SOURCE
from creators.errors import BadInput, CreatorscopeError, NotFound, SourceLimited, TargetGone
from creators.ids import content_hash
from creators.stores import deadletters, pictures
from creators.stores.deadletters import DeadLetter
from creators.stores.lake import MEDIA
from creators.stores.pictures import Picture, PictureState
from creators.stores.scripts import Shared
from creators.stores.steps import MAX_ATTEMPTS, ran_out_of_time
from creators.stores.tallies import Count, Tallies
from enrich import profiles
from enrich.media import ocr, taken
from enrich.media.dhash import dhash
from enrich.media.offered import JOB
from enrich.media.pictures import check_installed, pixels_of
from fetchers.guard import web_address
from fetchers.landing import land_by_day
from fetchers.pictures import Fetched, fetch_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx2

    from creators.models import Account, RawRecord
    from creators.stores.lake import Lake
    from creators.stores.session import Stores

STAGE = "look"
TOGETHER = 8
"""Pictures that are fetched at once."""
BEGIN_S = 8.0
"""A job begins nothing new after so long: what is more urgent waits for one job at most."""
WAIT = timedelta(minutes=1)
"""Before the second try; five times as long before the third."""
_FACTOR = 5

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Round:
    """What became of the pictures that were claimed together."""

    ended: list[Picture] = field(default_factory=list)
    records: list[RawRecord] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)


def look(stores: Stores, *, turn: str = "0", transport: httpx2.AsyncBaseTransport | None = None) -> int:
    """Look at pictures that are due, for some seconds; where more are left, another job is queued. Returns how many.

    Args:
        stores: to work with.
        turn: which of two jobs this is, ``0`` or ``1``: the other goes on.
        transport: of the fetches, for tests that own the network.

    Raises:
        SetupError: the extra ``ocr`` is not installed; the pictures keep waiting.
        Unavailable: a store does not answer; what was claimed comes due again.
    """
    if stores.settings.media_fetch == "off":
        return 0
    reader = reader_of(stores)
    begun, looked = time.monotonic(), 0
    while time.monotonic() < begun + BEGIN_S:
        now = datetime.now(UTC)
        claimed = pictures.claim(stores.cluster, now, limit=TOGETHER)
        if not claimed:
            return looked
        with _given_back(stores, claimed, now):
            _end(stores, _look_at(stores, claimed, reader, transport))
        looked += len(claimed)
    stores.queue.enqueue(JOB, "1" if turn == "0" else "0")
    return looked


@contextmanager
def _given_back(stores: Stores, claimed: Sequence[Picture], now: datetime) -> Iterator[None]:
    """Let a claim count for nothing where the block fails by a store that does not answer."""
    try:
        yield
    except CreatorscopeError:
        with suppress(CreatorscopeError):
            untouched = [replace(one, attempts=one.attempts - 1, due_at=now + WAIT) for one in claimed]
            pictures.settle(stores.cluster, untouched)
        raise


def request_when_due(stores: Stores) -> bool:
    """Queue a look where pictures are due; returns whether one was queued."""
    if stores.settings.media_fetch == "off" or not pictures.is_any_due(stores.cluster, datetime.now(UTC)):
        return False
    return stores.queue.enqueue(JOB, "0")


Reader = Callable[["Lake", Picture, bytes], "list[RawRecord]"]


def reader_of(stores: Stores) -> Reader:
    """Return what makes records of a picture: how it looks, where it is an avatar, and what is written on it.

    Raises:
        SetupError: the extra ``ocr`` is not installed.
    """
    check_installed()
    method = ocr.method() if stores.settings.media_ocr else None

    def records(lake: Lake, picture: Picture, data: bytes) -> list[RawRecord]:
        pixels = pixels_of(data)
        found: list[RawRecord] = []
        if picture.kind == "avatar":
            found.append(taken.avatar_of(lake, picture.account_id, data, lambda _: dhash(pixels)))
        if method is not None:
            read = taken.take_in(lake, picture.account_id, data, method, lambda _: ocr.read_picture(pixels))
            found += [read] if read is not None else []
        return found

    return records


def _look_at(
    stores: Stores, claimed: Sequence[Picture], reader: Reader, transport: httpx2.AsyncBaseTransport | None
) -> Round:
    accounts = profiles.load_accounts(stores.cluster, {one.account_id for one in claimed})
    current = [_current(one, accounts.get(one.account_id)) for one in claimed]
    held, wanted = {}, []
    for one in current:
        if one.state is not PictureState.WAITING or one.attempts > MAX_ATTEMPTS:
            continue
        medium = _known(stores.lake, one.url)
        if medium is None:
            wanted.append(one.url)
        else:
            held[one.url] = taken.bytes_of(stores.lake, medium)
    fetched = asyncio.run(fetch_all(stores.settings, wanted, transport=transport)) if wanted else {}
    found = Round()
    for one in current:
        got = held.get(one.url) or fetched.get(one.url)
        _settle(stores, found, one, got, reader)
    return found


def _current(picture: Picture, account: Account | None) -> Picture:
    """A picture as its account is now: withheld, or at its newest address."""
    if account is None or account.gone or not account.may_derive:
        return replace(picture, state=PictureState.WITHHELD)
    newest = replace(picture, url=account.avatar_url) if picture.kind == "avatar" and account.avatar_url else picture
    # Signed addresses expire: the same picture may have another by now.
    return newest if newest.picture_id == picture.picture_id else picture


def _settle(
    stores: Stores, into: Round, one: Picture, got: bytes | Fetched | CreatorscopeError | None, reader: Reader
) -> None:
    if one.state is PictureState.WITHHELD:
        into.ended.append(one)
    elif got is None:
        reason = f"gave up after {MAX_ATTEMPTS} attempts: each ended the process that looked at it"
        _give_up(into, one, deadletters.POISON, reason)
    elif isinstance(got, CreatorscopeError):
        _failed(into, one, got)
    else:
        _read(stores.lake, into, one, got, reader)


def _read(lake: Lake, into: Round, one: Picture, got: bytes | Fetched, reader: Reader) -> None:
    data = got if isinstance(got, bytes) else got.data
    try:
        records = reader(lake, one, data)
        if isinstance(got, Fetched):
            # Only now: what is no picture has no place in the lake.
            _keep(lake, one.url, got)
    except BadInput as error:
        _give_up(into, one, error.code, error.detail)
    except CreatorscopeError:
        raise
    except Exception as error:
        if ran_out_of_time(error) or isinstance(error, MemoryError):
            raise
        # A defect of a decoder or a model: it will fail again, and the neighbours need not wait for that.
        _give_up(into, one, "picture_failed", f"{type(error).__name__}: {error}")
    else:
        into.records += records
        into.ended.append(replace(one, state=PictureState.SEEN, medium=content_hash(data)))


def _failed(into: Round, one: Picture, error: CreatorscopeError) -> None:
    if isinstance(error, BadInput | TargetGone) or one.attempts >= MAX_ATTEMPTS:
        _give_up(into, one, error.code, error.detail)
        return
    due_at = datetime.now(UTC) + WAIT * _FACTOR ** (one.attempts - 1)
    if isinstance(error, SourceLimited) and error.retry_at is not None:
        due_at = max(due_at, error.retry_at)
    into.ended.append(replace(one, due_at=due_at, error=error.detail))


def _give_up(into: Round, one: Picture, error: str, reason: str) -> None:
    into.ended.append(replace(one, state=PictureState.FAILED, error=reason))
    letter = DeadLetter(
        STAGE,
        error,
        reason,
        source=SOURCE,
        target=f"{pictures.TARGET}:{one.picture_id}",
        excerpt=f"{one.account_id} {one.url}",
        attempts=one.attempts,
    )
    into.letters.append(letter)


def _end(stores: Stores, done: Round) -> None:
    """Book a round: the records first, so that a crash in between does it again and loses nothing."""
    land_by_day(stores, done.records)
    deadletters.add(stores.cluster, done.letters)
    pictures.settle(stores.cluster, done.ended)
    results = [str(one.state) if one.state is not PictureState.WAITING else "postponed" for one in done.ended]
    counted = [Count("pictures_looked", {"result": result}, results.count(result)) for result in sorted(set(results))]
    Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).add(counted)


def look_again(stores: Stores, targets: Iterable[str]) -> int:
    """Have pictures of dead letters looked at again; returns how many there are."""
    ids = [target.partition(":")[2] for target in targets]
    found = pictures.again(stores.cluster, ids, datetime.now(UTC))
    request_when_due(stores)
    return found


def _address_key(url: str) -> str:
    # Without the query, in which signatures expire.
    digest = content_hash(web_address(url).partition("?")[0].encode())
    return f"{MEDIA}/addresses/{digest[:2]}/{digest}.json"


def _known(lake: Lake, url: str) -> str | None:
    """The medium that was once fetched from an address."""
    try:
        return str(lake.get_json(_address_key(url))["medium"])
    except (NotFound, BadInput):
        return None


def _keep(lake: Lake, url: str, got: Fetched) -> None:
    medium = taken.keep(lake, got.data)
    lake.put_json(_address_key(url), {"url": url, "medium": medium, "fetched_at": got.at.isoformat()})
