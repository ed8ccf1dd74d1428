"""The second stage: contributions sum to the score, the order is by score then id, the window survives the cache."""

import json
import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.rank.candidates import ArmHit, Candidates, collect, cosine_of, parse_hits
from search.rank.features import NAME_EQUAL, Wish
from search.rank.model import (
    ALIKE_SHARE,
    FEATURES,
    NAMED_SHARE,
    PROFILES,
    Ranked,
    rank,
    rank_by,
    usable_features,
    weights_of,
)
from search.rank.named import SAME_SKELETON
from search.rank.percentiles import NOBODY
from tests.fixtures.candidates import NUMBERS, POPULATION, ROWS, candidates, one

ALL = frozenset(FEATURES)
NOTHING = Wish()
PLAIN = ALL - {"named"}
WISHES = st.sampled_from(
    [
        NOTHING,
        Wish(1000, 50_000),
        Wish(0, None),
        Wish(None, 10_000),
        Wish(0, 0),
        Wish(niches=frozenset({"food", "adult"})),
    ]
)
OVERRIDES = st.dictionaries(st.sampled_from(sorted(FEATURES)), st.floats(0, 1e6), max_size=4)


def permuted(table, order):
    """The same candidates in another order."""
    changed = {}
    for column in fields(Candidates):
        value = getattr(table, column.name)
        if column.name != "population":
            changed[column.name] = value[order] if isinstance(value, np.ndarray) else tuple(value[i] for i in order)
    return replace(table, **changed)


@pytest.mark.parametrize("profile", PROFILES)
@given(rows=ROWS, wish=WISHES, override=OVERRIDES)
def test_contributions_sum_to_the_score(profile, rows, wish, override):
    ranked = rank_by(candidates(rows), profile, override, wish)
    assert ranked.profile == profile
    assert math.fsum(ranked.weights) == pytest.approx(1.0, abs=1e-9)
    for row in range(len(rows)):
        assert math.fsum(ranked.contributions[row]) == pytest.approx(ranked.scores[row], abs=1e-12)
        for column, weight in enumerate(ranked.weights):
            assert ranked.contributions[row, column] == ranked.normalised[row, column] * weight
    assert np.isfinite(ranked.scores).all()
    assert ((ranked.normalised >= 0) & (ranked.normalised <= 1)).all()
    assert sorted(ranked.ids) == sorted(candidates(rows).ids)


@given(rows=ROWS, data=st.data())
def test_the_order_is_by_score_then_id_whatever_came_first(rows, data):
    table = candidates(rows)
    ranked = rank_by(table, "balanced", {}, NOTHING)
    keys = [(-score, name) for score, name in zip(ranked.scores, ranked.ids, strict=True)]
    assert keys == sorted(keys)
    again = rank_by(permuted(table, data.draw(st.permutations(range(len(rows))))), "balanced", {}, NOTHING)
    assert again.ids == ranked.ids
    assert np.array_equal(again.raw, ranked.raw, equal_nan=True)
    for name, standing in ranked.standings.items():
        assert np.array_equal(again.standings[name].percentile, standing.percentile, equal_nan=True)


def test_ties_are_broken_by_id():
    ranked = rank_by(Candidates.of(["b", "c", "a"], {}, {}), "balanced", {}, NOTHING)
    assert ranked.ids == ("a", "b", "c")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("usable", [PLAIN, PLAIN - {"semantic"}, PLAIN - {"text_match"}], ids=["all", "words", "knn"])
def test_weights_sum_to_one(profile, usable):
    weights = weights_of(profile, {}, usable=usable)
    assert math.fsum(weights.values()) == pytest.approx(1.0, abs=1e-12)
    assert set(weights) == {name for name in PROFILES[profile].weights if name in usable}


def test_profiles_name_features_sum_to_one_and_say_what_they_are():
    assert {name for profile in PROFILES.values() for name in profile.weights} <= PLAIN
    assert {math.fsum(profile.weights.values()) for profile in PROFILES.values()} == {1.0}
    for profile in PROFILES.values():
        assert profile.description.endswith(".")
        assert "\n" not in profile.description
    assert {profile for profile, one in PROFILES.items() if one.followers} == {"micro"}


def test_a_feature_that_means_nothing_here_gives_its_weight_to_the_others():
    full, partial = (weights_of("balanced", {}, usable=usable) for usable in (PLAIN, PLAIN - {"text_match"}))
    assert "text_match" not in partial
    assert partial["semantic"] / partial["growth"] == pytest.approx(full["semantic"] / full["growth"])
    assert weights_of("relevance", {}, usable=ALL - {"named", "text_match", "semantic"}) == {}


def test_single_weights_can_be_replaced():
    weights = PROFILES["balanced"].weights
    changed = weights_of("balanced", {"semantic": 0, "growth": 1.0}, usable=PLAIN)
    rest = {name: weight for name, weight in weights.items() if name not in {"semantic", "growth"}}
    total = math.fsum(rest.values()) + 1.0
    expected = {**{name: weight / total for name, weight in rest.items()}, "growth": 1.0 / total}
    assert changed == pytest.approx(expected)
    assert weights_of("relevance", dict.fromkeys(FEATURES, 0.0), usable=ALL) == {}
    assert weights_of("relevance", {"freshness": 1.0}, usable=frozenset({"freshness"})) == {"freshness": 1.0}


def test_a_name_has_most_of_all_weight_unless_the_request_says_otherwise():
    weights = weights_of("relevance", {}, usable=ALL)
    assert weights == pytest.approx({"named": 0.7, "text_match": 0.12, "semantic": 0.18})
    assert weights_of("relevance", {}, usable=frozenset({"named"})) == {"named": 1.0}
    assert "named" not in weights_of("relevance", {"named": 0.0}, usable=ALL)
    assert weights_of("relevance", {"named": 1.0}, usable=ALL)["named"] == pytest.approx(0.5)


@given(st.floats(NAME_EQUAL, SAME_SKELETON), st.floats(0, 1), st.floats(0, 1))
def test_nobody_is_before_the_owner_of_the_handle(other, own_text, other_text):
    table = candidates([((text, text, 0.0, *[math.nan] * 4), (None, None, ())) for text in (own_text, other_text)])
    ranked = rank_by(table.called(np.array([1.0, other])), "balanced", {}, NOTHING)
    assert ranked.ids[0] == table.ids[0]


@pytest.mark.parametrize(("match", "share"), [(1.0, NAMED_SHARE), (0.95, NAMED_SHARE), (0.9, ALIKE_SHARE), (0.5, None)])
def test_the_feature_named_is_used_when_somebody_is_named(match, share):
    table = candidates([((1.0, 0.5, 0.0, *[math.nan] * 4), (None, None, ()))] * 2).called(np.array([match, 0.1]))
    ranked = rank_by(table, "balanced", {}, NOTHING)
    found = dict(zip(ranked.names, ranked.weights, strict=True)).get("named")
    assert found == (None if share is None else pytest.approx(share))


@given(
    rows=st.lists(ROWS.map(lambda rows: rows[:1]), min_size=1, max_size=15), profile=st.sampled_from(sorted(PROFILES))
)
def test_who_has_the_handle_is_never_behind_who_has_not(rows, profile):
    table = candidates([row for group in rows for row in group])
    match = np.where(np.nan_to_num(table.named) >= 0.95, 0.5, np.nan_to_num(table.named))
    if not len(match):
        return
    match[-1] = 1.0
    ranked = rank_by(table.called(match), profile, {}, NOTHING)
    place = ranked.ids.index(table.ids[-1])
    # Equal only where the named one has nothing at all and the other everything.
    assert ranked.scores[0] == pytest.approx(ranked.scores[place], abs=1e-12)


def test_what_can_be_used_follows_from_the_candidates_and_the_wish():
    always = ALL - {"named", "text_match", "semantic", "niche_fit"}
    assert usable_features(one(), NOTHING) == always
    everything = one(lexical=1.0, cosine=0.1, named=0.8)
    assert usable_features(everything, Wish(niches=frozenset({"food"}))) == ALL
    assert usable_features(Candidates.of([], {}, {}), NOTHING) == always


def test_without_text_the_largest_come_first_in_a_profile_of_relevance():
    table = candidates([((*[math.nan] * 3, followers, *[math.nan] * 3), (None, None, ())) for followers in (10, 1000)])
    ranked = rank_by(table, "relevance", {}, NOTHING)
    assert (ranked.ids, ranked.names) == (("c01", "c00"), ("reach",))


def test_the_profile_micro_looks_for_micro_creators_unless_the_request_has_a_range():
    rows = [((*[math.nan] * 3, followers, *[math.nan] * 3), (None, None, ())) for followers in (2_000_000, 20_000)]
    assert rank_by(candidates(rows), "micro", {}, NOTHING).ids == ("c01", "c00")
    assert rank_by(candidates(rows), "micro", {}, Wish(1_000_000, None)).ids == ("c00", "c01")


def test_without_weights_everybody_is_equal():
    ranked = rank(candidates([((1.0,) * 7, (None, None, ()))] * 2), {}, NOTHING)
    assert (ranked.ids, ranked.scores.tolist(), ranked.raw.shape) == (("c00", "c01"), [0.0, 0.0], (2, 0))


@given(rows=ROWS, wish=WISHES)
def test_a_window_survives_the_cache(rows, wish):
    ranked = rank_by(candidates(rows), "balanced", {}, wish)
    ranked = ranked.take(range(len(ranked.ids)), ["moved"] * len(ranked.ids))
    again = Ranked.from_json(json.loads(json.dumps(ranked.as_json())))
    same = ("ids", "names", "profile", "groups", "notes")
    assert [getattr(again, name) for name in same] == [getattr(ranked, name) for name in same]
    for name in ("scores", "weights", "raw", "normalised", "contributions"):
        column = getattr(again, name)
        assert column.dtype == np.float64
        assert np.array_equal(column, getattr(ranked, name), equal_nan=True)
    assert again.standings.keys() == ranked.standings.keys()
    for name, standing in ranked.standings.items():
        assert np.array_equal(again.standings[name].percentile, standing.percentile, equal_nan=True)
        assert again.standings[name].group.tolist() == standing.group.tolist()


def test_hits_become_columns():
    values = {"followers": 10, "engagement_rate": 0.1, "growth_90d": 0.2, "as_of": "1793491200000", "niches": ["food"]}
    more = {"primary_platform": "tiktok", "follower_band": "nano", "primary_niche": "food"}
    lexical = [ArmHit("a", 7.0, {"creator_id": "a", **values, **more}), ArmHit("b", 3.0, {"creator_id": "b"})]
    knn = [ArmHit("b", 0.9, {"creator_id": "b", "as_of": "1793664000000"}), ArmHit("a", 0.5, {"creator_id": "a"})]
    others = [ArmHit("c", 99.0, {"creator_id": "c", "followers": 5})]
    table = collect(["b", "a", "c"], lexical, knn, now_ms=1_793_620_800_000, others=others)
    assert table.ids == ("b", "a", "c")
    assert table.age_days.tolist()[:2] == [0.0, 1.5]
    columns = [getattr(table, name) for name in NUMBERS if name not in {"named", "age_days"}]
    nan = math.nan
    expected = [[3, 0.8, nan, nan, nan], [7, 0.0, 10, 0.1, 0.2], [nan, nan, 5, nan, nan]]
    assert np.allclose(np.array(columns).T, expected, equal_nan=True)
    assert np.isnan(table.named).all()
    assert (table.platforms, table.bands) == ((None, "tiktok", None), (None, "nano", None))
    assert (table.niches, table.primary_niches) == (((), ("food",), ()), (None, "food", None))
    assert table.population is NOBODY
    assert table.among(POPULATION).population is POPULATION


def test_the_first_score_of_a_creator_stands():
    hits = [
        ArmHit("a", 2.0, {"creator_id": "a", "followers": 1}),
        ArmHit("a", 1.0, {"creator_id": "a", "followers": 2}),
    ]
    table = collect(["a"], hits, [], now_ms=0)
    assert (table.lexical.tolist(), table.followers.tolist()) == ([2.0], [1.0])


@pytest.mark.parametrize(("score", "cosine"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0)])
def test_the_cosine_behind_a_score(score, cosine):
    assert cosine_of(np.array([score])).tolist() == [cosine]


def test_hits_carry_one_value_of_each_field_and_lists_of_those_with_many():
    hits = [
        {"_score": 2.0, "fields": {"creator_id": ["a"], "followers": [5], "niches": ["food", "travel"]}},
        {"_score": None, "fields": {"creator_id": ["b"]}},
    ]
    assert parse_hits({"hits": {"hits": hits}}) == [
        ArmHit("a", 2.0, {"creator_id": "a", "followers": 5, "niches": ["food", "travel"]}),
        ArmHit("b", 0.0, {"creator_id": "b"}),
    ]
