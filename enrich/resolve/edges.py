"""Declared evidence that two accounts are one person, as edges between nodes; pure.

A node is an account (``youtube:UC…``), a person that a source names (``person:congress:A000055``) or a handle that a
source links to (``handle:x:senexample``), whose account may not have been seen yet. An account of which a source knew
only the handle (``x:@senexample``) is the account that is seen with that handle, as soon as one is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from creators.ids import account_id, content_hash, is_provisional
from creators.models import Account, Link, Platform
from creators.text import normalise_handle

EdgeKind = Literal["person_id", "declared_link", "same_handle"]
Pair = tuple[str, str]
"""Two account ids, the smaller first."""
_PLATFORMS = frozenset(Platform)


@dataclass(frozen=True, slots=True)
class Edge:
    """``left`` (an account) and ``right`` (any node) belong to one person, for the reason ``kind``."""

    left: str
    right: str
    kind: EdgeKind
    at: datetime
    """When the source said so."""

    @property
    def edge_id(self) -> str:
        """The same evidence is the same edge."""
        return content_hash(f"{self.left}|{self.right}|{self.kind}".encode())[:32]


def pair_of(one: str, other: str) -> Pair:
    """Return two accounts as a pair: in whichever order they are given, it is the same."""
    return (one, other) if one < other else (other, one)


def pair_id(pair: Pair) -> str:
    """Return the id under which the match of a pair, and its review, are kept."""
    return content_hash("|".join((*pair, "match")).encode())[:32]


def person_node(person_key: str) -> str:
    """Return the node of a person that a source names."""
    return f"person:{person_key}"


def handle_node(platform: str, handle: str) -> str:
    """Return the node of a handle, whatever its spelling."""
    return f"handle:{platform}:{normalise_handle(handle)}"


def _link_node(link: Link) -> str | None:
    if link.platform not in _PLATFORMS:
        return None
    if link.native_id:
        return account_id(link.platform, link.native_id)
    # A handle of which nothing is left would be one node for all who have it.
    handle = normalise_handle(link.handle or "")
    return handle_node(link.platform, handle) if handle else None


def edges_of(account: Account) -> list[Edge]:
    """Return the evidence that one account carries."""
    edges = []
    if is_provisional(account.native_id):
        edges.append(
            Edge(
                account.account_id, handle_node(account.platform, account.native_id), "same_handle", account.fetched_at
            )
        )
    if account.person_key:
        person = person_node(account.person_key)
        edges.append(Edge(account.account_id, person, "person_id", account.fetched_at))
    for link in account.links:
        node = _link_node(link)
        if node and node != account.account_id:
            edges.append(Edge(account.account_id, node, "declared_link", account.fetched_at))
    return edges


def components(accounts: Iterable[str], joins: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Return the connected components of nodes, each as the set of its nodes."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for account in accounts:
        root(account)
    for left, right in joins:
        parent[root(left)] = root(right)
    groups: dict[str, set[str]] = {}
    for node in parent:
        groups.setdefault(root(node), set()).add(node)
    return list(groups.values())
