"""Indices that hold what is nowhere else, brought to a new definition: copied aside, then swapped in one step.

Whoever starts first does it, the others wait. It may be cut off anywhere: the alias moves, and the old index goes, only
once every document has been copied, and a copy that was begun is gone on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from creators.errors import ClusterRefused, CreatorscopeError, IndexNotReady, NotFound
from creators.stores import bulk, deadletters
from creators.stores.coordination import lease
from mappings.registry import FAMILIES, definition, physical_name

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

LEASE = "lease:migrate"
LEASE_S = 120.0
"""The holder may be dead for longer than this; a copy that takes longer is only begun twice, which changes nothing."""
WAIT_S = 900.0
PAGE = 1000
VIEW_S = 120
LOG_EVERY = 20_000

Doc = dict[str, Any]
log = structlog.get_logger(__name__)

COMPLETED: Mapping[str, Callable[[str, Doc], Doc]] = {deadletters.INDEX: deadletters.completed}
"""Index → what its older documents lack; the others are copied as they are."""


def _as_it_is(_doc_id: str, doc: Doc) -> Doc:
    return doc


def outdated(cluster: Cluster, *, encoder: str) -> list[tuple[str, str, str]]:
    """Return (alias, index behind it, index that this program expects) of primary indices where these differ."""
    by_alias = {alias: physical for physical, held in cluster.aliases().items() for alias in held}
    expected = {
        member: physical_name(member, family, encoder=encoder)
        for family in FAMILIES
        if not family.derived
        for member in family.members
    }
    return [
        (member, by_alias[member], physical)
        for member, physical in expected.items()
        if by_alias.get(member, physical) != physical
    ]


def migrate(stores: Stores, *, encoder: str) -> list[str]:
    """Bring every primary index to the definition that this program has; returns the names of the new ones.

    Until it is done, writers of such an index are told to come back; readers notice nothing.

    Raises:
        QueueUnavailable: another process has been at it for too long.
        ClusterRefused: a document does not fit the new definition; the old index goes on as it was.
    """
    if not outdated(stores.cluster, encoder=encoder):
        return []
    with lease(stores.queue.redis, f"{stores.settings.index_prefix}{LEASE}", ttl_s=LEASE_S, wait_s=WAIT_S):
        moved = []
        for member, old, new in outdated(stores.cluster, encoder=encoder):
            # One that is gone has been swapped by a process whose lease had run out.
            with suppress(NotFound, IndexNotReady):
                _move(stores.cluster, member, (old, new), definition(member, encoder=encoder))
                moved.append(new)
        return moved


def _move(cluster: Cluster, member: str, change: tuple[str, str], body: Doc) -> None:
    old, new = change
    aside = f"{member}-next"
    log.warning("migrating", index=member, old=old, new=new, documents=cluster.count(old))
    cluster.create_index(new, body)
    cluster.update_aliases([("add", new, aside)])
    # What came after the copy had passed by would be lost with the old index.
    _block(cluster, old, blocked=True)
    try:
        cluster.refresh(old)
        copied = _copy(cluster, old, aside, body["mappings"]["properties"])
    except CreatorscopeError:
        with suppress(CreatorscopeError):
            _block(cluster, old, blocked=False)
        raise
    cluster.refresh(new)
    cluster.update_aliases([("remove", new, aside), ("add", new, member)], drop=[old])
    log.warning("migrated", index=member, documents=copied)


def _block(cluster: Cluster, physical: str, *, blocked: bool) -> None:
    cluster.put_settings(physical, {"index.blocks.write": blocked})


def _copy(cluster: Cluster, old: str, aside: str, fields: Mapping[str, Any]) -> int:
    """Copy every document with its version, so that copying it again changes nothing; returns how many there are."""
    member = aside.removesuffix("-next")
    complete = COMPLETED.get(member, _as_it_is)
    copied = 0
    for hits in _pages(cluster, old):
        actions = [
            bulk.Action(
                aside,
                hit["_id"],
                # Fields that the new definition has no place for go with the old one.
                {name: value for name, value in complete(hit["_id"], hit["_source"]).items() if name in fields},
                version=hit["_version"],
            )
            for hit in hits
        ]
        if refused := bulk.write(cluster, actions).refused:
            detail = f"{member} cannot be brought to its new definition: {refused[0].reason}"
            raise ClusterRefused(detail)
        copied += len(hits)
        if copied % LOG_EVERY < PAGE:
            log.info("migrating", index=member, documents=copied)
    return copied


def _pages(cluster: Cluster, physical: str) -> Iterator[list[Doc]]:
    view = cluster.open_point_in_time(physical, keep_alive_s=VIEW_S)
    try:
        body: Doc = {
            "pit": {"id": view, "keep_alive": f"{VIEW_S}s"},
            # The place in the view: such an index has one shard, so that no two documents have the same.
            "sort": ["_doc"],
            "size": PAGE,
            "version": True,
            "track_total_hits": False,
        }
        while hits := cluster.search_point_in_time(body)["hits"]["hits"]:
            yield hits
            body = body | {"search_after": hits[-1]["sort"]}
    finally:
        cluster.close_point_in_time(view)
