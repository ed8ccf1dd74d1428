"""An account that may not be kept leaves the index, stays away after a rebuild, and comes back when told of again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from creators.models import Platform, RawRecord
from creators.settings import SourceSettings
from creators.stores import receipts, tasks
from creators.stores.receipts import State
from creators.stores.tasks import TaskState
from creators.tombstones import GONE
from enrich import profiles
from enrich.jobs import enrich_one, normalise_one
from fetchers.cadence import GONE_CONFIRMATIONS
from fetchers.landing import land, last_known
from fetchers.planner import Planner
from fetchers.rounds import fetch_round
from indexers import pipeline
from indexers.jobs import index_one
from mappings.registry import CREATORS

NOW = datetime.now(UTC).replace(microsecond=0)
TARGET = "profile:github:7100001"
STEPS = {State.LANDED: normalise_one, State.NORMALISED: enrich_one, State.ENRICHED: index_one}


class _Nobody(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Keep the tests' output free."""


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """A provider that knows nobody any more."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Nobody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stores(new_installation, nobody):
    return new_installation(sources={"github_rest": SourceSettings(keys=SecretStr("one"), base_url=nobody)})


def person(at, *, native_id="7100001", login="Tilda-Makes", source="github_rest"):
    body = {"login": login, "id": int(native_id), "followers": 2311, "following": 4, "public_repos": 6}
    body |= {"type": "User", "created_at": "2012-02-29T10:11:12Z", "bio": "Weaving compilers by hand"}
    return RawRecord(
        platform=Platform.GITHUB,
        source=source,
        kind="user",
        native_id=native_id,
        fetched_at=at,
        target=f"profile:github:{native_id}",
        body=body,
    )


def work(stores):
    """Take everything that has landed to its end, as workers would."""
    while open_ones := list(receipts.unfinished(stores.cluster)):
        for receipt in open_ones:
            STEPS[receipt.state](stores, receipt.key)
    stores.cluster.refresh(CREATORS)
    balance = receipts.balance(stores.cluster)
    assert balance.is_balanced
    assert balance.dead_lettered == 0


def shown(stores):
    """Handles of all that a search could show."""
    hits = stores.cluster.scan(CREATORS, {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}]})
    return {handle for hit in hits for handle in hit["_source"]["handles"]}


def test_gone_thrice_is_gone_until_it_comes_back(stores):
    land(stores, [person(NOW), person(NOW, native_id="8", login="otto")], landed_on=NOW.date())
    work(stores)
    assert shown(stores) == {"Tilda-Makes", "otto"}
    for times in range(1, GONE_CONFIRMATIONS + 1):
        assert [outcome.kind for outcome in fetch_round(stores, [TARGET])] == ["gone"]
        work(stores)
        assert ("Tilda-Makes" in shown(stores)) is (times < GONE_CONFIRMATIONS)
    assert tasks.load(stores.cluster, [TARGET])[TARGET].state is TaskState.GONE
    (profile,) = profiles.load_accounts(stores.cluster, ["github:7100001"]).values()
    assert (profile.gone, profile.handle, profile.followers) == (True, None, None)
    assert last_known(stores, "github:7100001") == []
    before = pipeline.digest(stores)
    pipeline.rebuild(stores)
    work(stores)
    assert (pipeline.digest(stores), shown(stores)) == (before, {"otto"})
    assert tasks.load(stores.cluster, [TARGET])[TARGET].state is TaskState.GONE
    land(stores, [person(datetime.now(UTC) + timedelta(minutes=10))], landed_on=NOW.date())
    work(stores)
    assert shown(stores) == {"Tilda-Makes", "otto"}
    assert tasks.load(stores.cluster, [TARGET])[TARGET].state is TaskState.WAITING


def channel(at, native_id, name):
    statistics = {"viewCount": "9", "subscriberCount": "100", "hiddenSubscriberCount": False, "videoCount": "3"}
    body = {
        "id": native_id,
        "snippet": {"title": name, "publishedAt": "2015-01-01T00:00:00Z"},
        "statistics": statistics,
    }
    return RawRecord(
        platform=Platform.YOUTUBE,
        source="youtube_data_api",
        kind="channel",
        native_id=native_id,
        fetched_at=at,
        body=body,
    )


def test_what_is_older_than_its_owner_allows_is_dropped_once(stores):
    old, fresh = channel(NOW - timedelta(days=31), "UC1", "Old"), channel(NOW - timedelta(days=29), "UC2", "Fresh")
    land(stores, [old, fresh], landed_on=NOW.date())
    work(stores)
    stored = profiles.load_accounts(stores.cluster, ["youtube:UC1", "youtube:UC2"])
    # Its policy lets no scores be computed, and it was stamped when it landed.
    assert [one.may_derive for one in stored.values()] == [False, False]
    stores.cluster.refresh("profiles")
    assert Planner(stores).tick().leads
    work(stores)
    left = profiles.load_accounts(stores.cluster, ["youtube:UC1", "youtube:UC2"])
    assert {account_id: one.gone for account_id, one in left.items()} == {"youtube:UC1": True, "youtube:UC2": False}
    assert left["youtube:UC1"].fetched_at == NOW - timedelta(days=1)
    stores.cluster.refresh("profiles")
    # Another leader finds nothing to end.
    for key in stores.queue.redis.scan_iter(match=f"{stores.settings.index_prefix}schedule:leader"):
        stores.queue.redis.delete(key)
    tombstones = [key for key in stores.lake.list_keys() if f"/{GONE}/" in key]
    assert Planner(stores).tick().leads
    assert [key for key in stores.lake.list_keys() if f"/{GONE}/" in key] == tombstones
