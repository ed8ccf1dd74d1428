"""When an account is fetched again: bounded, monotone, spread; and what each end of a fetch does to its task."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from creators.models import Observation
from creators.stores.schedule import Due
from creators.stores.tasks import Lane, Task, TaskState
from fetchers import cadence
from fetchers.cadence import Bounds
from fetchers.planner import claims_of
from fetchers.settlement import Ended, Settled, changes

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BOUNDS = Bounds(3600, 604_800)
share = st.floats(0, 1)
rate = st.none() | st.floats(0, 1e6)
days = st.none() | st.floats(0, 10_000)


def interval(priority, change, idle):
    return cadence.interval_s(cadence.urgency(priority, change, idle), BOUNDS)


@given(share, rate, days)
def test_an_interval_lies_between_the_shortest_and_the_longest(priority, change, idle):
    assert 3600 <= interval(priority, change, idle) <= 604_800


@given(share, share, rate, days)
def test_more_followers_never_make_it_longer(one, other, change, idle):
    low, high = sorted((one, other))
    assert interval(high, change, idle) <= interval(low, change, idle)


@given(st.floats(0, 1e6), st.floats(0, 1e6), share, days)
def test_a_faster_change_never_makes_it_longer(one, other, priority, idle):
    low, high = sorted((one, other))
    assert interval(priority, high, idle) <= interval(priority, low, idle)


@given(st.floats(0, 1e4), st.floats(0, 1e4), share, rate)
def test_a_longer_silence_never_makes_it_shorter(one, other, priority, change):
    low, high = sorted((one, other))
    assert interval(priority, change, low) <= interval(priority, change, high)


def test_the_extremes_are_an_hour_and_a_week():
    assert interval(1, 1e9, 0) == pytest.approx(3600, rel=0.01)
    assert interval(0, 0, None) == 604_800


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_priority_grows_with_followers(one, other):
    low, high = sorted((one, other))
    assert 0 <= cadence.priority_of(low) <= cadence.priority_of(high) <= 1
    assert cadence.priority_of(None) == 0


@given(st.floats(3600, 604_800), st.text(min_size=1, max_size=20))
@example(604_800, "a")
@example(3600, "b")
def test_jitter_is_at_most_a_tenth_within_the_bounds_and_always_the_same(seconds, name):
    moved = cadence.jittered_s(seconds, name, BOUNDS)
    assert 3600 <= moved <= 604_800
    assert abs(moved - seconds) <= 0.1 * seconds + 1e-6
    assert moved == cadence.jittered_s(seconds, name, BOUNDS)


def test_jitter_spreads_what_lies_at_a_bound():
    moved = [cadence.jittered_s(604_800, f"profile:x:{n}", BOUNDS) for n in range(500)]
    assert len({round(seconds / 3600) for seconds in moved}) > 12


def seen(day, followers=None, posts=None):
    return Observation(at=NOW + timedelta(days=day), followers=followers, posts=posts)


def test_a_change_rate_is_relative_and_per_day():
    assert cadence.change_rate([]) is None
    assert cadence.change_rate([seen(0, 100), seen(0, 200)]) is None
    assert cadence.change_rate([seen(0, 100), seen(1, None, 5)]) is None
    assert cadence.change_rate([seen(2, 110), seen(0, 100)]) == pytest.approx(0.05)
    assert cadence.change_rate([seen(0, 100, 20), seen(1, 101, 24)]) == pytest.approx(0.2)
    # After its half-life of a week without change, half of it is left.
    assert cadence.change_rate([seen(0, 100), seen(1, 110), seen(8, 110)]) == pytest.approx(0.05)


counter = st.none() | st.integers(0, 10**9)


@given(st.lists(st.builds(seen, st.integers(0, 400), counter, counter), max_size=8))
def test_a_change_rate_is_never_negative(history):
    found = cadence.change_rate(history)
    assert found is None or found >= 0


@given(st.integers(0, 5000))
def test_failures_back_off_to_a_day(failures):
    wait = cadence.backoff_s(failures)
    assert 30 <= wait <= 86_400
    assert wait <= cadence.backoff_s(failures + 1)


def task(**more):
    return Task("profile:x:1", created_at=NOW, due_at=NOW, **more)


def test_what_was_found_leaves_the_backfill_and_is_due_after_its_interval():
    found = changes(
        task(lane=Lane.BACKFILL, state=TaskState.PAUSED, attempts=4, error="x", interval_s=50_000),
        Settled("profile:x:1", Ended.FOUND, source="github_rest"),
        NOW,
        BOUNDS,
    )
    assert (found["lane"], found["state"], found["attempts"], found["error"]) == ("fresh", "waiting", 0, None)
    assert 45_000 <= (found["due_at"] - NOW).total_seconds() <= 55_000


def test_an_account_is_gone_after_three_answers_in_a_row():
    current = task(attempts=7, error="source_unavailable")
    for attempt in (1, 2, 3):
        found = changes(current, Settled("profile:x:1", Ended.GONE), NOW, BOUNDS)
        assert found["attempts"] == attempt
        current = task(attempts=found["attempts"], error=found["error"])
    assert (found["state"], found["due_at"]) == (TaskState.GONE, None)


def test_a_failure_counts_and_a_limit_does_not():
    failed = changes(task(attempts=2, error="x"), Settled("profile:x:1", Ended.FAILED, error="timeout"), NOW, BOUNDS)
    assert (failed["attempts"], failed["error"]) == (3, "timeout")
    assert 108 <= (failed["due_at"] - NOW).total_seconds() <= 132
    until = NOW + timedelta(hours=3)
    limited = changes(task(attempts=2), Settled("profile:x:1", Ended.LIMITED, until=until), NOW, BOUNDS)
    assert limited.keys() == {"due_at"}
    assert until <= limited["due_at"] <= until + timedelta(minutes=2)
    soon = changes(task(), Settled("profile:x:1", Ended.LIMITED), NOW, BOUNDS)
    assert soon["due_at"] > NOW + timedelta(minutes=5)


groups = st.lists(
    st.lists(st.builds(Due, st.text("abc", min_size=1, max_size=4), st.integers(0, 2)), max_size=9), max_size=4
)


@given(groups, st.integers(1, 4))
def test_jobs_hold_every_target_once_of_one_group_and_the_suspect_ones_alone(found, size):
    named = [[Due(f"{at}:{n}:{due.target_id}", due.returns) for n, due in enumerate(g)] for at, g in enumerate(found)]
    claims = claims_of(Lane.FRESH, named, size)
    flat = [target for claim in claims for target in claim.target_ids]
    assert sorted(flat) == sorted(due.target_id for group in named for due in group)
    returned = {due.target_id for group in named for due in group if due.returns}
    for claim in claims:
        assert len({target.split(":")[0] for target in claim.target_ids}) == 1
        assert len(claim.target_ids) <= (1 if returned & set(claim.target_ids) else size)


def test_groups_take_turns():
    many, few = [Due(f"a{n}", 0) for n in range(4)], [Due("b", 0)]
    assert [claim.target_ids for claim in claims_of(Lane.FRESH, [many, few], 2)] == [("a0", "a1"), ("b",), ("a2", "a3")]
