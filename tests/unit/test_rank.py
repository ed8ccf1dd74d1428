"""The second stage: contributions sum to the score, and what is unknown neither helps nor sinks."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.rank import features
from search.rank.candidates import ArmHit, Candidates, collect, cosine_of, parse_hits
from search.rank.features import NEUTRAL, Wish
from search.rank.model import FEATURES, PROFILES, Ranked, rank, weights_of

ALL = frozenset(FEATURES)
NOTHING = Wish()
UNKNOWN = st.just(math.nan)
ROWS = st.lists(
    st.tuples(
        UNKNOWN | st.floats(0, 50),
        UNKNOWN | st.floats(-1, 1),
        UNKNOWN | st.integers(0, 10**9).map(float),
        UNKNOWN | st.floats(0, 1),
        UNKNOWN | st.floats(-1, 100),
        UNKNOWN | st.floats(0, 4000),
    ),
    max_size=20,
)
WISHES = st.sampled_from([NOTHING, Wish(1000, 50_000), Wish(0, None), Wish(None, 10_000), Wish(0, 0)])


def candidates(rows):
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 6).T
    return Candidates(tuple(f"c{number:02}" for number in range(len(rows))), *columns)


def one(**known):
    names = ("lexical", "cosine", "followers", "engagement_rate", "growth_90d", "age_days")
    return Candidates(("a",), *(np.array([known.get(name, math.nan)]) for name in names))


@pytest.mark.parametrize("profile", PROFILES)
@given(rows=ROWS, wish=WISHES)
def test_contributions_sum_to_the_score(profile, rows, wish):
    ranked = rank(candidates(rows), weights_of(profile, {}, usable=ALL), wish)
    for row in range(len(rows)):
        assert math.fsum(ranked.contributions[row]) == pytest.approx(ranked.scores[row], abs=1e-12)
        for column, weight in enumerate(ranked.weights):
            assert ranked.contributions[row, column] == ranked.normalised[row, column] * weight
    assert np.isfinite(ranked.scores).all()
    assert ((ranked.normalised >= 0) & (ranked.normalised <= 1)).all()
    assert sorted(ranked.ids) == sorted(candidates(rows).ids)


@given(rows=ROWS, data=st.data())
def test_the_order_is_by_score_then_id_whatever_came_first(rows, data):
    weights = weights_of("balanced", {}, usable=ALL)
    table = candidates(rows)
    ranked = rank(table, weights, NOTHING)
    keys = [(-score, name) for score, name in zip(ranked.scores, ranked.ids, strict=True)]
    assert keys == sorted(keys)
    order = data.draw(st.permutations(range(len(rows))))
    columns = (getattr(table, name)[order] for name in list(Candidates.__slots__)[1:])
    again = rank(Candidates(tuple(table.ids[i] for i in order), *columns), weights, NOTHING)
    assert again.ids == ranked.ids
    assert np.array_equal(again.raw, ranked.raw, equal_nan=True)


def test_ties_are_broken_by_id():
    same = np.full(3, math.nan)
    ranked = rank(Candidates(("b", "c", "a"), *[same] * 6), weights_of("balanced", {}, usable=ALL), NOTHING)
    assert ranked.ids == ("a", "b", "c")


@pytest.mark.parametrize("feature", ["engagement", "follower_fit", "growth", "freshness"])
def test_an_unknown_fact_is_neutral(feature):
    raw, normalised = FEATURES[feature](one(), NOTHING)
    assert np.isnan(raw).all()
    assert normalised.tolist() == [NEUTRAL]


@pytest.mark.parametrize("feature", ["text_match", "semantic"])
def test_what_an_arm_did_not_find_counts_nothing(feature):
    raw, normalised = FEATURES[feature](one(), NOTHING)
    assert np.isnan(raw).all()
    assert normalised.tolist() == [0.0]


@pytest.mark.parametrize(
    ("feature", "known", "expected"),
    [
        ("text_match", {"lexical": 7.5}, 1.0),
        ("semantic", {"cosine": 0.3}, 1.0),
        ("engagement", {"engagement_rate": 0.04}, 1 - math.exp(-1)),
        ("engagement", {"engagement_rate": 0.0}, 0.0),
        ("engagement", {"engagement_rate": 0.12}, 1 - math.exp(-3)),
        ("growth", {"growth_90d": 0.0}, 0.5),
        ("growth", {"growth_90d": 0.15}, 1 / (1 + math.exp(-1))),
        ("growth", {"growth_90d": -0.15}, 1 / (1 + math.exp(1))),
        ("freshness", {"age_days": 0.0}, 1.0),
        ("freshness", {"age_days": 365.0}, math.exp(-1)),
        ("follower_fit", {"followers": 0.0}, 0.0),
        ("follower_fit", {"followers": 1.0}, 0.0),
        ("follower_fit", {"followers": 1000.0}, 3 / features.REACH_CEILING),
        ("follower_fit", {"followers": 1e12}, 1.0),
    ],
)
def test_features_by_hand(feature, known, expected):
    _, normalised = FEATURES[feature](one(**known), NOTHING)
    assert normalised.tolist() == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize(
    ("followers", "wish", "expected"),
    [
        (10_000.0, Wish(1_000, 100_000), 1.0),
        (1_000.0, Wish(1_000, 100_000), math.exp(-0.5)),
        (100_000.0, Wish(1_000, 100_000), math.exp(-0.5)),
        (10_000.0, Wish(1_000, None), 1.0),
        (100.0, Wish(None, 10_000), 1.0),
        (math.nan, Wish(1_000, 100_000), NEUTRAL),
    ],
    ids=["middle", "low end", "high end", "open above", "open below", "unknown"],
)
def test_the_middle_of_the_range_fits_best(followers, wish, expected):
    _, normalised = features.follower_fit(one(followers=followers), wish)
    assert normalised.tolist() == pytest.approx([expected], abs=1e-12)


def test_arms_are_scaled_to_the_best_of_this_search():
    table = candidates([(10, 0.9, *[math.nan] * 4), (5, 0.5, *[math.nan] * 4), (math.nan, 0.1, *[math.nan] * 4)])
    assert features.text_match(table, NOTHING)[1].tolist() == [1.0, 0.5, 0.0]
    assert features.semantic(table, NOTHING)[1].tolist() == pytest.approx([1.0, 0.525, 0.05])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("usable", [ALL, ALL - {"semantic"}, ALL - {"text_match"}], ids=["all", "no knn", "no lexical"])
def test_weights_sum_to_one(profile, usable):
    weights = weights_of(profile, {}, usable=usable)
    assert math.fsum(weights.values()) == pytest.approx(1.0, abs=1e-12)
    assert set(weights) == {name for name in PROFILES[profile] if name in usable}


def test_profiles_name_features_and_sum_to_one():
    assert {name for profile in PROFILES.values() for name in profile} <= ALL
    assert {math.fsum(profile.values()) for profile in PROFILES.values()} == {1.0}


def test_a_feature_that_means_nothing_here_gives_its_weight_to_the_others():
    full, partial = (weights_of("balanced", {}, usable=usable) for usable in (ALL, ALL - {"text_match"}))
    assert "text_match" not in partial
    assert partial["semantic"] / partial["growth"] == pytest.approx(full["semantic"] / full["growth"])
    assert weights_of("relevance", {}, usable=ALL - {"text_match", "semantic"}) == {}


def test_single_weights_can_be_replaced():
    assert weights_of("balanced", {"semantic": 0, "growth": 1.0}, usable=ALL) == pytest.approx(
        {
            "text_match": 0.30 / 1.6,
            "engagement": 0.15 / 1.6,
            "follower_fit": 0.10 / 1.6,
            "growth": 1.0 / 1.6,
            "freshness": 0.05 / 1.6,
        }
    )
    assert weights_of("relevance", dict.fromkeys(FEATURES, 0.0), usable=ALL) == {}
    assert weights_of("relevance", {"freshness": 1.0}, usable=frozenset({"freshness"})) == {"freshness": 1.0}


def test_without_weights_everybody_is_equal():
    ranked = rank(candidates([(1.0,) * 6, (2.0,) * 6]), {}, NOTHING)
    assert (ranked.ids, ranked.scores.tolist(), ranked.raw.shape) == (("c00", "c01"), [0.0, 0.0], (2, 0))


@given(rows=ROWS)
def test_a_window_survives_the_cache(rows):
    ranked = rank(candidates(rows), weights_of("balanced", {}, usable=ALL), NOTHING)
    again = Ranked.from_json(json.loads(json.dumps(ranked.as_json())))
    assert (again.ids, again.names) == (ranked.ids, ranked.names)
    for name in ("scores", "weights", "raw", "normalised", "contributions"):
        column = getattr(again, name)
        assert column.dtype == np.float64
        assert np.array_equal(column, getattr(ranked, name), equal_nan=True) or not rows


def test_hits_become_columns():
    values = {"followers": 10, "engagement_rate": 0.1, "growth_90d": 0.2, "as_of": "2026-11-01T00:00:00.000Z"}
    lexical, knn = [ArmHit("a", 7.0, values)], [ArmHit("b", 0.9, {"as_of": "2026-11-03T00:00:00.000Z"})]
    noon_of_the_second = 1_793_620_800_000
    table = collect(["b", "a"], lexical, knn, now_ms=noon_of_the_second)
    assert table.ids == ("b", "a")
    assert table.age_days.tolist() == [0.0, 1.5]
    columns = (table.lexical, table.cosine, table.followers, table.engagement_rate, table.growth_90d)
    assert np.array_equal(
        np.array(columns).T,
        [[math.nan, 0.8, math.nan, math.nan, math.nan], [7, math.nan, 10, 0.1, 0.2]],
        equal_nan=True,
    )


@pytest.mark.parametrize(("score", "cosine"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0)])
def test_the_cosine_behind_a_score(score, cosine):
    assert cosine_of(score) == cosine


def test_a_creator_that_lies_in_two_indices_is_one_hit():
    hits = [
        {"_id": "1", "_score": 2.0, "fields": {"creator_id": ["a"], "followers": [5]}},
        {"_id": "2", "_score": 1.0, "fields": {"creator_id": ["a"], "followers": [4]}},
        {"_id": "b", "_score": None},
    ]
    assert parse_hits({"hits": {"hits": hits}}) == [
        ArmHit("a", 2.0, {"creator_id": "a", "followers": 5}),
        ArmHit("b", 0.0, {}),
    ]
