"""How a job treats failure: what may pass is tried again, what never will ends in the dead letters.

A step that raises is counted in its receipt. One that ends its whole process (a crash of native code, lack of memory)
leaves its mark in Redis, set before the step and cleared after it: the step that finds one is *careful*, and marks
every record before it is read, so that the record that kills can be told from its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from rq.timeouts import JobTimeoutException

from creators.errors import CreatorscopeError, QueueUnavailable, Reaction
from creators.stores import deadletters, receipts
from creators.stores.receipts import State
from creators.stores.scripts import boundary

if TYPE_CHECKING:
    from creators.stores.session import Stores

MAX_ATTEMPTS = 3
MAX_DEATHS = 6
"""Deaths of processes after which an object is given up whole, where none came while a record was being read: a step
may also be cut off by a machine that is switched off, which is no fault of the object."""
MARK_TTL_S = 24 * 3600

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Care:
    """What is known about the deaths of processes in one step of one object.

    The first death tells nothing but itself. Each later one names the record that was in hand; a record that was in
    hand at two of them is poison, which makes three attempts.
    """

    stores: Stores | None = None
    mark: str = ""
    deaths: int = 0
    in_hand_at: dict[int, int] = field(default_factory=dict)
    """Place of a record → deaths while it was in hand."""

    @property
    def poisoned(self) -> frozenset[int]:
        """Places of the records that end every process that reads them."""
        return frozenset(place for place, deaths in self.in_hand_at.items() if deaths >= MAX_ATTEMPTS - 1)

    @property
    def is_hopeless(self) -> bool:
        """Whether processes die of the object again and again, and of none of its records."""
        return self.deaths - sum(self.in_hand_at.values()) >= MAX_DEATHS

    @contextmanager
    def in_hand(self, place: int) -> Iterator[None]:
        """Mark a record while the block reads it, where a process has died of this object before.

        Raises:
            QueueUnavailable: Redis does not answer.
        """
        if self.stores is None or not self.deaths:
            yield
            return
        redis, name = self.stores.queue.redis, f"{self.mark}:in-hand"
        with boundary():
            redis.hincrby(name, str(place), 1)
            redis.expire(name, MARK_TTL_S)
        try:
            yield
        finally:
            # A mark that stays only makes the next try careful.
            with suppress(QueueUnavailable), boundary():
                redis.hdel(name, str(place))


_OWED: Counter[str] = Counter()
"""Marks that this process could not take back, because Redis did not answer in time: they are no deaths."""
_CARE: ContextVar[Care | None] = ContextVar("care", default=None)


def care() -> Care:
    """Return what the step that runs now has to be careful with; outside of steps that is nothing."""
    return _CARE.get() or Care()


def _mark(stores: Stores, stage: str, key: str) -> str:
    return f"{stores.settings.index_prefix}started:{stage}:{receipts.receipt_id(key)}"


@contextmanager
def careful(stores: Stores, stage: str, key: str) -> Iterator[Care]:
    """Give the care that a piece of work needs, and note that it has begun until the block ends.

    What was learnt is forgotten once the work is done; after an error the work comes back, and so does the care.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    mark = _mark(stores, stage, key)
    with boundary():
        pipe = stores.queue.redis.pipeline(transaction=False)
        for owed, times in _OWED.items():
            pipe.decrby(owed, times)
            pipe.expire(owed, MARK_TTL_S)
        pipe.incr(mark)
        pipe.expire(mark, MARK_TTL_S)
        pipe.hgetall(f"{mark}:in-hand")
        *_, begun, _, hands = pipe.execute()
    _OWED.clear()
    known = Care(stores, mark, max(0, int(begun) - 1), {int(place): int(deaths) for place, deaths in hands.items()})
    if known.deaths:
        log.warning("died_before", stage=stage, key=key, deaths=known.deaths, poisoned=sorted(known.poisoned))
    token = _CARE.set(known)
    try:
        yield known
    except BaseException:
        with _or_owed(mark):
            stores.queue.redis.decr(mark)
        raise
    finally:
        _CARE.reset(token)
    with _or_owed(mark):
        stores.queue.redis.delete(mark, f"{mark}:in-hand")


@contextmanager
def _or_owed(mark: str) -> Iterator[None]:
    try:
        with boundary():
            yield
    except QueueUnavailable:
        _OWED[mark] += 1


def run_step(stores: Stores, key: str, step: Callable[[Stores, str], Any]) -> None:
    """Run one step of a lake object's way.

    A store that does not answer is no fault of the object: the error goes on, the receipt stays, the reconciler
    queues the step again. Any other failure counts; after ``MAX_ATTEMPTS`` the whole object is dead-lettered, so that
    one poisonous record does not hold up its queue for ever.
    """
    with careful(stores, step.__name__, key) as known:
        if known.is_hopeless:
            _give_up(stores, key, step.__name__, f"{known.deaths} processes died of it")
            return
        try:
            step(stores, key)
        except Exception as error:
            if isinstance(error, CreatorscopeError) and error.reaction is Reaction.RETRY:
                raise
            _count_failure(stores, key, step.__name__, error)
            raise


def ran_out_of_time(error: Exception) -> bool:
    """Return whether the error is the time limit of a job."""
    return isinstance(error, JobTimeoutException)


def _count_failure(stores: Stores, key: str, stage: str, error: Exception) -> None:
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        return
    attempts = receipt.attempts + 1
    said = f"{type(error).__name__}: {error}"
    log.error("step_failed", stage=stage, key=key, attempts=attempts, error=said)
    if attempts < MAX_ATTEMPTS:
        receipts.save(stores.cluster, receipt.model_copy(update={"attempts": attempts}))
    else:
        _give_up(stores, key, stage, f"gave up after {attempts} attempts, {receipt.due} records: {said}")


def _give_up(stores: Stores, key: str, stage: str, reason: str) -> None:
    """Book all records of the object's round as dead."""
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        return
    if not receipt.is_open:
        # Its records are visible; only the comparison with others is given up, until all is compared again.
        log.error("resolution_given_up", key=key, accounts=receipt.unresolved, reason=reason)
        receipts.save(stores.cluster, receipt.model_copy(update={"unresolved": 0}))
        return
    if receipt.only is None:
        letter = deadletters.DeadLetter(
            stage,
            "object_failed",
            reason,
            dataset_id=receipt.dataset_id,
            raw_key=key,
            attempts=MAX_ATTEMPTS,
            records=receipt.records,
        )
        deadletters.add(stores.cluster, [letter])
    dead = {
        "state": State.DEAD,
        "attempts": MAX_ATTEMPTS,
        "dead_lettered": receipt.due,
        "dead": receipt.only or [],
        "stale": 0,
        "indexed": 0,
        "unresolved": 0,
    }
    receipts.save(stores.cluster, receipt.model_copy(update=dead))
    if receipt.only is not None:
        # Each of these records has a letter of its own.
        deadletters.reopen(stores.cluster, key, reason)
    elif receipt.round:
        deadletters.close(stores.cluster, key)
