"""Reasons: every part of the score, the largest first, in numbers and in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.explain import documentation, explain, words_of
from search.rank.candidates import Candidates
from search.rank.features import NEUTRAL, Wish
from search.rank.model import FEATURES, PROFILES, rank, weights_of

VALUES = st.just(math.nan) | st.floats(0, 1000)
ROWS = st.lists(st.tuples(VALUES, st.just(math.nan) | st.floats(-1, 1), *[VALUES] * 4), min_size=1, max_size=8)


def ranked_of(rows, profile="balanced"):
    columns = np.array(rows, dtype=np.float64).T
    table = Candidates(tuple(f"c{number}" for number in range(len(rows))), *columns)
    return rank(table, weights_of(profile, {}, usable=frozenset(FEATURES)), Wish())


@given(rows=ROWS, profile=st.sampled_from(sorted(PROFILES)))
def test_reasons_sum_to_the_score_and_the_largest_is_first(rows, profile):
    ranked = ranked_of(rows, profile)
    for position, score in enumerate(ranked.scores):
        explanation = explain(ranked, position)
        parts = [reason.contribution for reason in explanation.reasons]
        assert explanation.score == score
        assert math.fsum(parts) == pytest.approx(score, abs=1e-6)
        assert parts == sorted(parts, reverse=True)
        assert {reason.feature for reason in explanation.reasons} == set(PROFILES[profile])
        for reason in explanation.reasons:
            assert reason.contribution == pytest.approx(reason.weight * reason.normalised, abs=1e-12)
            assert reason.raw is None or math.isfinite(reason.raw)


def test_a_whole_explanation():
    ranked = ranked_of([(12.34, 0.5, 1_234_567.0, 0.031, math.nan, 3.0)])
    explanation = explain(ranked, 0)
    found = {reason.feature: (reason.raw, reason.weight, reason.words) for reason in explanation.reasons}
    assert found == {
        "semantic": (0.5, 0.35, "close in meaning (cosine 0.50)"),
        "text_match": (12.34, 0.3, "the words match (BM25 12.3)"),
        "engagement": (0.031, 0.15, "engagement 3.1 %"),
        "follower_fit": (1_234_567.0, 0.1, "1,234,567 followers"),
        "freshness": (3.0, 0.05, "seen 3 days ago"),
        "growth": (None, 0.05, f"growth unknown, counted as {NEUTRAL}"),
    }
    assert [reason.feature for reason in explanation.reasons][:2] == ["semantic", "text_match"]
    assert '"raw":null' in explanation.model_dump_json()


def test_each_position_has_its_own_reasons():
    ranked = ranked_of([(1.0, 0.1, 10.0, 0.01, 0.0, 5.0), (9.0, 0.9, 1e6, 0.09, 0.5, 1.0)])
    assert ranked.ids == ("c1", "c0")
    raws = [{r.feature: r.raw for r in explain(ranked, position).reasons}["text_match"] for position in (0, 1)]
    assert raws == [9.0, 1.0]


@pytest.mark.parametrize(
    ("feature", "raw", "words"),
    [
        ("growth", 0.153, "followers +15.3% in 90 days"),
        ("growth", -0.05, "followers -5.0% in 90 days"),
        ("text_match", None, "no word of the query among the best matches"),
        ("semantic", None, "not among the nearest in meaning"),
        ("follower_fit", None, "follower fit unknown, counted as 0.4"),
        ("freshness", None, "freshness unknown, counted as 0.4"),
    ],
)
def test_words(feature, raw, words):
    assert words_of(feature, raw) == words


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_words_and_documentation(feature):
    assert words_of(feature, 0.25)
    assert words_of(feature, None)
    assert documentation()[feature].endswith(".")
