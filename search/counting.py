"""How many creators pass, and how they spread over the facets: exact, counted once while the index stays the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from search import retrieval
from search.executors.contract import is_whole
from search.queries.facets import FACET_SIZE, facet_requests, read, relaxed, relaxed_requests
from search.queries.filters import filter_clause
from search.results import FacetValue, Total

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.caches import Facets, SearchCaches
    from search.filters import Filters
    from search.planner import Planner


@dataclass(frozen=True, slots=True)
class Counting:
    """What is to be counted under which filters."""

    filters: Filters
    facets: Sequence[str] = ()
    size: int = FACET_SIZE
    """Values of each facet."""
    starts_with: str = ""

    @property
    def key(self) -> bytes:
        """Everything but the names of the facets."""
        filters = self.filters.model_dump(mode="json", exclude_defaults=True)
        return json.dumps([filters, self.size, self.starts_with], sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Counts:
    """The answer; ``total`` is None where counting was late."""

    total: Total | None = None
    facets: dict[str, tuple[FacetValue, ...]] = field(default_factory=dict)


class Counter:
    """Counts through the cache, and tells the planner what it learns."""

    def __init__(self, cluster: AsyncCluster, caches: SearchCaches, planner: Planner) -> None:
        self._cluster, self._caches, self._planner = cluster, caches, planner

    async def relaxed(self, filters: Filters, budget: Budget) -> dict[str, int]:
        """Return filter → creators that would pass without it; nothing where that is late."""
        asked = relaxed_requests(filters)
        return relaxed(await retrieval.ask_all(self._cluster, asked, "relax", budget, ("relaxed",)))

    async def count(self, wanted: Counting, budget: Budget) -> Counts:
        """Return total and facets; what is late is named in the budget."""
        version = await self._caches.version.current()
        if version and (known := await self._caches.counts.get(version, wanted.key, wanted.facets)):
            return _counts(*known)
        asked = facet_requests(wanted.filters, wanted.facets, size=wanted.size, starts_with=wanted.starts_with)
        parts = ("total", "facets") if wanted.facets else ("total",)
        answers = await retrieval.ask_all(self._cluster, asked, "count", budget, parts)
        if answers.keys() != asked.keys() or not all(map(is_whole, answers.values())):
            return Counts()
        total, facets = read(answers, wanted.facets)
        self._planner.learn(filter_clause(wanted.filters), total)
        if version:
            self._caches.counts.put(version, wanted.key, total, facets)
        return _counts(total, facets)


def _counts(total: int, facets: Facets) -> Counts:
    values = {
        name: tuple(FacetValue(value=value, count=count) for value, count in found) for name, found in facets.items()
    }
    return Counts(Total(value=total), values)
