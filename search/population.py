"""The population that creators are compared with, as the indexer measured it: kept in memory, read now and then."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from creators.errors import CreatorscopeError, NotFound
from mappings.registry import POPULATION
from search.rank.percentiles import NOBODY, PercentileTable

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster

MAX_CELLS = 1_000
REFRESH_S = 300.0
RETRY_S = 20.0
"""How long a table that is not there, or could not be read, is done without before it is asked for again."""
READ_S = 2.0

log = structlog.get_logger(__name__)


class Population:
    """The table of percentiles of one installation; without one, nobody is compared with anybody."""

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster = cluster
        self._table = NOBODY
        self._due_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    def current(self) -> PercentileTable:
        """The table as it was read last; never waits, and starts reading it again when it is old.

        Without a running event loop nothing is started.
        """
        if time.monotonic() >= self._due_at and (self._reading is None or self._reading.done()):
            with suppress(RuntimeError):
                loop = asyncio.get_running_loop()
                self._reading = loop.create_task(self.refresh())
        return self._table

    async def refresh(self) -> None:
        """Read the table now; one that cannot be read leaves the former in place and is logged."""
        self._due_at = time.monotonic() + RETRY_S
        body = {"size": MAX_CELLS, "query": {"term": {"kind": "cell"}}, "track_total_hits": False}
        try:
            answer = await self._cluster.search(POPULATION, body, timeout_s=READ_S)
        except NotFound:
            self._table = NOBODY
            return
        except CreatorscopeError as error:
            log.warning("population_not_read", reason=error.detail)
            return
        self._table = PercentileTable.from_documents(hit["_source"] for hit in answer["hits"]["hits"])
        if self._table.groups:
            self._due_at = time.monotonic() + REFRESH_S

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
