"""How a fetch of a target ended goes into the ledger, and into the schedule when it is due again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from creators.stores import tasks
from creators.stores.schedule import Schedule
from creators.stores.tasks import Lane, Task, TaskState
from creators.targets import TaskKind
from fetchers import cadence
from fetchers.cadence import Bounds
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.session import Stores

Changes = dict[str, Any]
_DAY_S = 86_400.0


class Ended(StrEnum):
    """What came of one fetch."""

    FOUND = "found"
    GONE = "gone"
    """The sources that can know say that there is nothing."""
    LIMITED = "limited"
    """No source has anything left for it; nothing was tried."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Settled:
    """One target of a job, and how it ended."""

    target_id: str
    ended: Ended
    source: str | None = None
    until: datetime | None = None
    """Of a target that was ``LIMITED``: when there is something left again."""
    error: str | None = None


def bounds_of(settings: Settings, target_id: str, source: str | None = None) -> Bounds:
    """Return the limits of a target's interval; searches and pages are not asked for more often than is longest.

    Args:
        settings: of this installation.
        target_id: of the target.
        source: that told it last; what its owner wants fetched again after some days is due a day before them.
    """
    longest = min(settings.refresh_max_s, _keeps_s(source))
    is_account = target_id.startswith(f"{TaskKind.PROFILE}:")
    return Bounds(min(settings.refresh_min_s, longest) if is_account else longest, longest)


def _keeps_s(source: str | None) -> float:
    known = all_sources().get(source or "")
    days = None if known is None else known.policy.max_age_days
    return float("inf") if days is None else (days - 1) * _DAY_S


def _interval_s(task: Task, bounds: Bounds) -> float:
    usual = cadence.interval_s(cadence.urgency(task.priority, task.change_rate, None), bounds)
    return bounds.keep(usual if task.interval_s is None else task.interval_s)


def _found(task: Task, result: Settled, now: datetime, bounds: Bounds) -> Changes:
    due = cadence.next_due(now, _interval_s(task, bounds), task.target_id, bounds)
    return {
        "state": TaskState.WAITING,
        "lane": Lane.FRESH,
        "due_at": due,
        "fetched_at": now,
        "attempts": 0,
        "source": result.source,
        "error": None,
    }


def _gone(task: Task, _result: Settled, now: datetime, _bounds: Bounds) -> Changes:
    attempts = task.attempts + 1 if task.error == Ended.GONE else 1
    ended = attempts >= cadence.GONE_CONFIRMATIONS
    return {
        "state": TaskState.GONE if ended else TaskState.WAITING,
        "due_at": None if ended else now + timedelta(seconds=cadence.GONE_AGAIN_S),
        "attempts": attempts,
        "error": str(Ended.GONE),
    }


def _limited(task: Task, result: Settled, now: datetime, bounds: Bounds) -> Changes:
    # Whoever limits one source for weeks must not keep the others, which may have become able, from being asked.
    latest = now + timedelta(seconds=bounds.longest_s)
    until = min(max(now, result.until or now + timedelta(seconds=cadence.LIMITED_S)), latest)
    # What waits for the same moment is spread over the minute after it.
    spread = cadence.jittered_s(600, task.target_id, Bounds(0, 10_000)) - 540
    return {"due_at": until + timedelta(seconds=spread)}


def _failed(task: Task, result: Settled, now: datetime, bounds: Bounds) -> Changes:
    attempts = 1 if task.error == Ended.GONE else task.attempts + 1
    wait = min(cadence.backoff_s(attempts), bounds.longest_s)
    due = now + timedelta(seconds=cadence.jittered_s(wait, task.target_id, Bounds(0, bounds.longest_s)))
    return {"due_at": due, "attempts": attempts, "error": result.error or str(Ended.FAILED)}


_RULES: Mapping[Ended, Callable[[Task, Settled, datetime, Bounds], Changes]] = {
    Ended.FOUND: _found,
    Ended.GONE: _gone,
    Ended.LIMITED: _limited,
    Ended.FAILED: _failed,
}


def interval_bounds(settings: Settings, task: Task, result: Settled) -> Bounds:
    """Return the limits of a target's interval after a fetch of it."""
    return bounds_of(settings, task.target_id, result.source or task.source)


def changes(task: Task, result: Settled, now: datetime, bounds: Bounds) -> Changes:
    """Return what a fetch changes of its task; ``due_at`` None means never again.

    A found account is due after its interval and leaves the backfill; a missing one is asked for twice more, a day
    apart; a failed one after half a minute, then twice as long each time up to a day; a limited one when it can be.
    """
    return _RULES[result.ended](task, result, now, bounds)


def settle(stores: Stores, results: Sequence[Settled], *, now: datetime | None = None) -> None:
    """Book how the targets of a job ended, and free them; those that are not in the ledger are only freed.

    Raises:
        ClusterUnavailable, QueueUnavailable: nothing or some of it is booked; the targets come back by themselves.
    """
    at = now or datetime.now(UTC)
    by_id = {result.target_id: result for result in results}
    known = tasks.load(stores.cluster, by_id)
    booked: dict[str, Changes] = {
        target_id: changes(task, by_id[target_id], at, interval_bounds(stores.settings, task, by_id[target_id]))
        for target_id, task in known.items()
        if task.state in {TaskState.WAITING, TaskState.PAUSED}
    }
    # The ledger first: where the schedule does not follow, the target comes back and is found to be settled.
    tasks.revise(stores.cluster, booked)
    after = [replace(known[target_id], **change) for target_id, change in booked.items()]
    again = [task for task in after if task.state is TaskState.WAITING]
    Schedule(stores).settle(again, by_id.keys() - {task.target_id for task in again})


def forget(stores: Stores, target_ids: Sequence[str]) -> None:
    """Free targets that are not to be fetched any more, such as a handle whose account has become known."""
    Schedule(stores).settle([], target_ids)


def ask_again(stores: Stores, target_ids: Iterable[str], *, now: datetime | None = None) -> int:
    """Make targets due now that have ended, being gone or given up, and those that are not in the ledger.

    Returns:
        How many; the others stay as they are.
    """
    at = now or datetime.now(UTC)
    wanted = list(dict.fromkeys(target_ids))
    known = tasks.load(stores.cluster, wanted)
    change: Changes = {"state": TaskState.WAITING, "due_at": at, "attempts": 0, "error": None}
    ended = [task for task in known.values() if task.state in {TaskState.GONE, TaskState.FAILED}]
    new = [Task(key, created_at=at, due_at=at, root=key, reason="asked") for key in wanted if key not in known]
    tasks.offer(stores.cluster, new)
    tasks.revise(stores.cluster, {task.target_id: change for task in ended})
    due = [*new, *(replace(task, **change) for task in ended)]
    Schedule(stores).put(due)
    return len(due)
