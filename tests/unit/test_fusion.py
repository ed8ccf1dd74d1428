"""Reciprocal rank fusion against the formula done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.fusion import RANK_CONSTANT, fuse

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
