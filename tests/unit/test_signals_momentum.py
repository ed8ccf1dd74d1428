"""Momentum: half-lives, resolution and holes, and rates that have no unit."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import Account, Observation, Platform
from enrich.signals.facts import CreatorFacts
from enrich.signals.momentum import MomentumSignal, acceleration, ewma, momentum
from enrich.signals.series import daily, log_rates, points_of, step_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAILY = st.lists(st.integers(1, 10**8), min_size=15, max_size=70)


def account(platform="instagram"):
    return Account(platform=platform, native_id="a", source="test", fetched_at=NOW)


def seen(days, followers=None, views=None):
    return Observation(at=NOW - timedelta(days=days), followers=followers, views=views)


def steady(per_day, days=60, start=1_000_000):
    return [seen(day, round(start * math.exp(-per_day * day))) for day in range(days)]


def test_steady_growth_is_its_daily_log_rate_without_acceleration():
    (found,) = momentum(account(), steady(0.01))
    assert found.rate == pytest.approx(0.01, abs=1e-5)
    assert found.acceleration == pytest.approx(0, abs=1e-5)
    assert (found.basis, found.confidence, found.window_days, found.sample_size) == ("followers", 1.0, 56, 57)
    assert (found.as_of, found.below_resolution) == (NOW, False)


def test_a_change_of_pace_moves_momentum_by_half_in_one_half_life():
    rates = np.concatenate([np.zeros(200), np.full(14, 0.02)])
    assert ewma(rates)[0] == pytest.approx(0.01, abs=1e-4)


def test_acceleration_is_this_week_less_last_week():
    counts = np.exp(np.array([*np.linspace(0, 0.07, 8), *np.linspace(0.07, 0.21, 8)[1:]]))
    assert acceleration(counts, 0) == pytest.approx(0.01)
    assert acceleration(np.concatenate([[np.nan], counts[1:]]), 0) is None
    assert acceleration(counts, 10.0) is None


def test_holes_are_left_out_and_lower_the_confidence():
    snapshots = steady(0.01)
    (holed,) = momentum(account(), snapshots[:8] + snapshots[30:])
    assert holed.rate == pytest.approx(0.01, abs=1e-5)
    assert 0.4 < holed.confidence < 0.6
    assert holed.acceleration is None
    assert momentum(account(), snapshots[:7]) == ()
    assert momentum(account(), [seen(day, 1_000 + day) for day in (0, 30, 60)]) == ()
    assert momentum(account(), []) == ()


def test_weekly_snapshots_are_interpolated():
    (found,) = momentum(account(), steady(0.01)[::7])
    assert found.rate == pytest.approx(0.01, abs=2e-4)


def test_rounded_counts_leave_it_to_the_views():
    rounded = [seen(day, 12_300_000, 10**9 - 10**6 * day) for day in range(60)]
    followers, views = momentum(account("youtube"), rounded)
    assert (followers.rate, followers.acceleration, followers.below_resolution) == (None, None, True)
    assert (views.basis, views.below_resolution) == ("views", False)
    assert views.rate == pytest.approx(0.001, rel=0.1)
    grown = [seen(day, 12_300_000 if day > 30 else 12_500_000) for day in range(60)]
    (found,) = momentum(account("youtube"), grown)
    assert found.rate > 0
    assert found.acceleration is None
    small = momentum(account("youtube"), [seen(day, 900, 5_000 - day) for day in range(60)])
    assert [one.basis for one in small] == ["followers"]
    assert small[0].rate == 0.0
    hidden = momentum(account("youtube"), [seen(day, None, 10**6 - day) for day in range(60)])
    assert [one.basis for one in hidden] == ["views"]


@pytest.mark.parametrize(
    ("followers", "step"), [(999, 1), (1_000, 10), (12_345, 100), (999_999, 1_000), (10**9, 10**7)]
)
def test_steps_of_rounded_counts(followers, step):
    assert step_of(Platform.YOUTUBE, followers) == step
    assert step_of(Platform.X, followers) == 1
    # One step is between a thousandth and a hundredth of the count.
    assert followers < 1_000 or 0.001 <= step / followers <= 0.01


def test_a_daily_series_is_known_between_near_snapshots_only():
    points = points_of([seen(0, 100), seen(4, 60), seen(20, 20), seen(30, 10)])
    counts = daily(points, 32)
    assert counts[-5:].tolist() == [60, 70, 80, 90, 100]
    assert np.isnan(counts[-20:-5]).all()
    assert counts[-21] == 20
    assert counts[2:13].tolist() == pytest.approx(list(range(10, 21)))
    assert np.isnan(counts[:2]).all()
    assert np.isnan(daily([], 3)).all()


@settings(max_examples=50)
@given(DAILY, st.integers(2, 1_000))
def test_momentum_has_no_unit(counts, factor):
    once, scaled = (
        momentum(account(), [seen(day, count * times) for day, count in enumerate(counts)]) for times in (1, factor)
    )
    assert scaled[0].rate == pytest.approx(once[0].rate, abs=1e-8)
    assert scaled[0].acceleration == pytest.approx(once[0].acceleration, abs=1e-8)


@settings(max_examples=50)
@given(DAILY)
def test_momentum_lies_between_the_slowest_and_the_fastest_day(counts):
    snapshots = [seen(day, count) for day, count in enumerate(counts)]
    (found,) = momentum(account(), snapshots)
    rates = log_rates(daily(points_of(snapshots), 56))
    assert np.nanmin(rates) - 1e-8 <= found.rate <= np.nanmax(rates) + 1e-8
    assert 0 < found.confidence <= 1
    assert found == momentum(account(), snapshots[::-1])[0]


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=7, max_size=60), st.integers(0, 59), st.floats(0.01, 1))
def test_a_faster_day_is_more_momentum(rates, place, more):
    faster = np.array(rates)
    faster[place % len(rates)] += more
    assert ewma(faster)[0] > ewma(np.array(rates))[0]


@settings(max_examples=50)
@given(st.lists(st.floats(1, 1e9), min_size=15, max_size=15), st.floats(1.01, 2))
def test_acceleration_rises_with_the_newest_count_and_turns_with_time(counts, factor):
    series = np.array(counts)
    more = series.copy()
    more[-1] *= factor
    assert acceleration(more, 0) > acceleration(series, 0)
    # A path that is walked back and forth has speeds of opposite sign, so the difference stays.
    assert acceleration(series[::-1], 0) == pytest.approx(acceleration(series, 0), abs=1e-8)


def test_signal_ignores_what_is_no_counter():
    facts = CreatorFacts("c", (account(),), observations={"instagram:a": tuple(steady(0.01))})
    other = CreatorFacts(
        "c", (account().model_copy(update={"bio": "x"}),), observations={"instagram:a": tuple(steady(0.01)[::-1])}
    )
    signal = MomentumSignal()
    assert signal.inputs(facts) == signal.inputs(other)
    assert signal.compute([facts, CreatorFacts("d", ())]) == [momentum(account(), steady(0.01)), ()]
