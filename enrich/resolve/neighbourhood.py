"""Everything in the index that has a say in which accounts are one creator with some accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from creators import ids
from creators.ids import parse_account_id
from creators.models import Platform
from enrich import profiles
from enrich.resolve import judgements
from enrich.resolve.edges import Edge, Pair, handle_node
from enrich.resolve.judgements import Decided

if TYPE_CHECKING:
    from creators.models import Account, Observation
    from creators.stores.cluster import Cluster
    from enrich.resolve.rules import Rules

MATCH = "match"
IDENTITIES = "identities"
TERMS_BATCH = 500
SIDES = ("left", "right")
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
    profiles: dict[str, Account] = field(default_factory=dict)
    """The accounts that have been seen, as they are now."""
    history: dict[str, tuple[Observation, ...]] = field(default_factory=dict)
    """Of each of them what was seen when, oldest first."""
    identities: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Creator id → its document, of the ids that these accounts alone would have, and those that they redirect to."""

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
        members = _looked_up(cluster, frontier, found)
        docs = _edges_at(cluster, frontier, found)
        frontier = (_walk(cluster, docs, rules, found, decided) | members) - found.nodes
    found.judged = judgements.standing(decided.values())
    return found


def _looked_up(cluster: Cluster, frontier: set[str], found: Neighbourhood) -> set[str]:
    """Take in profiles and creators of a frontier; returns the accounts that are now one creator with any of it.

    A group that is left must be looked at, too.
    """
    accounts = sorted(filter(is_account, frontier))
    own = [(IDENTITIES, ids.creator_id(account_id)) for account_id in accounts]
    docs = cluster.documents([*map(profiles.place_of, accounts), *own])
    for (index, doc_id), doc in docs.items():
        if index == IDENTITIES:
            found.identities[doc_id] = doc
        else:
            found.profiles[doc_id] = profiles.account_of(doc)
    present = [docs[place] for place in own if place in docs]
    heirs = {one["redirect_to"] for one in present if one["redirect_to"]}
    found.identities |= cluster.sources(IDENTITIES, heirs - found.identities.keys())
    present += [found.identities[heir] for heir in heirs & found.identities.keys()]
    return {account_id for one in present for account_id in one["account_ids"]}


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


def _edges_at(cluster: Cluster, frontier: set[str], found: Neighbourhood) -> list[dict[str, Any]]:
    """Take in the history of a frontier; returns the edges at it and at every handle that its accounts ever had."""
    accounts = sorted(filter(is_account, frontier))
    present = {
        handle_node(account.platform, account.handle)
        for one in accounts
        if (account := found.profiles.get(one)) is not None and account.handle
    }
    searches = _edge_searches(frontier | present)
    hits, _ = cluster.scan_all([*searches, *profiles.history_searches(accounts)])
    history = profiles.histories(chain.from_iterable(hits[len(searches) :]))
    found.history |= history
    former = _handle_nodes(history) - present
    edges = [*hits[: len(searches)], *cluster.scan_all(_edge_searches(former))[0]]
    return [hit["_source"] for hit in chain.from_iterable(edges)]


def _edge_searches(nodes: set[str]) -> list[tuple[str, dict[str, Any]]]:
    ordered = sorted(nodes)
    batches = (ordered[start : start + TERMS_BATCH] for start in range(0, len(ordered), TERMS_BATCH))
    return [
        (
            "identity-edges",
            {
                "query": {"bool": {"filter": [{"bool": {"should": [{"terms": {side: batch}} for side in SIDES]}}]}},
                "sort": [{"edge_id": "asc"}],
            },
        )
        for batch in batches
    ]


def _handle_nodes(history: Mapping[str, Sequence[Observation]]) -> set[str]:
    """Return the nodes of every handle that accounts have ever had."""
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
