"""Completion of handles and names; pure."""

from __future__ import annotations

from elasticsearch_dsl import Q

from creators.text import transliterate
from search.queries.filters import Clause

LONGEST_GRAM = 15
"""Prefixes are indexed up to this length (``analysis/analyzers.json``); longer input is cut, not lost."""


def suggest_query(prefix: str, *, limit: int) -> Clause:
    """Return the request for creators whose handle or name starts with ``prefix``."""
    handle = prefix.lstrip("@").replace(" ", "")[:LONGEST_GRAM]
    words = " ".join(word[:LONGEST_GRAM] for word in prefix.split())
    ways = [
        Q("match", suggest_handle={"query": handle}),
        Q("match", suggest_name={"query": words, "operator": "and"}),
        Q("match", suggest_name={"query": transliterate(words), "operator": "and"}),
    ]
    query = Q("bool", filter=[Q("bool", should=ways, minimum_should_match=1)])
    return {
        "size": limit,
        "query": query.to_dict(),
        "_source": ["creator_id", "name", "handles", "platforms", "followers"],
        "track_total_hits": False,
        "sort": [{"followers": {"order": "desc", "missing": "_last"}}, {"creator_id": "asc"}],
    }
