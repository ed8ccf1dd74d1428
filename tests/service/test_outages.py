"""A store that is gone, or hangs: what can be answered is answered in time, the rest is named."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from creators.stores import cache as caching
from tests.fixtures.forwarder import Forwarder
from tests.fixtures.remembered import until_remembered

SEARCH = "/v1/creators/search"
BUDGET_MS = 1000
SLACK_S = 6
"""On top of the budget: far above what a busy machine adds, far below the 10 s of the client's own limit."""


@contextmanager
def app(stores, **changes):
    with TestClient(create_app(stores.settings.model_copy(update=changes)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def closed_port():
    """A port that nobody listens on, taken so that nobody will."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture(scope="module")
def slow_cluster(bundled):
    """An API whose OpenSearch can be made to hang."""
    with closing(Forwarder(bundled.settings.opensearch_url)) as held, app(bundled, opensearch_url=held.url) as client:
        yield client, held


@pytest.fixture(scope="module")
def slow_redis(bundled):
    """An API whose Redis can be made to hang."""
    address = bundled.settings.redis_url.get_secret_value()
    with closing(Forwarder(address)) as held, app(bundled, redis_url=SecretStr(held.url)) as client:
        yield client, held


def ask(client, **body):
    started = time.monotonic()
    answer = client.post(SEARCH, json={"budget_ms": BUDGET_MS, **body})
    assert time.monotonic() - started < BUDGET_MS / 1000 + SLACK_S
    return answer


def unavailable(answer, code):
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert int(answer.headers["retry-after"]) > 0


def test_without_opensearch_every_question_is_a_503_that_says_when_to_come_back(bundled, closed_port):
    with app(bundled, opensearch_url=f"http://127.0.0.1:{closed_port}") as client:
        for answer in (
            client.post(SEARCH, json={"text": "music"}),
            client.post(SEARCH, json={}),
            client.post(SEARCH, json={"sort": {"field": "followers"}}),
            client.post("/v1/creators/similar", json={"seeds": [{"creator_id": "somebody"}]}),
            client.get("/v1/creators/somebody"),
            client.get("/v1/creators/lookup?platform=x&handle=somebody"),
            client.get("/v1/suggest?q=some"),
        ):
            unavailable(answer, "cluster_unavailable")
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["redis"] == "ok"
        assert ready.json()["checks"]["index"] != "ok"
        metrics = client.get("/metrics")
        assert metrics.status_code == 200
        assert (
            'creatorscope_http_requests_total{method="POST",route="/v1/creators/search",status="503"}' in metrics.text
        )


@pytest.mark.parametrize("sort", ["relevance", "followers"])
def test_without_redis_searches_answer_and_name_the_missing_cursor(bundled, closed_port, sort):
    with app(bundled, redis_url=SecretStr(f"redis://127.0.0.1:{closed_port}/0")) as client:
        answer = client.post(SEARCH, json={"text": "music", "sort": {"field": sort}, "limit": 5, "budget_ms": 20_000})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["hits"]) == 5
        assert all(hit["creator"] for hit in page["hits"])
        assert (page["degraded"], page["next_cursor"]) == (["next_cursor"], None)
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["index"]) == (503, "ok")
        assert client.get("/v1/creators/lookup?platform=instagram&handle=cristiano").status_code == 200


def test_without_redis_a_further_page_is_a_503(bundled, client, closed_port):
    cursor = client.post(SEARCH, json={"text": "music", "limit": 5}).json()["next_cursor"]
    with app(bundled, redis_url=SecretStr(f"redis://127.0.0.1:{closed_port}/0")) as lonely:
        unavailable(lonely.post(SEARCH, json={"text": "music", "limit": 5, "cursor": cursor}), "queue_unavailable")


@pytest.mark.parametrize("sort", ["relevance", "followers"])
def test_a_search_keeps_its_budget_while_opensearch_hangs(slow_cluster, sort):
    client, forwarder = slow_cluster
    body = {"text": "music", "facets": ["niches"], "sort": {"field": sort}}
    assert ask(client, **body).status_code == 200
    with forwarder.held():
        answer = ask(client, **body, filters={"followers": {"max": 10**9}})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["hits"] == []
    assert (page["total"], page["facets"], page["next_cursor"]) == (None, {}, None)
    arms = {"lexical", "knn"} if sort == "relevance" else {"retrieve"}
    assert set(page["degraded"]) >= {"total", "facets", *arms}


def test_what_was_just_asked_is_ranked_and_counted_from_the_cache_while_opensearch_hangs(slow_cluster, monkeypatch):
    # What is checked is that it is found, not how fast this machine is.
    monkeypatch.setattr(caching, "WAIT_S", 10.0)
    client, forwarder = slow_cluster
    body = {"text": "songs about rain", "facets": ["niches"], "limit": 5}
    before = until_remembered(lambda: ask(client, **body, budget_ms=20_000).json())
    with forwarder.held():
        page = ask(client, **body).json()
    assert [hit["creator_id"] for hit in page["hits"]] == [hit["creator_id"] for hit in before["hits"]]
    assert (page["total"], page["facets"]) == (before["total"], before["facets"])
    assert "fetch" in page["degraded"]


def test_similar_keeps_its_budget_while_opensearch_hangs(slow_cluster):
    client, forwarder = slow_cluster
    known = client.get("/v1/creators/lookup?platform=instagram&handle=cristiano").json()["creator_id"]
    body = {"seeds": [{"creator_id": known}], "budget_ms": BUDGET_MS}
    assert client.post("/v1/creators/similar", json=body).json()["hits"]
    with forwarder.held():
        started = time.monotonic()
        answer = client.post("/v1/creators/similar", json=body)
        assert time.monotonic() - started < BUDGET_MS / 1000 + SLACK_S
    assert answer.status_code in {200, 503}, answer.text
    assert answer.status_code == 503 or answer.json()["degraded"]


def test_the_next_search_is_whole_again_once_opensearch_answers(slow_cluster):
    client, forwarder = slow_cluster
    with forwarder.held():
        assert ask(client, text="music").json()["degraded"]
    page = ask(client, text="music", budget_ms=20_000).json()
    assert page["degraded"] == []
    assert len(page["hits"]) == 20


@pytest.mark.parametrize("sort", ["relevance", "followers"])
def test_a_search_keeps_its_budget_while_redis_hangs(slow_redis, sort):
    client, forwarder = slow_redis
    body = {"text": "music", "sort": {"field": sort}, "limit": 5}
    assert ask(client, **body).json()["next_cursor"]
    with forwarder.held():
        answer = ask(client, **body)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert len(page["hits"]) == 5
    assert "next_cursor" in page["degraded"]
    assert page["next_cursor"] is None


def test_health_answers_while_opensearch_hangs(slow_cluster):
    client, forwarder = slow_cluster
    with forwarder.held():
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "did not answer" in ready.json()["checks"]["index"]


def test_too_many_at_once_are_told_to_come_back(bundled):
    with (
        closing(Forwarder(bundled.settings.opensearch_url)) as forwarder,
        app(bundled, opensearch_url=forwarder.url, max_in_flight=1) as client,
        forwarder.held(),
    ):
        answers = list(ThreadPoolExecutor(4).map(lambda text: ask(client, text=text, budget_ms=3000), "abcd"))
        assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 429]
        refused = max(answers, key=lambda answer: answer.status_code)
        assert refused.json()["code"] == "overloaded"
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
