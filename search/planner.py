"""The planner of the vector arm: knows how many creators pass a filter, as nearly as it can without asking.

Nothing here waits for OpenSearch while a search runs. The counts are taken at the start and again every hour in the
background; the true total of a filter, which every search counts anyway, is remembered for the next one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from creators.errors import CreatorscopeError
from mappings.registry import CREATORS
from search.counts import CountTable, estimate, read_table, table_request
from search.plan import Plan, choose

if TYPE_CHECKING:
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from search.filters import Filters
    from search.queries.filters import Clause

log = structlog.get_logger(__name__)

TABLE_KEY = "counts"
TABLE_TTL_S = 3_600
RETRY_S = 10.0
"""Least time between two readings of the counts."""
REMEMBERED = 5_000
"""Filters whose true totals are kept."""


class Planner:
    """Chooses how the vector arm of each search is asked; one per process."""

    def __init__(self, cluster: AsyncCluster, cache: Cache) -> None:
        self._cluster = cluster
        self._cache = cache
        self._table: CountTable | None = None
        self._totals: OrderedDict[str, int] = OrderedDict()
        self._old_at = 0.0
        self._asked_at = -RETRY_S
        self._refreshing: asyncio.Task[None] | None = None

    def plan(self, filters: Filters, clause: Clause | None, *, size: int, is_off_topic: bool = False) -> Plan:
        """Return how the nearest ``size`` creators that pass are looked for.

        Args:
            filters: of the request.
            clause: the same as a query (``filter_clause(filters)``).
            size: how many are wanted.
            is_off_topic: whether the filter leaves out what the question is about.
        """
        if self._table is None or time.monotonic() >= self._old_at:
            self._refresh_soon()
        documents = self._table.documents if self._table else 0
        share = self._share(filters, clause)
        return choose(share, documents, is_filtered=clause is not None, size=size, is_off_topic=is_off_topic)

    def learn(self, clause: Clause | None, total: int) -> None:
        """Remember how many creators passed a filter just now."""
        key = _key(clause)
        self._totals[key] = total
        self._totals.move_to_end(key)
        if len(self._totals) > REMEMBERED:
            self._totals.popitem(last=False)
        documents = self._table.documents if self._table else 0
        if total > 2 * documents or (clause is None and 2 * total < documents):
            # The index was filled or replaced since the counts were taken.
            self._refresh_soon()

    async def refresh(self, *, reuse: bool = True) -> None:
        """Take the counts; with ``reuse`` those that another process took within the hour will do.

        A store that does not answer leaves the old counts in place.
        """
        self._asked_at = time.monotonic()
        try:
            kept = await self._kept() if reuse else None
            table = kept or read_table(await self._cluster.search(CREATORS, table_request()))
        except CreatorscopeError as error:
            log.warning("counts_not_taken", reason=error.detail)
            return
        self._table, self._old_at = table, time.monotonic() + TABLE_TTL_S
        self._totals.clear()
        if kept is None:
            with suppress(CreatorscopeError):
                await self._cache.put(TABLE_KEY, table.as_json(), ttl_s=TABLE_TTL_S)

    async def close(self) -> None:
        """Stop reading counts."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await self._refreshing

    async def _kept(self) -> CountTable | None:
        with suppress(CreatorscopeError):
            kept = await self._cache.get(TABLE_KEY)
            return None if kept is None else CountTable.from_json(kept)
        return None

    def _share(self, filters: Filters, clause: Clause | None) -> float | None:
        # Counts of an empty index say nothing about what has been written since.
        if self._table is None or not self._table.documents:
            return None
        total = self._totals.get(_key(clause))
        if total is None:
            return estimate(filters, self._table, now_ms=int(time.time() * 1000))
        return min(1.0, total / self._table.documents)

    def _refresh_soon(self) -> None:
        is_running = self._refreshing is not None and not self._refreshing.done()
        if is_running or time.monotonic() - self._asked_at < RETRY_S:
            return
        self._refreshing = asyncio.get_running_loop().create_task(self.refresh(reuse=self._table is None))


def _key(clause: Clause | None) -> str:
    return json.dumps(clause, sort_keys=True)
