"""Bodies of the k-NN arm: each strategy is another query, all score alike."""

import pytest

from search.plan import EXPLORE, Plan, choose
from search.queries import knn
from search.queries.hybrid import hybrid_arm

FILTER = {"bool": {"filter": [{"term": {"has": "email"}}]}}
VECTOR = (0.6, 0.8)


def plan(strategy, k=200):
    return Plan(strategy, 0.5, 1_000, "why", k, 0 if strategy == "exact" else max(256, k))


def walk(k, ef_search, filters=None):
    clause = {"vector": [0.6, 0.8], "k": k, "method_parameters": {"ef_search": ef_search}}
    return {"knn": {"embedding": clause | ({"filter": filters} if filters else {})}}


@pytest.mark.parametrize(
    ("strategy", "filters", "expected"),
    [
        ("unfiltered", None, walk(200, 256)),
        ("filtered", FILTER, walk(200, 256, FILTER)),
        ("post_filter", FILTER, {"bool": {"must": [walk(200, 256)], "filter": [FILTER]}}),
        ("post_filter", None, walk(200, 256)),
    ],
)
def test_a_walk(strategy, filters, expected):
    assert knn.planned_query(VECTOR, filters, plan(strategy)) == expected


@pytest.mark.parametrize(("filters", "first"), [(None, []), (FILTER, [FILTER])])
def test_a_scan_reads_everybody_who_passes_and_has_a_vector(filters, first):
    query = knn.planned_query(VECTOR, filters, plan("exact"))["script_score"]
    assert query["query"] == {"bool": {"filter": [*first, {"exists": {"field": "embedding"}}]}}
    assert query["script"] == {
        "lang": "knn",
        "source": "knn_score",
        "params": {"field": "embedding", "query_value": [0.6, 0.8], "space_type": "cosinesimil"},
    }


def test_the_walk_keeps_at_least_as_many_neighbours_as_it_returns():
    many = EXPLORE + 100
    assert knn.knn_query(VECTOR, None, k=many)["knn"]["embedding"]["method_parameters"] == {"ef_search": many}


@pytest.mark.parametrize("chosen", [None, plan("filtered"), plan("exact")])
def test_an_arm_fetches_no_source_and_counts_nothing(chosen):
    body = knn.knn_arm(VECTOR, FILTER, size=200, timeout_ms=450, plan=chosen)
    assert (body["size"], body["_source"], body["track_total_hits"]) == (200, False, False)
    assert body["timeout"] == "450ms"


def test_without_a_plan_the_filter_is_inside_the_walk():
    assert knn.knn_arm(VECTOR, FILTER, size=200, timeout_ms=1)["query"] == walk(200, EXPLORE, FILTER)


def test_a_widened_walk_is_asked_as_planned():
    chosen = choose(0.95, 1_000_000, is_filtered=True, size=200)
    query = knn.planned_query(VECTOR, FILTER, chosen)
    assert query["bool"]["must"][0]["knn"]["embedding"]["k"] == chosen.k > 200


def test_the_hybrid_query_counts_nothing_and_has_no_aggregation():
    body = hybrid_arm([walk(9, 256), FILTER], size=9, timeout_ms=450)
    assert body["query"] == {"hybrid": {"queries": [walk(9, 256), FILTER], "pagination_depth": 9}}
    assert body["track_total_hits"] is False
    assert "aggs" not in body
