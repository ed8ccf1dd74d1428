"""Reasons: every part of the score, the largest first, in numbers and in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.explain import documentation, explain, standing_words, words_of
from search.rank.features import NEUTRAL, Wish
from search.rank.model import FEATURES, PROFILES, rank, rank_by
from tests.fixtures.candidates import ROWS, candidates

WISHES = st.sampled_from([Wish(), Wish(100, 1000), Wish(niches=frozenset({"food"}))])
OVERRIDES = st.dictionaries(st.sampled_from(sorted(FEATURES)), st.floats(0, 1e6), max_size=3)
KNOWN = (12.34, 0.5, math.nan, 20_000.0, 0.092, 0.153, 3.0)
TIKTOK = ("tiktok", "micro", ("comedy", "food"))


@given(rows=ROWS, profile=st.sampled_from(sorted(PROFILES)), wish=WISHES, override=OVERRIDES)
def test_reasons_sum_to_the_score_and_the_largest_is_first(rows, profile, wish, override):
    ranked = rank_by(candidates(rows), profile, override, wish)
    for position, score in enumerate(ranked.scores):
        explanation = explain(ranked, position)
        parts = [reason.contribution for reason in explanation.reasons]
        assert explanation.score == score
        assert explanation.profile == profile
        assert explanation.moved is None
        assert math.fsum(parts) == pytest.approx(score, abs=1e-6)
        assert parts == sorted(parts, reverse=True)
        assert {reason.feature for reason in explanation.reasons} == set(ranked.names)
        for reason in explanation.reasons:
            assert reason.contribution == pytest.approx(reason.weight * reason.normalised, abs=1e-12)
            assert reason.raw is None or math.isfinite(reason.raw)
            assert reason.percentile is None or 0 <= reason.percentile <= 1
            assert reason.words


def reasons_of(numbers, words, wish=None, features=tuple(FEATURES)):
    ranked = rank(candidates([(numbers, words)]), dict.fromkeys(features, 1 / len(features)), wish or Wish())
    return {reason.feature: reason for reason in explain(ranked, 0).reasons}


def test_a_whole_explanation():
    found = reasons_of(KNOWN, TIKTOK, Wish(niches=frozenset({"food"})))
    peers = "of TikTok creators of this size (10k–50k followers, n=312)"  # noqa: RUF001 - the dash of a range
    assert {feature: reason.words for feature, reason in found.items()} == {
        "named": "neither handle nor name was asked for",
        "text_match": "the words match (BM25 12.3)",
        "semantic": "close in meaning (cosine 0.50)",
        "engagement": f"engagement 9.2 % is in the top 8 % {peers}",
        "follower_fit": "20,000 followers",
        "reach": "20,000 followers, in the bottom 2 % of TikTok creators (n=312)",
        "growth": f"followers +15.3% in 90 days, in the bottom 16 % {peers}",
        "freshness": "seen 3 days ago",
        "niche_fit": "the niche asked for is one of several",
        "suitability": "risk for brands 0.2 of 1",
    }
    assert found["engagement"].percentile == pytest.approx(0.92)
    assert found["engagement"].normalised == found["engagement"].percentile
    assert found["text_match"].percentile is None
    assert '"raw":null' in found["named"].model_dump_json()


def test_without_peers_the_words_say_so():
    found = reasons_of(KNOWN, ("tiktok", "giga", ()))
    lonely = " (too few creators of this platform and size to compare)"
    assert found["engagement"].words == f"engagement 9.2 %{lonely}"
    assert found["growth"].words == f"followers +15.3% in 90 days{lonely}"
    assert found["reach"].words == "20,000 followers"
    assert {found[name].percentile for name in ("engagement", "growth", "reach")} == {None}


def test_what_is_unknown_says_how_it_was_counted():
    found = reasons_of([math.nan] * 7, (None, None, ()))
    assert {feature: reason.words for feature, reason in found.items() if reason.normalised == NEUTRAL} == {
        "engagement": f"engagement unknown, counted as {NEUTRAL}",
        "follower_fit": f"follower fit unknown, counted as {NEUTRAL}",
        "reach": f"reach unknown, counted as {NEUTRAL}",
        "growth": f"growth unknown, counted as {NEUTRAL}",
        "freshness": f"freshness unknown, counted as {NEUTRAL}",
        "suitability": f"nothing read and niche unknown, counted as {NEUTRAL}",
    }


def test_each_position_has_its_own_reasons():
    rows = [((1.0, 0.1, 0, 10.0, 0.01, 0.0, 5.0), TIKTOK), ((9.0, 0.9, 0, 1e6, 0.09, 0.5, 1.0), TIKTOK)]
    ranked = rank_by(candidates(rows), "balanced", {}, Wish())
    assert ranked.ids == ("c01", "c00")
    raws = [{r.feature: r.raw for r in explain(ranked, position).reasons}["text_match"] for position in (0, 1)]
    assert raws == [9.0, 1.0]


def test_who_was_moved_is_told_why():
    ranked = rank_by(candidates([(KNOWN, TIKTOK)] * 2), "balanced", {}, Wish())
    moved = ranked.take([1, 0], ["", "held back 1 place: near duplicate of Rosa (cosine 0.98)"])
    assert [explain(moved, place).moved for place in (0, 1)] == [None, moved.notes[1]]
    assert explain(moved, 0).score == ranked.scores[1]


@pytest.mark.parametrize(
    ("percentile", "words"),
    [
        (0.92, "in the top 8 % of us"),
        (0.999, "in the top 1 % of us"),
        (1.0, "in the top 1 % of us"),
        (0.5, "in the top 50 % of us"),
        (0.493, "in the bottom 50 % of us"),
        (0.2, "in the bottom 20 % of us"),
        (0.0, "in the bottom 1 % of us"),
    ],
)
def test_where_a_value_stands_in_words(percentile, words):
    assert standing_words(percentile, "us") == words


@pytest.mark.parametrize(
    ("feature", "raw", "words"),
    [
        ("growth", -0.05, "followers -5.0% in 90 days"),
        ("text_match", None, "no word of the query among the best matches"),
        ("semantic", None, "not among the nearest in meaning, counted as a little farther than they"),
        ("named", 1.0, "the handle or name that was asked for"),
        ("named", 0.97, "the handle or name that was asked for"),
        ("named", 0.9, "handle or name like what was asked for"),
        ("named", 0.2, "neither handle nor name was asked for"),
        ("niche_fit", 1.0, "the niche asked for is the main one"),
        ("niche_fit", 0.0, "not of the niche asked for"),
        ("suitability", 0.0, "nothing found that brands avoid"),
    ],
)
def test_words(feature, raw, words):
    assert words_of(feature, raw) == words


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_words_and_documentation(feature):
    assert words_of(feature, 0.25)
    assert words_of(feature, None)
    assert documentation()[feature].endswith(".")


def test_numbers_of_numpy_do_not_reach_json():
    ranked = rank_by(candidates([(KNOWN, TIKTOK)]), "balanced", {}, Wish())
    explanation = explain(ranked, 0)
    assert not isinstance(explanation.score, np.floating)
    for reason in explanation.reasons:
        for value in (reason.raw, reason.normalised, reason.weight, reason.contribution, reason.percentile):
            assert not isinstance(value, np.floating)
