"""Candidates and pages in the order of a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.queries.filters import Clause
from search.queries.lean import lean


def browse_arm(filters: Clause | None, *, size: int, timeout_ms: int) -> Clause:
    """Return the candidates of a request without text: the largest audiences that pass the filters."""
    body = lean(filters or {"match_all": {}}, size=size, timeout_ms=timeout_ms)
    return body | {"sort": [{"followers": {"order": "desc", "missing": "_last"}}, {"creator_id": "asc"}]}


def sorted_page(
    filters: Clause | None, *, sort: tuple[str, str], size: int, after: Sequence[Any] | None, timeout_ms: int
) -> Clause:
    """Return one page in the order of a field, ties by creator id."""
    field, order = sort
    body = lean(filters or {"match_all": {}}, size=size, timeout_ms=timeout_ms)
    body["sort"] = [{field: {"order": order, "missing": "_last"}}, {"creator_id": "asc"}]
    if after:
        body["search_after"] = list(after)
    return body
