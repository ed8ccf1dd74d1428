"""Engagement: each network's formula, the fall-backs, and nothing made up from what is hidden."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import Account, Averages, Platform, Post
from enrich.signals.engagement import EngagementSignal, engagement, engagements
from enrich.signals.facts import CreatorFacts
from enrich.signals.ratios import likes_per_comment, views_per_follower

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


@settings(max_examples=50)
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


def forms(platform, posts, **more):
    return {found.form: found for found in engagements(account(platform, **more), posts, NOW)}


def test_feed_and_reels_have_rates_of_their_own_behind_the_one_over_all_posts():
    feed = [post(i, kind="image", likes=50, comments=0) for i in range(3)]
    reels = [post(10 + i, kind="short", likes=90, comments=10, shares=20, views=1_000) for i in range(3)]
    stories = [post(20 + i, kind="story", likes=0, comments=0, views=10) for i in range(3)]
    found = forms("instagram", [*feed, *reels, *stories])
    assert list(found) == [None, "feed", "short"]
    assert (found["feed"].rate, found["feed"].method) == (0.05, "median_likes_comments_per_follower")
    assert (found["short"].rate, found["short"].method) == (0.12, "sum_likes_comments_shares_per_view")
    hidden = [post(10 + i, kind="short", likes=90, comments=10, views=1_000) for i in range(3)]
    assert forms("instagram", hidden)["short"].method == "sum_likes_comments_per_view"
    assert set(forms("instagram", feed[:2] + reels[:2])) == {None}


def test_long_videos_and_shorts_are_apart():
    long = [post(i, 30 + i, "youtube", kind="video", likes=80, comments=20, views=1_000) for i in range(4)]
    short = [post(9 + i, 1 + i, "youtube", kind="short", likes=20, comments=0, views=1_000) for i in range(10)]
    found = forms("youtube", [*long, *short])
    assert {form: round(one.rate, 4) for form, one in found.items()} == {
        None: 0.0333,
        "short": 0.02,
        "video": 0.1,
    }
    assert found["video"].sample_size == 4


@pytest.mark.parametrize(("paid", "organic", "expected"), [(5, 10, 0.5), (20, 10, 2.0), (0, 10, 0.0), (5, 0, None)])
def test_paid_performance_compares_labelled_posts(paid, organic, expected):
    labelled = [post(i, days=100 + i, is_sponsored=True, likes=paid, comments=0) for i in range(3)]
    others = [post(9 + i, days=1 + i, is_sponsored=False, likes=organic, comments=0) for i in range(20)]
    unknown = [post(50 + i, days=3, likes=999, comments=0) for i in range(5)]
    assert engagement(account(), [*labelled, *others, *unknown], NOW).paid_performance == expected
    assert engagement(account(), [*labelled[:2], *others, *unknown], NOW).paid_performance is None


def test_ratios_from_posts_or_from_the_source():
    averages = Averages(likes=500, comments=5, views=3_000)
    posts = [post(i, likes=40, comments=i, views=200 * i) for i in range(1, 4)]
    found = engagement(account(averages=averages), posts, NOW)
    assert (found.likes_per_comment, found.views_per_follower) == (20.0, 0.4)
    found = engagement(account(averages=averages), posts[:2], NOW)
    assert (found.likes_per_comment, found.views_per_follower) == (100.0, 3.0)
    found = engagement(account(engagement_rate=0.1, followers=0), [], NOW)
    assert (found.likes_per_comment, found.views_per_follower) == (None, None)


def test_confidence_says_what_a_rate_rests_on():
    def confidence(n, **more):
        return engagement(account(**more), [post(i, likes=1, comments=1) for i in range(n)], NOW).confidence

    assert [confidence(n) for n in (3, 12, 40)] == [0.5, 0.8, 0.8]
    assert confidence(0, averages=Averages(likes=1, comments=1)) == 0.5
    assert confidence(0, engagement_rate=0.1) == 0.3


def test_percentile_is_among_accounts_of_the_same_platform_and_size():
    rates = [0.001, 0.01, 0.03, 0.1, 0.4]
    found = [engagement(account(followers=5_000_000, engagement_rate=rate), [], NOW) for rate in rates]
    percentiles = [one.percentile for one in found]
    assert percentiles == sorted(percentiles)
    assert percentiles[0] < 0.02
    assert 0.3 < percentiles[2] < 0.6
    assert percentiles[-1] > 0.98
    assert all(one.peers >= 200 for one in found)
    # Nobody in the reference is so small, and what an unknown network's source states may be anything.
    assert engagement(account(followers=500, engagement_rate=0.03), [], NOW).percentile is None
    assert engagement(account("tiktok", followers=5_000_000, engagement_rate=0.03), [], NOW).percentile is None


@settings(max_examples=50)
@given(
    counters=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6)), min_size=3),
    factor=st.integers(2, 100),
    platform=st.sampled_from(["instagram", "tiktok", "youtube", "x"]),
)
def test_a_rate_has_no_unit_and_more_reactions_make_it_larger(counters, factor, platform):
    def rate(times, more=0, audience=1):
        posts = [
            post(i, platform=platform, likes=a * times + more, comments=b * times, views=c * audience)
            for i, (a, b, c) in enumerate(counters)
        ]
        return engagement(account(platform, 1_000 * audience), posts, NOW).rate

    assert rate(factor, audience=factor) == pytest.approx(rate(1))
    assert rate(1, audience=factor) == pytest.approx(rate(1) / factor)
    assert rate(1, more=1) > rate(1)


@settings(max_examples=50)
@given(
    labels=st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), min_size=8, max_size=30), factor=st.integers(2, 9)
)
def test_paid_performance_is_never_negative_and_has_no_unit(labels, factor):
    def performance(times):
        posts = [post(i, is_sponsored=paid, likes=n * times, comments=0) for i, (paid, n) in enumerate(labels)]
        return engagement(account(), posts, NOW).paid_performance

    once = performance(1)
    assert once is None or once >= 0
    assert performance(factor) == (None if once is None else pytest.approx(once, abs=1e-6))


COUNTED = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6)), min_size=3)


@settings(max_examples=50)
@given(COUNTED, st.integers(2, 100), st.integers(1, 10**6))
def test_ratios_lie_between_those_of_the_posts_and_have_no_unit(counters, factor, followers):
    def ratios(times):
        posts = [post(i, likes=a * times, comments=b * times, views=c * times) for i, (a, b, c) in enumerate(counters)]
        return likes_per_comment(posts, Averages()), views_per_follower(posts, Averages(), followers * times)

    likes, views = ratios(1)
    assert ratios(factor) == pytest.approx((likes, views), abs=1e-6)
    each = [a / b for a, b, _ in counters]
    assert min(each) - 1e-6 <= likes <= max(each) + 1e-6
    seen = [c / followers for *_, c in counters]
    assert min(seen) - 1e-6 <= views <= max(seen) + 1e-6


def test_signal_depends_on_counters_only_and_on_no_order():
    own = account(averages=Averages(likes=5, comments=5))
    posts = tuple(post(i, days=i + 1, likes=i, comments=0, text="a") for i in range(5))
    facts = CreatorFacts("c", (own, account("x", followers=9)), posts)
    other = CreatorFacts("c", facts.accounts[::-1], tuple(p.model_copy(update={"text": "b"}) for p in posts[::-1]))
    signal = EngagementSignal()
    assert signal.inputs(other) == signal.inputs(facts)
    assert signal.compute([facts]) == signal.compute([other])
    assert [one.method for one in signal.compute([facts])[0]] == ["median_likes_comments_per_follower"]
    liked = CreatorFacts("c", facts.accounts, (*posts[:4], posts[4].model_copy(update={"likes": 9})))
    assert signal.inputs(liked) != signal.inputs(facts)
