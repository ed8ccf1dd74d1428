"""Which accounts are one creator, given all evidence about them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import structlog

from enrich.resolve.clustering import Node, cluster
from enrich.resolve.edges import Pair, components, pair_of

if TYPE_CHECKING:
    from creators.models import Account
    from enrich.resolve.neighbourhood import Neighbourhood
    from enrich.resolve.rules import Rules

MAX_ACCOUNTS = 50
"""A component larger than this comes from shared evidence (an agency's link), not from one person: it is not joined."""


@dataclass(frozen=True, slots=True)
class _Scored:
    left: str
    right: str
    probability: float


log = structlog.get_logger(__name__)


def declared_pairs(accounts: Iterable[str], joins: Iterable[tuple[str, str]]) -> set[Pair]:
    """Return the pairs of accounts that declared evidence joins; a component of too many gives none.

    Accounts that name the same person, or link to the same account that nobody has seen, are pairs of each other: if
    one of them is judged to be somebody else, the others stay together.
    """
    known, edges = set(accounts), set(joins)
    crowded: set[str] = set()
    for component in components(known, edges):
        group = component & known
        if len(group) > MAX_ACCOUNTS:
            log.warning("component_not_joined", accounts=len(group), sample=sorted(group)[:3])
            crowded |= component
    kept = {(left, right) for left, right in edges if left not in crowded}
    pairs = {pair_of(left, right) for left, right in kept if left in known and right in known and left != right}
    hubs = {node for edge in kept for node in edge if node not in known}
    place = {
        node: number
        for number, group in enumerate(components(hubs, (edge for edge in kept if not known.intersection(edge))))
        for node in group
    }
    around: dict[int, set[str]] = {}
    for left, right in kept:
        for account, node in ((left, right), (right, left)):
            if account in known and node in place:
                around.setdefault(place[node], set()).add(account)
    return pairs | {pair_of(*pair) for group in around.values() for pair in combinations(sorted(group), 2)}


def group(found: Neighbourhood, accounts: Mapping[str, Account], rules: Rules) -> list[frozenset[str]]:
    """Return the accounts of a neighbourhood as groups that are one creator each, sorted."""
    decided = {pair: one.decision for pair, one in found.judged.items() if accounts.keys() >= {*pair}}
    apart = {pair for pair, decision in decided.items() if decision == "different"}
    joined = declared_pairs(accounts, found.declared) | {p for p, decision in decided.items() if decision == "same"}
    scored = [
        _Scored(*pair, doc["probability"])
        for pair, doc in found.matches.items()
        if accounts.keys() >= {*pair} and not any(accounts[one].gone for one in pair)
    ]
    nodes = {account_id: Node(_place(account)) for account_id, account in accounts.items()}
    return sorted(cluster(nodes, scored, joined - apart, apart, merge=rules.merge), key=min)


def _place(account: Account) -> str:
    """Return the platform; an account that is gone leaves its place on it to another."""
    return f"gone:{account.account_id}" if account.gone else account.platform


def open_pairs(found: Neighbourhood, groups: Iterable[frozenset[str]], rules: Rules) -> dict[Pair, str | None]:
    """Return every matched pair with the reason why a person should look at it, None for no need.

    ``probability``: too probable to be passed over, not probable enough to be joined. ``conflict``: probable enough,
    but joining would bring two accounts of one platform, or a pair judged different, together.
    """
    member_of = {account_id: number for number, accounts in enumerate(groups) for account_id in accounts}
    reasons: dict[Pair, str | None] = {}
    for pair, doc in found.matches.items():
        left, right = (member_of.get(account_id) for account_id in pair)
        is_settled = pair in found.judged or (left is not None and left == right)
        if is_settled or doc["probability"] < rules.review:
            reasons[pair] = None
        else:
            reasons[pair] = "conflict" if doc["probability"] >= rules.merge else "probability"
    return reasons
