"""How the index grows by itself: whom known creators name is fetched, within depth and budgets, and nobody twice.

Of one root, a target that somebody asked for, discovery goes ``max_depth`` steps far (else ``discovery_depth`` of the
settings) and finds at most ``discovery_per_root`` targets; all roots together find at most ``discovery_per_day``. What
a search finds was asked for: it stands at the root's depth. A page is read for the account that links to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from creators.errors import BadInput
from creators.ids import account_id, is_provisional
from creators.models import Account, Lead, Platform
from creators.stores import tasks
from creators.stores.budgets import Budget, give_back, take
from creators.stores.schedule import Schedule
from creators.stores.tasks import Task, TaskState
from creators.targets import Target, TaskKind, page_target, parse_target, profile_target
from fetchers import cadence
from fetchers.known import claimed, remember, unknown
from fetchers.refreshes import Served, accounts_of, target_for, targets_of
from fetchers.refreshes import target_of as target_of_account
from fetchers.settlement import ask_again

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

INHERITED = 0.8
"""What a lead has of its finder's priority."""
AHEAD_S = 3600.0
"""A lead of the highest priority goes before those that have waited for so long."""
_SEARCH = f"{TaskKind.SEARCH}:"


@dataclass(slots=True)
class Offered:
    """What became of leads, each in one place."""

    new: int = 0
    known: int = 0
    too_deep: int = 0
    below: int = 0
    """Found by accounts with too few followers, or by nobody that is known."""
    unserved: int = 0
    """No enabled source can fetch them, or they name nothing."""
    over_budget: int = 0


@dataclass(frozen=True, slots=True)
class Finder:
    """Who named a lead, and where that stands."""

    root: str
    depth: int
    max_depth: int | None
    followers: int | None
    is_search: bool


@dataclass(slots=True)
class _Sieve:
    """The rules that need no store."""

    settings: Settings
    served: Served
    now: datetime
    offered: Offered = field(default_factory=Offered)
    tasks: dict[str, Task] = field(default_factory=dict)

    def add(self, lead: Lead, finder: Finder | None) -> None:
        """Take a lead in as a task, or count why not."""
        target = _target(lead)
        if target is None or target.platform not in self.served.get(target.kind, frozenset()):
            self.offered.unserved += 1
        elif finder is None or not self._is_valuable(finder):
            self.offered.below += 1
        elif self._is_too_deep(lead, finder):
            self.offered.too_deep += 1
        elif target.target_id in self.tasks:
            self.offered.known += 1
        else:
            self.tasks[target.target_id] = self._task(lead, target, finder)

    def _is_valuable(self, finder: Finder) -> bool:
        return finder.is_search or (finder.followers or 0) >= self.settings.discovery_min_followers

    def _is_too_deep(self, lead: Lead, finder: Finder) -> bool:
        if finder.is_search:
            return False
        furthest = self.settings.discovery_depth if finder.max_depth is None else finder.max_depth
        return furthest < 1 or _depth(lead, finder) > furthest

    def _task(self, lead: Lead, target: Target, finder: Finder) -> Task:
        priority = INHERITED * cadence.priority_of(finder.followers)
        return Task(
            target.target_id,
            created_at=self.now,
            due_at=self.now - timedelta(seconds=AHEAD_S * priority),
            root=finder.root,
            depth=_depth(lead, finder),
            max_depth=finder.max_depth,
            found_on=lead.found_on,
            reason=lead.reason,
            priority=priority,
            account_id=_account_of(target),
        )


def _depth(lead: Lead, finder: Finder) -> int:
    return finder.depth if finder.is_search or lead.kind == "page" else finder.depth + 1


def _target(lead: Lead) -> Target | None:
    try:
        if lead.kind == "page":
            return page_target(lead.found_on or "", lead.value)
        if is_provisional(lead.value):
            return profile_target(lead.platform, handle=lead.value)
        return target_for(lead.platform, lead.value, None)
    except BadInput:
        return None


def _account_of(target: Target) -> str | None:
    """Return the account that a profile target names by its native id."""
    is_account = target.kind is TaskKind.PROFILE and target.handle is None
    return account_id(target.platform, target.value) if is_account else None


def offer(
    stores: Stores,
    leads: Sequence[Lead],
    accounts: Mapping[str, Account],
    served: Served,
    *,
    now: datetime | None = None,
) -> Offered:
    """Turn leads into tasks that are due at once; those that are known change nothing.

    What the budgets refuse is not remembered: it is offered again when its finder is fetched again.

    Args:
        stores: to work with.
        leads: as the normalisers found them.
        accounts: the accounts that found them, by id, as far as they are at hand.
        served: what some enabled source can be asked for.
        now: UTC.

    Raises:
        ClusterUnavailable, QueueUnavailable: offering all of them again is harmless.
    """
    at = now or datetime.now(UTC)
    finders = _finders(stores.cluster, {lead.found_on for lead in leads if lead.found_on}, accounts)
    sieve = _Sieve(stores.settings, served, at)
    for lead in leads:
        sieve.add(lead, finders.get(lead.found_on or ""))
    fresh = unknown(stores, sieve.tasks)
    sieve.offered.known += len(sieve.tasks) - len(fresh)
    by_root: dict[str, list[Task]] = {}
    for task in sorted(fresh, key=lambda task: (-task.priority, task.target_id)):
        by_root.setdefault(task.root or task.target_id, []).append(task)
    for root, found in by_root.items():
        _enter(stores, root, found, sieve.offered, at)
    return sieve.offered


def _finders(cluster: Cluster, named: Iterable[str], accounts: Mapping[str, Account]) -> dict[str, Finder]:
    names = set(named)
    target_of = {name: name for name in names if name.startswith(_SEARCH)}
    at_hand = {name: target for name in names if name in accounts and (target := target_of_account(accounts[name]))}
    target_of |= {name: target.target_id for name, target in at_hand.items()}
    target_of |= targets_of(cluster, names - target_of.keys())
    known = tasks.load(cluster, target_of.values())
    found: dict[str, Finder] = {}
    for name, target_id in target_of.items():
        task, account = known.get(target_id), accounts.get(name)
        followers = account.followers if account is not None else task.followers if task is not None else None
        if task is not None:
            root = task.root or target_id
            found[name] = Finder(root, task.depth, task.max_depth, followers, name.startswith(_SEARCH))
        elif account is not None or name.startswith(_SEARCH):
            found[name] = Finder(target_id, 0, None, followers, name.startswith(_SEARCH))
    return found


def _enter(stores: Stores, root: str, found: Sequence[Task], offered: Offered, now: datetime) -> None:
    """Enter the discoveries of one root as far as its budget and the day's go, the best first."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cluster, settings = stores.cluster, stores.settings
    budgets = (
        Budget(f"root:{root}", settings.discovery_per_root, lambda: tasks.count_found(cluster, root=root)),
        Budget(f"day:{now:%Y%m%d}", settings.discovery_per_day, lambda: tasks.count_found(cluster, since=midnight)),
    )
    granted = take(stores, len(found), *budgets)
    offered.over_budget += len(found) - granted
    entered = _create(stores, found[:granted])
    offered.new += len(entered)
    offered.known += granted - len(entered)
    if unused := granted - len(entered):
        give_back(stores, unused, *(budget.name for budget in budgets))


def _create(stores: Stores, wanted: Sequence[Task]) -> set[str]:
    if not wanted:
        return set()
    entered = tasks.offer(stores.cluster, claimed(stores.cluster, wanted))
    Schedule(stores).put(task for task in wanted if task.target_id in entered)
    # Last: a name that is in the filter is in the ledger.
    remember(stores, wanted)
    return entered


def seed(stores: Stores, targets: Iterable[Target], *, depth: int | None = None, now: datetime | None = None) -> int:
    """Ask for targets now, as roots of discovery; returns how many are new.

    Args:
        stores: to work with.
        targets: accounts, or searches for topics.
        depth: how far discovery goes from each; None leaves it to the settings.
        now: UTC.
    """
    at = now or datetime.now(UTC)
    asked = {
        target.target_id: Task(
            target.target_id,
            created_at=at,
            due_at=at - timedelta(seconds=AHEAD_S),
            root=target.target_id,
            max_depth=depth,
            reason="asked",
            priority=1.0,
        )
        for target in targets
    }
    known = tasks.load(stores.cluster, asked)
    again = {
        target_id: {"max_depth": depth, "root": target_id, "depth": 0, "due_at": at}
        for target_id in accounts_of(stores.cluster, known).values()
    }
    entered = _create(stores, [task for key, task in asked.items() if key not in known])
    # Somebody asks for it: that its sources once said there is no such account, or a job died of it, is not the end.
    ask_again(stores, again, now=at)
    tasks.revise(stores.cluster, again)
    waiting = tasks.load(stores.cluster, again)
    Schedule(stores).put(task for task in waiting.values() if task.state is TaskState.WAITING)
    return len(entered)


def searches(term: str, platforms: Iterable[Platform]) -> list[Target]:
    """Return the searches for a topic, one for each platform.

    Raises:
        BadInput: the term is empty or too long.
    """
    words = " ".join(term.split())
    return [parse_target(f"{TaskKind.SEARCH}:{platform}:{words}") for platform in platforms]
