"""Single requests of a search are late or broken, by a proxy before the real OpenSearch: the rest is answered in time.

Every question has a filter that nobody asked before: what is kept from another question would hide the trouble.
"""

import itertools
import json
import time
from contextlib import closing, contextmanager

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from creators.stores import cache as caching
from search import caches
from tests.fixtures.forwarder import Forwarder
from tests.fixtures.remembered import until_remembered
from tests.fixtures.slow_proxy import Seen, SlowProxy, delayed, half_json, reset, torn, unavailable

SEARCH = "/v1/creators/search"
BUDGET_MS = 3000
FAR_S = 20 * BUDGET_MS / 1000
"""No measurement: an answer that comes later waited for what it was to leave out."""
BROKEN = [reset, unavailable, half_json, torn]
ARMS = ["lexical", "knn"]
_unasked = itertools.count(2)


def part_of(request: Seen) -> str | None:
    """Return which part of a search a request is for."""
    if request.path.endswith("/_msearch"):
        return "count" if request.bodies[0].get("size") == 0 else "complete"
    if not request.path.endswith("/_search"):
        return None
    body = request.json
    query = json.dumps(body.get("query"))
    # Candidates come with all that the ranking reads.
    is_of_an_arm = len(body.get("docvalue_fields", ())) > 1
    parts = {
        "fetch": isinstance(body.get("_source"), dict),
        "knn": is_of_an_arm and '"embedding"' in query,
        "lexical": is_of_an_arm and '"multi_match"' in query,
    }
    return next((name for name, it_is in parts.items() if it_is), "other")


def is_part(*names):
    return lambda request: part_of(request) in names


def is_search(request):
    return part_of(request) is not None


@contextmanager
def app(stores, **changes):
    settings = stores.settings.model_copy(update=changes)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def behind(bundled):
    """An API and the proxy through which it reaches OpenSearch."""
    with closing(SlowProxy(bundled.settings.opensearch_url)) as proxy, app(bundled, opensearch_url=proxy.url) as client:
        yield client, proxy


def question(text="music", **more):
    return {"text": text, "filters": {"followers": {"min": next(_unasked)}}, "facets": ["niches"], "limit": 5, **more}


def ask(client, body):
    started = time.monotonic()
    answer = client.post(SEARCH, json={"budget_ms": BUDGET_MS, **body})
    assert time.monotonic() - started < FAR_S
    return answer


def answered(client, body):
    answer = ask(client, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_displayed(page):
    return len(page["hits"]) == 5 and all(hit["creator"]["name"] for hit in page["hits"])


def is_whole(page):
    return page["degraded"] == [] and is_displayed(page) and page["total"]["value"] > 0 and page["facets"]["niches"]


def test_the_proxy_alone_changes_nothing(behind, client):
    through, proxy = behind
    body = question(budget_ms=30_000)
    with proxy.when(is_part(*ARMS, "count", "fetch"), delayed(0)) as passed:
        page = answered(through, body)
    assert passed.count >= 4, "each part is a request of its own, which the proxy knows"
    assert is_whole(page)
    direct = answered(client, body)
    assert [hit["creator_id"] for hit in page["hits"]] == [hit["creator_id"] for hit in direct["hits"]]
    assert page["total"] == direct["total"]


@pytest.mark.parametrize("arm", ARMS)
def test_a_slow_arm_is_left_out_and_the_other_answers(behind, arm):
    client, proxy = behind
    body = question()
    with proxy.when(is_part(arm), delayed(60)) as slow:
        page = answered(client, body)
    assert slow.count
    assert is_displayed(page)
    assert arm in page["degraded"]
    assert not {*ARMS, "fetch", "total", "facets"} - {arm} & set(page["degraded"])
    assert page["total"]["value"] > 0


@pytest.mark.parametrize("trouble", BROKEN, ids=lambda one: one.__name__)
@pytest.mark.parametrize("arm", ARMS)
def test_a_broken_arm_is_left_out_and_the_other_answers(behind, arm, trouble):
    client, proxy = behind
    with proxy.when(is_part(arm), trouble) as broken:
        page = answered(client, question(budget_ms=30_000))
    assert broken.count
    assert is_displayed(page)
    assert page["degraded"] == [arm]


@pytest.mark.parametrize("trouble", [delayed(60), *BROKEN], ids=["slow", *(one.__name__ for one in BROKEN)])
def test_hits_come_without_a_count(behind, trouble):
    client, proxy = behind
    with proxy.when(is_part("count"), trouble) as uncounted:
        page = answered(client, question())
    assert uncounted.count
    assert is_displayed(page)
    assert (page["total"], page["facets"]) == (None, {})
    assert {"total", "facets"} <= set(page["degraded"])
    assert not {*ARMS, "fetch"} & set(page["degraded"])


@pytest.mark.parametrize("trouble", [delayed(60), *BROKEN], ids=["slow", *(one.__name__ for one in BROKEN)])
def test_ids_and_scores_come_without_what_is_displayed(behind, trouble):
    client, proxy = behind
    with proxy.when(is_part("fetch"), trouble) as unfetched:
        page = answered(client, question(explain=True))
    assert unfetched.count
    assert len(page["hits"]) == 5
    for hit in page["hits"]:
        assert hit["creator_id"]
        assert hit["score"] > 0
        assert hit["explanation"]
        assert hit["creator"] == {}
    assert "fetch" in page["degraded"]
    assert not set(ARMS) & set(page["degraded"])
    assert page["total"]["value"] > 0


def test_a_fused_answer_whose_scores_cannot_be_had_is_done_without_them(behind):
    client, proxy = behind
    with proxy.when(is_part("complete"), delayed(60)):
        page = answered(client, question(ranking={"executor": "native_hybrid"}))
    assert is_displayed(page)
    assert {"complete.lexical", "complete.knn"} <= set(page["degraded"])
    assert not {"hybrid", "fetch", "total"} & set(page["degraded"])


@pytest.mark.parametrize("every", [is_search, lambda _request: True], ids=["searches", "requests"])
def test_when_everything_is_slow_all_is_named(behind, every):
    client, proxy = behind
    with proxy.when(every, delayed(60)):
        page = answered(client, question())
    assert page["hits"] == []
    assert (page["total"], page["facets"], page["next_cursor"]) == (None, {}, None)
    assert {*ARMS, "total", "facets"} <= set(page["degraded"])


@pytest.mark.parametrize("trouble", BROKEN, ids=lambda one: one.__name__)
def test_when_everything_is_broken_the_answer_is_503(behind, trouble):
    client, proxy = behind
    with proxy.when(lambda _request: True, trouble):
        answer = ask(client, question())
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "cluster_unavailable"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("part", [*ARMS, "count", "fetch"])
def test_what_was_left_out_once_is_not_left_out_for_everybody_after(behind, part):
    client, proxy = behind
    body = question(budget_ms=30_000)
    with proxy.when(is_part(part), unavailable):
        assert answered(client, body)["degraded"]
    assert is_whole(answered(client, body))


def test_slow_redis_costs_the_next_page_and_nothing_else(bundled, client):
    address = bundled.settings.redis_url.get_secret_value()
    with closing(Forwarder(address)) as forwarder, app(bundled, redis_url=SecretStr(forwarder.url)) as lonely:
        body = question()
        with forwarder.held():
            page = answered(lonely, body)
        assert is_displayed(page)
        assert page["total"]["value"] > 0
        assert set(page["degraded"]) <= {"next_cursor"}
    assert [hit["creator_id"] for hit in page["hits"]] == [hit["creator_id"] for hit in answered(client, body)["hits"]]


def test_a_question_that_was_answered_needs_neither_arms_nor_count(behind, monkeypatch):
    # What is checked is that it is found, not how fast this machine is.
    monkeypatch.setattr(caching, "WAIT_S", 10.0)
    monkeypatch.setattr(caches, "VERSION_WAIT_S", 10.0)
    client, proxy = behind
    body = question(budget_ms=30_000)
    first = until_remembered(lambda: answered(client, body))
    assert is_whole(first)
    with proxy.when(is_part(*ARMS, "count", "complete"), unavailable) as asked:
        again = answered(client, body | {"limit": 3})
    assert asked.count == 0
    assert again["degraded"] == []
    assert again["hits"] == first["hits"][:3]
    assert (again["total"], again["facets"]) == (first["total"], first["facets"])


def test_the_objective_counts_what_was_late_and_what_failed(behind):
    client, proxy = behind
    before = client.get("/v1/slo").json()["windows"]["60m"]
    with proxy.when(lambda _request: True, unavailable):
        assert ask(client, question()).status_code == 503
    page = answered(client, question(budget_ms=30_000))
    ask(client, {"nonsense": 1})
    after = client.get("/v1/slo").json()["windows"]["60m"]
    assert after["failed"] == before["failed"] + 1
    assert after["count"] == before["count"] + 1
    assert set(page["took_ms"]) <= set(after["stages"])
    assert after["max_ms"] >= page["took_ms"]["total"]
    assert 0 <= after["share_within_budget"] <= 1
    assert 'creatorscope_search_latency_seconds{quantile="0.9",window="5m"}' in client.get("/metrics").text
