"""Drift and outliers: bounds, symmetry, what chance makes of them, and what is no chance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich import quality
from indexers.quality import MIN_CREATORS, merged, shifts_of

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)
PAIRS = st.integers(2, 12).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 9_999), min_size=n, max_size=n)] * 2))


def of_day(rng, n, *, towards=0.0, niches=("gaming", "food")):
    """Return the sample of a day: unit vectors around one direction, moved ``towards`` another."""
    vectors = rng.standard_normal((n, 384)) * 0.05 + np.eye(384)[0] + towards * np.eye(384)[1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = {name: n // len(niches) for name in niches}
    return {
        "n": n,
        "centroid": vectors.mean(axis=0),
        "projections": quality.projected(vectors),
        "niches": counts,
        "languages": {"en": n},
    }


@given(PAIRS)
def test_psi_is_never_negative_and_the_same_both_ways(pair):
    before, after = pair
    assert quality.psi(before, after) >= -1e-12
    assert quality.psi(before, after) == pytest.approx(quality.psi(after, before), abs=1e-12)


@given(COUNTS)
def test_psi_of_a_histogram_with_itself_is_nothing(counts):
    assert quality.psi(counts, counts) == 0.0


def test_psi_of_a_known_case():
    # Shares 0.5/0.5 and 0.8/0.2: 0.3 ln 1.6 - 0.3 ln 0.4.
    assert quality.psi([10**9, 10**9], [8 * 10**8, 2 * 10**8]) == pytest.approx(0.3 * math.log(4), rel=1e-6)


def test_histograms_of_other_classes_are_refused():
    with pytest.raises(ValueError, match="2 and 3 classes"):
        quality.psi([1, 2], [1, 2, 3])


def test_the_bound_of_chance_is_that_of_chi_square_and_falls_with_the_samples():
    # 27.877 is the 99.9 % quantile of chi-square with 9 degrees of freedom (tables).
    assert quality.psi_by_chance(10, 100, 100) == pytest.approx(27.877 * 0.02, rel=1e-2)
    assert quality.psi_by_chance(10, 1_000, 1_000) < quality.psi_by_chance(10, 100, 1_000)
    assert quality.psi_by_chance(1, 100, 100) == 0.0
    assert quality.psi_by_chance(10, 0, 100) == math.inf


def test_samples_of_one_population_are_within_chance():
    rng = np.random.default_rng(3)
    shares = [0.4, 0.3, 0.2, 0.05, 0.05]
    shifts = [quality.histogram_shift(*rng.multinomial(300, shares, size=2).tolist()) for _ in range(200)]
    assert sum(one.value > one.chance for one in shifts) <= 2
    assert not any(one.shifted for one in shifts)


def test_classes_that_are_rare_on_both_days_are_one_class():
    common = {"gaming": 500, "food": 500}
    rare = {f"niche-{number}": 1 for number in range(20)}
    others = {f"other-{number}": 1 for number in range(20)}
    assert quality.classes_shift(common | rare, common | others).value == 0.0
    assert quality.classes_shift(common, {"gaming": 1_000}).shifted


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_centroids_of_one_direction_do_not_shift(n, m):
    mean = np.array([0.3, 0.4, 0.0])
    shift = quality.centroid_shift(mean, mean * 1.5, n, m)
    assert (round(shift.value, 9), shift.shifted) == (0.0, False)
    opposite = quality.centroid_shift(mean, -mean, n, m)
    assert opposite.value == 2.0
    assert quality.centroid_shift(mean, 0 * mean, n, m) == quality.Shift(0.0, 2.0, shifted=False)


def test_histograms_of_projections_count_every_vector_along_every_direction():
    vectors = np.random.default_rng(5).standard_normal((500, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = quality.projected(vectors)
    assert [sum(one) for one in counts] == [500] * quality.PROJECTIONS
    assert {len(one) for one in counts} == {quality.BINS}
    # Even directions fill every decile: 50 each, give or take five standard deviations.
    assert all(16 <= count <= 84 for one in counts for count in one)


def test_a_day_like_the_week_before_has_not_shifted_and_another_one_has():
    rng = np.random.default_rng(7)
    week = of_day(rng, 2_000)
    alike = shifts_of(week, of_day(rng, 400))
    assert alike.keys() == {"centroid", "projections", "niches", "languages"}
    assert not any(one.shifted for one in alike.values())
    other = shifts_of(week, of_day(rng, 400, towards=1.0, niches=("gaming", "politics")))
    assert [name for name, one in other.items() if one.shifted] == ["centroid", "projections", "niches"]


def test_too_few_creators_are_not_compared():
    rng = np.random.default_rng(9)
    assert shifts_of(of_day(rng, MIN_CREATORS), of_day(rng, MIN_CREATORS - 1)) == {}
    assert shifts_of({}, of_day(rng, MIN_CREATORS)) == {}


def test_the_days_before_add_up_to_one():
    rng = np.random.default_rng(11)
    monday, tuesday = of_day(rng, 300), of_day(rng, 100, towards=1.0, niches=("gaming", "politics"))
    both = merged([monday, tuesday])
    assert both["n"] == 400
    assert both["centroid"] == pytest.approx((3 * monday["centroid"] + tuesday["centroid"]) / 4)
    assert both["niches"] == {"gaming": 200, "food": 150, "politics": 50}
    assert [sum(one) for one in both["projections"]] == [400] * quality.PROJECTIONS
    assert merged([]) == {}
    assert merged([monday])["projections"] == monday["projections"]
    assert "niches" in shifts_of(both, of_day(rng, MIN_CREATORS))


STEADY = [(float(day), 1_000 + 10 * day) for day in range(12)]


def test_a_count_that_leaves_its_past_is_off_and_one_that_goes_on_is_not():
    assert quality.is_off([*STEADY, (12.0, 1_120)]) is False
    assert quality.is_off([*STEADY, (12.0, 11_200)]) is True
    assert quality.is_off([*STEADY, (12.0, 112)]) is True
    assert quality.is_off(STEADY[: quality.MIN_POINTS]) is None


@given(st.integers(1, 1_000), st.integers(1, 10**6))
def test_whether_a_count_is_off_does_not_depend_on_the_size_of_the_account(factor, last):
    counts = [*STEADY, (12.0, last)]
    assert quality.is_off([(day, count * factor) for day, count in counts]) is quality.is_off(counts)
