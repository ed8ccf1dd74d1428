"""Bodies of requests in the order of a field, and of counting: what is not in them is as important as what is."""

import pytest

from mappings.fields import FACETS, RANK_FIELDS
from search.filters import Exclusions, Filters
from search.queries import facets, ordered
from search.queries.filters import filter_clause

FILTER = {"bool": {"filter": [{"term": {"has": "email"}}]}}
LEAN = {
    "size": 200,
    "_source": False,
    "stored_fields": "_none_",
    "track_total_hits": False,
    "timeout": "450ms",
}
BY_SIZE = [{"followers": {"order": "desc", "missing": "_last"}}, {"creator_id": "asc"}]
FOOD = Filters(niches=("food",), has=("email",), exclude=Exclusions(niches=("crypto",)))


def lean_part(body):
    assert [field["field"] for field in body["docvalue_fields"]] == list(RANK_FIELDS)
    return {name: value for name, value in body.items() if name != "docvalue_fields"}


@pytest.mark.parametrize(("filters", "query"), [(None, {"match_all": {}}), (FILTER, FILTER)])
def test_browsing_is_the_largest_first(filters, query):
    body = ordered.browse_arm(filters, size=200, timeout_ms=450)
    assert lean_part(body) == LEAN | {"query": query, "sort": BY_SIZE}


@pytest.mark.parametrize("after", [None, [1_000, "c"]])
def test_a_sorted_page(after):
    body = ordered.sorted_page(FILTER, sort=("name.exact", "asc"), size=200, after=after, timeout_ms=450)
    order = [{"name.exact": {"order": "asc", "missing": "_last"}}, {"creator_id": "asc"}]
    expected = LEAN | {"query": FILTER, "sort": order}
    assert lean_part(body) == (expected | {"search_after": after} if after else expected)


def test_bodies_do_not_share_their_parts():
    one, other = (ordered.browse_arm(FILTER, size=1, timeout_ms=1) for _ in range(2))
    one["docvalue_fields"].clear()
    assert other["docvalue_fields"]


def terms(field):
    return {"terms": {"field": field, "size": 50, "shard_size": 500}}


def count(query, *facets_):
    return {"size": 0, "track_total_hits": True, "query": query} | (
        {"aggs": {name: terms(name) for name in facets_}} if facets_ else {}
    )


def test_facets_that_are_not_filtered_are_counted_with_the_total():
    asked = facets.facet_requests(Filters(has=("email",)), ("platforms", "verified"))
    assert asked == {"total": count(FILTER, "platforms", "verified")}


def test_a_facet_does_not_filter_itself():
    others = filter_clause(FOOD.model_copy(update={"niches": ()}))
    assert facets.facet_requests(FOOD, ("niches", "platforms")) == {
        "total": count(filter_clause(FOOD), "platforms"),
        "niches": count(others, "niches"),
    }


def test_what_is_excluded_stays_excluded_from_its_own_facet():
    asked = facets.facet_requests(FOOD, ("niches",))
    assert {"terms": {"niches": ["crypto"]}} in asked["niches"]["query"]["bool"]["must_not"]


def test_the_facet_of_all_of_these_is_counted_under_its_filter():
    assert facets.facet_requests(FOOD, ("has",)) == {"total": count(filter_clause(FOOD), "has")}


def test_the_total_alone():
    assert facets.facet_requests(Filters(), ()) == {"total": count({"match_all": {}})}


def test_every_facet_can_be_asked_for_and_read():
    asked = facets.facet_requests(FOOD, sorted(FACETS))
    bucket = {"buckets": [{"key": 1, "key_as_string": "true", "doc_count": 3}, {"key": "a", "doc_count": 2}]}
    answers = {
        name: {
            "hits": {"total": {"value": 7 if name == "total" else 99}},
            "aggregations": dict.fromkeys(body.get("aggs", ()), bucket),
        }
        for name, body in asked.items()
    }
    total, found = facets.read(answers, sorted(FACETS))
    assert total == 7
    assert found == {name: [(True, 3), ("a", 2)] for name in FACETS}


def test_each_filter_is_relaxed_alone():
    asked = facets.relaxed_requests(FOOD)
    assert asked == {
        name: count(filter_clause(FOOD.model_copy(update={name: default})))
        for name, default in (("niches", ()), ("has", ()), ("exclude", Exclusions()))
    }
    answers = {name: {"hits": {"total": {"value": place}}} for place, name in enumerate(asked)}
    assert list(facets.relaxed(answers).items()) == [("exclude", 2), ("has", 1), ("niches", 0)]
