"""Windows, days and waits: what is counted, without the counting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from benchmarks.faults.plain import Plain
from creators.errors import (
    BadInput,
    SourceLimited,
    SourceRefused,
    SourceUnavailable,
    TargetGone,
)
from creators.settings import SourceSettings
from fetchers.breaker import verdict
from fetchers.contract import Allowance, Answer
from fetchers.limits import fingerprint, limit_of, margin_s, midnights_ms, pool_of
from fetchers.waits import wait_s

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def answer(**headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("users", 429, named, None, b"", "https://source.example/", AT)


@given(st.floats(0.01, 1e7))
def test_the_margin_leaves_more_than_95_percent_of_the_allowance(window_s):
    assert window_s / (window_s + margin_s(window_s)) > 0.95


@given(moments, st.sampled_from(["UTC", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]))
def test_midnights_lie_around_now_a_day_apart(now, zone):
    found = midnights_ms(zone, now)
    ms = now.timestamp() * 1000
    assert found[0] < ms - 86_400_000 < ms + 86_400_000 < found[-1]
    # A day on which clocks are changed is up to an hour shorter or longer.
    assert all(82_800_000 <= after - before <= 90_000_000 for before, after in pairwise(found))


def test_a_day_ends_at_midnight_where_the_source_is():
    found = [datetime.fromtimestamp(ms / 1000, UTC) for ms in midnights_ms("America/Los_Angeles", AT)]
    assert datetime(2026, 3, 1, 8, tzinfo=UTC) in found
    # The clocks go forward on 8 March 2026.
    later = midnights_ms("America/Los_Angeles", datetime(2026, 3, 8, 20, tzinfo=UTC))
    assert datetime.fromtimestamp(later[3] / 1000, UTC) == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_a_window_is_counted_with_its_margin_a_day_with_its_midnights():
    assert limit_of(Allowance("users", 900, 900), AT).window_ms == 905_000
    day = limit_of(Allowance("*", 10_000, 86_400, day_of="UTC"), AT)
    assert day.window_ms == 0
    assert len(day.midnights_ms) == 6


def test_an_endpoint_counts_for_itself_and_for_all():
    limits = (Allowance("users", 1, 60), Allowance("search", 1, 10), Allowance("*", 1, 900))
    pool = pool_of(Plain(limits), SourceSettings())
    assert [limit.endpoint for limit in pool.limits("users", AT)] == ["users", "*"]
    assert pool.shortest_s("search") == 10
    assert pool_of(Plain(), SourceSettings()).shortest_s("users") is None


def test_credentials_are_named_without_being_told():
    pool = pool_of(Plain(), SourceSettings(keys=SecretStr("one,two")))
    assert sorted(pool.credentials.values()) == ["one", "two"]
    assert not {"one", "two"} & set(pool.credentials)
    assert pool_of(Plain(), SourceSettings()).credentials == {"anonymous": ""}
    assert fingerprint("one") != fingerprint("two")


@pytest.mark.parametrize(
    ("headers", "retry_at", "seconds"),
    [
        ({"retry_after": "7"}, None, 7),
        ({"retry_after": "7"}, AT + timedelta(hours=1), 7),
        ({"retry_after": "-3"}, None, 0),
        ({"retry_after": "nan"}, None, 60),
        ({"retry_after": "1e300"}, None, 32 * 86_400),
        ({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None, 32 * 86_400),
        ({"retry_after": "Sun, 01 Mar 2026 12:00:30 GMT", "date": "Sun, 01 Mar 2026 12:00:10 GMT"}, None, 20),
        ({"retry_after": "Sun, 01 Mar 2026 12:00:30 GMT"}, None, 30),
        ({"retry_after": "soon"}, AT + timedelta(seconds=9), 10),
        ({}, AT + timedelta(seconds=9), 10),
        ({"date": "Sun, 01 Mar 2026 11:59:55 GMT"}, AT + timedelta(seconds=9), 15),
        ({}, None, 60),
    ],
)
def test_waits_go_by_the_clock_of_the_source(headers, retry_at, seconds):
    assert wait_s(answer(**headers), retry_at) == seconds


@pytest.mark.parametrize(
    ("error", "refused", "expected"),
    [
        (None, False, True),
        (TargetGone("gone"), False, True),
        (SourceLimited("later"), False, None),
        (SourceRefused("no address"), False, None),
        (SourceRefused("bad key"), True, False),
        (SourceUnavailable("503"), False, False),
        (BadInput("leads inside"), False, None),
    ],
)
def test_only_its_own_faults_count_against_a_source(error, refused, expected):
    assert verdict(error, refused_by_source=refused) is expected


def test_a_dead_host_says_nothing_about_the_open_web():
    assert verdict(SourceUnavailable("no connection"), refused_by_source=False, many_hosts=True) is None
