"""Posted records go through the real pipeline, and can be followed until they are found."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.installation import workers
from creators.stores import receipts
from creators.stores.session import Stores
from enrich.jobs import normalise_one

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
EVENT = {
    "platform": "github",
    "native_id": "7100001",
    "handle": "Tilda-Makes",
    "name": "Tilda Åkesson",
    "bio": "Weaving compilers by hand",
    "followers": 2311,
    "recent_posts": [{"native_id": "repo:9001", "text": "warp: a loom for parse trees", "likes": 1840}],
}
PATIENCE_S = 90


@pytest.fixture(scope="module")
def stores(new_installation) -> Stores:
    return new_installation()


def _client(stores: Stores, peer: str) -> TestClient:
    return TestClient(
        create_app(stores.settings),
        base_url="http://127.0.0.1",
        client=(peer, 50_000),
        raise_server_exceptions=False,
    )


@pytest.fixture(scope="module")
def local(stores) -> Iterator[TestClient]:
    with _client(stores, "127.0.0.1") as client:
        yield client


def _until(good: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := good()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_events_are_taken_in_once_followed_and_found(stores, local):
    other = {"platform": "x", "handle": "otto_parse", "bio": "Parsers, mostly", "followers": 12}
    body = {"source": "event", "records": [EVENT, other]}
    answer = local.post("/v1/ingest", json=body)
    assert answer.status_code == 202, answer.text
    posted = answer.json()
    assert (posted["records"], posted["pending"]) == (2, 2)
    again = local.post("/v1/ingest", json=dict(reversed(body.items()))).json()
    assert again["receipt_id"] == posted["receipt_id"]
    assert [one["key"] for one in again["objects"]] == [one["key"] for one in posted["objects"]]
    with workers(stores.settings, 1):
        done = _until(lambda: (now := local.get(answer.headers["location"]).json())["pending"] == 0 and now)
        assert (done["indexed"], {one["state"] for one in done["objects"]}) == (2, {"indexed"})
        found = _until(
            lambda: (
                (known := local.get("/v1/creators/lookup", params={"platform": "github", "handle": "tilda-makes"}))
                and known.status_code == 200
                and known.json()
            )
        )
    assert found["accounts"]["github"]["followers"] == 2311
    balance = receipts.balance(stores.cluster)
    assert (balance.rows_in, balance.indexed, balance.is_balanced) == (2, 2, True)


def test_a_batch_with_one_wrong_record_is_refused_whole_and_says_which(stores, local):
    before = stores.lake.list_keys("")
    answer = local.post("/v1/ingest", json={"source": "event", "records": [EVENT, EVENT | {"folowers": 1}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == "/records/1/folowers"
    assert "followers" in problem["detail"]
    user = {"kind": "user", "platform": "github", "native_id": "7", "body": {"login": "a", "id": "seven"}}
    answer = local.post("/v1/ingest", json={"source": "github_rest", "records": [user]})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert answer.json()["errors"][0]["pointer"] == "/records/0/body/id"
    future = EVENT | {"observed_at": "2999-01-01T00:00:00Z"}
    assert local.post("/v1/ingest", json={"source": "event", "records": [future]}).status_code == 422
    for body in ({"source": "event", "records": []}, {"source": "nobody", "records": [user]}, {"records": [EVENT]}):
        assert local.post("/v1/ingest", json=body).status_code == 422, body
    assert stores.lake.list_keys("") == before


def test_answers_of_a_source_are_filed_under_that_source(local):
    channel = {"id": "UCdddddddddddddddddddddd", "snippet": {"title": "Kilns", "publishedAt": "2020-01-01T00:00:00Z"}}
    record = {"kind": "channel", "platform": "youtube", "native_id": channel["id"], "body": channel}
    posted = local.post(
        "/v1/ingest",
        json={"source": "youtube_data_api", "records": [record | {"observed_at": "2026-01-02T03:04:05Z"}]},
    ).json()
    (landed,) = posted["objects"]
    assert landed["key"].startswith(
        f"creator-raw/youtube/{posted['received_at'][:10].replace('-', '/')}/youtube_data_api/"
    )
    assert local.get(f"/v1/ingest/{posted['receipt_id']}").json()["records"] == 1


def test_an_unknown_receipt_is_not_found_and_other_machines_are_refused(stores, local):
    assert local.get(f"/v1/ingest/{'0' * 32}").status_code == 404
    assert local.get("/v1/ingest/../../etc").status_code in {404, 422}
    assert local.get("/v1/ingest/x").status_code == 422
    with _client(stores, "192.0.2.1") as remote:
        for answer in (
            remote.post("/v1/ingest", json={"source": "event", "records": [EVENT]}),
            remote.get("/v1/ingest/x"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_local")


TIMES = ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "1969-12-31T00:00:00Z", "now", 1e300, -1)
EVENTS_NOBODY_SHOULD_SEND: tuple[dict[str, Any], ...] = (
    *({"last_posted_at": time} for time in TIMES),
    *({"recent_posts": [{"native_id": "1", "posted_at": time}]} for time in TIMES),
    *({"joined_on": day} for day in ("0001-01-01", "9999-12-31", "2020-13-01")),
    *({"observed_at": time} for time in TIMES),
    *({"name": text} for text in ("\ud800", "\x00", "\u202e", "a" * 301)),
    *({"followers": count} for count in (10**16, 10**400, 1.5, "many", [])),
    *({"website": url} for url in ("http://[::1/", "http://a.b]/", "//x.example", "http://user:pw@x.example/")),
    *({"links": [url]} for url in ("http://a.b]/", "x.com:99999/otto", "https://x.com/\u200b")),
    *({"recent_posts": [{"native_id": post_id}]} for post_id in ("\x00", "\u00e9" * 256, "a" * 257, "")),
    {"\ud800": 1},
    {"categories": ["\x00"], "topics": ["x" * 300] * 50},
    {"native_id": "9" * 31},
    {"handle": "\u200b"},
)
BODIES_NOBODY_SHOULD_SEND = (
    "null",
    "[]",
    '{"source": "event", "records": {}}',
    '{"source": "event", "records": [null]}',
    '{"source": "\\ud800", "records": [1]}',
    '{"source": "github_rest", "records": [{"kind": "user", "platform": "x", "native_id": "7", "body": {}}]}',
    '{"source": "event", "records": [{"platform": "x", "handle": "o", "followers": NaN}]}',
    '{"source": "event", "records": [{"platform": "x", "handle": "o", "followers": 1e400}]}',
    '{"source": "github_rest", "records": ' + "[" * 5_000 + "]" * 5_000 + "}",
)


def test_whatever_is_posted_is_refused_or_can_be_read(stores, local):
    headers = {"content-type": "application/json"}
    known = set(stores.lake.list_keys())
    bodies = [
        json.dumps({"source": "event", "records": [{"platform": "x", "handle": "otto"} | event]})
        for event in EVENTS_NOBODY_SHOULD_SEND
    ]
    statuses = [
        local.post("/v1/ingest", content=body.encode(), headers=headers).status_code
        for body in (*bodies, *BODIES_NOBODY_SHOULD_SEND)
    ]
    assert set(statuses) <= {202, 400, 422}
    assert set(statuses[-len(BODIES_NOBODY_SHOULD_SEND) :]) <= {400, 422}
    landed = set(stores.lake.list_keys()) - known
    assert len(landed) == len([status for status in statuses if status == 202])
    for key in landed:
        assert normalise_one(stores, key).dead_lettered == 0, stores.lake.read(key)


def test_a_body_about_somebody_else_than_it_says_is_refused(local):
    user = json.loads((PAYLOADS / "github_rest" / "user.json").read_text(encoding="utf-8"))
    record = {name: user[name] for name in ("kind", "platform", "native_id", "body")}
    for change, pointer in (
        ({"native_id": "1"}, "/records/0/native_id"),
        ({"platform": "x"}, "/records/0/platform"),
        ({"kind": "poem"}, "/records/0/body/kind"),
    ):
        answer = local.post("/v1/ingest", json={"source": "github_rest", "records": [record | change]})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    nested: dict[str, object] = {}
    for _ in range(220):
        nested = {"deeper": nested}
    deep = record | {"body": record["body"] | {"unknown": nested}}
    answer = local.post("/v1/ingest", json={"source": "github_rest", "records": [record, deep]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/records/1/body")
    assert local.post("/v1/ingest", json={"source": "github_rest", "records": [record]}).status_code == 202
