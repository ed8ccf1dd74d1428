"""The scores of candidates in an arm that did not return them itself: asked again, for these ids only.

Where one topic fills an arm, "not among the 200 best" says nothing about how near the others are. The larger the index,
the more questions are of that kind (``docs/findings`` has the gain). A fused answer has no score of either arm at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings import fields
from search.queries.filters import Clause
from search.queries.knn import exact_query
from search.queries.lexical import lexical_query


def _scores(query: Clause, *, size: int) -> Clause:
    return {
        "size": size,
        "query": query,
        "_source": False,
        "stored_fields": "_none_",
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
