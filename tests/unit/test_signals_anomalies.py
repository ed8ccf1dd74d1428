"""Anomalies: what was planted is found and dated, what has a harmless cause is not told, and severities are shares."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import Account, Averages, Observation, Post
from creators.signals.performance import Engagement
from enrich.signals.anomalies import AnomaliesSignal, Subject, anomalies, engagement_mismatch, follower_bursts
from enrich.signals.benford import EXPECTED, benford_deviation
from enrich.signals.commenters import compare_commenters
from enrich.signals.facts import CreatorFacts
from enrich.signals.peers import deviation
from enrich.signals.spikes import bursts, modified_z, swings
from mappings.peers import MIN_PEERS, reference

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def account(platform="instagram", followers=100_000, **more):
    return Account(platform=platform, native_id="a", followers=followers, source="test", fetched_at=NOW, **more)


def organic(seed=1, days=91, start=100_000):
    """Followers of an account that grows by about half a per cent a day, newest last."""
    rates = np.random.default_rng(seed).normal(0.005, 0.002, days)
    return start * np.exp(np.cumsum(rates))


def observed(followers, views=None, following=None):
    last = len(followers) - 1
    return tuple(
        Observation(
            at=NOW - timedelta(days=last - day),
            followers=round(count),
            views=None if views is None else round(views[day]),
            following=None if following is None else round(following[day]),
        )
        for day, count in enumerate(followers)
    )


def subject(followers, views=None, following=None, **more):
    return Subject(account(), observed(followers, views, following), **{"posts": (), **more})


def jumped(followers, day, share):
    return np.concatenate([followers[:day], followers[day:] + share * followers[day - 1]])


def purged(followers, day, back):
    """A jump of 20 % on ``day``, of which ``back`` goes again over the five days from a week later."""
    gain = 0.2 * followers[day - 1]
    lost = np.clip((np.arange(len(followers)) - day - 6) / 5, 0, 1) * back * gain
    return jumped(followers, day, 0.2) - lost


def flags(one):
    return {found.flag: found for found in anomalies(one)}


def post(number, days, **more):
    return Post(
        platform="instagram",
        native_id=str(number),
        account_id="instagram:a",
        posted_at=NOW - timedelta(days=days),
        source="test",
        fetched_at=NOW,
        **more,
    )


@pytest.mark.parametrize("seed", range(5))
def test_organic_growth_is_nothing_unusual(seed):
    assert anomalies(subject(organic(seed))) == ()


def test_a_bought_jump_is_found_and_dated():
    found = flags(subject(jumped(organic(), 60, 0.2)))
    assert set(found) == {"follower_spike"}
    spike = found["follower_spike"]
    assert 0.5 < spike.severity < 1
    evidence = {clue.what: clue for clue in spike.evidence}
    assert evidence["followers_gained"].value == pytest.approx(0.2 * evidence["followers_before"].value, rel=0.1)
    assert evidence["followers_gained"].at == NOW - timedelta(days=30)
    assert (spike.window_days, spike.as_of, spike.sample_size, spike.confidence) == (90, NOW, 91, 1.0)


def test_what_was_bought_and_taken_back_is_told_beside_the_jump():
    found = flags(subject(purged(organic(), 40, 1.0)))
    assert set(found) == {"follower_spike", "bought_then_purged"}
    # Five days of organic growth hide some of what went.
    assert 0.7 < found["bought_then_purged"].severity <= 1
    assert set(flags(subject(purged(organic(), 40, 0.2)))) == {"follower_spike"}


def test_a_jump_that_views_explain_is_not_told():
    followers = jumped(organic(), 60, 0.2)
    viewed = organic(9, start=10**8)
    assert follower_bursts(subject(followers, viewed)) != ()
    assert follower_bursts(subject(followers, jumped(viewed, 62, 0.3))) == ()
    assert follower_bursts(subject(followers, jumped(viewed, 80, 0.3))) != ()


def test_a_jump_that_a_post_explains_is_not_told():
    followers = jumped(organic(), 60, 0.2)
    usual = tuple(post(i, 5 + 6 * i, views=10_000 + 500 * i) for i in range(12))
    assert follower_bursts(subject(followers, posts=usual)) != ()
    assert follower_bursts(subject(followers, posts=(*usual, post(99, 31, views=900_000)))) == ()
    assert follower_bursts(subject(followers, posts=(*usual, post(99, 70, views=900_000)))) != ()


def test_too_few_snapshots_tell_nothing_which_is_not_all_clear():
    followers = jumped(organic(), 60, 0.2)
    assert follower_bursts(Subject(account(), observed(followers)[::30], ())) is None
    assert follower_bursts(Subject(account(), observed(followers)[-11:], ())) is None
    assert follower_bursts(Subject(account(), (), ())) is None
    assert follower_bursts(subject(organic())) == ()


def test_a_quiet_account_may_gain_a_handful():
    quiet = np.full(91, 10_000.0)
    quiet[50:] += 40
    assert flags(subject(quiet)) == {}
    quiet[50:] += 400
    assert set(flags(subject(quiet))) == {"follower_spike"}


def test_follow_and_unfollow_is_a_sawtooth_without_gain():
    saw = 1_000 + 800 * np.abs(((np.arange(91) / 15) % 2) - 1)
    found = flags(subject(organic(), following=saw))["follow_unfollow"]
    assert {clue.what: clue.value for clue in found.evidence}["cycles"] == 2
    assert found.severity > 0.4
    assert flags(subject(organic(), following=np.linspace(1_000, 3_000, 91))) == {}
    assert flags(subject(organic(), following=saw + 60 * np.arange(91))) == {}
    assert flags(subject(organic(), following=1_000 + saw / 100)) == {}


def rated(percentile=None, **more):
    return Engagement(
        account_id="tiktok:a", platform="tiktok", rate=0.1, method="m", percentile=percentile, as_of=NOW, **more
    )


@pytest.mark.parametrize(
    ("percentile", "severity"),
    [(None, None), (0.5, None), (0.02, None), (0.01, 0.5), (0.0, 1.0), (0.98, None), (0.99, 0.5), (1.0, 1.0)],
)
def test_mismatch_by_percentile(percentile, severity):
    found = engagement_mismatch(Subject(account("tiktok"), (), (), rated(percentile)))
    assert (found and found.severity) == (severity and pytest.approx(severity))


def test_mismatch_by_ratios_to_peers():
    group = reference().group("tiktok", "likes_per_comment", 5_000_000)
    usual = 10**group.log_median
    who = account("tiktok", 5_000_000)
    assert engagement_mismatch(Subject(who, (), (), rated(likes_per_comment=usual))) is None
    far = 10 ** (group.log_median + 6 * group.log_mad)
    found = engagement_mismatch(Subject(who, (), (), rated(likes_per_comment=far)))
    assert found.severity == pytest.approx(0.5, abs=1e-3)
    assert [clue.what for clue in found.evidence] == ["likes_per_comment", "likes_per_comment_mad_from_peers"]
    assert engagement_mismatch(Subject(account("tiktok", 50), (), (), rated(likes_per_comment=far))) is None
    assert deviation(who, "likes_per_comment", 0, reference()) is None


def test_a_group_that_comments_on_everything_is_a_pod():
    pod = tuple(f"pod{i}" for i in range(8))
    posts = tuple(post(i, i, commenters=(*pod, *(f"fan{i}-{j}" for j in range(4)))) for i in range(6))
    found = flags(subject(organic(), posts=posts))["comment_pod"]
    assert found.severity == pytest.approx(8 / 12, abs=1e-4)
    assert {clue.what: clue.value for clue in found.evidence}["people_who_come_together"] == 8
    assert found.sample_size == 6


def test_fans_alone_are_no_pod():
    posts = [("fan", "friend", *(f"{i}-{j}" for j in range(8))) for i in range(6)]
    assert compare_commenters(posts).group == 0
    assert compare_commenters(posts).authenticity == 1
    assert compare_commenters(posts[:3]) is None
    assert compare_commenters([("a", "b")] * 9) is None


def test_first_digits():
    grown = [round(10 ** (i / 1_000)) for i in range(6_000)]
    assert benford_deviation(grown) < 0.005
    assert benford_deviation([*range(100, 1_000)]) > 0.05
    assert benford_deviation([9] * 300) == pytest.approx(2 * (1 - EXPECTED[8]) / 9)
    assert benford_deviation([1] * 299) is None
    assert sum(EXPECTED) == pytest.approx(1)


def test_first_digits_only_stand_beside_a_jump():
    bought = tuple(range(100, 1_000))
    assert anomalies(subject(organic(), audience=bought)) == ()
    (found,) = anomalies(subject(jumped(organic(), 60, 0.2), audience=bought))
    assert found.evidence[-1].what == "first_digit_deviation_of_followers"


@settings(max_examples=40)
@given(st.floats(0.03, 3), st.floats(1.1, 3), st.integers(20, 70))
def test_a_larger_jump_is_at_least_as_severe(share, factor, day):
    def severity(gain):
        # Everything later is larger by the same factor, so that no other day's rate changes.
        (found,) = anomalies(subject(organic() * np.where(np.arange(91) < day, 1, 1 + gain)))
        return found.severity

    assert 0 <= severity(share) <= severity(share * factor) <= 1


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0, 1, 500, 999, 1_000, 10**6, 10**9]), min_size=40, max_size=91), st.booleans())
def test_any_history_gives_shares_or_nothing(followers, is_youtube):
    history = observed(followers, views=followers, following=followers)
    posts = tuple(post(i, 10 * i, views=view) for i, view in enumerate(followers[:8]))
    for found in anomalies(Subject(account("youtube" if is_youtube else "x"), history, posts)):
        assert 0 <= found.severity <= 1
        assert all(math.isfinite(clue.value) for clue in found.evidence)


@settings(max_examples=40)
@given(st.integers(2, 1_000), st.integers(20, 70))
def test_bursts_have_no_unit(factor, day):
    followers = purged(organic(), day, 0.8)
    points = [(seen.at, seen.followers) for seen in observed(followers)]
    once, scaled = (bursts([(at, count * times) for at, count in points], times) for times in (1, factor))
    assert [one.end for one in scaled] == [one.end for one in once]
    assert [one.severity for one in scaled] == pytest.approx([one.severity for one in once])
    assert [one.given_back for one in scaled] == pytest.approx([one.given_back for one in once])


FLOATS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40).map(np.array)


@settings(max_examples=50)
@given(FLOATS, st.floats(0.1, 10), st.floats(-100, 100))
def test_modified_z_keeps_order_and_has_no_unit_and_no_origin(values, unit, origin):
    z = modified_z(values, 1.0)
    assert (np.diff(z[np.argsort(values, kind="stable")]) >= 0).all()
    assert modified_z(values * unit + origin, unit) == pytest.approx(z, abs=1e-6)
    assert np.median(z) == pytest.approx(0, abs=1e-9)


@settings(max_examples=50)
@given(FLOATS, st.floats(0.1, 100))
def test_swings_are_bounded_and_the_same_upside_of_any_origin(values, least):
    cycles, movement = swings(values, least)
    assert 0 <= cycles * 2 * least <= movement + 1e-6
    assert swings(values + 5.0, least)[1] == pytest.approx(movement, abs=1e-6)
    assert movement >= abs(values[-1] - values[0]) - 1e-6


@settings(max_examples=50)
@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=12), max_size=10), st.data())
def test_commenters_are_shares_whatever_their_order(posts, data):
    found = compare_commenters(posts)
    if found is None:
        assert sum(len(set(names)) >= 5 for names in posts) < 4
        return
    assert 0 <= found.recurring_share <= 1
    assert 0 < found.overlap <= 1 or found.group == 0
    assert found.group == 0 or found.group >= 3
    assert compare_commenters([data.draw(st.permutations(names)) for names in posts]) == found


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.integers(2, 9))
def test_first_digits_deviate_within_bounds(counts, times):
    found = benford_deviation(counts * 300)
    assert benford_deviation(counts * 300 * times) == (None if found is None else pytest.approx(found))
    assert found is None or 0 <= found <= 2 * (1 - min(EXPECTED)) / 9


@settings(max_examples=50)
@given(st.floats(0, 100), st.floats(0, 100), st.sampled_from(reference()[0]))
def test_percentiles_of_peers_are_shares_that_rise_with_the_value(one, other, group):
    low, high = sorted((one, other))
    assert 0 <= group.percentile(low) <= group.percentile(high) <= 1
    assert group.percentile(group.quantiles[0] / 2) == 0
    assert group.n >= MIN_PEERS
    assert math.isclose(group.percentile(group.quantiles[40]), 0.4, abs_tol=0.05)


@settings(max_examples=50)
@given(st.floats(1e-6, 1e6), st.floats(1.001, 1e3), st.sampled_from(["likes_per_comment", "views_per_follower"]))
def test_distance_from_peers_rises_with_the_ratio_by_its_logarithm(value, factor, ratio):
    def away(times):
        return deviation(account("youtube", 20_000_000), ratio, value * times, reference())

    assert away(1) < away(factor)
    assert away(factor**2) - away(factor) == pytest.approx(away(factor) - away(1), rel=1e-6)


def test_signal_is_the_same_in_any_order():
    history = observed(purged(organic(), 40, 1.0))
    posts = tuple(post(i, i, likes=5, comments=1, commenters=("x", "y")) for i in range(4))
    own = account(averages=Averages(likes=1, comments=1))
    facts = CreatorFacts("c", (own,), posts, {"instagram:a": history})
    other = CreatorFacts("c", (own,), posts[::-1], {"instagram:a": history[::-1]})
    signal = AnomaliesSignal()
    assert signal.inputs(facts) == signal.inputs(other)
    assert signal.compute([facts, CreatorFacts("d", (own,))]) == [*signal.compute([other]), ()]
    assert "bought_then_purged" in {one.flag for one in signal.compute([facts])[0]}
