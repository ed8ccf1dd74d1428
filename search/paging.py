"""What page cursors point at, kept in the cache for as long as a cursor is good."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from creators.errors import BadCursor, QueueUnavailable
from creators.keys import installation_key
from mappings.registry import CREATORS
from search import cursor as cursors

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget


VIEW_KEY = "view"
VIEW_S = 10
SHARE_WAIT_S = 0.1
"""How long a page waits for a Redis that hangs before it takes a view of its own."""


class Pages:
    """Keeps the state behind cursors and signs them."""

    def __init__(self, settings: Settings, cache: Cache) -> None:
        self._cache = cache
        self._key = installation_key(settings)
        self._opening = asyncio.Lock()
        self._view, self._view_until = "", 0.0
        self.ttl_s = settings.cursor_ttl_s
        self.expired = f"cursor has expired after {self.ttl_s} s: search again without a cursor"

    def cursor_of(self, position: cursors.Position) -> str:
        """Return the cursor that leads to a position."""
        return cursors.encode(position, self._key)

    async def view(self, cluster: AsyncCluster, *, renew: bool = False) -> str:
        """Return a view of the index that later writes do not change; first pages share it for ``VIEW_S`` seconds.

        A node keeps at most 300 views of a shard open, each as long as a cursor is good: with one for every request,
        the 76th within five minutes would be refused.
        """
        # Under a lock: at every expiry, all who wait would open one each.
        async with self._opening:
            if not renew and (shared := await self._shared_view()):
                return shared
            self._view = await cluster.open_point_in_time(CREATORS, keep_alive_s=self.ttl_s + VIEW_S)
            self._view_until = time.monotonic() + VIEW_S
            with suppress(QueueUnavailable, TimeoutError):
                async with asyncio.timeout(SHARE_WAIT_S):
                    await self._cache.put(VIEW_KEY, self._view, ttl_s=VIEW_S)
            return self._view

    async def _shared_view(self) -> str | None:
        """Return the view that this process or another has opened lately."""
        if time.monotonic() < self._view_until:
            return self._view
        with suppress(QueueUnavailable, TimeoutError):
            async with asyncio.timeout(SHARE_WAIT_S):
                shared = await self._cache.get(VIEW_KEY)
                return str(shared) if shared else None
        return None

    async def keep(self, kind: str, position: cursors.Position, value: Any, budget: Budget) -> bool:
        """Keep what a position's token names; returns False, and says so in the budget, where that is not possible."""
        try:
            async with asyncio.timeout(budget.left_s):
                await self._cache.put(kind + position.token, value, ttl_s=self.ttl_s)
        except (TimeoutError, QueueUnavailable):
            budget.leave_out("next_cursor")
            return False
        return True

    async def recall(self, kind: str, cursor: str, fingerprint: str, budget: Budget) -> tuple[cursors.Position, Any]:
        """Return where a cursor leads and what was kept there.

        Raises:
            BadCursor: forged, expired or of another query. QueueUnavailable: Redis does not answer in time.
        """
        position = cursors.decode(cursor, self._key, fingerprint=fingerprint)
        try:
            async with asyncio.timeout(budget.left_s):
                stored = await self._cache.get(kind + position.token)
        except TimeoutError as error:
            detail = "Redis did not answer within the budget: ask for the page again"
            raise QueueUnavailable(detail) from error
        if stored is None:
            raise BadCursor(self.expired, field="cursor")
        return position, stored
