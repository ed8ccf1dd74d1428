"""The k-NN arm: whose vector is near that of the query, in the way that the plan names.

Every way scores alike: ``(1 + cosine) / 2``. No query DSL knows OpenSearch's form of these clauses.
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings import fields
from search.plan import EXPLORE, Plan
from search.queries.filters import Clause
from search.queries.lean import lean


def knn_query(vector: Sequence[float], filters: Clause | None, *, k: int, ef_search: int = EXPLORE) -> Clause:
    """Return the walk through the graph, with the filter inside it."""
    knn: Clause = {"vector": list(vector), "k": k, "method_parameters": {"ef_search": max(ef_search, k)}}
    if filters:
        knn["filter"] = filters
    return {"knn": {fields.VECTOR: knn}}


def exact_query(vector: Sequence[float], filters: Clause | None) -> Clause:
    """Return the scan that reads the vector of everybody who passes; creators without a vector are left out."""
    passing = [filters] if filters else []
    script = {
        "lang": "knn",
        "source": "knn_score",
        "params": {"field": fields.VECTOR, "query_value": list(vector), "space_type": "cosinesimil"},
    }
    query = {"bool": {"filter": [*passing, {"exists": {"field": fields.VECTOR}}]}}
    return {"script_score": {"query": query, "script": script}}


def post_filtered_query(vector: Sequence[float], filters: Clause, *, k: int, ef_search: int = EXPLORE) -> Clause:
    """Return the walk without the filter, which is applied to the ``k`` that it finds."""
    return {"bool": {"must": [knn_query(vector, None, k=k, ef_search=ef_search)], "filter": [filters]}}


def planned_query(vector: Sequence[float], filters: Clause | None, plan: Plan) -> Clause:
    """Return the query for the nearest vectors in the way that the plan names."""
    if plan.strategy == "exact":
        return exact_query(vector, filters)
    if plan.strategy == "post_filter" and filters:
        return post_filtered_query(vector, filters, k=plan.k, ef_search=plan.ef_search)
    return knn_query(vector, filters, k=plan.k, ef_search=plan.ef_search)


def knn_arm(
    vector: Sequence[float], filters: Clause | None, *, size: int, timeout_ms: int, plan: Plan | None = None
) -> Clause:
    """Return the k-NN arm's request body; without a plan it is a walk under the filter."""
    query = planned_query(vector, filters, plan) if plan else knn_query(vector, filters, k=size)
    return lean(query, size=size, timeout_ms=timeout_ms)
