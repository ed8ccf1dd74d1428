"""The shape that every request for candidates shares: ids and doc values, no source, no count."""

from __future__ import annotations

from mappings import fields
from search.queries.filters import Clause


def lean(query: Clause, *, size: int, timeout_ms: int) -> Clause:
    """Return a request for ids with what the second stage reads, and nothing else."""
    return {
        "size": size,
        "query": query,
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": [{"field": name} for name in fields.RANK_FIELDS],
        "timeout": f"{timeout_ms}ms",
    }
