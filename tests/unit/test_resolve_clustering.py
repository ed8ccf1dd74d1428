"""Grouping: what is declared holds, what is judged apart stays apart, and no order decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.resolve.clustering import SUPPORT, UNOPPOSED, Node, cluster
from enrich.resolve.thresholds import MERGE

NETWORKS = ("x", "github", "youtube", "tiktok")
IDS = [f"{network}:{number}" for network in NETWORKS for number in range(3)]
ACCOUNTS = {account_id: Node(account_id.partition(":")[0]) for account_id in IDS}
PAIRS = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda pair: pair[0] != pair[1])


@dataclass(frozen=True)
class Scored:
    left: str
    right: str
    probability: float


SCORES = st.builds(lambda pair, score: Scored(*pair, score), PAIRS, st.floats(0, 1))


def groups(*scored: tuple[str, str, float], joined=(), apart=()) -> set[frozenset[str]]:
    ids = {one for left, right, _ in scored for one in (left, right)} | {one for pair in joined for one in pair}
    accounts = {account_id: Node(account_id.partition(":")[0]) for account_id in ids}
    return set(cluster(accounts, [Scored(*one) for one in scored], joined, apart))


@given(st.data(), st.lists(SCORES, max_size=25), st.lists(PAIRS, max_size=4), st.lists(PAIRS, max_size=4))
def test_no_order_decides_and_the_rules_hold(data, scored, joined, apart):
    found = cluster(ACCOUNTS, scored, joined, apart)
    assert sorted(account_id for group in found for account_id in group) == sorted(IDS)
    shuffled = dict(data.draw(st.permutations(list(ACCOUNTS.items()))))
    turned = [Scored(one.right, one.left, one.probability) for one in data.draw(st.permutations(scored))]
    assert cluster(shuffled, turned, data.draw(st.permutations(joined)), data.draw(st.permutations(apart))) == found
    of = {account_id: group for group in found for account_id in group}
    assert all(other not in of[one] for one, other in apart)
    if not apart:
        assert all(other in of[one] for one, other in joined)
    if not joined:
        assert all(len({one.partition(":")[0] for one in group}) == len(group) for group in found)


@given(st.lists(SCORES, max_size=20), st.lists(PAIRS, max_size=3))
def test_to_group_twice_changes_nothing(scored, apart):
    once = cluster(ACCOUNTS, scored, (), apart)
    declared = [pair for group in once for pair in combinations(sorted(group), 2)]
    assert set(cluster(ACCOUNTS, (), declared, apart)) == set(once)


def test_the_strongest_takes_the_place():
    assert groups(("x:1", "github:1", 0.97), ("x:2", "github:1", 0.99)) == {
        frozenset({"x:2", "github:1"}),
        frozenset({"x:1"}),
    }


def test_declared_accounts_of_one_network_stay_together_unless_judged_apart():
    assert groups(joined=[("x:1", "x:2")]) == {frozenset({"x:1", "x:2"})}
    assert groups(joined=[("x:1", "x:2")], apart=[("x:2", "x:1")]) == {frozenset({"x:1"}), frozenset({"x:2"})}


def test_one_false_bridge_does_not_join_two_groups():
    assert SUPPORT > 1 / 4
    left, right = ("x:1", "github:1", 0.999), ("youtube:1", "tiktok:1", 0.999)
    assert groups(left, right, ("github:1", "youtube:1", 0.99)) == {
        frozenset({"x:1", "github:1"}),
        frozenset({"youtube:1", "tiktok:1"}),
    }
    both = groups(left, right, ("github:1", "youtube:1", 0.99), ("x:1", "youtube:1", 0.98))
    assert both == {frozenset({"x:1", "github:1", "youtube:1", "tiktok:1"})}


def test_what_nothing_competes_with_needs_less():
    enough = MERGE / (MERGE + UNOPPOSED * (1 - MERGE)) + 0.01
    together = frozenset({"x:1", "github:1"})
    assert together in groups(("x:1", "github:1", enough))
    assert together not in groups(("x:1", "github:1", enough), ("x:2", "github:1", enough - 0.05))
    assert together not in groups(("x:1", "github:1", enough - 0.02))


@pytest.mark.parametrize("merge", [0.5, 0.99])
def test_the_threshold_is_a_setting(merge):
    accounts = {one: ACCOUNTS[one] for one in ("x:1", "github:1")}
    for probability, joins in ((merge, 1), (0.1, 2)):
        assert len(cluster(accounts, [Scored("x:1", "github:1", probability)], (), (), merge)) == joins
