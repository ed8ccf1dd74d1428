"""Accounts that have been indexed are fetched again: each has one target, however its name was learned.

The target of an account is named by its native id, where sources can be asked by it. A handle that led to it is
*resolved*: it stays in the ledger, so that whoever meets the handle again knows whose it is, and is never fetched
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from creators.errors import BadInput
from creators.ids import is_provisional, parse_account_id
from creators.models import Account, Observation, Platform
from creators.stores import tasks
from creators.stores.schedule import Schedule
from creators.stores.tasks import Lane, Task, TaskState
from creators.targets import Target, TaskKind, parse_target, profile_target
from fetchers import cadence
from fetchers.cadence import Bounds
from fetchers.known import remember
from fetchers.settlement import bounds_of

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

Served = Mapping[TaskKind, frozenset[Platform]]
"""What some enabled source can be asked for."""
BY_HANDLE = frozenset({Platform.INSTAGRAM, Platform.TIKTOK})
"""Platforms whose sources name accounts by handle only; there the target of an account is its handle."""
BOOKED_WITHIN_S = 300.0
"""How long after an answer its job may book it: it waits for the others of its round."""
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Indexed:
    """Accounts as they are now, with what is known about how they came and how they change."""

    accounts: Sequence[Account]
    fetched: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Target → ids of the accounts that were found for it."""
    history: Mapping[str, Sequence[Observation]] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    new: list[Task] = field(default_factory=list)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    due: list[Task] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)


def target_for(platform: Platform, native_id: str, handle: str | None) -> Target | None:
    """Return the target of an account; None where no target can name it.

    It may be asked for by a handle that is not known, or its name may be too long for the ledger.
    """
    by_handle = platform in BY_HANDLE and not is_provisional(native_id)
    try:
        return profile_target(platform, handle=handle) if by_handle else profile_target(platform, native_id=native_id)
    except BadInput:
        return None


def target_of(account: Account) -> Target | None:
    """Return the target of an account, as :func:`target_for`."""
    return target_for(account.platform, account.native_id, account.handle)


def alias_of(account: Account) -> str | None:
    """Return the target that the account's handle names, where its own is another."""
    if is_provisional(account.native_id):
        return None
    try:
        return profile_target(account.platform, handle=account.handle).target_id
    except BadInput:
        return None


def targets_of(cluster: Cluster, account_ids: Iterable[str]) -> dict[str, str]:
    """Return the targets of accounts by their ids, as far as the ids or the ledger tell them."""
    found: dict[str, str] = {}
    unclear: list[str] = []
    for account_id in account_ids:
        platform, native_id = parse_account_id(account_id)
        target = target_for(Platform(platform), native_id, None)
        if target is None:
            unclear.append(account_id)
        else:
            found[account_id] = target.target_id
    return found | tasks.of_accounts(cluster, unclear)


def accounts_of(cluster: Cluster, known: Mapping[str, Task]) -> dict[str, str]:
    """Return for each target of the ledger the one that is fetched: of a resolved handle its account's, else itself."""
    resolved = {key: task.account_id for key, task in known.items() if task.state is TaskState.RESOLVED}
    targets = targets_of(cluster, {account_id for account_id in resolved.values() if account_id is not None})
    return {key: targets.get(resolved.get(key) or "", key) for key in known}


def schedule_accounts(stores: Stores, indexed: Indexed, served: Served, *, now: datetime | None = None) -> int:
    """Enter the accounts that can be fetched into the ledger and the schedule; returns how many are new there.

    What is there already gets its priority, change rate and time anew. Doing it again changes nothing. An account whose
    record is degraded keeps its time: nothing has been fetched.

    Raises:
        ClusterUnavailable, QueueUnavailable: some may be entered; doing it again is harmless.
    """
    at = now or datetime.now(UTC)
    platforms = served.get(TaskKind.PROFILE, frozenset())
    targets = ((target_of(account), account) for account in indexed.accounts if account.platform in platforms)
    accounts = {target.target_id: account for target, account in targets if target is not None}
    led_by = _led_by(indexed.fetched)
    names: dict[str, set[str | None]] = {
        key: {*led_by.get(a.account_id, ()), alias_of(a)} - {key, None} for key, a in accounts.items()
    }
    known = tasks.load(stores.cluster, {*accounts, *(name for some in names.values() for name in some if name)})
    plan = _Plan()
    for key, account in accounts.items():
        others = sorted(name for name in names[key] if name)
        rate = cadence.change_rate([*indexed.history.get(account.account_id, ()), account.observation])
        facts = _facts(key, account, rate, at, bounds_of(stores.settings, key, account.source))
        _plan_account(plan, facts, known.get(key), _first(known, others))
        _plan_names(plan, account, [name for name in others if _is_handle(name)], known, at)
    created = tasks.offer(stores.cluster, plan.new)
    tasks.revise(stores.cluster, plan.changes)
    schedule = Schedule(stores)
    schedule.settle([], plan.resolved)
    entered = [task for task in plan.new if task.target_id in created and task.state is TaskState.WAITING]
    schedule.put([*entered, *plan.due])
    remember(stores, plan.new)
    return len(entered)


def _led_by(fetched: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    led_by: dict[str, list[str]] = {}
    for target_id, account_ids in fetched.items():
        if _is_handle(target_id) and len(set(account_ids)) > 1:
            continue  # it does not say whose handle it is
        for account_id in account_ids:
            led_by.setdefault(account_id, []).append(target_id)
    return led_by


def _is_handle(target_id: str) -> bool:
    return parse_target(target_id).handle is not None


def _first(known: Mapping[str, Task], names: Iterable[str]) -> Task | None:
    """Return the task that led to an account: a handle before a search."""
    led = [known[name] for name in names if name in known and known[name].state is not TaskState.RESOLVED]
    return min(led, key=lambda task: (task.target.kind is not TaskKind.PROFILE, task.target_id), default=None)


def _facts(target_id: str, account: Account, rate: float | None, now: datetime, bounds: Bounds) -> Task:
    """Return the task of an account as it would be were it new and nobody's discovery."""
    priority = cadence.priority_of(account.followers)
    posted = account.last_posted_at
    idle_days = None if posted is None else (account.fetched_at - posted).total_seconds() / _DAY_S
    interval = cadence.interval_s(cadence.urgency(priority, rate, idle_days), bounds)
    return Task(
        target_id,
        created_at=now,
        due_at=cadence.next_due(account.fetched_at, interval, target_id, bounds),
        account_id=account.account_id,
        root=target_id,
        reason="indexed",
        priority=priority,
        interval_s=interval,
        change_rate=rate,
        fetched_at=None if account.degraded else account.fetched_at,
        source=account.source,
        followers=account.followers,
    )


_MEASURED = ("account_id", "priority", "interval_s", "change_rate", "followers")


def _plan_account(plan: _Plan, facts: Task, own: Task | None, led: Task | None) -> None:
    if own is None:
        plan.new.append(_descended(facts, led) if led is not None else facts)
        return
    change = {name: getattr(facts, name) for name in _MEASURED if getattr(facts, name) != getattr(own, name)}
    back = own.state is TaskState.GONE and facts.fetched_at is not None and _is_newer(facts, own)
    # In the backfill it is wanted now; and what has failed since waits for as long as its failures say.
    free = own.state is TaskState.WAITING and own.lane is Lane.FRESH and not own.attempts
    if back or (free and facts.fetched_at is not None and not _is_newer(own, facts)):
        change |= {"state": TaskState.WAITING, "due_at": facts.due_at, "attempts": 0}
    if any(getattr(own, name) != value for name, value in change.items()):
        plan.changes[own.target_id] = change
    if "due_at" in change and change["due_at"] != own.due_at:
        plan.due.append(replace(own, **change))


def _is_newer(one: Task, other: Task) -> bool:
    """Return whether a task was fetched clearly after another; the job books some time after the answer came."""
    if one.fetched_at is None or other.fetched_at is None:
        return other.fetched_at is None
    return (one.fetched_at - other.fetched_at).total_seconds() > BOOKED_WITHIN_S


def _descended(facts: Task, led: Task) -> Task:
    """Return a new account's task with the way that led to it."""
    searched = led.target.kind is TaskKind.SEARCH
    return replace(
        facts,
        root=led.root,
        depth=0 if searched else led.depth,
        max_depth=led.max_depth,
        found_on=led.target_id if searched else led.found_on,
        reason="search" if searched else led.reason,
        campaign=led.campaign,
    )


def _plan_names(plan: _Plan, account: Account, names: Iterable[str], known: Mapping[str, Task], now: datetime) -> None:
    """Let the handles of an account with a native id lead to it."""
    if is_provisional(account.native_id):
        return  # its handle is all that is known of it
    done = {"state": TaskState.RESOLVED, "account_id": account.account_id, "due_at": None, "lane": Lane.FRESH}
    for name in names:
        task = known.get(name)
        if task is None:
            plan.new.append(
                Task(name, created_at=now, state=TaskState.RESOLVED, account_id=account.account_id, reason="indexed")
            )
        elif task.state is not TaskState.RESOLVED or task.account_id != account.account_id:
            plan.changes[name] = done
            plan.resolved.append(name)
