"""The order in which sources are asked: tiers first, then utility, always with a reason."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Platform
from creators.targets import Target, TaskKind
from fetchers.router import OFFICIAL, WEIGHTS, Candidate, Measured, route, utility

TARGET = Target(TaskKind.PROFILE, Platform.X, "1")
rates = st.none() | st.floats(0, 1)
amounts = st.none() | st.floats(0, 1e6)
candidates = st.lists(
    st.builds(
        Candidate,
        source=st.sampled_from("abcdefgh"),
        tier=st.sampled_from([1, 2, 3]),
        kind=st.sampled_from(["official", "provider", "browser", "website"]),
        price_usd=st.floats(0, 10),
        measured=st.builds(Measured, success=rates, latency_ms=amounts, cost_usd=amounts),
        room=st.floats(0, 1),
        unable=st.none() | st.just("its breaker is open"),
    ),
    unique_by=lambda one: one.source,
    max_size=8,
)
strategies = st.sampled_from(sorted(WEIGHTS))


def of(source, *, tier=1, kind="official", price=0.0, **measured):
    return Candidate(source, tier, kind, price, Measured(**measured))


@given(candidates, strategies, st.randoms(use_true_random=False))
def test_the_decision_does_not_depend_on_the_order_of_the_candidates(found, strategy, dice: random.Random):
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert route(TARGET, found, strategy) == route(TARGET, shuffled, strategy)


@given(candidates, strategies)
def test_every_candidate_is_considered_with_a_reason_and_only_able_ones_are_asked(found, strategy):
    decision = route(TARGET, found, strategy)
    able = {one.source for one in found if one.unable is None and (strategy != "official_only" or one.kind in OFFICIAL)}
    assert set(decision.order) == able
    assert sorted(one.source for one in decision.considered) == sorted(one.source for one in found)
    assert all(one.reason for one in decision.considered)
    assert [one.source for one in decision.considered if one.score is not None] == list(decision.order)


@given(candidates, strategies)
def test_a_lower_tier_is_never_before_a_higher_one_that_is_able(found, strategy):
    tiers = {one.source: one.tier for one in found}
    order = [tiers[name] for name in route(TARGET, found, strategy).order]
    assert order == sorted(order)


@given(candidates, strategies)
def test_within_a_tier_utility_falls_and_stays_between_0_and_1(found, strategy):
    scored = [(one.tier, one.score) for one in route(TARGET, found, strategy).considered if one.score is not None]
    assert all(0 <= score <= 1 for _, score in scored)
    assert scored == sorted(scored, key=lambda pair: (pair[0], -pair[1]))


@given(st.floats(0, 1), st.floats(0, 1), strategies)
def test_more_success_is_never_worse(low, high, strategy):
    low, high = sorted((low, high))
    weights = WEIGHTS[strategy]
    assert utility(of("a", success=low), weights) <= utility(of("a", success=high), weights)


@pytest.mark.parametrize("strategy", sorted(WEIGHTS))
def test_weights_add_up_to_1(strategy):
    weights = WEIGHTS[strategy]
    assert weights.success + weights.latency + weights.cost + weights.room == pytest.approx(1)


def test_strategies_prefer_what_they_are_named_after():
    cheap = of("cheap", tier=2, kind="provider", price=0.0002, success=0.9, latency_ms=8000)
    fast = of("fast", tier=2, kind="provider", price=0.02, success=0.9, latency_ms=200)
    assert route(TARGET, [cheap, fast], "cheapest").order == ("cheap", "fast")
    assert route(TARGET, [cheap, fast], "fastest").order == ("fast", "cheap")


def test_balanced_prefers_what_answers():
    good, bad = of("good", success=0.95, latency_ms=900), of("bad", success=0.4, latency_ms=300)
    assert route(TARGET, [bad, good], "balanced").order == ("good", "bad")


def test_what_a_target_has_cost_counts_for_more_than_its_list_price():
    dear = of("dear", price=0.0001, cost_usd=0.05)
    fair = of("fair", price=0.001)
    assert route(TARGET, [dear, fair], "cheapest").order == ("fair", "dear")


def test_official_only_asks_nobody_else_and_says_so():
    decision = route(TARGET, [of("api"), of("shop", tier=2, kind="provider")], "official_only")
    assert decision.order == ("api",)
    assert "official_only" in decision.considered[1].reason


def test_nobody_to_ask_is_a_decision_with_a_reason():
    assert route(TARGET, (), "balanced").reason == "no source serves such targets"
