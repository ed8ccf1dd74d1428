"""Accounts become creators: the connected components of declared evidence.

The state is a pure function of the edges and profiles written so far, so the end is the same whatever arrives first,
and doing it again changes nothing. The creator id that survives a join is that of the account with the smallest
(first seen, ``platform:native_id``); the others redirect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from creators import ids
from creators.ids import parse_account_id
from creators.models import Account, Creator, Platform
from creators.stores import bulk
from enrich import profiles
from enrich.resolve.edges import Edge, components, edges_of, handle_node

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

MAX_ACCOUNTS = 50
"""A component larger than this comes from shared evidence (an agency's link), not from one person: it is not joined."""
TERMS_BATCH = 500
PAGE = 5000
_PLATFORMS = frozenset(Platform)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Neighbourhood:
    """Everything reachable from a set of accounts."""

    nodes: set[str] = field(default_factory=set)
    joins: set[tuple[str, str]] = field(default_factory=set)


def save_edges(cluster: Cluster, accounts: Iterable[Account], *, raw_key: str) -> int:
    """Write the evidence that accounts carry, searchable at once; returns how many edges.

    Of the same evidence given twice the later stands, in whichever order it arrives.
    """
    actions = [
        bulk.Action(
            "identity-edges",
            edge.edge_id,
            {
                "left": edge.left,
                "right": edge.right,
                "kind": edge.kind,
                "evidence": {"raw_key": raw_key},
                "at": edge.at.isoformat(),
            },
            version=int(edge.at.timestamp() * 1000),
        )
        for account in accounts
        for edge in edges_of(account)
    ]
    if actions:
        bulk.write(cluster, actions)
        cluster.refresh("identity-edges")
    return len(actions)


def _is_account(node: str) -> bool:
    return node.partition(":")[0] in _PLATFORMS


def _edges_at(cluster: Cluster, nodes: list[str]) -> Iterable[Edge]:
    for start in range(0, len(nodes), TERMS_BATCH):
        batch = nodes[start : start + TERMS_BATCH]
        either = [{"terms": {"left": batch}}, {"terms": {"right": batch}}]
        body = {
            "query": {"bool": {"filter": [{"bool": {"should": either}}]}},
            "sort": [{"left": "asc"}, {"right": "asc"}, {"kind": "asc"}],
        }
        for hit in cluster.scan("identity-edges", body, size=PAGE):
            source = hit["_source"]
            yield Edge(source["left"], source["right"], source["kind"], datetime.fromisoformat(source["at"]))


def _own_handles(cluster: Cluster, account_ids: list[str]) -> set[str]:
    """Return the nodes of every handle that the accounts have ever had."""
    history = profiles.load_observations(cluster, account_ids)
    return {
        handle_node(parse_account_id(account_id)[0], point.handle)
        for account_id, points in history.items()
        for point in points
        if point.handle
    }


def _sightings(cluster: Cluster, nodes: Iterable[str]) -> dict[str, list[profiles.Sighting]]:
    """Return handle node → when which account was seen with the handle."""
    wanted: dict[str, set[str]] = {}
    for node in nodes:
        if node.startswith("handle:"):
            _, platform, handle = node.split(":", 2)
            wanted.setdefault(platform, set()).add(handle)
    return {f"handle:{key}": seen for key, seen in profiles.sightings(cluster, wanted).items()}


def _target(edge: Edge, seen: dict[str, list[profiles.Sighting]]) -> str | None:
    """Return the node that an edge leads to; a handle means the account seen with it nearest to the edge's time.

    So a renamed account keeps its links, and a handle taken over by another account does not bring them along.
    """
    if not edge.right.startswith("handle:"):
        return edge.right
    # An account that is its handle has always been seen with it: the question is who else has.
    holders = [one for one in seen.get(edge.right, ()) if one.account_id != edge.left]
    nearest = min(holders, key=lambda one: (abs(one.at - edge.at), one.account_id), default=None)
    return None if nearest is None else nearest.account_id


def _members(cluster: Cluster, account_ids: list[str]) -> set[str]:
    """Return the accounts that are one creator with any of these now: a group that is left must be looked at too."""
    own = cluster.sources("identities", map(ids.creator_id, account_ids))
    heirs = cluster.sources("identities", {doc["redirect_to"] for doc in own.values() if doc["redirect_to"]})
    return {account_id for doc in (*own.values(), *heirs.values()) for account_id in doc["account_ids"]}


def _neighbourhood(cluster: Cluster, account_ids: Iterable[str]) -> _Neighbourhood:
    found = _Neighbourhood()
    frontier = set(account_ids)
    while frontier:
        found.nodes |= frontier
        accounts = sorted(filter(_is_account, frontier))
        edges = list(_edges_at(cluster, sorted(frontier | _own_handles(cluster, accounts))))
        seen = _sightings(cluster, {edge.right for edge in edges})
        found.joins |= {(edge.left, target) for edge in edges if (target := _target(edge, seen))}
        reached = {node for edge in edges for node in (edge.left, edge.right)}
        reached |= {sighting.account_id for sightings in seen.values() for sighting in sightings}
        frontier = (reached | _members(cluster, accounts)) - found.nodes
    return found


def _survivor(first_seen: dict[str, str], group: set[str]) -> str:
    return min(group, key=lambda account_id: (first_seen.get(account_id, ""), account_id))


def _first_seen(cluster: Cluster, account_ids: list[str]) -> dict[str, str]:
    history = profiles.load_observations(cluster, account_ids)
    return {account_id: points[0].at.isoformat() for account_id, points in history.items()}


def _identity_actions(creator: Creator) -> list[bulk.Action]:
    own = {"creator_id": creator.creator_id, "account_ids": list(creator.account_ids), "redirect_to": None}
    actions = [bulk.Action("identities", creator.creator_id, own)]
    for account_id in creator.account_ids:
        other = ids.creator_id(account_id)
        if other != creator.creator_id:
            doc = {"creator_id": other, "account_ids": [], "redirect_to": creator.creator_id}
            actions.append(bulk.Action("identities", other, doc))
    return actions


def resolve(cluster: Cluster, account_ids: Iterable[str]) -> list[str]:
    """Assign accounts, and all they are joined with, to creators; returns the ids of every creator touched.

    The caller holds the lease of resolution: two resolvers at once would each see half of a join.
    """
    neighbourhood = _neighbourhood(cluster, account_ids)
    accounts = profiles.load_accounts(cluster, (node for node in neighbourhood.nodes if _is_account(node)))
    groups = []
    for component in components(accounts, neighbourhood.joins):
        group = component & accounts.keys()
        if len(group) > MAX_ACCOUNTS:
            log.warning("component_not_joined", accounts=len(group), sample=sorted(group)[:3])
            groups += [{account_id} for account_id in group]
        elif group:
            groups.append(group)
    joined = [account_id for group in groups if len(group) > 1 for account_id in group]
    first_seen = _first_seen(cluster, joined) if joined else {}
    actions: list[bulk.Action] = []
    for group in groups:
        survivor = ids.creator_id(_survivor(first_seen, group))
        actions += _identity_actions(Creator(creator_id=survivor, account_ids=tuple(sorted(group))))
    bulk.write(cluster, actions)
    return [action.doc_id for action in actions]
