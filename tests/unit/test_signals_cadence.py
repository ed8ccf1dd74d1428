"""Cadence: how often, how evenly, and what a list of the newest posts can tell about it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import COUNTED_KINDS, Account, Post
from enrich.signals.cadence import CadenceSignal, cadence, regularity, view_spread
from enrich.signals.facts import CreatorFacts

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def account(posts=None):
    return Account(platform="youtube", native_id="a", posts=posts, source="test", fetched_at=NOW)


def post(number, days, owner="a", **more):
    return Post(
        platform="youtube",
        native_id=str(number),
        account_id=f"youtube:{owner}",
        posted_at=None if days is None else NOW - timedelta(days=days),
        source="test",
        fetched_at=NOW,
        **more,
    )


def every(gap, count, first=0.0):
    return [post(i, first + gap * i) for i in range(count)]


def test_what_is_only_counted_is_no_post():
    counts = [post(number, number, kind=kind) for number, kind in enumerate(sorted(COUNTED_KINDS))]
    assert cadence(account(), counts) is None
    assert cadence(account(), [*every(2, 60), *counts]) == cadence(account(), every(2, 60))


def test_a_post_every_two_days_is_three_and_a_half_a_week():
    found = cadence(account(), every(2, 60))
    assert found.posts_per_week == pytest.approx(3.5)
    assert (found.median_gap_days, found.regularity, found.sample_size) == (2.0, 1.0, 30)
    assert (found.method, found.window_days, found.as_of) == ("posts_in_window", 60, NOW)


def test_the_newest_posts_only_tell_the_time_since_the_oldest_of_them():
    found = cadence(account(posts=500), every(2, 12))
    assert found.posts_per_week == pytest.approx(3.5)
    assert found.method == "posts_since_oldest_known"
    assert found.confidence == pytest.approx(0.8 * 22 / 60, abs=1e-3)
    # Where these are all posts that there are, the account is new or rests.
    assert cadence(account(posts=12), every(2, 12)).posts_per_week == pytest.approx(1.4)
    assert cadence(account(), every(2, 12, first=40)).posts_per_week < 1.3


def test_an_account_that_rests_posts_nothing():
    found = cadence(account(), every(5, 6, first=100))
    assert (found.posts_per_week, found.sample_size, found.median_gap_days) == (0.0, 0, 5.0)


@pytest.mark.parametrize(
    "posts", [[], every(1, 2), [post(i, None) for i in range(9)], [post(i, i, owner="b") for i in range(9)]]
)
def test_too_few_dated_posts_tell_nothing(posts):
    assert cadence(account(), posts) is None


def test_spread_of_views():
    assert view_spread([100, 200, 300, 400, 500]) == pytest.approx(200 / 300, abs=1e-6)
    assert view_spread([7, 7, 7, 7]) == 0
    assert view_spread([1, 2, 3]) is None
    assert view_spread([0, 0, 0, 9]) is None
    assert cadence(
        account(), [post(i, i, views=v) for i, v in enumerate([100, 200, None, 300, 400, 500])]
    ).view_spread == (pytest.approx(2 / 3, abs=1e-6))


def test_regularity():
    assert regularity([3, 3, 3]) == 1
    assert regularity([1, 3]) == pytest.approx(1 / 1.5, abs=1e-6)
    assert regularity([3]) is None
    assert regularity([0, 0]) is None


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=40), st.floats(0.1, 100))
def test_regularity_is_a_share_and_has_no_unit(gaps, unit):
    found = regularity(gaps)
    if found is None:
        assert sum(gaps) == 0
        return
    assert 0 < found <= 1
    assert regularity([gap * unit for gap in gaps]) == pytest.approx(found, abs=1e-5)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 10**7), min_size=4, max_size=40), st.integers(2, 100))
def test_spread_has_no_unit_and_falls_when_all_views_rise_alike(views, factor):
    spread = view_spread(views)
    assert spread >= 0
    assert view_spread([view * factor for view in views]) == pytest.approx(spread, abs=1e-6)
    assert view_spread([view + 10**6 for view in views]) <= spread


@settings(max_examples=50)
@given(st.lists(st.floats(0, 300), min_size=3, max_size=80), st.data())
def test_any_posts_in_any_order(days, data):
    posts = [post(i, day) for i, day in enumerate(days)]
    found = cadence(account(), posts)
    assert found.posts_per_week >= 0
    assert 0 <= found.confidence <= 1
    assert found.sample_size == sum(day < 60 for day in days)
    assert cadence(account(), data.draw(st.permutations(posts))) == found


@settings(max_examples=50)
@given(st.lists(st.floats(0, 59), min_size=3, max_size=40), st.floats(0, 59))
def test_one_more_post_is_not_a_slower_pace(days, more):
    posts = [*(post(i, day) for i, day in enumerate(days)), post(99, 100)]
    assert cadence(account(), [*posts, post(98, more)]).posts_per_week > cadence(account(), posts).posts_per_week


def test_signal():
    facts = CreatorFacts("c", (account(),), tuple(every(2, 9)))
    assert CadenceSignal().compute([facts, CreatorFacts("d", (account(),))]) == [(cadence(account(), every(2, 9)),), ()]
    other = CreatorFacts("c", (account(),), tuple(p.model_copy(update={"text": "t"}) for p in every(2, 9)[::-1]))
    assert CadenceSignal().inputs(other) == CadenceSignal().inputs(facts)
