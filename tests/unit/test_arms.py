"""Bodies of the requests, whole: what is not in them is as important as what is."""

import pytest

from search.queries import arms
from search.queries.suggest import suggest_query

FILTER = {"bool": {"filter": [{"term": {"has": "email"}}]}}
LEAN = {
    "size": 200,
    "_source": False,
    "track_total_hits": False,
    "docvalue_fields": [
        {"field": "creator_id"},
        {"field": "followers"},
        {"field": "engagement_rate"},
        {"field": "growth_30d"},
        {"field": "growth_90d"},
        {"field": "growth_180d"},
        {"field": "as_of"},
        {"field": "primary_niche"},
        {"field": "platforms"},
    ],
    "timeout": "450ms",
}
WORDS = {
    "multi_match": {
        "query": "teaches python",
        "type": "best_fields",
        "tie_breaker": 0.2,
        "minimum_should_match": "2<70%",
        "fields": ["search_text^1.0", "name^3.0", "names_ascii^1.5", "handle_words^2.0", "niche_labels^1.5"],
    }
}
BY_SIZE = [{"followers": {"order": "desc", "missing": "_last"}}, {"creator_id": "asc"}]


@pytest.mark.parametrize(
    ("filters", "query"),
    [(None, {"bool": {"must": [WORDS]}}), (FILTER, {"bool": {"must": [WORDS], "filter": [FILTER]}})],
    ids=["everyone", "filtered"],
)
def test_the_lexical_arm(filters, query):
    assert arms.lexical_arm("teaches python", filters, size=200, timeout_ms=450) == LEAN | {"query": query}


@pytest.mark.parametrize(
    ("size", "explored"), [(200, 256), (256, 256), (1000, 1000)], ids=["least", "just", "as many as asked"]
)
@pytest.mark.parametrize("filters", [None, FILTER], ids=["everyone", "filtered"])
def test_the_knn_arm(filters, size, explored):
    knn = {"vector": [0.5, -0.5], "k": size, "method_parameters": {"ef_search": explored}}
    if filters:
        knn["filter"] = filters
    expected = LEAN | {"size": size, "query": {"knn": {"embedding": knn}}}
    assert arms.knn_arm((0.5, -0.5), filters, size=size, timeout_ms=450) == expected


@pytest.mark.parametrize(("filters", "query"), [(None, {"match_all": {}}), (FILTER, FILTER)])
def test_browsing_is_the_largest_first(filters, query):
    assert arms.browse_arm(filters, size=200, timeout_ms=450) == LEAN | {"query": query, "sort": BY_SIZE}


@pytest.mark.parametrize("after", [None, [1_000, "c"]])
def test_a_sorted_page(after):
    body = arms.sorted_page(FILTER, sort=("name.exact", "asc"), size=200, after=after, timeout_ms=450)
    order = [{"name.exact": {"order": "asc", "missing": "_last"}}, {"creator_id": "asc"}]
    expected = LEAN | {"query": FILTER, "sort": order}
    assert body == (expected | {"search_after": after} if after else expected)


def test_the_total_and_the_facets():
    terms = {"size": 50, "shard_size": 500}
    assert arms.facet_request(FILTER, ("platforms", "verified"), timeout_ms=450) == {
        "size": 0,
        "track_total_hits": True,
        "query": FILTER,
        "aggs": {
            "platforms": {"terms": {"field": "platforms", **terms}},
            "verified": {"terms": {"field": "verified", **terms}},
        },
        "timeout": "450ms",
    }


def test_the_total_alone():
    assert arms.facet_request(None, (), timeout_ms=20) == {
        "size": 0,
        "track_total_hits": True,
        "query": {"match_all": {}},
        "timeout": "20ms",
    }


def test_bodies_do_not_share_their_parts():
    one, other = (arms.lexical_arm("a", FILTER, size=1, timeout_ms=1) for _ in range(2))
    one["docvalue_fields"].clear()
    assert other["docvalue_fields"]


def test_a_completion():
    assert suggest_query("@Núria Gómez", limit=3) == {
        "size": 3,
        "query": {
            "bool": {
                "filter": [
                    {
                        "bool": {
                            "should": [
                                {"match": {"suggest_handle": {"query": "NúriaGómez"}}},
                                {"match": {"suggest_name": {"query": "@Núria Gómez", "operator": "and"}}},
                                {"match": {"suggest_name": {"query": "@nuria gomez", "operator": "and"}}},
                            ],
                            "minimum_should_match": 1,
                        }
                    }
                ]
            }
        },
        "_source": ["creator_id", "name", "handles", "platforms", "followers"],
        "track_total_hits": False,
        "sort": BY_SIZE,
    }
