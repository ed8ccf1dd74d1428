"""What page cursors point at, kept in the cache for as long as a cursor is good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creators.errors import BadCursor
from search import cursor as cursors

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.cache import Cache


class Pages:
    """Keeps the state behind cursors and signs them."""

    def __init__(self, settings: Settings, cache: Cache) -> None:
        self._cache = cache
        self._key = cursors.signing_key(settings)
        self.ttl_s = settings.cursor_ttl_s
        self.expired = f"cursor has expired after {self.ttl_s} s: search again without a cursor"

    def cursor_of(self, position: cursors.Position) -> str:
        """Return the cursor that leads to a position."""
        return cursors.encode(position, self._key)

    async def keep(self, kind: str, position: cursors.Position, value: Any) -> None:
        """Keep what a position's token names."""
        await self._cache.put(kind + position.token, value, ttl_s=self.ttl_s)

    async def recall(self, kind: str, cursor: str, fingerprint: str) -> tuple[cursors.Position, Any]:
        """Return where a cursor leads and what was kept there.

        Raises:
            BadCursor: forged, expired or of another query.
        """
        position = cursors.decode(cursor, self._key, fingerprint=fingerprint)
        stored = await self._cache.get(kind + position.token)
        if stored is None:
            raise BadCursor(self.expired, field="cursor")
        return position, stored
