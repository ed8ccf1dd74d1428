"""``POST /v1/search/parse``: what is read out of a text, over the real service."""

from __future__ import annotations

import pytest

QUERY = "travel creators on youtube in spain, at least 10k followers, no crypto"


def ask(client, **body):
    return client.post("/v1/search/parse", json=body)


def test_a_query_becomes_filters_that_a_search_takes(client):
    parsed = ask(client, text=QUERY).json()
    assert parsed["text"] == "travel"
    words = {
        clause["field"]: QUERY[clause["start"] : clause["end"]] for clause in parsed["clauses"] if clause["applied"]
    }
    assert words == {
        "niches": "travel",
        "platforms": "on youtube",
        "countries": "in spain",
        "followers": "at least 10k followers",
        "exclude.niches": "no crypto",
    }
    body = {"text": parsed["text"], "filters": parsed["filters"]}
    answer = client.post("/v1/creators/search", json=body)
    assert answer.status_code == 200, answer.text


def test_what_is_parsed_first_and_what_is_parsed_on_the_way_is_the_same(client):
    parsed = ask(client, text=QUERY).json()
    told = client.post("/v1/creators/search", json={"text": parsed["text"], "filters": parsed["filters"]})
    on_the_way = client.post("/v1/creators/search", json={"text": QUERY, "parse": True})
    assert on_the_way.json()["parsed"] == parsed
    assert on_the_way.json()["total"] == told.json()["total"]


def test_a_niche_is_recognised_by_meaning(client):
    parsed = ask(client, text="vinyl records").json()
    (clause,) = parsed["clauses"]
    assert (clause["field"], clause["value"], clause["applied"]) == ("niches", ["music"], True)


@pytest.mark.parametrize("body", [{}, {"text": "x" * 1001}, {"text": "bakers", "guess": True}, {"text": 5}])
def test_a_wrong_body_is_refused(client, body):
    answer = ask(client, **body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
