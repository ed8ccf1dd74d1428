"""Everything in the index that has a say in which accounts are one creator with some accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from creators import ids
from creators.ids import parse_account_id
from creators.models import Platform
from enrich import profiles
from enrich.resolve import judgements
from enrich.resolve.edges import Edge, Pair, handle_node
from enrich.resolve.judgements import Decided

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from enrich.resolve.rules import Rules

MATCH = "match"
TERMS_BATCH = 500
PAGE = 5000
_PLATFORMS = frozenset(Platform)


@dataclass(slots=True)
class Neighbourhood:
    """What is reachable from a set of accounts."""

    nodes: set[str] = field(default_factory=set)
    declared: dict[tuple[str, str], Edge] = field(default_factory=dict)
    """(Account, the node that it declares to be itself, too) → the evidence."""
    matches: dict[Pair, dict[str, Any]] = field(default_factory=dict)
    """Pair → the document of its match, of every pair that may be joined by one."""
    judged: dict[Pair, Decided] = field(default_factory=dict)

    @property
    def accounts(self) -> list[str]:
        """The nodes that are accounts, sorted."""
        return sorted(filter(is_account, self.nodes))


def is_account(node: str) -> bool:
    """Return whether a node is an account, not a person or a handle."""
    return node.partition(":")[0] in _PLATFORMS


def read(cluster: Cluster, account_ids: Iterable[str], rules: Rules) -> Neighbourhood:
    """Return what can be reached by declared links, matches, judgements and present creators."""
    found = Neighbourhood()
    decided: dict[str, Decided] = {}
    frontier = set(account_ids)
    while frontier:
        found.nodes |= frontier
        accounts = sorted(filter(is_account, frontier))
        docs = _edges_at(cluster, sorted(frontier | _own_handles(cluster, accounts)))
        frontier = (_walk(cluster, docs, rules, found, decided) | _members(cluster, accounts)) - found.nodes
    found.judged = judgements.standing(decided.values())
    return found


def _walk(
    cluster: Cluster, docs: list[dict[str, Any]], rules: Rules, found: Neighbourhood, decided: dict[str, Decided]
) -> set[str]:
    """Take in edges; returns the nodes that they lead to."""
    declared, reached = [], set()
    for doc in docs:
        pair = (doc["left"], doc["right"])
        if doc["kind"] == judgements.KIND:
            decided[doc["edge_id"]] = judgements.decided_of(doc)
            reached |= set(pair) if doc["decision"] == "same" else set()
        elif doc["kind"] != MATCH:
            declared.append(Edge(*pair, doc["kind"], datetime.fromisoformat(doc["at"])))
        elif all(map(rules.allows, pair)):
            found.matches[pair] = doc
            # One that does not join has a say, too: whether a pair does depends on who else comes into question.
            reached |= set(pair)
    seen = _sightings(cluster, {edge.right for edge in declared})
    found.declared |= {(edge.left, target): edge for edge in declared if (target := target_of(edge, seen))}
    reached |= {node for edge in declared for node in (edge.left, edge.right)}
    return reached | {sighting.account_id for sightings in seen.values() for sighting in sightings}


def _edges_at(cluster: Cluster, nodes: list[str]) -> list[dict[str, Any]]:
    found = []
    for start in range(0, len(nodes), TERMS_BATCH):
        batch = nodes[start : start + TERMS_BATCH]
        either = [{"terms": {"left": batch}}, {"terms": {"right": batch}}]
        body = {
            "query": {"bool": {"filter": [{"bool": {"should": either}}]}},
            "sort": [{"edge_id": "asc"}],
        }
        found += [hit["_source"] for hit in cluster.scan("identity-edges", body, size=PAGE)]
    return found


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


def target_of(edge: Edge, seen: dict[str, list[profiles.Sighting]]) -> str | None:
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
