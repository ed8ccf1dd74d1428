"""Where a few creators are, and away from whom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search.request import SimilarRequest
from search.seeds import AWAY, Seeds

AXES = {name: np.eye(3, dtype=np.float32)[place] for place, name in enumerate("abc")}


def test_one_seed_is_its_own_vector():
    assert Seeds({"b": 3.0}, {}, AXES).centre == pytest.approx((0, 1, 0))


def test_a_heavier_seed_is_nearer():
    centre = Seeds({"a": 3.0, "b": 1.0}, {}, AXES).centre
    assert centre == pytest.approx((3 / 10**0.5, 1 / 10**0.5, 0))


def test_a_negative_seed_pushes_away():
    centre = Seeds({"a": 1.0}, {"b": 1.0}, AXES).centre
    norm = (1 + AWAY**2) ** 0.5
    assert centre == pytest.approx((1 / norm, -AWAY / norm, 0))


def test_seeds_that_cancel_out_fall_back_to_the_wanted():
    vectors = {"a": AXES["a"], "b": AXES["a"] / AWAY}
    assert Seeds({"a": 1.0}, {"b": 1.0}, vectors).centre == pytest.approx((1, 0, 0))


def test_all_seeds_are_left_out():
    assert Seeds({"c": 1.0, "a": 1.0}, {"b": 1.0}, AXES).ids == ("a", "b", "c")


weights = st.dictionaries(st.sampled_from("abc"), st.floats(0.01, 10), min_size=1)


@given(weights, weights)
def test_the_centre_has_length_one_and_scale_does_not_matter(wanted, unwanted):
    unwanted = {name: weight for name, weight in unwanted.items() if name not in wanted}
    centre = np.array(Seeds(wanted, unwanted, AXES).centre)
    assert np.linalg.norm(centre) == pytest.approx(1)
    doubled = Seeds({name: 2 * weight for name, weight in wanted.items()}, unwanted, AXES).centre
    assert doubled == pytest.approx(tuple(centre))


def test_nobody_is_on_both_sides():
    with pytest.raises(ValidationError, match="'a' is both a seed and a negative seed"):
        SimilarRequest(seeds=[{"creator_id": "a"}], negative_seeds=[{"creator_id": "a"}])
