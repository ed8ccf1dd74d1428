"""Every feature by hand: unknown, smallest, largest, order."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.niches import NICHES
from search.rank import features
from search.rank.features import NEUTRAL, RISK, Wish
from search.rank.model import FEATURES
from tests.fixtures.candidates import POPULATION, ROWS, candidates, one

NOTHING = Wish()
FACTS = ("engagement", "follower_fit", "reach", "growth", "freshness", "suitability")
nan = math.nan


def normalised(feature, wish=NOTHING, **known):
    return FEATURES[feature](one(**known), wish).normalised.tolist()


@pytest.mark.parametrize("feature", FACTS)
def test_an_unknown_fact_is_neutral(feature):
    scored = FEATURES[feature](one(), NOTHING)
    assert np.isnan(scored.raw).all()
    assert scored.normalised.tolist() == [NEUTRAL]


@pytest.mark.parametrize("feature", ["text_match", "semantic", "named"])
def test_what_an_arm_did_not_find_counts_nothing(feature):
    scored = FEATURES[feature](one(), NOTHING)
    assert np.isnan(scored.raw).all()
    assert scored.normalised.tolist() == [0.0]


@pytest.mark.parametrize("feature", FEATURES)
@given(rows=ROWS)
def test_every_value_is_between_0_and_1_and_of_the_shape_of_the_candidates(feature, rows):
    scored = FEATURES[feature](candidates(rows), Wish(100, 1000, frozenset({"food"})))
    assert scored.raw.shape == scored.normalised.shape == (len(rows),)
    assert ((scored.normalised >= 0) & (scored.normalised <= 1)).all()


@pytest.mark.parametrize(
    ("feature", "known", "expected"),
    [
        ("engagement", {"engagement_rate": 0.04}, 1 - math.exp(-1)),
        ("engagement", {"engagement_rate": 0.0}, 0.0),
        ("engagement", {"engagement_rate": 0.12}, 1 - math.exp(-3)),
        ("growth", {"growth_90d": 0.0}, 0.5),
        ("growth", {"growth_90d": 0.15}, 1 / (1 + math.exp(-1))),
        ("growth", {"growth_90d": -0.15}, 1 / (1 + math.exp(1))),
        ("freshness", {"age_days": 0.0}, 1.0),
        ("freshness", {"age_days": 365.0}, math.exp(-1)),
        ("follower_fit", {"followers": 0.0}, 0.0),
        ("follower_fit", {"followers": 1000.0}, 3 / features.REACH_CEILING),
        ("reach", {"followers": 1.0}, 0.0),
        ("reach", {"followers": 1000.0}, 3 / features.REACH_CEILING),
        ("reach", {"followers": 1e12}, 1.0),
        ("named", {"named": 1.0}, 1.0),
        ("named", {"named": 0.97}, 0.55),
        ("named", {"named": 0.95}, 0.47),
        ("named", {"named": 0.9}, 0.9),
        ("named", {"named": 0.79}, 0.0),
        ("suitability", {"niches": ("adult", "food")}, 0.0),
        ("suitability", {"niches": ("politics",)}, 0.5),
        ("suitability", {"niches": ("comedy",)}, 0.8),
        ("suitability", {"niches": ("food", "travel")}, 1.0),
        ("suitability", {"niches": ("food",), "risks": "medium"}, 0.5),
        ("suitability", {"niches": ("politics",), "risks": "none"}, 0.5),
        ("suitability", {"risks": "floor"}, 0.0),
    ],
)
def test_features_by_hand(feature, known, expected):
    assert normalised(feature, **known) == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize(
    ("followers", "wish", "expected"),
    [
        (10_000.0, Wish(1_000, 100_000), 1.0),
        (1_000.0, Wish(1_000, 100_000), math.exp(-0.5)),
        (100_000.0, Wish(1_000, 100_000), math.exp(-0.5)),
        (10_000.0, Wish(1_000, None), 1.0),
        (100.0, Wish(None, 10_000), 1.0),
        (nan, Wish(1_000, 100_000), NEUTRAL),
    ],
    ids=["middle", "low end", "high end", "open above", "open below", "unknown"],
)
def test_the_middle_of_the_range_fits_best(followers, wish, expected):
    assert normalised("follower_fit", wish, followers=followers) == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize(
    ("feature", "column", "value", "expected"),
    [
        ("engagement", "engagement_rate", 0.05, 0.5),
        ("engagement", "engagement_rate", 0.092, 0.92),
        ("engagement", "engagement_rate", 0.5, 1.0),
        ("engagement", "engagement_rate", 0.0, 0.0),
        ("growth", "growth_90d", 0.25, 0.25),
    ],
)
def test_a_rate_counts_as_its_percentile_among_peers(feature, column, value, expected):
    table = one(**{column: value}, platforms="tiktok", bands="micro").among(POPULATION)
    scored = FEATURES[feature](table, NOTHING)
    assert scored.normalised.tolist() == pytest.approx([expected], abs=1e-6)
    assert scored.standing.percentile.tolist() == scored.normalised.tolist()
    assert POPULATION.groups[scored.standing.group[0]].n == 312


def test_without_peers_the_curve_stands_in():
    table = one(engagement_rate=0.04, platforms="tiktok", bands="giga").among(POPULATION)
    scored = FEATURES["engagement"](table, NOTHING)
    assert scored.normalised.tolist() == pytest.approx([1 - math.exp(-1)])
    assert np.isnan(scored.standing.percentile).all()


def test_reach_says_where_it_stands_and_counts_by_size():
    table = one(followers=500_000.0, platforms="tiktok", bands="micro").among(POPULATION)
    scored = FEATURES["reach"](table, NOTHING)
    assert scored.standing.percentile.tolist() == pytest.approx([0.5], abs=1e-6)
    assert scored.normalised.tolist() == pytest.approx([math.log10(500_000) / 9])


def numbers_of(**columns):
    rows = [
        [columns.get(name, [nan] * 3)[row] for name in ("lexical", "cosine", "named")] + [nan] * 4 for row in range(3)
    ]
    return candidates([(row, (None, None, ())) for row in rows])


def test_where_somebody_is_named_those_alike_count_nothing():
    table = numbers_of(named=[0.9, 1.0, 0.96])
    assert FEATURES["named"](table, NOTHING).normalised.tolist() == pytest.approx([0.0, 1.0, 0.51])


@pytest.mark.parametrize(
    ("main", "niches", "expected"),
    [("food", ("food", "travel"), 1.0), ("travel", ("food", "travel"), 0.5), ("travel", ("travel",), 0), (None, (), 0)],
)
def test_the_main_niche_fits_best(main, niches, expected):
    wish = Wish(niches=frozenset({"food", "gaming"}))
    assert normalised("niche_fit", wish, primary_niches=main, niches=niches) == [expected]


def test_the_risk_of_a_niche_is_in_the_taxonomy_and_in_the_words_of_the_feature():
    levels = {niche.id: niche.risk for niche in NICHES if niche.risk}
    assert set(levels.values()) == set(RISK)
    assert {niche for niche, level in levels.items() if level == "high"} == {"adult"}
    assert {niche for niche, level in levels.items() if level == "medium"} == {"politics", "crypto", "news"}
    assert {niche for niche, level in levels.items() if level == "low"} == {"religion", "nonprofit", "comedy"}
    text = FEATURES["suitability"].__doc__
    assert all(str(RISK[level]).rstrip("0").rstrip(".") in text for level in RISK)


@given(st.lists(st.sampled_from([niche.id for niche in NICHES]), min_size=1, max_size=3))
def test_the_riskiest_niche_decides(niches):
    each = [normalised("suitability", niches=(niche,))[0] for niche in niches]
    assert normalised("suitability", niches=tuple(niches)) == [min(each)]


def test_words_are_scaled_to_the_best_of_this_search():
    table = numbers_of(lexical=[10, 5, nan])
    assert FEATURES["text_match"](table, NOTHING).normalised.tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("cosines", "expected"),
    [
        ([0.8, 0.4, 0.2], [1.0, 0.5, 0.25]),
        ([0.8, nan, 0.4], [1.0, 0.45, 0.5]),
        ([0.8, -0.4, nan], [1.0, 0.0, 0.0]),
        ([-0.1, -0.2, nan], [0.0, 0.0, 0.0]),
        ([0.7, 0.7, nan], [1.0, 1.0, 0.9]),
    ],
    ids=["relative to the best", "unknown is below the least", "away is nothing", "all away", "all near"],
)
def test_meaning_is_scaled_to_the_nearest_of_this_search(cosines, expected):
    found = FEATURES["semantic"](numbers_of(cosine=cosines), NOTHING).normalised
    assert found.tolist() == pytest.approx(expected)
