"""The shape that every request for candidates shares: ids and doc values, no source, no count."""

from __future__ import annotations

from mappings import fields
from search.queries.filters import Clause

RANK_DOC_VALUES: tuple[Clause, ...] = tuple(
    # A number is read faster than a date is parsed, and this is done for every candidate.
    {"field": name, "format": "epoch_millis"} if name in fields.RANK_DATES else {"field": name}
    for name in fields.RANK_FIELDS
)
"""What the second stage reads of every candidate, as a request asks for it."""


def lean(query: Clause, *, size: int, timeout_ms: int) -> Clause:
    """Return a request for ids with what the second stage reads, and nothing else."""
    return {
        "size": size,
        "query": query,
        "_source": False,
        # Not even the id is stored: the blocks of stored fields would be unpacked for each of the hits, which doubles
        # what an arm costs (docs/decisions/0014).
        "stored_fields": "_none_",
        "track_total_hits": False,
        "docvalue_fields": [dict(field) for field in RANK_DOC_VALUES],
        "timeout": f"{timeout_ms}ms",
    }
