"""Measures of relevance against values worked out by hand, and against trec_eval's own output where it is there."""

import math
import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.relevance.metrics import RESAMPLES, ndcg, randomisation_p, recall
from benchmarks.relevance.reference import ReferenceBM25
from benchmarks.relevance.report import halves

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
JUDGED = {"a": 3, "b": 1, "c": 0, "d": 2}


def test_ndcg_by_hand():
    # Gains 1, 0, 3 at ranks 1, 2, 3; the ideal is 3, 2, 1.
    gained = 1 + 0 + 3 / math.log2(4)
    ideal = 3 + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["b", "c", "a"], JUDGED, 10) == pytest.approx(gained / ideal)
    assert ndcg(["b", "c", "a"], JUDGED, 1) == pytest.approx(1 / 3)
    assert ndcg(["a", "d", "b", "c"], JUDGED, 10) == pytest.approx(1.0)


def test_the_gain_is_linear():
    # With 2^grade - 1 it would be 1/7.
    assert ndcg(["b"], {"a": 3, "b": 1}, 1) == pytest.approx(1 / 3)


def test_without_anything_relevant_there_is_nothing_to_gain():
    assert ndcg(["a"], {}, 10) == 0
    assert ndcg(["a"], {"a": 0}, 10) == 0
    assert ndcg([], JUDGED, 10) == 0
    assert recall(["a"], {"a": 0}, 10) == 0


def test_a_negative_grade_is_not_relevant():
    assert ndcg(["x", "a"], {"a": 1, "x": -2}, 10) == pytest.approx(1 / math.log2(3))
    assert recall(["x"], {"a": 1, "x": -2}, 10) == 0


def test_recall_by_hand():
    assert recall(["b", "x", "d"], JUDGED, 10) == pytest.approx(2 / 3)
    assert recall(["b", "x", "d"], JUDGED, 2) == pytest.approx(1 / 3)


@given(st.permutations("abcdef"), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 4)))
def test_ndcg_lies_between_nothing_and_the_best_order(ranked, judged):
    best = sorted(ranked, key=lambda one: -judged.get(one, 0))
    assert 0 <= ndcg(ranked, judged, 4) <= ndcg(best, judged, 4) + 1e-12
    assert ndcg(best, judged, 4) == pytest.approx(1.0 if any(judged.values()) else 0.0)


def test_the_randomisation_test_by_hand():
    # Three queries, each better by 1: of the 8 ways to sign them, 2 are as far from 0 as what was seen.
    assert randomisation_p([1, 1, 1], [0, 0, 0]) == pytest.approx(2 / 8, abs=0.02)
    # Differences 2 and -1: sums 1, 3, -3, -1, all at least as far as the 1 that was seen.
    assert randomisation_p([2, 0], [0, 1]) == 1.0


def test_runs_that_do_not_differ_are_not_told_apart():
    assert randomisation_p([0.5] * 9, [0.5] * 9) == 1.0


def test_a_clear_difference_is_as_sure_as_the_resamples_allow():
    assert randomisation_p([1.0] * 60, [0.5] * 60) == pytest.approx(1 / (RESAMPLES + 1))


def test_the_order_of_the_runs_does_not_matter():
    left, right = [0.1, 0.9, 0.4, 0.6, 0.7], [0.2, 0.5, 0.3, 0.6, 0.1]
    assert randomisation_p(left, right) == randomisation_p(right, left)


@given(st.sets(st.text(max_size=4), max_size=30))
def test_halves_part_the_queries(ids):
    one, other = halves(sorted(ids))
    assert sorted([*one, *other]) == sorted(ids)
    assert 0 <= len(one) - len(other) <= 1
    assert halves(sorted(ids, reverse=True)) == (one, other)


def test_bm25_by_hand():
    reference = ReferenceBM25(["x", "y", "z"], [["cat", "cat", "dog"], ["cat"], ["fish", "owl"]])
    # Mean length 2; idf(cat) = ln(1 + 1.5 / 2.5), idf(dog) = ln(1 + 2.5 / 1.5).
    norm_x, norm_y = 1.2 * (0.25 + 0.75 * 3 / 2), 1.2 * (0.25 + 0.75 * 1 / 2)
    cat, dog = math.log(1.6), math.log(1 + 2.5 / 1.5)
    x = cat * 2 / (2 + norm_x) + dog / (1 + norm_x)
    assert reference.scores(["cat", "dog"]) == pytest.approx([x, cat / (1 + norm_y), 0.0])
    assert reference.scores(["cat", "cat"])[1] == pytest.approx(2 * cat / (1 + norm_y))
    assert reference.rank(["cat", "dog"], 5) == ["x", "y"]
    assert reference.rank(["bird"], 5) == []


def _rows(name, columns):
    lines = (Path(DATA) / "engine" / "trec_eval" / name).read_text(encoding="utf-8").splitlines()
    return [[line.split()[column] for column in columns] for line in lines]


@pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA is not set")
def test_the_same_figures_as_trec_eval():
    judged, found, expected = defaultdict(dict), defaultdict(list), {}
    for query, document, grade in _rows("qrels.test.txt", (0, 2, 3)):
        judged[query][document] = int(grade)
    for query, document, score in _rows("results.test.txt", (0, 2, 4)):
        found[query].append((float(score), document))
    for measure, query, value in _rows("out.test.aq.txt", (0, 1, 2)):
        expected[measure, query] = value
    assert found
    for query, hits in found.items():
        # trec_eval orders ties by document id, the largest first.
        ranked = [document for _, document in sorted(hits, reverse=True)]
        for cut in (5, 10, 100, 1000):
            assert f"{ndcg(ranked, judged[query], cut):.4f}" == expected[f"ndcg_cut_{cut}", query]
            assert f"{recall(ranked, judged[query], cut):.4f}" == expected[f"recall_{cut}", query]
