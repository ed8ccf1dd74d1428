"""The k-NN arm: whose vector is near that of the query."""

from __future__ import annotations

from collections.abc import Sequence

from mappings import fields
from search.queries.filters import Clause
from search.queries.lean import lean

KNN_EXPLORE = 256
"""``ef_search``: how many neighbours the graph walk keeps."""


def knn_query(vector: Sequence[float], filters: Clause | None, *, k: int) -> Clause:
    """Return the k-NN clause; no query DSL knows OpenSearch's form of it."""
    knn: Clause = {"vector": list(vector), "k": k, "method_parameters": {"ef_search": max(KNN_EXPLORE, k)}}
    if filters:
        knn["filter"] = filters
    return {"knn": {fields.VECTOR: knn}}


def knn_arm(vector: Sequence[float], filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the k-NN arm's request body."""
    return lean(knn_query(vector, filters, k=size), size=size, timeout_ms=timeout_ms)
