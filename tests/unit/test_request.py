"""The question: what is refused, what is cleaned, and what a cursor is good for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.fields import FACETS, SORTS
from search.filters import MAX_IDS, MAX_TEXT
from search.request import MAX_LIMIT, MAX_WEIGHT, SearchRequest, Seed, SimilarRequest

SEEDS = [{"creator_id": "a"}]
REQUIRED = {SearchRequest: {}, SimilarRequest: {"seeds": SEEDS}}
FULL = {
    "text": "coffee",
    "filters": {"platforms": ["x"]},
    "sort": {"field": "followers"},
    "ranking": {"profile": "engagement", "weights": {"growth": 0.5}, "arms": ["knn"]},
}


def place_of(model, given):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    return {".".join(map(str, error["loc"])) for error in caught.value.errors()}


def test_an_empty_request_asks_for_everybody():
    request = SearchRequest()
    assert (request.text, request.limit, request.sort.field, request.ranking.profile) == (
        "",
        20,
        "relevance",
        "balanced",
    )
    assert SimilarRequest(seeds=SEEDS).ranking.profile == "similar"


@pytest.mark.parametrize("model", [SearchRequest, SimilarRequest])
def test_a_field_that_no_creator_has_is_named_with_the_nearest(model):
    with pytest.raises(ValidationError, match="'folowers' is not a field of a creator; did you mean 'followers'"):
        model.model_validate(REQUIRED[model] | {"fields": ["name", "folowers"]})


def test_what_is_shown_does_not_make_another_question():
    assert SearchRequest(text="tea", fields=("name",)).fingerprint == SearchRequest(text="tea").fingerprint


@pytest.mark.parametrize("limit", [-1, 0, MAX_LIMIT + 1, 1.5, "many", None])
def test_limits_out_of_bounds(limit):
    assert place_of(SearchRequest, {"limit": limit}) == {"limit"}
    assert place_of(SimilarRequest, {"seeds": SEEDS, "limit": limit}) == {"limit"}


@pytest.mark.parametrize("limit", [1, MAX_LIMIT])
def test_limits_within_bounds(limit):
    assert SearchRequest(limit=limit).limit == limit


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"text": "x" * (MAX_TEXT + 1)}, "text"),
        ({"text": None}, "text"),
        ({"text": 7}, "text"),
        ({"budget_ms": 19}, "budget_ms"),
        ({"budget_ms": 60_001}, "budget_ms"),
        ({"sort": {"field": "fame"}}, "sort.field"),
        ({"sort": {"order": "up"}}, "sort.order"),
        ({"facets": ["nope"]}, "facets"),
        ({"ranking": {"profile": "best"}}, "ranking.profile"),
        ({"ranking": {"weights": {"luck": 1}}}, "ranking.weights"),
        ({"ranking": {"weights": {"growth": -0.1}}}, "ranking.weights.growth"),
        ({"ranking": {"weights": {"growth": float("nan")}}}, "ranking.weights.growth"),
        ({"ranking": {"weights": {"growth": float("inf")}}}, "ranking.weights.growth"),
        ({"ranking": {"weights": {"growth": MAX_WEIGHT + 1}}}, "ranking.weights.growth"),
        ({"ranking": {"arms": []}}, "ranking.arms"),
        ({"limits": 1}, "limits"),
        ({"filters": {"folowers": {}}}, "filters.folowers"),
    ],
)
def test_what_cannot_be_asked_is_named(given, place):
    assert place_of(SearchRequest, given) == {place}


@pytest.mark.parametrize(
    ("seeds", "place"),
    [
        ([], "seeds"),
        (SEEDS * 21, "seeds"),
        ([{"creator_id": "a", "weight": 0}], "seeds.0.weight"),
        ([{"creator_id": "a", "weight": 10.1}], "seeds.0.weight"),
        ([{"creator_id": "a", "weight": float("nan")}], "seeds.0.weight"),
        ([{"id": "a"}], "seeds.0.creator_id"),
    ],
)
def test_seeds_that_cannot_be(seeds, place):
    assert place in place_of(SimilarRequest, {"seeds": seeds})


def test_requests_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        SearchRequest().limit = 1
    with pytest.raises(ValidationError, match="frozen"):
        SearchRequest().filters.verified = True


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  co\u200bffee \n bar ", "coffee bar"),
        ("half \ud83d an emoji", "half \ufffd an emoji"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\uff23\uff4f\uff46\uff46\uff45\uff45", "Coffee"),
        ("\x00", ""),
    ],
)
def test_text_is_cleaned(raw, text):
    assert SearchRequest(text=raw).text == text
    assert SearchRequest(filters={"creator_ids": [raw]}).filters.creator_ids == (text,)
    assert Seed(creator_id=raw).creator_id == text


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_no_text_is_refused(text):
    request = SearchRequest(text=text)
    request.text.encode()
    assert request.fingerprint == SearchRequest(text=request.text).fingerprint


def test_ids_have_a_bound():
    ids = [f"c{number}" for number in range(MAX_IDS)]
    assert len(SearchRequest(filters={"exclude": {"creator_ids": ids}}).filters.exclude.creator_ids) == MAX_IDS


def test_the_fingerprint_is_the_same_in_every_process():
    assert SearchRequest(text="coffee", filters={"platforms": ["x"]}).fingerprint == "afc8d403c540af8a"


@pytest.mark.parametrize(
    "change",
    [{"limit": 1}, {"explain": True}, {"budget_ms": 50}, {"cursor": "abc"}, {"facets": ["niches"]}],
    ids=lambda change: next(iter(change)),
)
def test_paging_explaining_and_time_keep_a_cursor_good(change):
    assert SearchRequest(**FULL, **change).fingerprint == SearchRequest(**FULL).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"text": "tea"},
        {"filters": {"platforms": ["github"]}},
        {"filters": {}},
        {"sort": {"field": "followers", "order": "asc"}},
        {"ranking": {**FULL["ranking"], "profile": "balanced"}},
        {"ranking": {**FULL["ranking"], "weights": {"growth": 0.6}}},
        {"ranking": {**FULL["ranking"], "arms": ["lexical"]}},
    ],
    ids=str,
)
def test_another_question_makes_a_cursor_bad(change):
    assert SearchRequest(**{**FULL, **change}).fingerprint != SearchRequest(**FULL).fingerprint


def test_two_ways_to_ask_the_same_are_one_question():
    one = {"platforms": ["x", "github"], "domains": ["code", "microblog"], "countries": ["Brazil", "ES"]}
    other = {"countries": ["Spain", "BR", "ES"], "domains": ["microblog", "code"], "platforms": ["github", "x"]}
    assert SearchRequest(filters=one).fingerprint == SearchRequest(filters=other).fingerprint


def test_a_request_survives_json():
    request = SearchRequest(**FULL, facets=["niches", "domain"], explain=True)
    assert SearchRequest.model_validate_json(request.model_dump_json()) == request


def test_every_sort_and_facet_can_be_asked_for():
    assert [SearchRequest(sort={"field": name}).sort.field for name in SORTS] == list(SORTS)
    assert SearchRequest(facets=list(FACETS)).facets == tuple(sorted(FACETS))
