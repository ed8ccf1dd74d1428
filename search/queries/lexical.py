"""The lexical arm: which creators have the words of the query."""

from __future__ import annotations

from elasticsearch_dsl import Q

from mappings import fields
from search.queries.filters import Clause
from search.queries.lean import lean

TIE_BREAKER = 0.2
MIN_SHOULD_MATCH = "2<70%"
"""Of three words and more, some may be missing: it keeps the lexical arm from walking every stop-like word."""
MAX_WORDS = 64
"""Words that the lexical arm reads: OpenSearch allows 1,024 clauses, and each word is one in each field."""


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
    return lean(query, size=size, timeout_ms=timeout_ms)
