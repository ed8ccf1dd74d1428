"""What discovery need not look at any more: what is in the ledger, in the index, or read for somebody else.

Many accounts link to one page. It is read once, for the account that named it first: an entry of its own in the ledger,
which is never fetched, says who that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from w3lib.url import canonicalize_url

from creators.ids import MAX_ID_BYTES, account_id
from creators.models import Platform
from creators.stores import tasks
from creators.stores.bloom import Bloom
from creators.stores.tasks import Task, TaskState
from creators.targets import Target, TaskKind

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

ENTERED = "frontier"
"""The filter of what is in the ledger."""
_ANY = next(iter(Platform))
_NOBODY = "@"


def claim_of(task: Task) -> str | None:
    """Return the id under which a page's address is entered, the same whoever links to it; None for what is no page."""
    if task.target.kind is not TaskKind.PAGE:
        return None
    _, url = task.target.page
    try:
        address = canonicalize_url(url)
    except ValueError:
        address = url
    address = address.partition("://")[2].removeprefix("www.").rstrip("/")
    claim = f"{TaskKind.PAGE}:{_ANY}:{_NOBODY} {address}"
    return claim.encode()[:MAX_ID_BYTES].decode(errors="ignore")


def unknown(stores: Stores, offered: Mapping[str, Task]) -> list[Task]:
    """Return the tasks that are new: neither in the ledger nor indexed, nor a page that is read for somebody else.

    The filter spares look-ups of what is new; what it calls known is looked up.
    """
    names = {target_id: claim_of(task) or target_id for target_id, task in offered.items()}
    maybe = Bloom(stores, ENTERED).may_have(list(names.values()))
    hits = [name for name, is_hit in zip(names.values(), maybe, strict=True) if is_hit]
    entered = tasks.load(stores.cluster, hits)
    left = [task for key, task in offered.items() if not _is_taken(entered.get(names[key]), task)]
    indexed = _indexed(stores.cluster, left)
    return [task for task in left if task.target_id not in indexed]


def _is_taken(entry: Task | None, task: Task) -> bool:
    if entry is None:
        return False
    # Its own claim: whoever made it may have died before the page itself was entered.
    return entry.target.kind is not TaskKind.PAGE or entry.found_on != task.target_id


def claimed(cluster: Cluster, wanted: Sequence[Task]) -> list[Task]:
    """Enter the addresses of pages, and return the tasks without the pages that somebody else was first to name."""
    claims: dict[str, Task] = {}
    for task in wanted:
        if (claim := claim_of(task)) is not None:
            own = Task(claim, created_at=task.created_at, state=TaskState.RESOLVED, found_on=task.target_id)
            claims.setdefault(claim, own)
    made = tasks.offer(cluster, claims.values())
    first = {key: task.found_on for key, task in claims.items() if key in made}
    first |= {key: task.found_on for key, task in tasks.load(cluster, claims.keys() - made).items()}
    return [task for task in wanted if (claim := claim_of(task)) is None or first.get(claim) == task.target_id]


def remember(stores: Stores, entered: Iterable[Task]) -> None:
    """Add what is in the ledger to the filter."""
    Bloom(stores, ENTERED).add([claim_of(task) or task.target_id for task in entered])


def _indexed(cluster: Cluster, candidates: Iterable[Task]) -> set[str]:
    """Return the targets of accounts that have a profile already, by native id or by handle."""
    found: set[str] = set()
    by_platform: dict[Platform, list[Target]] = {}
    for task in candidates:
        if task.target.kind is TaskKind.PROFILE:
            by_platform.setdefault(task.target.platform, []).append(task.target)
    for platform, targets in by_platform.items():
        by_id = {account_id(platform, target.value): target.target_id for target in targets}
        found |= {by_id[known] for known in cluster.sources(f"profiles-{platform}", by_id, fields=[])}
        by_handle = {target.handle: target.target_id for target in targets if target.handle}
        body = {
            "size": len(by_handle),
            "_source": ["handle"],
            "collapse": {"field": "handle"},
            "query": {"bool": {"filter": [{"terms": {"handle": list(by_handle)}}]}},
        }
        hits = cluster.search(f"profiles-{platform}", body)["hits"]["hits"] if by_handle else []
        found |= {by_handle[hit["_source"]["handle"]] for hit in hits}
    return found
