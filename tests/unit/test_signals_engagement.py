"""Engagement: each network's formula, the fall-backs, and nothing made up from what is hidden."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Averages, Platform, Post
from enrich.signals.engagement import engagement

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def account(platform="instagram", followers=1_000, **more):
    return Account(platform=platform, native_id="1", followers=followers, source="test", fetched_at=NOW, **more)


def post(number, days=1.0, platform="instagram", owner="1", **counters):
    return Post(
        platform=platform,
        native_id=str(number),
        account_id=f"{platform}:{owner}",
        posted_at=NOW - timedelta(days=days),
        source="test",
        fetched_at=NOW,
        **counters,
    )


@pytest.mark.parametrize(
    ("platform", "counters", "rate", "method"),
    [
        (
            "instagram",
            [(10, 0, None, 9), (30, 10, None, 9), (90, 0, None, 9)],
            0.04,
            "median_likes_comments_per_follower",
        ),
        ("x", [(10, 5, 5, None), (30, 5, 5, None), (1, 0, 0, None)], 0.02, "median_likes_replies_reposts_per_follower"),
        ("x", [(10, 5, None, 9), (30, 5, None, 9), (1, 0, None, 9)], 0.015, "median_likes_comments_per_follower"),
        ("tiktok", [(10, 5, 5, 100), (30, 5, 5, 300), (0, 0, 0, 100)], 0.12, "sum_likes_comments_shares_per_view"),
        ("tiktok", [(10, 5, None, 100), (30, 5, None, 300), (0, 0, None, 100)], 0.1, "sum_likes_comments_per_view"),
        ("youtube", [(10, 5, None, 100), (30, 5, None, 300), (0, 0, None, 100)], 0.1, "sum_likes_comments_per_view"),
        ("youtube", [(10, None, None, 100), (30, None, None, 300), (10, None, None, 100)], 0.1, "sum_likes_per_view"),
    ],
)
def test_formula_of_each_network(platform, counters, rate, method):
    posts = [
        post(i, platform=platform, likes=likes, comments=comments, shares=shares, views=views)
        for i, (likes, comments, shares, views) in enumerate(counters)
    ]
    found = engagement(account(platform), posts, NOW)
    assert found.rate == pytest.approx(rate)
    assert (found.platform, found.method, found.sample_size, found.window_days, found.as_of) == (
        platform,
        method,
        3,
        60,
        NOW,
    )


def test_only_recent_posts_of_the_account_count_and_at_most_twelve():
    newest = [post(i, days=i + 1, likes=20, comments=0) for i in range(12)]
    ignored = [
        *(post(100 + i, days=30, likes=999, comments=0) for i in range(20)),
        *(post(200 + i, days=60, likes=999, comments=0) for i in range(20)),
        *(post(300 + i, days=-1, likes=999, comments=0) for i in range(20)),
        *(post(400 + i, owner="2", likes=999, comments=0) for i in range(20)),
    ]
    found = engagement(account(), [*ignored, *newest], NOW)
    assert (found.rate, found.sample_size) == (0.02, 12)


def test_hidden_counts_make_a_post_unusable_not_zero():
    posts = [post(i, likes=10, comments=None) for i in range(9)] + [
        post(10 + i, likes=40, comments=10) for i in range(3)
    ]
    found = engagement(account(), posts, NOW)
    assert (found.rate, found.sample_size) == (0.05, 3)


@pytest.mark.parametrize(
    ("posts", "followers"),
    [
        ([post(1, likes=1, comments=1), post(2, likes=1, comments=1)], 1_000),
        ([post(i, likes=None, comments=None) for i in range(5)], 1_000),
        ([post(i, likes=5, comments=5) for i in range(5)], None),
        ([post(i, likes=5, comments=5) for i in range(5)], 0),
        ([], 1_000),
    ],
)
def test_unknown_stays_unknown(posts, followers):
    assert engagement(account(followers=followers), posts, NOW) is None


def test_github_has_no_engagement_rate():
    posts = [post(i, platform="github", likes=5, comments=5, views=10) for i in range(5)]
    assert engagement(account("github", averages=Averages(likes=5, comments=5, views=10)), posts, NOW) is None


@pytest.mark.parametrize(
    ("platform", "averages", "rate", "method"),
    [
        ("instagram", Averages(likes=40, comments=10), 0.05, "source_averages_per_follower"),
        ("tiktok", Averages(likes=40, comments=10, shares=50, views=200), 0.5, "source_averages_with_shares_per_view"),
        ("tiktok", Averages(likes=40, comments=10, views=200), 0.25, "source_averages_per_view"),
        ("youtube", Averages(likes=40, comments=10, views=200), 0.25, "source_averages_per_view"),
        ("youtube", Averages(likes=40, views=200), 0.2, "source_averages_likes_per_view"),
        ("x", Averages(likes=40, comments=10), 0.05, "source_averages_per_follower"),
    ],
)
def test_averages_of_the_source(platform, averages, rate, method):
    found = engagement(account(platform, averages=averages), [], NOW)
    assert (found.rate, found.method, found.sample_size, found.window_days) == (rate, method, None, None)


@pytest.mark.parametrize(
    "averages", [Averages(likes=40), Averages(comments=10), Averages(views=200), Averages(likes=1, comments=1, views=0)]
)
def test_averages_that_do_not_suffice(averages):
    assert engagement(account("tiktok", averages=averages), [], NOW) is None


def test_stated_rate_is_the_last_resort():
    found = engagement(account(engagement_rate=0.031), [], NOW)
    assert (found.rate, found.method) == (0.031, "source_stated")
    found = engagement(account(engagement_rate=0.031, averages=Averages(likes=40, comments=10)), [], NOW)
    assert found.method == "source_averages_per_follower"


@given(
    platform=st.sampled_from(list(Platform)),
    counters=st.lists(st.tuples(*[st.none() | st.integers(0, 10**9)] * 4), max_size=15),
    followers=st.none() | st.integers(0, 10**9),
    data=st.data(),
)
def test_any_counters_give_a_rate_or_nothing_whatever_their_order(platform, counters, followers, data):
    posts = [
        post(i, days=i + 1, platform=platform, likes=a, comments=b, shares=c, views=d)
        for i, (a, b, c, d) in enumerate(counters)
    ]
    found = engagement(account(platform, followers), posts, NOW)
    assert found is None or found.rate >= 0
    assert engagement(account(platform, followers), data.draw(st.permutations(posts)), NOW) == found
