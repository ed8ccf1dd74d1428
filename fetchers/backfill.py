"""Work that somebody wants done beside the usual: known accounts or a list of handles, fetched on a slow queue.

A backfill is a name that its targets carry in the ledger. They wait in a lane of their own, whose jobs run when nothing
else does; when a target has been fetched, it is back in its usual round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from creators.models import Platform
from creators.stores import tasks
from creators.stores.schedule import BATCH, Schedule
from creators.stores.tasks import Lane, Progress, Task, TaskState
from creators.targets import Target
from fetchers.refreshes import accounts_of, target_for

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

RATE_WINDOW = timedelta(minutes=10)
"""The speed of a backfill is that of so long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a backfill is."""

    progress: Progress
    per_minute: float
    left_s: float | None
    """Seconds until its end at this speed; None where nothing moves."""


def without_posts(cluster: Cluster, platform: Platform) -> Iterator[Target]:
    """Yield the accounts of a platform of which no post is known."""
    for page in _pages(_profiles(cluster, platform, {"match_all": {}})):
        body = {
            "size": len(page),
            "_source": ["account_id"],
            "collapse": {"field": "account_id"},
            "query": {"bool": {"filter": [{"terms": {"account_id": list(page)}}]}},
        }
        hits = cluster.search(f"posts-{platform}", body)["hits"]["hits"]
        posting = {hit["_source"]["account_id"] for hit in hits}
        yield from (target for known, target in page.items() if known not in posting)


def stale(cluster: Cluster, platform: Platform, before: datetime) -> Iterator[Target]:
    """Yield the accounts of a platform whose profile is older than a time."""
    query = {"range": {"fetched_at": {"lt": before.isoformat()}}}
    yield from (target for _, target in _profiles(cluster, platform, query))


def _profiles(cluster: Cluster, platform: Platform, query: dict[str, Any]) -> Iterator[tuple[str, Target]]:
    body = {"query": query, "sort": [{"account_id": "asc"}], "_source": ["account_id", "native_id", "handle"]}
    for hit in cluster.scan(f"profiles-{platform}", body):
        known = hit["_source"]
        target = target_for(platform, known["native_id"], known.get("handle"))
        if target is not None:
            yield known["account_id"], target


def _pages(found: Iterator[tuple[str, Target]]) -> Iterator[dict[str, Target]]:
    while page := dict(islice(found, BATCH)):
        yield page


def start(stores: Stores, campaign: str, targets: Iterable[Target], *, now: datetime | None = None) -> int:
    """Ask for targets in the slow lane under a name; returns how many.

    Doing it again under the same name asks for the same targets again; a target that another backfill waits for moves
    to this one.

    Raises:
        ClusterUnavailable, QueueUnavailable: some are asked for; doing it again under the same name is harmless.
    """
    at = now or datetime.now(UTC)
    asked = 0
    rest = iter(targets)
    while batch := list(dict.fromkeys(islice(rest, BATCH))):
        asked += _ask(stores, campaign, [target.target_id for target in batch], at)
    tasks.refresh(stores.cluster)
    return asked


def _ask(stores: Stores, campaign: str, ids: list[str], at: datetime) -> int:
    known = tasks.load(stores.cluster, ids)
    # A handle whose account is known is asked for by the account.
    named = accounts_of(stores.cluster, known)
    wanted = list(dict.fromkeys(named.get(key, key) for key in ids))
    known |= tasks.load(stores.cluster, named.values())
    asked: dict[str, Any] = {
        "campaign": campaign,
        "lane": Lane.BACKFILL,
        "due_at": at,
        "state": TaskState.WAITING,
        "attempts": 0,
    }
    new = [
        Task(key, created_at=at, due_at=at, lane=Lane.BACKFILL, root=key, reason="backfill", campaign=campaign)
        for key in wanted
        if key not in known
    ]
    tasks.offer(stores.cluster, new)
    tasks.revise(stores.cluster, {key: asked for key in wanted if key in known})
    waiting = [*new, *(replace(known[key], **asked) for key in wanted if key in known)]
    # An account that is known stays in its usual round, too: whichever time comes first takes it out of both.
    Schedule(stores).put(waiting, beside=True)
    return len(waiting)


def pause(stores: Stores, campaign: str | None = None) -> int:
    """Let a backfill, or all of them, wait until it is resumed; jobs that are queued are still done.

    Returns:
        How many targets wait.
    """
    paused = {"state": TaskState.PAUSED}
    return _move(stores, campaign, TaskState.WAITING, paused)


def resume(stores: Stores, campaign: str | None = None) -> int:
    """Let a backfill, or all of them, go on; returns how many targets it has left."""
    return _move(stores, campaign, TaskState.PAUSED, {"state": TaskState.WAITING})


def _move(stores: Stores, campaign: str | None, state: TaskState, change: dict[str, Any]) -> int:
    tasks.refresh(stores.cluster)
    schedule = Schedule(stores)
    found = tasks.of_campaign(stores.cluster, campaign, state)
    moved = 0
    while page := list(islice(found, BATCH)):
        tasks.revise(stores.cluster, {task.target_id: change for task in page})
        if change["state"] is TaskState.WAITING:
            schedule.put(page, beside=True)
        else:
            schedule.withdraw(Lane.BACKFILL, [task.target_id for task in page])
        moved += len(page)
    return moved


def standings(stores: Stores, *, now: datetime | None = None) -> list[Standing]:
    """Return how far every backfill is, by name."""
    at = now or datetime.now(UTC)
    minutes = RATE_WINDOW.total_seconds() / 60
    found = []
    for progress in tasks.campaigns(stores.cluster, since=at - RATE_WINDOW):
        rate = progress.lately / minutes
        found.append(Standing(progress, rate, progress.waiting / rate * 60 if rate else None))
    return found
