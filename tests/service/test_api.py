"""Every route of the API answers, over the bundled creators."""

from __future__ import annotations

import json

import pytest

from creators.models import Platform

TEXT = "someone who teaches people to write code"
ID = "{id}"
HAPPY = {
    "/v1/creators/search": ("POST", "/v1/creators/search", {"text": TEXT}),
    "/v1/creators/similar": ("POST", "/v1/creators/similar", {"seeds": [{"creator_id": ID}]}),
    "/v1/creators/lookup": ("GET", "/v1/creators/lookup?platform=instagram&handle=cristiano", None),
    "/v1/creators/{creator_id}": ("GET", f"/v1/creators/{ID}", None),
    "/v1/creators/{creator_id}/similar": ("GET", f"/v1/creators/{ID}/similar?limit=3", None),
    "/v1/facets": ("POST", "/v1/facets", {"facets": ["niches"]}),
    "/v1/search/parse": ("POST", "/v1/search/parse", {"text": "bakers in brazil"}),
    "/v1/slo": ("GET", "/v1/slo", None),
    "/v1/suggest": ("GET", "/v1/suggest?q=cris", None),
    "/v1/dictionaries": ("GET", "/v1/dictionaries", None),
    "/healthz": ("GET", "/healthz", None),
    "/readyz": ("GET", "/readyz", None),
    "/metrics": ("GET", "/metrics", None),
}


ELSEWHERE = {
    "/v1/exports",
    "/v1/exports/{export_id}",
    "/v1/exports/{export_id}/download",
    "/v1/ingest",
    "/v1/ingest/{receipt_id}",
    "/v1/admin/sources",
    "/v1/admin/sources/{name}/{action}",
    "/v1/admin/creators/{creator_id}/cost",
    "/v1/creators/{creator_id}/identity",
    "/v1/identity/merge",
    "/v1/identity/unmerge",
    "/v1/identity/reviews",
    "/v1/identity/reviews/{review_id}",
}
"""Routes that need a worker or answer this machine only: test_exports, test_ingest_api, test_sources_admin,
test_resolution."""


@pytest.fixture(scope="module")
def known(client):
    return client.get("/v1/creators/lookup", params={"platform": "instagram", "handle": "cristiano"}).json()


def search(client, **body):
    answer = client.post("/v1/creators/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("method", "path", "body"), HAPPY.values(), ids=HAPPY)
def test_a_route_answers(client, known, method, path, body):
    text = None if body is None else json.dumps(body).replace(ID, known["creator_id"])
    headers = {"content-type": "application/json"}
    answer = client.request(method, path.replace(ID, known["creator_id"]), content=text, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.text


def test_no_route_is_forgotten_here(client):
    described = client.get("/openapi.json").json()
    assert described["paths"].keys() == HAPPY.keys() | ELSEWHERE
    assert client.get("/docs").status_code == 200


def test_the_description_names_the_problems(client):
    search_route = client.get("/openapi.json").json()["paths"]["/v1/creators/search"]["post"]
    for status in ("400", "422", "429", "503"):
        assert "application/problem+json" in search_route["responses"][status]["content"]


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready == {"status": "ready", "checks": {"index": "ok", "redis": "ok", "encoder": "ok"}}


def samples(text):
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_count_what_was_asked_and_balance(client, bundled):
    name = 'creatorscope_http_requests_total{method="POST",route="/v1/creators/search",status="200"}'
    before = samples(client.get("/metrics").text).get(name, 0)
    search(client, text=TEXT)
    measured = samples(client.get("/metrics").text)
    assert measured[name] == before + 1
    records = {state: measured[f'creatorscope_records{{state="{state}"}}'] for state in STATES}
    assert records["in"] == sum(value for state, value in records.items() if state != "in")
    assert records["in"] > 3000
    assert records["pending"] == 0
    assert measured['creatorscope_search_stage_seconds_count{stage="total"}'] >= 1
    assert measured["creatorscope_workers"] == bundled.queue.workers_alive()


STATES = ("in", "indexed", "stale", "dead_lettered", "pending")


def test_dictionaries_are_the_words_that_requests_may_use(client):
    words = client.get("/v1/dictionaries").json()
    assert words["platforms"] == [str(platform) for platform in Platform]
    niches = [niche["id"] for niche in words["niches"]]
    page = search(client, filters={"niches": niches, "domains": words["domains"]}, facets=words["facets"], limit=1)
    assert page["hits"]
    assert set(page["facets"]) == set(words["facets"])
    for field in words["sorts"]:
        assert search(client, sort={"field": field}, limit=1)["hits"]
    for value in words["has"]:
        assert search(client, filters={"has": [value]}, limit=1)["total"]
    for profile in words["profiles"]:
        assert search(client, ranking={"profile": profile}, limit=1)["profile"] == profile


@pytest.mark.parametrize(
    ("field", "order"),
    [("followers", "desc"), ("followers", "asc"), ("engagement_rate", "desc"), ("growth_90d", "asc"), ("name", "asc")],
)
def test_a_sorted_page_is_in_order_with_unknown_values_last(client, field, order):
    filters = {"platforms": ["github"]} if field != "growth_90d" else {"platforms": ["tiktok"]}
    page = search(client, sort={"field": field, "order": order}, limit=100, text=TEXT, filters=filters)
    values = [hit["creator"].get(field) for hit in page["hits"]]
    given = [value for value in values if value is not None]
    assert values == given + [None] * (len(values) - len(given))
    by = str.casefold if field == "name" else float
    keys = [by(value) for value in given]
    assert keys == sorted(keys, reverse=order == "desc")
    assert all(hit["score"] is None for hit in page["hits"])
    assert page["ranked"] is None
    assert "text, ranking and diversity have no effect" in page["notes"][0]


def test_explanations_come_only_when_asked_for(client):
    plain, explained = search(client, text=TEXT, limit=3), search(client, text=TEXT, limit=3, explain=True)
    assert [hit["explanation"] for hit in plain["hits"]] == [None] * 3
    assert all(hit["explanation"]["reasons"] for hit in explained["hits"])
    assert [hit["creator_id"] for hit in plain["hits"]] == [hit["creator_id"] for hit in explained["hits"]]


def test_a_hit_hides_what_serves_the_machine(client):
    (hit,) = search(client, text=TEXT, limit=1)["hits"]
    assert not hit["creator"].keys() & {"embedding", "names_ascii", "text_hash", "recipe", "niche_labels"}
    assert hit["creator"]["creator_id"] == hit["creator_id"]


@pytest.mark.parametrize("sort", ["relevance", "followers"])
def test_a_page_shows_the_fields_that_are_named(client, sort):
    body = {"text": TEXT, "sort": {"field": sort}, "limit": 5}
    whole = search(client, **body)["hits"]
    named = search(client, **body, fields=["followers", "accounts.youtube", "name"])["hits"]
    assert [hit["creator_id"] for hit in named] == [hit["creator_id"] for hit in whole]
    for hit, full in zip(named, whole, strict=True):
        shown = {name: value for name, value in full["creator"].items() if name in {"creator_id", "name", "followers"}}
        accounts = full["creator"]["accounts"]
        assert hit["creator"] == shown | (
            {"accounts": {"youtube": accounts["youtube"]}} if "youtube" in accounts else {}
        )


def test_creators_like_one_show_the_fields_that_are_named(client, known):
    body = {"seeds": [{"creator_id": known["creator_id"]}], "fields": ["name"], "limit": 3}
    hits = client.post("/v1/creators/similar", json=body).json()["hits"]
    assert [hit["creator"].keys() for hit in hits] == [{"creator_id", "name"}] * 3


def test_every_answer_tells_its_time_by_stage(client):
    took = search(client, text="a question that nobody has asked before", facets=["niches"])["took_ms"]
    assert {"encode", "retrieve", "retrieve.lexical", "retrieve.knn", "named", "rank", "fetch", "total"} <= took.keys()
    assert all(value >= 0 for value in took.values())


def test_a_tiny_budget_still_answers_and_names_what_is_missing(client):
    parts = {"knn", "lexical", "named", "complete.knn", "complete.lexical", "total", "facets", "fetch", "next_cursor"}
    for number in range(20):
        body = {"text": f"somebody number {number} with a garden", "budget_ms": 20, "facets": ["niches"]}
        answer = client.post("/v1/creators/search", json=body)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page["degraded"]) <= parts
        missing = {
            "total": page["total"] is None,
            "facets": not page["facets"],
            "fetch": any(not hit["creator"] for hit in page["hits"]),
        }
        for part, is_missing in missing.items():
            assert is_missing == (part in page["degraded"]), (part, page)


@pytest.mark.parametrize("given", ["abc-1.2_3", "A" * 64])
def test_a_request_id_is_kept(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given
    problem = client.get("/v1/creators/nobody", headers={"X-Request-ID": given})
    assert problem.headers["x-request-id"] == problem.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "A" * 65, "two words", "<script>", "ümlaut"])
def test_a_request_id_that_is_none_is_replaced(client, given):
    answer = client.get("/healthz", headers={"X-Request-ID": given.encode()})
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != client.get("/healthz").headers["x-request-id"]
