"""Builders: velocity, standing, stars gained, launches, and what is not known."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Observation, Post
from enrich.profiles import POSTS_PER_ACCOUNT
from enrich.signals.builder import DECAY, HALF, WEEKS, BuilderSignal, Week, builder, standing, stars_gained, velocity
from enrich.signals.facts import CreatorFacts
from enrich.signals.launches import launched, release_owners

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday: 6.5 of 7 days of the week are over
ELAPSED = 6.5 / 7
POINTS = st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=WEEKS)


def account(platform="github", native_id="7", **more):
    return Account(platform=platform, native_id=native_id, **{"source": "test", "fetched_at": NOW} | more)


def post(kind, days=0.0, number=0, owner="github:7", **more):
    return Post(
        platform=owner.partition(":")[0],
        native_id=f"{kind}:{number}:{days}",
        account_id=owner,
        kind=kind,
        posted_at=NOW - timedelta(days=days),
        **{"source": "test", "fetched_at": NOW} | more,
    )


def facts(*posts, accounts=None, looks=()):
    seen = tuple(Observation(at=NOW - timedelta(days=days)) for days in looks)
    return CreatorFacts("c", accounts or (account(handle="tilda"),), posts, {"github:7": seen})


@given(POINTS, st.floats(0, 1))
def test_velocity_lies_between_nothing_and_a_full_week_of_the_best(points, elapsed):
    known = [one for one in points if one is not None]
    assert 0 <= velocity(points, elapsed) <= max(known, default=0) * 2 + 1e-6


@given(POINTS, st.floats(0, 1), st.integers(0, WEEKS - 1), st.floats(0, 50))
def test_more_work_is_never_less_velocity(points, elapsed, place, more):
    grown = [one + more if index == place and one is not None else one for index, one in enumerate(points)]
    assert velocity(grown, elapsed) >= velocity(points, elapsed) - 1e-6


def test_a_steady_pace_is_its_own_velocity_however_many_weeks_are_known():
    assert velocity([5.0] * WEEKS, 1.0) == velocity([5.0] * 2, 1.0) == pytest.approx(5)
    assert velocity([5.0, None, 5.0, None], 1.0) == pytest.approx(5)
    # A week that has hardly begun weighs hardly anything: half of it half of the points.
    assert velocity([2.5] + [5.0] * 5, 0.5) == pytest.approx(5)


def test_last_week_weighs_more_than_the_week_before_by_the_decay():
    recent, earlier = ([0.0] * place + [10.0] + [0.0] * (WEEKS - 1 - place) for place in (1, 2))
    assert velocity(earlier, 1.0) / velocity(recent, 1.0) == pytest.approx(DECAY, abs=1e-4)
    assert velocity([], 0.5) == 0


@given(st.floats(-1e9, 1e9), st.floats(0, 1e6), st.sampled_from(sorted(HALF.values())))
def test_standing_is_a_share_that_grows(value, more, half):
    assert 0 <= standing(value, half) <= standing(value + more, half) <= 1
    assert standing(half, half) == pytest.approx(0.5)
    assert standing(0, half) == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 50))
def test_points_of_a_week_have_the_stated_weights_and_limits(commits, merges, several):
    week = Week(commits, merges, several, {str(number) for number in range(several)})
    parts = math.log(1 + commits) + 2 * math.log(1 + merges) + 8 * min(several, 3)
    assert week.points == pytest.approx(parts)


def test_a_week_of_work_is_counted():
    one = builder(
        facts(
            post("commits", 1, amount=9),
            post("merges", 2, amount=3),
            post("release", 3, text="tilda/warp v2"),
            post("repository", 1, stars=40),
            post("repository", 200, stars=2),
            looks=[60, 30, 14],
        )
    )
    points = math.log(10) + 2 * math.log(4) + 4
    # Known are the running week, four before the look of 14 days ago and older ones by those before.
    assert (one.commits, one.merges, one.releases, one.launches) == (9, 3, 1, 0)
    assert one.velocity == pytest.approx(points / sum((ELAPSED, *(DECAY**k for k in KNOWN))), abs=1e-4)
    assert one.sample_size == 1 + len(KNOWN)
    assert (one.stars, one.stars_gained, one.repositories) == (42, None, 1)
    assert {part.name for part in one.parts} == {"velocity", "stars", "repositories"}
    assert one.technical_score == pytest.approx(sum(part.score for part in one.parts) / 3, abs=1e-6)
    assert one.evidence == (post("release", 3).post_id,)
    assert (one.as_of, one.window_days) == (NOW, 84)
    assert 0 < one.confidence < 0.5


def known_weeks(looks):
    """Weeks before the running one that some look shows whole: it was at their end or later, and not 30 days after."""
    monday = datetime(2026, 2, 23, tzinfo=UTC)
    found = []
    for k in range(1, WEEKS):
        start = monday - timedelta(weeks=k)
        times = (NOW - timedelta(days=days) for days in (0, *looks))
        if any(start + timedelta(weeks=1) <= at <= start + timedelta(days=30) for at in times):
            found.append(k)
    return found


KNOWN = known_weeks([60, 30, 14])


def test_weeks_that_nobody_looked_at_are_unknown_and_not_idle():
    assert builder(facts(post("repository", 300))).sample_size == 1 + len(known_weeks([])) == 4
    assert builder(facts(post("repository", 300))).velocity == 0
    # It has work in it, so something is known of it.
    assert builder(facts(post("commits", 70, amount=1))).sample_size == 5


def test_where_somebody_pushes_and_nothing_tells_how_much_the_pace_is_unknown():
    one = builder(facts(post("repository", 5, stars=3)))
    assert one.velocity is None
    assert {part.name for part in one.parts} == {"stars", "repositories"}


def test_without_anything_of_github_there_is_no_value():
    tweet = post("text", 1, owner="x:1", text="We launched https://www.producthunt.com/posts/warp")
    assert builder(facts(tweet, accounts=(account("x", "1"),))) is None
    assert builder(facts(tweet, accounts=(account(), account("x", "1")))) is None
    assert BuilderSignal().inputs(facts(tweet, accounts=(account("x", "1"),))) is None


def test_launch_posts_on_other_networks_count_once_for_each_thing():
    words = "We just shipped warp! https://github.com/Tilda/warp"
    tweets = [post("text", days, number=days, owner="x:1", text=words) for days in (1, 2, 3)]
    one = builder(facts(post("commits", 1, amount=1), *tweets, accounts=(account(handle="tilda"), account("x", "1"))))
    assert one.launches == 1
    assert one.velocity > builder(facts(post("commits", 1, amount=1))).velocity
    assert len(one.evidence) == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Introducing warp: https://github.com/Tilda/warp.", "github.com/tilda/warp"),
        ("We launched on https://www.producthunt.com/posts/warp?ref=x", "producthunt.com/posts/warp?ref=x"),
        ("warp 2 is out https://pypi.org/project/warp/", "pypi.org/project/warp"),
        ("Someone released https://github.com/otto/otto", None),
        ("Reading https://github.com/tilda/warp", None),
        ("We launched it", None),
        (None, None),
    ],
)
def test_a_launch_has_wording_and_a_link_to_something_of_ones_own(text, what):
    assert launched(post("text", owner="x:1", text=text), {"tilda"}) == what


def test_a_release_is_no_launch_and_tells_whose_repositories_are_ones_own():
    release = post("release", text="Weavers/loom v1\nWe released https://pypi.org/project/loom")
    assert launched(release, {"weavers"}) is None
    assert release_owners([release, post("release", 1, text=None), post("text", text="a/b c")]) == {"weavers"}


def count(days, stars, owner="github:7"):
    return post("stars", days, owner=owner, stars=stars, fetched_at=NOW - timedelta(days=days))


def test_stars_gained_need_two_counts_90_days_apart():
    assert stars_gained([count(0, 120), count(7, 119), count(88, 100), count(95, 90)]) == 20
    assert stars_gained([count(0, 120), count(101, 100)]) is None
    assert stars_gained([count(0, 120)]) is None
    assert stars_gained([count(0, 10), count(90, 12)]) == -2
    assert stars_gained([count(0, 10), count(90, 2), count(0, 5, "github:8")]) == 8
    one = builder(facts(count(0, 120), count(90, 20), post("repository", 1, stars=7)))
    assert (one.stars, one.stars_gained) == (120, 100)
    assert [part.name for part in one.parts] == ["stars_gained", "repositories"]


def test_the_order_of_records_changes_nothing():
    posts = [post("commits", days, number=days, amount=days) for days in range(1, 80, 7)] + [count(0, 5), count(90, 1)]
    straight, turned = facts(*posts, looks=[3, 40]), facts(*posts[::-1], looks=[40, 3])
    assert builder(straight) == builder(turned)
    assert BuilderSignal().inputs(straight) == BuilderSignal().inputs(turned)
    assert BuilderSignal().compute([straight, facts()]) == [builder(straight), None]


def test_the_posts_that_are_read_hold_a_window_of_weeks_and_the_repositories():
    # Two counts of work a week and one of stars, and thirty repositories, of the newest posts of an account.
    assert POSTS_PER_ACCOUNT >= 2 * WEEKS + 30
