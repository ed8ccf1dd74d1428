"""What the owner of a platform does not let us keep is ended, by tombstones that land like every record.

Two things end an account: its platform has said often enough that there is none, and the policy of the source that told
of it last wants deletions followed; or nothing was told of it for longer than that policy lets data be kept, because
fetching it has failed all the time, or its source is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from creators.ids import account_id as account_id_of
from creators.ids import parse_account_id, provisional_native_id
from creators.models import Platform
from creators.stores.tasks import TaskState
from creators.targets import TaskKind
from creators.tombstones import tombstone
from fetchers.settlement import changes, interval_bounds
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores
    from creators.stores.tasks import Task
    from fetchers.contract import Source
    from fetchers.settlement import Settled

MOST_EXPIRED = 500
"""Accounts of one source that one look ends; the next look goes on."""
_PROFILES = "profiles"
_FIELDS = ["account_id", "handle", "source"]


def _profiles(cluster: Cluster, account_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    wanted: dict[str, list[str]] = {}
    for account_id in account_ids:
        wanted.setdefault(parse_account_id(account_id)[0], []).append(account_id)
    found: dict[str, dict[str, Any]] = {}
    for platform, some in wanted.items():
        found |= cluster.sources(f"{_PROFILES}-{platform}", some, fields=_FIELDS)
    return found


def confirmed_gone(stores: Stores, known: Mapping[str, Task], results: Sequence[Settled], at: datetime) -> set[str]:
    """Return the ids of the accounts whose targets end with these results: the last of several in a row that say so.

    Args:
        stores: for the settings.
        known: the targets as the ledger has them before these results are booked.
        results: how their fetches ended.
        at: the time of booking.
    """
    ended = set()
    for result in results:
        task = known.get(result.target_id)
        if task is None or task.account_id is None or task.target.kind is not TaskKind.PROFILE:
            continue
        if changes(task, result, at, interval_bounds(stores.settings, task, result)).get("state") is TaskState.GONE:
            ended.add(task.account_id)
    return ended


def deletions(cluster: Cluster, account_ids: Iterable[str], at: datetime) -> list[RawRecord]:
    """Return the tombstones of accounts that are gone, where the source that told of each last wants that followed.

    The account that a file knew by the same handle alone is the same account, and goes with it.
    """
    profiles = _profiles(cluster, sorted(account_ids))
    found = []
    for account_id, profile in sorted(profiles.items()):
        source = all_sources().get(profile["source"])
        if source is not None and source.policy.delete_when_gone:
            also = _known_by_handle(cluster, account_id, profile["handle"])
            found += [tombstone(one, at=at, why="gone", source=source.name) for one in (account_id, *also)]
    return found


def _known_by_handle(cluster: Cluster, account_id: str, handle: str | None) -> list[str]:
    if not handle:
        return []
    named = account_id_of(parse_account_id(account_id)[0], provisional_native_id(handle))
    return [one for one in _profiles(cluster, [named]) if one != account_id]


def expired(
    cluster: Cluster, now: datetime, *, known: Mapping[str, Source] | None = None, most: int = MOST_EXPIRED
) -> list[RawRecord]:
    """Return the tombstones of accounts of which nothing was told for longer than a policy lets data be kept.

    Each is dated by the moment at which the data became too old, so that whoever looks again finds the same record.

    Args:
        cluster: to ask.
        now: the time that counts.
        known: the sources; None: all of this version.
        most: accounts of one source, the oldest first.
    """
    found = []
    for source in (all_sources() if known is None else known).values():
        if source.policy.max_age_days is not None:
            found += _too_old(cluster, source.name, timedelta(days=source.policy.max_age_days), now, most)
    return found


def _too_old(cluster: Cluster, source: str, age: timedelta, now: datetime, most: int) -> list[RawRecord]:
    old = {"range": {"fetched_at": {"lt": (now - age).isoformat()}}}
    body = {
        "size": most,
        "_source": ["account_id", "fetched_at"],
        "track_total_hits": False,
        "query": {"bool": {"filter": [{"term": {"source": source}}, old]}},
        "sort": [{"fetched_at": "asc"}, {"account_id": "asc"}],
    }
    hits = [
        hit["_source"] for hit in cluster.search(",".join(f"{_PROFILES}-{p}" for p in Platform), body)["hits"]["hits"]
    ]
    return [
        tombstone(hit["account_id"], at=datetime.fromisoformat(hit["fetched_at"]) + age, why="too old", source=source)
        for hit in hits
    ]
