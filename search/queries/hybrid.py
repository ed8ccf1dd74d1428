"""The native hybrid query: both arms in one request, fused by a search pipeline in OpenSearch.

Its total is wrong on 3.6 and so would be its facets, so it asks for neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from search.queries.filters import Clause
from search.queries.lean import lean


def hybrid_arm(queries: Sequence[Clause], *, size: int, timeout_ms: int) -> Clause:
    """Return the request body; each query has the filter inside it.

    Every arm contributes ``size`` hits (``pagination_depth``), as each arm of two requests does.
    """
    return lean({"hybrid": {"queries": list(queries), "pagination_depth": size}}, size=size, timeout_ms=timeout_ms)
