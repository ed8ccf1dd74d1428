"""Growth over windows from snapshots as they really come: daily, monthly, with holes, rounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Observation, Platform
from enrich.signals.growth import growth

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def seen(days, followers):
    return Observation(at=NOW - timedelta(days=days), followers=followers)


def rates(observations, platform=Platform.INSTAGRAM):
    return {found.window_days: found.rate for found in growth(f"{platform}:a", observations)}


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([seen(0, 1_100), seen(30, 1_000)], {30: 0.1}),
        ([seen(0, 900), seen(30, 1_000)], {30: -0.1}),
        ([seen(0, 1_000), seen(30, 1_000)], {30: 0.0}),
        # Two snapshots 14 days apart around the start: 15 days before 30 is interpolated.
        ([seen(0, 1_200), seen(23, 1_070), seen(37, 930)], {30: 0.2}),
        # A hole of 20 days is too wide for 30 days; the nearest is 8 days off, more than a quarter of 30.
        ([seen(0, 1_200), seen(22, 1_100), seen(42, 900)], {}),
        # Monthly snapshots: the nearest within a quarter of the window stands in, and longer windows interpolate.
        ([seen(0, 1_300), seen(35, 1_200), seen(66, 1_100), seen(96, 1_000)], {30: 1 / 12, 90: 0.274510}),
        # A year apart says nothing about any of the windows.
        ([seen(0, 2_000), seen(365, 1_000)], {}),
        ([seen(0, 1_500), seen(30, 1_000), seen(90, 750), seen(180, 500)], {30: 0.5, 90: 1.0, 180: 2.0}),
        ([seen(0, 1_000)], {}),
        ([], {}),
        ([seen(0, 1_000), seen(30, 0)], {}),
        ([seen(0, None), seen(1, 1_100), seen(31, 1_000)], {30: 0.1}),
        ([seen(0, 1_100), seen(30, None)], {}),
    ],
)
def test_windows(observations, expected):
    assert rates(observations) == pytest.approx(expected, abs=1e-6)


def test_growth_says_when_and_from_how_much():
    (found,) = growth("x:a", [seen(0, 1_100), seen(10, 1_060), seen(30, 1_000), seen(400, 1)])
    assert (found.platform, found.window_days, found.sample_size, found.as_of) == ("x", 30, 3, NOW)


@pytest.mark.parametrize(
    ("now", "before", "grown"),
    [
        (1_240_000, 1_240_000, False),
        (1_240_000, 1_235_000, False),
        (1_240_000, 1_230_000, True),
        (999, 999, True),
        (1_010, 1_000, True),
        (12_300, 12_250, False),
    ],
)
def test_youtube_changes_below_its_rounding_are_not_growth(now, before, grown):
    observations = [seen(0, now), seen(30, before)]
    assert (30 in rates(observations, Platform.YOUTUBE)) is grown
    assert 30 in rates(observations, Platform.TIKTOK)


@given(st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 10**9)), max_size=12), st.data())
def test_order_and_repeats_do_not_matter_and_loss_is_bounded(points, data):
    observations = [seen(days, followers) for days, followers in points]
    found = growth("instagram:a", observations)
    shuffled = data.draw(st.permutations(observations * 2))
    assert [(g.window_days, g.rate) for g in growth("instagram:a", shuffled)] == [
        (g.window_days, g.rate) for g in found
    ]
    assert all(g.rate >= -1 and g.sample_size >= 2 for g in found)
