"""The two arms of retrieval, and the facet request beside them.

Both arms carry the same filter and return ids with doc values only; totals and facets come from a request of their
own, because a pruned lexical arm does not count and a k-NN arm counts its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elasticsearch_dsl import A, Q, Search

from mappings import fields
from search.queries.filters import Clause

FACET_SIZE = 50
TIE_BREAKER = 0.2
MIN_SHOULD_MATCH = "2<70%"
"""Of three words and more, some may be missing: it keeps the lexical arm from walking every stop-like word."""
MAX_WORDS = 64
"""Words that the lexical arm reads: OpenSearch allows 1,024 clauses, and each word is one in each field."""
KNN_EXPLORE = 256
"""``ef_search``: how many neighbours the graph walk keeps."""


def _lean(query: Clause, *, size: int, timeout_ms: int) -> Clause:
    return {
        "size": size,
        "query": query,
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": [{"field": name} for name in fields.RANK_FIELDS],
        "timeout": f"{timeout_ms}ms",
    }


def lexical_query(text: str) -> Clause:
    """Return the text query: best field counts, the others break ties."""
    query = Q(
        "multi_match",
        query=" ".join(text.split()[:MAX_WORDS]),
        type="best_fields",
        tie_breaker=TIE_BREAKER,
        minimum_should_match=MIN_SHOULD_MATCH,
        fields=[f"{name}^{boost}" for name, boost in fields.TEXT_FIELDS.items()],
    )
    body: Clause = query.to_dict()
    return body


def lexical_arm(text: str, filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the lexical arm's request body."""
    query: Clause = {"bool": {"must": [lexical_query(text)]}}
    if filters:
        query["bool"]["filter"] = [filters]
    return _lean(query, size=size, timeout_ms=timeout_ms)


def knn_query(vector: Sequence[float], filters: Clause | None, *, k: int) -> Clause:
    """Return the k-NN clause; no query DSL knows OpenSearch's form of it."""
    knn: Clause = {"vector": list(vector), "k": k, "method_parameters": {"ef_search": max(KNN_EXPLORE, k)}}
    if filters:
        knn["filter"] = filters
    return {"knn": {fields.VECTOR: knn}}


def knn_arm(vector: Sequence[float], filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the k-NN arm's request body."""
    return _lean(knn_query(vector, filters, k=size), size=size, timeout_ms=timeout_ms)


def browse_arm(filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the candidates of a request without text: the largest audiences that pass the filters."""
    body = _lean(filters or {"match_all": {}}, size=size, timeout_ms=timeout_ms)
    return body | {"sort": [{"followers": {"order": "desc", "missing": "_last"}}, {"creator_id": "asc"}]}


def sorted_page(
    filters: Clause | None, *, sort: tuple[str, str], size: int, after: Sequence[Any] | None, timeout_ms: int
) -> Clause:
    """Return one page in the order of a field, ties by creator id."""
    field, order = sort
    body = _lean(filters or {"match_all": {}}, size=size, timeout_ms=timeout_ms)
    body["sort"] = [{field: {"order": order, "missing": "_last"}}, {"creator_id": "asc"}]
    if after:
        body["search_after"] = list(after)
    return body


def facet_request(filters: Clause | None, facets: Sequence[str], *, timeout_ms: int) -> Clause:
    """Return the request for the total and the facets."""
    search = Search().query(filters or {"match_all": {}}).extra(size=0, track_total_hits=True)
    for facet in facets:
        terms = A("terms", field=fields.FACETS[facet], size=FACET_SIZE, shard_size=10 * FACET_SIZE)
        search.aggs.bucket(facet, terms)
    body: Clause = search.to_dict()
    return body | {"timeout": f"{timeout_ms}ms"}
