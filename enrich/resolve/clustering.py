"""Scored pairs become groups of accounts, one person each; pure, and the same in whatever order pairs arrive.

Greedy agglomeration, strongest pair first, with average linkage as a guard: a pair joins two groups when, besides its
own probability, a third of the pairs between the groups speak for it. So one false bridge does not join two people
who are strangers to each other otherwise. On the labelled pools of ``benchmarks/resolution`` single linkage (no guard)
lost precision at equal recall, and a guard of one half lost recall.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from enrich.resolve.thresholds import MERGE, REVIEW

Pair = tuple[str, str]
SUPPORT = 1 / 3
"""Mean probability that the pairs between two groups need for the groups to be joined."""
UNOPPOSED = 6.0
"""By how much the odds of a pair grow when no other account of the same network comes into question for either side.

The calibrated probability of a pair is a mean over pairs that have competitors and pairs that have none. Chosen on the
labelled pools of ``benchmarks/resolution``: more costs precision on the file that has no websites.
"""


class Scored(Protocol):
    """A pair with the probability that it is one person."""

    @property
    def left(self) -> str:
        """One account."""

    @property
    def right(self) -> str:
        """The other."""

    @property
    def probability(self) -> float:
        """That one person has both."""


@dataclass(frozen=True, slots=True)
class Node:
    """What clustering knows of an account."""

    platform: str


class _Groups:
    """Disjoint groups of accounts with what keeps them apart."""

    def __init__(self, accounts: Mapping[str, Node]) -> None:
        self._of = {account_id: account_id for account_id in accounts}
        self.members = {account_id: {account_id} for account_id in accounts}
        self.platforms = {account_id: {node.platform} for account_id, node in accounts.items()}
        self.apart: dict[str, set[str]] = {account_id: set() for account_id in accounts}

    def root(self, account_id: str) -> str:
        return self._of[account_id]

    def may_meet(self, left: str, right: str) -> bool:
        """Whether two groups are on no network in common."""
        return self.platforms[left].isdisjoint(self.platforms[right])

    def support(self, one: str, other: str, known: Mapping[Pair, float]) -> float:
        """Return the mean probability of the pairs between the groups of two accounts; an unknown pair counts 0."""
        left, right = self.members[self.root(one)], self.members[self.root(other)]
        total = math.fsum(known.get(_sorted((near, far)), 0.0) for near in left for far in right)
        return total / (len(left) * len(right))

    def join(self, one: str, other: str, *, declared: bool = False) -> None:
        """Join the groups of two accounts, unless a judgement or, where nobody declared it, a network forbids it."""
        left, right = self.root(one), self.root(other)
        if left == right or not self.apart[left].isdisjoint(self.members[right]):
            return
        if not declared and not self.may_meet(left, right):
            return
        if len(self.members[left]) < len(self.members[right]):
            left, right = right, left
        for account_id in self.members[right]:
            self._of[account_id] = left
        self.members[left] |= self.members.pop(right)
        self.platforms[left] |= self.platforms.pop(right)
        self.apart[left] |= self.apart.pop(right)


def cluster(
    accounts: Mapping[str, Node],
    matches: Iterable[Scored],
    joined: Iterable[Pair],
    apart: Iterable[Pair],
    merge: float = MERGE,
) -> list[frozenset[str]]:
    """Return the groups, each account in exactly one, sorted.

    Args:
        accounts: all that are grouped; pairs with another account are left out.
        matches: scored pairs; those of at least ``merge`` join.
        joined: pairs that are declared or judged to be one person: together, unless that joins a pair of ``apart``.
        apart: pairs judged to be two persons: never in one group.
        merge: probability from which a match joins.
    """
    groups = _Groups(accounts)
    for one, other in _within(apart, accounts):
        groups.apart[one].add(other)
        groups.apart[other].add(one)
    for one, other in sorted(set(_within(joined, accounts))):
        groups.join(one, other, declared=True)
    known = _known(accounts, matches, min(REVIEW, merge))
    ranked = sorted(known, key=lambda pair: (-known[pair], pair))
    for one, other in ranked:
        if known[one, other] >= merge and groups.support(one, other, known) >= SUPPORT:
            groups.join(one, other)
    enough = merge / (merge + UNOPPOSED * (1 - merge))
    for one, other in _unopposed(groups, [pair for pair in ranked if known[pair] >= enough], ranked):
        if groups.support(one, other, known) >= SUPPORT:
            groups.join(one, other)
    return sorted((frozenset(members) for members in groups.members.values()), key=sorted)


def _within(pairs: Iterable[Pair], accounts: Mapping[str, Node]) -> Iterator[Pair]:
    return (_sorted(pair) for pair in pairs if pair[0] in accounts and pair[1] in accounts)


def _known(accounts: Mapping[str, Node], matches: Iterable[Scored], least: float) -> dict[Pair, float]:
    """Return the probability of every pair that has at least ``least``; of one scored twice the higher."""
    known: dict[Pair, float] = {}
    for match in matches:
        if match.probability >= least and match.left in accounts and match.right in accounts:
            pair = _sorted((match.left, match.right))
            known[pair] = max(known.get(pair, 0.0), match.probability)
    return known


def _unopposed(groups: _Groups, waiting: list[Pair], ranked: list[Pair]) -> list[Pair]:
    """Return the pairs of ``waiting`` for neither side of which another group of the same network comes into question.

    Judged by the groups as they are now, before any of these pairs joins: so their order decides nothing.
    """
    between: dict[str, set[str]] = {}
    for one, other in ranked:
        left, right = groups.root(one), groups.root(other)
        if left != right:
            between.setdefault(left, set()).add(right)
            between.setdefault(right, set()).add(left)

    def opposed(near: str, far: str) -> bool:
        return any(rival != far and not groups.may_meet(rival, far) for rival in between[near])

    roots = {pair: (groups.root(pair[0]), groups.root(pair[1])) for pair in waiting}
    return [
        pair
        for pair, (left, right) in roots.items()
        if left != right and not opposed(left, right) and not opposed(right, left)
    ]


def _sorted(pair: Pair) -> Pair:
    return pair if pair[0] <= pair[1] else (pair[1], pair[0])
