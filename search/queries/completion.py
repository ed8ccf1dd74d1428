"""The scores of known candidates in each arm, for an answer that came fused and has one score only.

For two arms that answer apart the same would complete what one of them did not return; measured, that changes nDCG by
0.001 at most (``docs/findings``), and is not done.
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings import fields
from search.queries.filters import Clause
from search.queries.knn import exact_query
from search.queries.lexical import lexical_query


def _scores(query: Clause, *, size: int) -> Clause:
    return {
        # A creator that moves between indices lies in two for a moment.
        "size": 2 * size,
        "query": query,
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": [{"field": fields.ID}],
    }


def lexical_scores(text: str, creator_ids: Sequence[str]) -> Clause:
    """Return the request for the BM25 scores of these creators."""
    query = {"bool": {"must": [lexical_query(text)], "filter": [_only(creator_ids)]}}
    return _scores(query, size=len(creator_ids))


def cosine_scores(vector: Sequence[float], creator_ids: Sequence[str]) -> Clause:
    """Return the request for the vector scores of these creators, exact."""
    return _scores(exact_query(vector, _only(creator_ids)), size=len(creator_ids))


def _only(creator_ids: Sequence[str]) -> Clause:
    return {"terms": {fields.ID: sorted(creator_ids)}}
