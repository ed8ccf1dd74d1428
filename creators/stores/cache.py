"""Short-lived values of the serving path, in Redis: page windows by :class:`Cache`, bounded spaces by :class:`Shelf`.

What stands behind a cursor is needed, so :class:`Cache` waits for Redis and says when it does not answer. What a shelf
holds can be computed again: it waits ``WAIT_S`` at most and then leaves Redis alone for ``PAUSE_S``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from creators import telemetry
from creators.errors import QueueUnavailable
from creators.stores.scripts import Script

if TYPE_CHECKING:
    from creators.settings import Settings

log = structlog.get_logger(__name__)

WAIT_S = 0.05
"""The longest that a shelf keeps a search waiting."""
PAUSE_S = 1.0
"""How long the shelves leave Redis alone after it failed: a search with three look-ups would wait three times."""
SCRIPT_SLACK = 64
"""Most entries that one write removes: a bound that was lowered is reached in steps, not in one long stop of Redis."""

_PUT = Script("""
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local ttl_ms, most, slack = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('SET', KEYS[2] .. ARGV[1], ARGV[2], 'PX', ttl_ms)
redis.call('ZADD', KEYS[1], now_ms, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - ttl_ms)
local over = math.min(redis.call('ZCARD', KEYS[1]) - most, slack)
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[1], over)
  for i = 1, #oldest, 2 do redis.call('UNLINK', KEYS[2] .. oldest[i]) end
end
redis.call('PEXPIRE', KEYS[1], ttl_ms)
return math.max(over, 0)
""")
# The index of a space forgets what has expired by time; every entry of a space has the same time to live, so the order
# of writing is the order of expiring.


@dataclass(frozen=True, slots=True)
class Space:
    """A named part of the cache and its bounds: at most ``max_entries`` values of at most ``max_bytes`` bytes."""

    name: str
    ttl_s: int
    max_entries: int
    max_bytes: int


class Cache:
    """Gateway to values that may be lost at any time."""

    def __init__(self, settings: Settings) -> None:
        if settings.redis_url is None:
            detail = "no Redis address: set CREATORSCOPE_REDIS_URL or start the embedded engines"
            raise QueueUnavailable(detail)
        self._prefix = settings.index_prefix
        address = settings.redis_url.get_secret_value()
        self._redis = Redis.from_url(
            address,
            socket_timeout=settings.redis_timeout_s,
            socket_connect_timeout=settings.redis_timeout_s,
            protocol=2,  # see queue.connect
        )
        # Connections of its own: a pool that hung once for a page must not make a look-up wait, nor the other way.
        self._quick = Redis.from_url(
            address,
            socket_timeout=WAIT_S,
            socket_connect_timeout=WAIT_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=2 * settings.max_in_flight,  # beyond them a look-up is a miss, it does not queue
            protocol=2,
        )
        self._line, self._together = _Line(), _Together(self._quick)

    def shelf(self, space: Space) -> Shelf:
        """Return the gateway to one bounded space."""
        # The braces keep a space on one node of a Redis cluster, where its script needs it.
        return Shelf(space, self._together, self._line, root=f"{self._prefix}cache:{{{space.name}}}")

    def _key(self, key: str) -> str:
        return f"{self._prefix}cache:{key}"

    async def put(self, key: str, value: Any, *, ttl_s: int) -> None:
        """Keep a JSON value for ``ttl_s`` seconds."""
        try:
            await self._redis.set(self._key(key), orjson.dumps(value), ex=ttl_s)
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
        return None if raw is None else orjson.loads(raw)

    async def ping(self) -> bool:
        """Return whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except RedisError:
            return False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()
        await self._quick.aclose()


class _Together:
    """Sends what is asked for in one turn of the event loop as one: sending costs a process more than what it asks."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(self, *command: Any) -> Any:
        """Return Redis' answer to one command; who gives up waiting takes nothing from the others."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._start)
        self._waiting.append((command, answer))
        return await answer

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Return what a script returns; Redis is told the script where it does not know it."""
        try:
            return await self.ask("EVALSHA", script.digest, len(keys), *keys, *args)
        except NoScriptError:
            return await self.ask("EVAL", script.text, len(keys), *keys, *args)

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._send(waiting))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, waiting: Sequence[tuple[tuple[Any, ...], asyncio.Future[Any]]]) -> None:
        try:
            pipeline = self._redis.pipeline(transaction=False)
            for command, _ in waiting:
                pipeline.execute_command(*command)
            answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            answers = [error] * len(waiting)
        for (_, future), answer in zip(waiting, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


class _Line:
    """Whether the shelves of a process ask Redis at all: not for ``PAUSE_S`` after it failed."""

    def __init__(self) -> None:
        self._closed_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() >= self._closed_until

    def close(self, error: Exception) -> None:
        if self.is_open:
            log.warning("cache_paused", seconds=PAUSE_S, reason=str(error) or type(error).__name__)
        self._closed_until = time.monotonic() + PAUSE_S


class Shelf:
    """Binary values of one :class:`Space`; nothing here raises for the sake of Redis, and nothing waits long.

    A value is gone ``ttl_s`` after it was written, earlier when ``max_entries`` others were written since: writing
    counts, reading does not. Both bounds are kept by one script on the server, whichever process writes.
    """

    def __init__(self, space: Space, redis: _Together, line: _Line, *, root: str) -> None:
        self.space = space
        self._redis, self._line = redis, line
        self._index, self._stem = f"{root}:index", f"{root}:value:"

    async def get(self, key: str) -> bytes | None:
        """Return the value; None when it is not there or Redis did not say within ``WAIT_S``."""
        if not self._line.is_open:
            return self._read(None, "paused")
        try:
            async with asyncio.timeout(WAIT_S):
                found = await self._redis.ask("GET", self._stem + key)
        except (RedisError, OSError, TimeoutError) as error:
            self._line.close(error)
            return self._read(None, "failed")
        return self._read(found, "miss" if found is None else "hit")

    async def put(self, key: str, value: bytes) -> bool:
        """Keep a value; returns False when it is too large or Redis did not take it within ``WAIT_S``."""
        if len(value) > self.space.max_bytes:
            return self._written("too_large")
        if not self._line.is_open:
            return self._written("paused")
        bounds = (self.space.ttl_s * 1000, self.space.max_entries, SCRIPT_SLACK)
        try:
            async with asyncio.timeout(WAIT_S):
                pushed_out = await self._redis.run(_PUT, (self._index, self._stem), (key, value, *bounds))
        except (RedisError, OSError, TimeoutError) as error:
            self._line.close(error)
            return self._written("failed")
        telemetry.CACHE_EVICTED.labels(self.space.name).inc(int(pushed_out))
        return self._written("kept")

    def _read(self, value: Any, result: str) -> bytes | None:
        telemetry.CACHE_READS.labels(self.space.name, result).inc()
        return None if value is None else bytes(value)

    def _written(self, result: str) -> bool:
        telemetry.CACHE_WRITES.labels(self.space.name, result).inc()
        return result == "kept"
