"""Facets without a search, facets that do not filter themselves, and the same answers from the cache."""

from __future__ import annotations

import pytest

from tests.fixtures.oracle import beside, counted, read_oracle
from tests.fixtures.remembered import until_remembered

ALL = ["countries", "domain", "follower_band", "languages", "niches", "platforms", "verified"]


@pytest.fixture(scope="module")
def oracle():
    return read_oracle()


def count(client, **body):
    answer = client.post("/v1/facets", json=body)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["degraded"] == []
    return page


def values(page, facet):
    return {entry["value"]: entry["count"] for entry in page["facets"][facet]}


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"niches": ["food"]},
        {"niches": ["food", "travel"], "platforms": ["youtube"]},
        {"follower_bands": ["macro"], "countries": ["IN", "US"]},
        {"verified": True, "niches": ["gaming"]},
        {"any": [{"niches": ["food"]}, {"platforms": ["tiktok"]}], "domains": ["short_form"]},
    ],
    ids=str,
)
def test_what_each_other_choice_would_give(client, oracle, filters):
    page = count(client, filters=filters, facets=ALL, limit=500)
    assert page["total"]["value"] == len(oracle.passing(filters))
    for facet in ALL:
        assert values(page, facet) == counted(oracle.passing(beside(filters, facet)), facet), facet


def test_a_chosen_niche_still_shows_the_others(client):
    page = count(client, filters={"niches": ["food"]}, facets=["niches", "platforms"], limit=500)
    assert len(page["facets"]["niches"]) > 10
    assert values(page, "niches")["food"] == page["total"]["value"]


def test_the_second_answer_is_the_first(client):
    body = {"filters": {"niches": ["music"]}, "facets": ["platforms", "verified"]}
    first = count(client, **body)
    assert "count" in first["took_ms"]
    second = until_remembered(lambda: count(client, **body))
    assert first["facets"] == second["facets"]
    assert first["total"] == second["total"]


@pytest.mark.parametrize("prefix", ["mu", "MU", "Mus"])
def test_values_by_their_beginning(client, prefix):
    page = count(client, facets=["niches"], starts_with=prefix)
    assert "music" in values(page, "niches")
    assert all(value.startswith("mu") for value in values(page, "niches"))


@pytest.mark.parametrize("prefix", [".*", "[", "a|b", "\\", '"', "é(", "~!@#&<>"])
def test_a_beginning_is_text_and_no_pattern(client, prefix):
    assert count(client, facets=["niches", "topics"], starts_with=prefix)["facets"] == {"niches": [], "topics": []}


def test_as_many_values_as_asked_for(client):
    assert len(count(client, facets=["countries"], limit=3)["facets"]["countries"]) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "facets"),
        ({"facets": []}, "facets"),
        ({"facets": ["niche"]}, "facets"),
        ({"facets": ["niches"], "limit": 501}, "limit"),
    ],
)
def test_bad_questions_are_named(client, body, field):
    answer = client.post("/v1/facets", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


def test_where_nobody_passes_each_filter_says_what_it_costs(client, oracle):
    filters = {"niches": ["food"], "platforms": ["youtube"], "followers": {"min": 10**10}}
    page = client.post("/v1/creators/search", json={"text": "cakes", "filters": filters}).json()
    assert page["total"]["value"] == 0
    assert page["relaxed"] == {
        name: len(oracle.passing({other: wanted for other, wanted in filters.items() if other != name}))
        for name in filters
    }
    assert next(iter(page["relaxed"])) == "followers"


def test_where_somebody_passes_nothing_is_relaxed(client):
    page = client.post("/v1/creators/search", json={"filters": {"niches": ["food"]}}).json()
    assert page["relaxed"] == {}
