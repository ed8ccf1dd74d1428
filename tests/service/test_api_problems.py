"""Whatever is sent, the answer is a problem with a stable code that says what to change, and never a crash."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from search.cursor import Position, encode

SEARCH = "/v1/creators/search"
SIMILAR = "/v1/creators/similar"
JSON = {"content-type": "application/json"}
CODES = {
    400: {"malformed_body", "bad_cursor"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    413: {"body_too_large"},
    415: {"unsupported_media_type"},
    422: {"invalid_request"},
}


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:creatorscope:problem:{code}"
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def sane(answer):
    """Either an answer or a problem; never the unforeseen."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in CODES[answer.status_code]
    return answer


UNKNOWN = {
    "txt": "text",
    "filter": "filters",
    "sorting": "sort",
    "facet": "facets",
    "limits": "limit",
    "cursors": "cursor",
    "explained": "explain",
    "budget": "budget_ms",
    "rankings": "ranking",
    "zzzzzzzz": None,
}


def test_ten_unknown_fields_are_all_named_with_the_nearest(client):
    body = problem(client.post(SEARCH, json=dict.fromkeys(UNKNOWN, 1)), 422, "invalid_request")
    named = {error["pointer"]: error["detail"] for error in body["errors"]}
    assert named.keys() == {f"/{name}" for name in UNKNOWN}
    for name, nearest in UNKNOWN.items():
        assert repr(name) in named[f"/{name}"]
        if nearest:
            assert f"did you mean {nearest!r}" in named[f"/{name}"]
        else:
            assert "known here: text, parse, filters" in named[f"/{name}"]


@pytest.mark.parametrize(
    ("filters", "pointer", "nearest"),
    [
        ({"platform": ["x"]}, "/filters/platform", "platforms"),
        ({"followers": {"minimum": 1}}, "/filters/followers/minimum", "min"),
        ({"exclude": {"niche": ["food"]}}, "/filters/exclude/niche", "niches"),
        ({"accounts": {"x": {"follower": {"min": 1}}}}, "/filters/accounts/x/follower", "followers"),
    ],
)
def test_an_unknown_field_inside_is_named_by_its_pointer(client, filters, pointer, nearest):
    (error,) = problem(client.post(SEARCH, json={"filters": filters}), 422, "invalid_request")["errors"]
    assert error["pointer"] == pointer
    assert f"did you mean {nearest!r}" in error["detail"]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"limit": -1}, "/limit", "greater than or equal to 1"),
        ({"limit": 0}, "/limit", "greater than or equal to 1"),
        ({"limit": 101}, "/limit", "less than or equal to 100"),
        ({"limit": "many"}, "/limit", "integer"),
        ({"text": "x" * 1001}, "/text", "1000"),
        ({"text": None}, "/text", "string"),
        ({"budget_ms": 19}, "/budget_ms", "20"),
        ({"sort": {"field": "fame"}}, "/sort/field", "followers"),
        ({"facets": ["nitche"]}, "/facets", "niches"),
        ({"filters": {"niches": ["cooking"]}}, "/filters/niches", "did you mean"),
        ({"filters": {"countries": ["Atlantis"]}}, "/filters/countries", "ISO 3166"),
        ({"filters": {"platforms": ["myspace"]}}, "/filters/platforms/0", "instagram"),
        ({"filters": {"followers": {"min": 2, "max": 1}}}, "/filters/followers", "greater than max"),
        ({"filters": {"followers": {"min": -1}}}, "/filters/followers/min", "greater than or equal to 0"),
        ({"filters": {"followers": {"min": 10**30}}}, "/filters/followers/min", "less than or equal"),
        ({"filters": {"followers": {"min": 1.5}}}, "/filters/followers/min", "integer"),
        ({"ranking": {"profile": "best"}}, "/ranking/profile", "balanced"),
        ({"ranking": {"weights": {"luck": 1}}}, "/ranking/weights", "semantic"),
        ({"ranking": {"weights": {"semantic": -1}}}, "/ranking/weights/semantic", "greater than or equal to 0"),
        ({"ranking": {"arms": ["left"]}}, "/ranking/arms/0", "lexical"),
        ([], "/", "object"),
        ("text", "/", "object"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
def test_a_wrong_value_is_named_by_its_pointer(client, body, pointer, words):
    first = problem(client.post(SEARCH, json=body), 422, "invalid_request")["errors"][0]
    assert first["pointer"] == pointer
    assert words in first["detail"]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 6000], ids=lambda number: number[:9]
)
@pytest.mark.parametrize(
    "body",
    [
        '{"filters": {"engagement_rate": {"min": %s}}}',
        '{"filters": {"followers": {"max": %s}}}',
        '{"ranking": {"weights": {"semantic": %s}}}',
        '{"filters": {"last_posted_days": %s}}',
        '{"limit": %s}',
    ],
    ids=["rate", "count", "weight", "days", "limit"],
)
def test_a_number_that_no_store_holds_is_refused(client, body, number):
    answer = sane(client.post(SEARCH, content=body % number, headers=JSON))
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"text=hello", b"\xff\xfe\x00", b'{"text": "a"} trailing', b'{"text": }', b"\x00" * 100],
    ids=repr,
)
def test_a_body_that_is_not_json(client, content):
    for path in (SEARCH, SIMILAR):
        answer = sane(client.post(path, content=content, headers=JSON))
        assert answer.status_code in {400, 422}
    if content:
        problem(answer, 400, "malformed_body")


def test_json_nested_too_deeply_is_refused(client):
    for opening, closing in (("[", "]"), ('{"text":', "}")):
        content = opening * 100_000 + "1" + closing * 100_000
        answer = sane(client.post(SEARCH, content=content, headers=JSON))
        assert answer.status_code in {400, 413, 422}
    nested = {"filters": {"followers": json.loads("[" * 500 + "]" * 500)}}
    assert sane(client.post(SEARCH, json=nested)).status_code == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_told_which_one_to_send(client, kind):
    answer = client.post(SEARCH, content=b'{"text": "music"}', headers={"content-type": kind})
    assert "application/json" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_body_beyond_the_limit(client, bundled):
    limit = bundled.settings.max_body_bytes
    just = json.dumps({"text": ""}).encode()
    fits = just + b" " * (limit - len(just))
    assert client.post(SEARCH, content=fits, headers=JSON).status_code == 200
    problem(client.post(SEARCH, content=fits + b" ", headers=JSON), 413, "body_too_large")
    problem(client.post(SEARCH, content=(b" " * 65_536 for _ in range(100))), 413, "body_too_large")


@pytest.mark.parametrize("where", ["text", "cursor", "field", "topics", "creator_ids", "seed", "niches", "weights"])
def test_half_an_emoji_is_no_crash(client, where):
    lone = "\\ud800"
    bodies = {
        "text": (SEARCH, f'{{"text": "music {lone}"}}'),
        "cursor": (SEARCH, f'{{"cursor": "{lone}"}}'),
        "field": (SEARCH, f'{{"{lone}": 1}}'),
        "topics": (SEARCH, f'{{"filters": {{"topics": ["{lone}"]}}}}'),
        "creator_ids": (SEARCH, f'{{"filters": {{"exclude": {{"creator_ids": ["{lone}"]}}}}}}'),
        "seed": (SIMILAR, f'{{"seeds": [{{"creator_id": "{lone}"}}]}}'),
        "niches": (SEARCH, f'{{"filters": {{"niches": ["{lone}"]}}}}'),
        "weights": (SEARCH, f'{{"ranking": {{"weights": {{"{lone}": 1}}}}}}'),
    }
    path, body = bodies[where]
    sane(client.post(path, content=body, headers=JSON))


ODD_IDS = ["", " ", ".", "..", "../..", "a/b", "_search", "%", "\x00", "\u202e", "*", "x" * 600, "é" * 300, "a,b", "?#"]


@pytest.mark.parametrize("odd", ODD_IDS, ids=ascii)
def test_an_odd_id_is_nobody(client, odd):
    answer = client.post(SIMILAR, json={"seeds": [{"creator_id": odd}]})
    assert sane(answer).status_code in {404, 422}
    excluded = client.post(SEARCH, json={"filters": {"exclude": {"creator_ids": [odd]}}, "limit": 1})
    assert sane(excluded).status_code == 200
    lookup = client.get("/v1/creators/lookup", params={"platform": "x", "handle": odd})
    assert sane(lookup).status_code in {404, 422}
    assert sane(client.get("/v1/suggest", params={"q": odd})).status_code in {200, 422}


@pytest.mark.parametrize(
    "path",
    ["%2e%2e", "%2e", "..%2f..", "%00", "%ED%A0%80", "%FF", "*", "_mapping", "a%2fb", "%2e%2e%2fcreators", "x" * 2000],
)
def test_an_odd_path_is_nobody(client, path):
    raw = client.build_request("GET", f"/v1/creators/{path}")
    assert sane(client.send(raw)).status_code in {404, 422}
    assert sane(client.get(f"/v1/creators/{path}/similar")).status_code in {404, 422}


def test_a_cursor_of_somebody_else(client):
    forged = encode(Position("token", 20, "0" * 16), b"another key entirely, 32 bytes!!")
    page = client.post(SEARCH, json={"text": "music", "limit": 5}).json()
    good = page["next_cursor"]
    for cursor in ("x", "=", "é", "AAAA" * 50, forged, good[:-2], good[1:], f"{good}A", good.swapcase()):
        problem(client.post(SEARCH, json={"text": "music", "limit": 5, "cursor": cursor}), 400, "bad_cursor")
    foreign = problem(client.post(SEARCH, json={"text": "dance", "cursor": good}), 400, "bad_cursor")
    assert "another query" in foreign["detail"]
    assert foreign["errors"][0]["pointer"] == "/cursor"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", SEARCH + "/more/parts", 404, "not_found"),
        ("DELETE", SEARCH, 405, "method_not_allowed"),
        ("GET", "/v1/suggest", 422, "invalid_request"),
        ("GET", "/v1/suggest?q=a", 422, "invalid_request"),
        ("GET", "/v1/suggest?q=ab&limit=-1", 422, "invalid_request"),
        ("GET", "/v1/creators/lookup?platform=myspace&handle=a", 422, "invalid_request"),
        ("GET", "/v1/creators/lookup?platform=x", 422, "invalid_request"),
    ],
)
def test_a_wrong_path_or_parameter(client, method, path, status, code):
    problem(client.request(method, path), status, code)


@pytest.mark.parametrize("body", [{}, {"seeds": []}, {"seeds": [{"creator_id": "a", "weight": 0}]}, {"seeds": ["a"]}])
def test_seeds_that_are_none(client, body):
    assert problem(client.post(SIMILAR, json=body), 422, "invalid_request")["errors"][0]["pointer"].startswith("/seeds")


def test_an_index_that_is_not_there_is_not_ready(new_installation):
    stores = new_installation(prepare=False)
    with TestClient(create_app(stores.settings), raise_server_exceptions=False) as empty:
        ready = empty.get("/readyz")
        assert ready.status_code == 503
        assert "does not exist yet" in ready.json()["checks"]["index"]
        answer = empty.post(SEARCH, json={"text": "music"})
        assert problem(answer, 503, "index_not_ready")
        assert answer.headers["retry-after"]
        problem(empty.get("/v1/creators/somebody"), 503, "index_not_ready")
