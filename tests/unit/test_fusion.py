"""Both fusions against their formulas done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.fusion import RANK_CONSTANT, fuse, fuse_scores

LISTS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4)


def test_the_formula_by_hand():
    assert RANK_CONSTANT == 60
    # a: 1/61, b: 1/62 + 1/61, c: 1/63 + 1/62, d: 1/63
    assert fuse([["a", "b", "c"], ["b", "c", "d"]], limit=10) == ["b", "c", "a", "d"]


def test_weights_are_factors():
    # a: 1/61 + 2/62, b: 1/62 + 2/61; and the other way round.
    assert fuse([["a", "b"], ["b", "a"]], limit=10, weights=[1, 2]) == ["b", "a"]
    assert fuse([["a", "b"], ["b", "a"]], limit=10, weights=[2, 1]) == ["a", "b"]
    assert fuse([["a"], ["b"]], limit=10, weights=[0.0, 0.1]) == ["b", "a"]


def test_ties_are_broken_by_id():
    assert fuse([["b"], ["a"]], limit=10) == ["a", "b"]
    assert fuse([["a", "b"], ["b", "a"]], limit=10) == ["a", "b"]


def test_ranks_begin_at_one():
    # z: 1/61; a: 1/122 + 1/122, exactly as much, so the id decides; counted from 0 it would be less.
    before = [f"m{number}" for number in range(61)]
    fused = fuse([["z"], [*before, "a"], [*before, "a"]], limit=100)
    assert fused.index("a") + 1 == fused.index("z")


def test_the_limit_cuts_the_end():
    assert fuse([["a", "b", "c"]], limit=2) == ["a", "b"]
    assert fuse([["a"]], limit=0) == []
    assert fuse([], limit=5) == []


def test_a_weight_belongs_to_each_list():
    with pytest.raises(ValueError, match="zip"):
        fuse([["a"], ["b"]], limit=5, weights=[1.0])


@given(LISTS)
def test_everybody_once_by_descending_score(lists):
    score = {
        one: sum(1 / (RANK_CONSTANT + ids.index(one) + 1) for ids in lists if one in ids)
        for one in {one for ids in lists for one in ids}
    }
    assert fuse(lists, limit=100) == sorted(score, key=lambda one: (-score[one], one))


@given(st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_one_list_stays_in_order(ids):
    assert fuse([ids], limit=100) == ids


def test_scores_are_stretched_from_the_least_to_the_best():
    # a: 1, b: 0.5 + 0, c: 0 + 1, d: 0.5
    found = fuse_scores([{"a": 30.0, "b": 20.0, "c": 10.0}, {"c": 0.9, "d": 0.7, "b": 0.5}], limit=10)
    assert found == ["a", "c", "b", "d"]


def test_weights_of_scores_are_factors():
    lists = [{"a": 2.0, "b": 1.0}, {"b": 2.0, "a": 1.0}]
    assert fuse_scores(lists, limit=2, weights=[1, 2]) == ["b", "a"]
    assert fuse_scores(lists, limit=2, weights=[2, 1]) == ["a", "b"]
    assert fuse_scores(lists, limit=1, weights=[2, 1]) == ["a"]


def test_equal_scores_all_count():
    assert fuse_scores([{"a": 1.0, "b": 0.5}, {"c": 7.0}], limit=3) == ["a", "c", "b"]
    assert fuse_scores([{}, {}], limit=3) == []


SCORES = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(-9, 9), max_size=6), max_size=3)


@given(SCORES, st.integers(1, 50), st.integers(-50, 50))
def test_the_scale_of_a_list_does_not_matter(lists, factor, shift):
    moved = [{one: score * factor + shift for one, score in scores.items()} for scores in lists]
    sums = [_minmax_sum(lists, one) for one in fuse_scores(moved, limit=9)]
    assert sums == pytest.approx(sorted(sums, reverse=True))
    assert len(sums) == len({one for scores in lists for one in scores})


def _minmax_sum(lists, one):
    spans = [(min(s.values()), max(s.values()), s[one]) for s in lists if one in s]
    return sum((score - low) / (high - low) if high > low else 1.0 for low, high, score in spans)
