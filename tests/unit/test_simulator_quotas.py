"""What the simulator counts: a meter that lies would let a limiter pass that does not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.quotas import IN_FLIGHT_S, Limit, Meter


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


def meter(*limits):
    clock = Clock()
    return Meter(limits, clock), clock


def admitted(measured, clock, times, units=1):
    """The times at which calls were let in."""
    good = []
    for time in times:
        clock.now = time
        if measured.admit("x", "key", "users", units).allowed:
            good.append(time)
    return good


def test_a_fixed_window_begins_with_its_first_call():
    measured, clock = meter(Limit(provider="x", amount=2, window_s=10))
    assert admitted(measured, clock, [1_003, 1_004, 1_012.9, 1_013]) == [1_003, 1_004, 1_013]


def test_a_day_ends_at_midnight_of_its_zone():
    measured, clock = meter(Limit(provider="x", amount=1, window_s=86_400, day_of="America/Los_Angeles"))
    midnight = 1_767_254_400.0  # 2026-01-01 08:00 UTC
    assert admitted(measured, clock, [midnight - 60, midnight - 1, midnight]) == [midnight - 60, midnight]


def test_what_is_left_is_said():
    measured, _clock = meter(Limit(provider="x", amount=3, window_s=10))
    first = measured.admit("x", "key", "users")
    assert (first.allowed, first.limit, first.remaining, first.resets_at) == (True, 3, 2, 1_010.0)
    assert not measured.admit("x", "key", "users", 3).allowed
    assert measured.admit("x", "key", "users", 2).remaining == 0


def test_every_credential_and_every_endpoint_has_its_own():
    measured, _clock = meter(Limit(provider="x", endpoint="users", amount=1, window_s=10))
    assert measured.admit("x", "one", "users").allowed
    assert measured.admit("x", "two", "users").allowed
    assert measured.admit("x", "one", "tweets").allowed
    assert measured.admit("github", "one", "users").allowed
    assert not measured.admit("x", "one", "users").allowed


def test_a_limit_of_all_endpoints_adds_them_up():
    measured, _clock = meter(Limit(provider="x", amount=2, window_s=10))
    assert [measured.admit("x", "key", name).allowed for name in ("users", "tweets", "search")] == [True, True, False]
    assert measured.counts()["x"]["key"]["*"]["largest"] == {"10": 3}


def test_calls_before_the_time_that_was_told_are_counted():
    measured, clock = meter()
    measured.admit("x", "key", "users")
    measured.announce("x", "key", "users", clock.now + 5)
    for later in (IN_FLIGHT_S / 2, 1, 2, 5.1):
        clock.now = 1_000.0 + later
        measured.admit("x", "key", "users")
    counted = measured.counts()["x"]["key"]["users"]
    assert (counted["calls"], counted["in_flight"], counted["early"]) == (5, 1, 2)


@pytest.mark.parametrize("mode", ["fixed", "sliding"])
def test_what_was_free_is_given_back(mode):
    measured, clock = meter(Limit(provider="x", amount=1, window_s=10, mode=mode))
    assert measured.admit("x", "key", "users").allowed
    measured.give_back("x", "key", "users", 1)
    assert measured.admit("x", "key", "users").allowed
    clock.now += 11
    assert [measured.admit("x", "key", "users").allowed for _ in range(2)] == [True, False]
    assert measured.counts()["x"]["key"]["users"]["units"] == 2


def test_other_limits_begin_anew():
    measured, _clock = meter(Limit(provider="x", amount=0, window_s=10))
    assert not measured.admit("x", "key", "users").allowed
    measured.replace([Limit(provider="x", amount=1, window_s=10)])
    assert measured.counts() == {}
    assert measured.admit("x", "key", "users").allowed


WAITS = st.lists(st.floats(0, 4, allow_nan=False), min_size=1, max_size=60)


def most_in_any_window(times, window_s):
    return max((sum(end - window_s < time <= end for time in times) for end in times), default=0)


@given(waits=WAITS, amount=st.integers(1, 6), mode=st.sampled_from(["fixed", "sliding"]))
def test_the_largest_window_is_what_a_plain_count_finds(waits, amount, mode):
    measured, clock = meter(Limit(provider="x", amount=amount, window_s=5, mode=mode))
    times, now = [], 1_000.0
    for wait in waits:
        now += wait
        times.append(now)
    good = admitted(measured, clock, times)
    assert measured.counts()["x"]["key"]["*"]["largest"]["5"] == most_in_any_window(times, 5)
    assert measured.counts()["x"]["key"]["users"]["limited"] == len(times) - len(good)
    if mode == "sliding":
        assert most_in_any_window(good, 5) <= amount


@pytest.mark.parametrize("bad", [{"window_s": 0}, {"amount": -1}, {"mode": "leaky"}, {"unknown": 1}])
def test_a_limit_that_means_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="validation error"):
        Limit(**{"provider": "x", "amount": 1, "window_s": 1, **bad})
