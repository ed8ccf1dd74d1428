"""Allowances, breakers and tallies as the scripts keep them in a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from pydantic import SecretStr

from benchmarks.faults.plain import Plain
from creators.errors import QueueUnavailable, SourceLimited, SourceRefused
from creators.settings import Settings, SourceSettings
from creators.stores.allowances import Allowances, Grant, Limit, Observed, Request, Wait
from creators.stores.breakers import Breakers, Result, Rules
from creators.stores.queue import connect
from creators.stores.scripts import Script, Shared
from creators.stores.tallies import Count, Tallies
from fetchers.contract import Allowance
from fetchers.limits import Limits, midnights_ms, pool_of, utc_now
from fetchers.policy import Switches

BAD, GOOD = Result(ok=False, latency_ms=5), Result(ok=True, latency_ms=5)
LONG = Limit("users", 3, 60_000)


@pytest.fixture
def shared(engines) -> Iterator[Shared]:
    redis = connect(Settings(redis_url=SecretStr(engines.redis_url)))
    prefix = f"t{uuid4().hex[:8]}-"
    yield Shared(redis, prefix)
    for key in redis.scan_iter(match=f"{prefix}*", count=1000):
        redis.delete(key)
    redis.close()


@pytest.fixture
def allowances(shared) -> Allowances:
    return Allowances(shared)


def request(*limits, units=1, credentials=("a",), endpoint="users", daily_calls=None) -> Request:
    days = midnights_ms("UTC", utc_now())
    return Request(uuid4().hex, endpoint, units, credentials, limits or (LONG,), days, daily_calls)


def take(allowances, *limits, **more) -> Grant | Wait:
    return allowances.take("plain", request(*limits, **more))


def left(allowances, limit=LONG, credentials=("a",)):
    days = midnights_ms("UTC", utc_now())
    return [one.left for one in allowances.left("plain", credentials, [limit], days_ms=days).limits]


def test_a_window_holds_exactly_its_amount(allowances):
    assert [type(take(allowances)) for _ in range(4)] == [Grant, Grant, Grant, Wait]
    wait = take(allowances)
    assert wait.why == "limit"
    assert 59_000 < wait.until_ms - wait.now_ms <= 60_000


def test_units_leave_the_window_one_grant_after_the_other(allowances):
    short = Limit("users", 2, 300)
    first = take(allowances, short)
    time.sleep(0.1)
    second = take(allowances, short)
    wait = take(allowances, short)
    assert wait.until_ms == first.at_ms + 300
    both = take(allowances, short, units=2)
    assert both.until_ms == second.at_ms + 300
    time.sleep(max(0, wait.until_ms - wait.now_ms) / 1000)
    assert isinstance(take(allowances, short), Grant)


def test_more_units_than_the_limit_are_never_granted(allowances):
    assert take(allowances, units=4).until_ms is None


def test_the_credential_with_most_left_is_taken(allowances):
    pool = ("a", "b")
    taken = [take(allowances, credentials=pool).credential for _ in range(6)]
    assert sorted(taken) == ["a", "a", "a", "b", "b", "b"]
    assert taken[0] != taken[1]
    assert isinstance(take(allowances, credentials=pool), Wait)


def test_a_call_counts_for_its_endpoint_and_for_all(allowances):
    everything = Limit("*", 4, 60_000)
    for _ in range(3):
        take(allowances, LONG, everything)
    search = Limit("search", 10, 60_000)
    assert isinstance(take(allowances, search, everything, endpoint="search"), Grant)
    assert take(allowances, search, everything, endpoint="search").why == "limit"


def test_a_refund_gives_back_once(allowances):
    grant = take(allowances, units=2)
    assert left(allowances) == [1]
    assert [allowances.refund("plain", grant), allowances.refund("plain", grant)] == [True, False]
    assert left(allowances) == [3]


def test_a_grant_is_booked_again_only_where_it_was_forgotten(allowances, shared):
    grants = [take(allowances) for _ in range(2)]
    allowances.replay("plain", grants)
    assert left(allowances) == [1]
    for key in shared.redis.scan_iter(match=f"{shared.prefix}allow:{{plain}}*"):
        shared.redis.delete(key)
    assert left(allowances) == [3]
    allowances.replay("plain", grants)
    allowances.replay("plain", grants)
    assert left(allowances) == [1]


def test_after_a_restart_nothing_is_granted_until_everybody_has_reported(allowances, shared):
    take(allowances)
    shared.redis.hset(shared.key("allow:run"), "id", "another")
    wait = take(allowances)
    assert wait.why == "settling"
    assert 0 < wait.until_ms - wait.now_ms <= 3000
    shared.redis.hset(shared.key("allow:run"), "since", 0)
    assert isinstance(take(allowances), Grant)


def test_a_call_that_was_long_under_way_counts_from_its_end(allowances):
    short = Limit("users", 1, 300)
    grant = take(allowances, short)
    time.sleep(0.2)
    late = allowances.late("plain", grant)
    assert late.at_ms >= grant.at_ms + 200
    assert take(allowances, short).until_ms == late.at_ms + 300


def test_a_late_call_that_had_left_its_window_counts_again(allowances):
    short = Limit("users", 1, 100)
    grant = take(allowances, short)
    time.sleep(0.15)
    assert left(allowances, short) == [1]
    allowances.late("plain", grant)
    assert left(allowances, short) == [0]


def test_parking_holds_one_credential_on_one_endpoint_and_is_never_shortened(allowances):
    until = allowances.park("plain", "a", "users", for_ms=60_000)
    assert allowances.park("plain", "a", "users", for_ms=1_000) == until
    wait = take(allowances)
    assert (wait.why, wait.until_ms) == ("parked", until)
    assert take(allowances, credentials=("a", "b")).credential == "b"
    assert isinstance(take(allowances, Limit("search", 3, 60_000), endpoint="search"), Grant)
    allowances.park("plain", "a", "*", for_ms=90_000)
    assert take(allowances, Limit("search", 3, 60_000), endpoint="search").why == "parked"


def test_what_a_source_says_is_left_only_lowers_ours(allowances):
    allowances.observe("plain", "a", [Observed("users", 1, 60_000)])
    allowances.observe("plain", "a", [Observed("users", 50, 60_000)])
    assert left(allowances) == [1]
    assert isinstance(take(allowances), Grant)
    assert take(allowances).why == "quota"
    allowances.observe("plain", "a", [Observed("users", 50, 120_000)])  # another window of the source
    assert isinstance(take(allowances), Grant)


def test_a_day_is_counted_between_midnights_and_closed_around_them(allowances):
    now = int(time.time() * 1000)
    day = Limit("users", 2, 0, (now - 1_000_000, now + 1_000_000), margin_ms=5000)
    assert [type(take(allowances, day)) for _ in range(3)] == [Grant, Grant, Wait]
    assert take(allowances, day).until_ms == now + 1_005_000
    edge = Limit("users", 2, 0, (now - 1_000_000, now + 2_000), margin_ms=5000)
    assert take(allowances, edge).until_ms == now + 7_000


def test_the_calls_of_a_day_are_bounded_over_all_credentials(allowances):
    pool = {"credentials": ("a", "b"), "daily_calls": 2}
    assert [type(take(allowances, **pool)) for _ in range(3)] == [Grant, Grant, Wait]
    wait = take(allowances, **pool)
    assert wait.why == "daily_calls"
    assert wait.until_ms in midnights_ms("UTC", utc_now())


def test_the_money_of_a_day_is_never_overdrawn(allowances):
    days = midnights_ms("UTC", utc_now())

    def spend(usd):
        return allowances.spend("plain", usd, most=1.0, days_ms=days)

    assert spend(0.6) is None
    assert spend(0.6) in days
    assert spend(-0.3) is None  # it cost less than was expected
    assert spend(0.6) is None
    assert allowances.left("plain", ("a",), [LONG], days_ms=days).usd == pytest.approx(0.9)


def test_a_breaker_opens_probes_and_closes(shared):
    breakers = Breakers(shared, Rules(open_ms=200, probe_ms=200))
    calls = 0
    while breakers.permit("plain").allowed:
        breakers.record("plain", BAD)
        calls += 1
    assert calls == 5
    assert breakers.states(["plain"])["plain"].reason == "5 of the last 5 fetches failed"
    breakers.record("plain", GOOD)  # of a call that began before
    assert not breakers.permit("plain").allowed
    for good in (1, 2):
        time.sleep(0.25)
        passes = [breakers.permit("plain") for _ in range(3)]
        assert [one.allowed for one in passes] == [True, False, False]
        state = breakers.record("plain", replace(GOOD, probe=passes[0].probe))
        assert state == ("half_open" if good == 1 else "closed")


def test_a_bad_probe_opens_it_again(shared):
    breakers = Breakers(shared, Rules(open_ms=100, probe_ms=100))
    for _ in range(5):
        breakers.record("plain", BAD)
    time.sleep(0.15)
    probe = breakers.permit("plain").probe
    assert probe
    assert breakers.record("plain", replace(BAD, probe=probe)) == "open"


def test_few_failures_among_many_do_not_open_it_and_slow_ones_do(shared):
    breakers = Breakers(shared, Rules(slow_ms=1000))
    for number in range(40):
        breakers.record("plain", BAD if number % 3 == 0 else GOOD)
    assert breakers.permit("plain").allowed
    for _ in range(6):
        breakers.record("slow", Result(ok=True, latency_ms=2000))
    assert not breakers.permit("slow").allowed
    assert "too slow" in breakers.states(["slow"])["slow"].reason


def test_a_person_may_hold_a_breaker_and_let_it_go(shared):
    breakers = Breakers(shared)
    assert breakers.force("plain", "open").forced
    assert not breakers.permit("plain").allowed
    breakers.force("plain", "closed")
    for _ in range(20):
        breakers.record("plain", BAD)
    assert breakers.permit("plain").allowed
    assert breakers.reset("plain").state == "closed"
    assert not breakers.states(["plain"])["plain"].forced


def test_rates_follow_the_newest_fetches_and_are_unknown_before(shared):
    breakers = Breakers(shared)
    before = breakers.states(["plain"])["plain"]
    assert (before.success, before.latency_ms, before.cost_usd) == (None, None, None)
    breakers.record("plain", Result(ok=True, latency_ms=100, cost_usd=0.01))
    breakers.record("plain", Result(ok=True, latency_ms=200, cost_usd=0.01))
    after = breakers.states(["plain"])["plain"]
    assert after.success == 1
    assert after.latency_ms == pytest.approx(110)
    assert after.cost_usd == pytest.approx(0.01)


def test_tallies_add_up_over_processes(shared):
    for _ in range(2):
        Tallies(shared).add([Count("source_calls", {"source": "plain"}, 2), Count("nothing", {}, 0)])
    assert Tallies(shared).read() == [Count("source_calls", {"source": "plain"}, 4.0)]


def test_switches_are_three_way(shared):
    switches = Switches(shared)
    switches.set("plain", enabled=False)
    switches.set("other", enabled=True)
    assert switches.read() == {"plain": False, "other": True}
    switches.set("plain", enabled=None)
    assert switches.read() == {"other": True}


def test_a_script_is_loaded_again_after_redis_forgot_it_and_a_broken_one_is_ours_to_see(shared):
    code = Script("return cjson.encode({seen = redis.call('INCR', KEYS[1])})")
    shared.run_json(code, ["counter"])
    shared.redis.script_flush()
    assert shared.run_json(code, ["counter"]) == {"seen": 2}
    with pytest.raises(QueueUnavailable):
        shared.run(Script("return redis.call('NOTHING')"), ["counter"])


async def test_what_a_restarted_redis_forgot_is_booked_by_whoever_holds_it(shared):
    pool = pool_of(Plain((Allowance("users", 3, 60),)), SourceSettings(keys=SecretStr("one")))
    async with Limits(Allowances(shared)) as limits:
        for _ in range(2):
            await limits.acquire(pool, "users")
        for key in shared.redis.scan_iter(match=f"{shared.prefix}allow:{{plain}}*"):
            shared.redis.delete(key)
        limits._run = "the run before"
        await limits.acquire(pool, "users")
        assert [one.left for one in limits.usage(pool).limits] == [0]
        with pytest.raises(SourceLimited) as limited:
            await limits.acquire(pool, "users")
        assert limited.value.retry_at is not None


async def test_a_permit_that_was_late_counts_from_its_end(shared):
    pool = pool_of(Plain((Allowance("users", 1, 10),)), SourceSettings(keys=SecretStr("one")))
    async with Limits(Allowances(shared)) as limits:
        permit = await limits.acquire(pool, "users")
        await asyncio.sleep(0.4)  # the margin of this window is 0.3 s
        await limits.ended(pool, permit)
        with pytest.raises(SourceLimited) as limited:
            await limits.acquire(pool, "users")
        assert limited.value.retry_at.timestamp() * 1000 >= permit.grant.at_ms + 10_300 + 400


async def test_calls_that_cost_more_than_their_limit_are_refused(shared):
    pool = pool_of(Plain((Allowance("users", 3, 60),)), SourceSettings(keys=SecretStr("one")))
    async with Limits(Allowances(shared)) as limits:
        with pytest.raises(SourceRefused, match="costs 4 units"):
            await limits.acquire(pool, "users", units=4)
