"""Growth over windows from snapshots as they really come: daily, monthly, with holes, rounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import Account, Observation, Platform
from enrich.signals.facts import CreatorFacts
from enrich.signals.growth import WINDOWS_DAYS, GrowthSignal, growth

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def seen(days, followers):
    return Observation(at=NOW - timedelta(days=days), followers=followers)


def rates(observations, platform=Platform.INSTAGRAM, windows=(30, 90, 180)):
    found = growth(f"{platform}:a", observations)
    return {one.window_days: one.rate for one in found if one.rate is not None and one.window_days in windows}


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
    week, month = growth("x:a", [seen(0, 1_100), seen(10, 1_060), seen(30, 1_000), seen(400, 1)])
    assert (month.platform, month.window_days, month.sample_size, month.as_of) == ("x", 30, 3, NOW)
    assert (week.method, week.sample_size, week.confidence) == ("interpolated", 2, 0.9)
    assert week.rate == pytest.approx(28 / 1_072)


def test_sparse_interpolation_says_so_and_every_window_is_there():
    found = growth("x:a", [seen(0, 2_000), seen(60, 1_600), seen(110, 1_400), seen(200, 1_000)])
    assert {one.window_days: (one.method, one.confidence) for one in found} == {
        60: ("interpolated", 0.9),
        90: ("nearest_snapshot", 0.5),
        120: ("nearest_snapshot", 0.5),
        180: ("interpolated_sparse", 0.7),
    }
    daily = growth("x:a", [seen(day, 1_000 - day) for day in range(200)])
    assert [one.window_days for one in daily] == list(WINDOWS_DAYS)
    assert {one.method for one in daily} == {"interpolated"}


def test_log_rate_is_per_day():
    (found,) = [
        one for one in growth("x:a", [seen(d, round(10**6 * 1.01**-d)) for d in range(31)]) if one.window_days == 30
    ]
    assert found.daily_log_rate == pytest.approx(0.00995, abs=1e-5)
    assert found.rate == pytest.approx(1.01**30 - 1, abs=1e-4)


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


def test_below_the_rounding_there_is_no_rate_and_near_it_little_confidence():
    found = {one.window_days: one for one in growth("youtube:a", [seen(0, 1_240_000), seen(30, 1_240_000)])}[30]
    assert (found.below_resolution, found.rate, found.daily_log_rate) == (True, None, None)
    steps = [
        {one.window_days: one for one in growth("youtube:a", [seen(0, 1_240_000 + n * 10_000), seen(30, 1_240_000)])}
        for n in (1, 2, 50)
    ]
    assert [one[30].confidence for one in steps] == [0.45, 0.6, 0.8824]


POINTS = st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 10**9)), max_size=12)


@settings(max_examples=50)
@given(POINTS, st.data())
def test_order_and_repeats_do_not_matter_and_loss_is_bounded(points, data):
    observations = [seen(days, followers) for days, followers in points]
    found = growth("instagram:a", observations)
    shuffled = data.draw(st.permutations(observations * 2))
    assert [(g.window_days, g.rate) for g in growth("instagram:a", shuffled)] == [
        (g.window_days, g.rate) for g in found
    ]
    assert all(g.rate >= -1 and g.sample_size >= 2 and 0 <= g.confidence <= 1 for g in found)


@settings(max_examples=50)
@given(POINTS, st.integers(2, 1_000))
def test_rates_do_not_depend_on_the_unit(points, factor):
    once = growth("x:a", [seen(days, count) for days, count in points])
    scaled = growth("x:a", [seen(days, count and count * factor) for days, count in points])
    assert [one.rate for one in scaled] == pytest.approx([one.rate for one in once])
    assert [one.method for one in scaled] == [one.method for one in once]


@settings(max_examples=50)
@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**6))
def test_more_followers_now_are_more_growth(before, now, more):
    def over_30(count):
        (found,) = [one for one in growth("x:a", [seen(0, count), seen(30, before)]) if one.window_days == 30]
        return found.rate

    assert over_30(now) < over_30(now + more)
    assert over_30(before) == 0.0


def test_signal_reads_every_known_observation_and_nothing_else():
    account = Account(
        platform="x", native_id="a", followers=1_100, source="test", fetched_at=NOW, history=(seen(10, 1_060),)
    )
    facts = CreatorFacts("c", (account,), observations={"x:a": (seen(30, 1_000), seen(10, 1_060))})
    (found,) = GrowthSignal().compute([facts])
    assert [one.window_days for one in found] == [7, 30]
    assert GrowthSignal().compute([CreatorFacts("c", ())]) == [()]
    renamed = CreatorFacts("c", (account.model_copy(update={"bio": "new", "handle": "b"}),), (), facts.observations)
    assert GrowthSignal().inputs(renamed) == GrowthSignal().inputs(facts)
    grown = CreatorFacts("c", (account.model_copy(update={"followers": 1_101}),), (), facts.observations)
    assert GrowthSignal().inputs(grown) != GrowthSignal().inputs(facts)
