"""What came from outside lies in the lake under its day: it is found there when nobody booked it, and used again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from creators.models import Account, Platform, RawRecord
from creators.stores import receipts
from creators.stores.scripts import Shared
from enrich import profiles
from fetchers.landing import land, last_known
from indexers import pipeline

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


def record(native_id, target, *, at=NOW, kind="user", source="x_api_v2"):
    return RawRecord(
        platform=Platform.X, source=source, kind=kind, native_id=native_id, fetched_at=at, target=target, body={}
    )


def known_by(stores, native_id, key):
    account = Account(platform=Platform.X, native_id=native_id, source="x_api_v2", fetched_at=NOW)
    profiles.save(stores.cluster, [account], [], raw_key=key)


def test_what_was_known_last_is_of_this_account_only(stores):
    records = [
        record("12", "profile:x:12"),
        record("12-posts", "profile:x:12", kind="tweets"),
        record("123", "profile:x:123"),
        record("1", "search:x:x:1"),
        record("7", "search:x:1"),
        record("1", "profile:x:@ann"),
        record("1-posts", "profile:x:@ann", kind="tweets"),
    ]
    (key,) = land(stores, records, landed_on=NOW.date())
    for native_id in ("1", "12", "7"):
        known_by(stores, native_id, key)
    told = {account_id: last_known(stores, account_id) for account_id in ("x:1", "x:12", "x:7", "x:404")}
    assert {account_id: [one.native_id for one in found] for account_id, found in told.items()} == {
        "x:1": ["1", "1", "1-posts"],
        "x:12": ["12", "12-posts"],
        "x:7": ["7"],
        "x:404": [],
    }
    assert all(one.degraded and one.fetched_at > NOW for found in told.values() for one in found)


def test_what_nobody_booked_is_found_however_long_ago_a_worker_last_looked(stores):
    old = record("5", None, at=NOW - timedelta(days=900), source="event")
    before = record("6", None, at=NOW, source="event")
    today = stores.lake.put([old], landed_on=NOW.date())
    lately = stores.lake.put([before], landed_on=(NOW - timedelta(days=2)).date())
    looked = Shared(stores.queue.redis, stores.settings.index_prefix).key(pipeline.LOOKED_KEY)
    stores.queue.redis.set(looked, (NOW - timedelta(days=2)).isoformat())
    assert pipeline.adopt_since_last(stores) == 2
    assert receipts.known(stores.cluster, [today.key, lately.key]) == {today.key, lately.key}
    assert datetime.fromisoformat(stores.queue.redis.get(looked).decode()) >= NOW
    assert pipeline.adopt_since_last(stores) == 0
