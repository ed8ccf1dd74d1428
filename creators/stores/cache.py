"""Short-lived values of the serving path, in Redis: page windows of searches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from creators.errors import QueueUnavailable

if TYPE_CHECKING:
    from creators.settings import Settings


class Cache:
    """Gateway to values that may be lost at any time."""

    def __init__(self, settings: Settings) -> None:
        if settings.redis_url is None:
            detail = "no Redis address: set CREATORSCOPE_REDIS_URL or start the embedded engines"
            raise QueueUnavailable(detail)
        self._prefix = settings.index_prefix
        self._redis = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=settings.redis_timeout_s,
            socket_connect_timeout=settings.redis_timeout_s,
            protocol=2,  # see queue.connect
        )

    def _key(self, key: str) -> str:
        return f"{self._prefix}cache:{key}"

    async def put(self, key: str, value: Any, *, ttl_s: int) -> None:
        """Keep a JSON value for ``ttl_s`` seconds."""
        try:
            await self._redis.set(self._key(key), json.dumps(value), ex=ttl_s)
        except RedisError as error:
            detail = f"Redis does not answer: {error}"
            raise QueueUnavailable(detail) from error

    async def get(self, key: str) -> Any | None:
        """Return the value, or None when it is gone."""
        try:
            raw = await self._redis.get(self._key(key))
        except RedisError as error:
            detail = f"Redis does not answer: {error}"
            raise QueueUnavailable(detail) from error
        return None if raw is None else json.loads(raw)

    async def ping(self) -> bool:
        """Return whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except RedisError:
            return False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()
