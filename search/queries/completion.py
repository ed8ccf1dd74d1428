"""The scores that an arm did not return for a candidate of the other: both arms asked again, for these ids only.

With both numbers known for every candidate, "not among the best 200 of that arm" is no longer mistaken for "not at
all": scores of the two arms can be added, which ranks of two lists alone cannot (docs/findings has the gain).
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings import fields
from search.queries.filters import Clause
from search.queries.knn import exact_query
from search.queries.lexical import lexical_query


def _scores(query: Clause, *, size: int, timeout_ms: int) -> Clause:
    return {
        # A creator that moves between indices lies in two for a moment.
        "size": 2 * size,
        "query": query,
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": [{"field": "creator_id"}],
        "timeout": f"{timeout_ms}ms",
    }


def lexical_scores(text: str, creator_ids: Sequence[str], *, timeout_ms: int) -> Clause:
    """Return the request for the BM25 scores of these creators."""
    query = {"bool": {"must": [lexical_query(text)], "filter": [_only(creator_ids)]}}
    return _scores(query, size=len(creator_ids), timeout_ms=timeout_ms)


def cosine_scores(vector: Sequence[float], creator_ids: Sequence[str], *, timeout_ms: int) -> Clause:
    """Return the request for the vector scores of these creators, exact."""
    return _scores(exact_query(vector, _only(creator_ids)), size=len(creator_ids), timeout_ms=timeout_ms)


def _only(creator_ids: Sequence[str]) -> Clause:
    return {"terms": {fields.ID: sorted(creator_ids)}}
