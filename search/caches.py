"""What a search keeps for the next one: vectors of texts, counts of filters, ranked windows.

Vectors depend on the encoder alone. Counts and windows depend on what the index shows, so the version of the index is
part of their keys: a refresh that shows a write, a swap of the alias or a rebuild makes every older value unreachable,
and its time to live removes it. Take the version before the work whose result is kept: what becomes visible in
between then only makes a value newer than its key says.

How stale an answer can be: it is what the index would have said at most ``FRESH_S + GRACE_S`` seconds (2 s) ago. On top
come, without any cache, the 5 s that the index takes to show a write. Where a feature or a filter looks at the clock
(days since a post), it is the clock of when the value was made, at most the space's time to live ago.

Keep whole results only: one that left something out for lack of time would be left out for everybody after it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson
import structlog
import zstandard

from creators import telemetry
from creators.errors import CreatorscopeError
from creators.stores.cache import Space
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.stores.cache import Cache, Shelf
    from creators.stores.cluster import AsyncCluster

log = structlog.get_logger(__name__)

Vector = tuple[float, ...]
Facets = Mapping[str, Sequence[tuple[str | bool, int]]]

FRESH_S = 1.0
"""How long a version of the index is taken as it was read: a process asks at most so often."""
GRACE_S = 1.0
"""How long after that it is still used, while the next reading is under way and nobody waits for it."""
VERSION_WAIT_S = 0.05
"""How long a search waits for the version when the last reading is older: the first search after a quiet time."""
VERSION_LIMIT_S = 2.0
TOGETHER_S = 0.02
"""How long a write that nobody waits for may wait for others."""
WRITES_UNDER_WAY = 64
"""Writes that nobody waits for, at once; beyond them a value is not kept."""
VECTORS_IN_PROCESS = 10_000

FORMAT = b"1"
"""Part of every key: another one where what is kept is laid out differently."""
VECTORS = Space("vector", ttl_s=86_400, max_entries=20_000, max_bytes=16_384)
COUNTS = Space("count", ttl_s=60, max_entries=5_000, max_bytes=65_536)
RANKED = Space("ranked", ttl_s=60, max_entries=1_000, max_bytes=262_144)
"""A window of 200 creators is about 45 kB."""


class IndexVersion:
    """What the index shows, as a short name that changes when it does; read on demand, at most once a second."""

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster = cluster
        self._known: str | None = None
        self._known_at = self._started_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def current(self) -> str | None:
        """Return the version; None when it is not known soon enough, and then nothing may be taken from a cache.

        What was read at most ``FRESH_S + GRACE_S`` ago is returned without waiting. Else searches wait together, until
        ``VERSION_WAIT_S`` after the reading began.
        """
        now = time.monotonic()
        if now - self._known_at >= FRESH_S:
            self._start(now)
        if self._reading is not None and not self._is_good(now):
            await asyncio.wait({self._reading}, timeout=max(0.0, self._started_at + VERSION_WAIT_S - now))
        return self._known if self._is_good(time.monotonic()) else None

    def _is_good(self, now: float) -> bool:
        return now - self._known_at < FRESH_S + GRACE_S

    def _start(self, now: float) -> None:
        under_way = self._reading is not None and not self._reading.done()
        if not under_way and now - self._started_at >= FRESH_S:
            self._started_at = now
            self._reading = asyncio.create_task(self._read(now))

    async def _read(self, asked_at: float) -> None:
        try:
            async with asyncio.timeout(VERSION_LIMIT_S):
                self._known = await self._cluster.visible_version(CREATORS, timeout_s=VERSION_LIMIT_S)
        except (CreatorscopeError, TimeoutError) as error:
            # What is known is good until its time is over; then searches go without caches.
            log.debug("index_version_unknown", reason=str(error))
        else:
            self._known_at = asked_at

    async def close(self) -> None:
        """Give up a reading that is under way."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading


class VectorCache:
    """Vectors of query texts: of this process first, then of all processes that use the same encoder."""

    def __init__(self, shelf: Shelf, later: Later, *, encoder: str, dimension: int) -> None:
        self._shelf, self._later = shelf, later
        self._encoder, self._bytes = encoder, dimension * np.dtype(np.float32).itemsize
        self._near: OrderedDict[str, Vector] = OrderedDict()

    def _key(self, text: str) -> str:
        return _digest(self._encoder, text)

    async def get(self, text: str) -> Vector | None:
        """Return the vector, equal to what the encoder gave, or None. It never grows old: the encoder is in its key."""
        key = self._key(text)
        if key in self._near:
            self._near.move_to_end(key)
            telemetry.CACHE_READS.labels(VECTORS.name, "hit_process").inc()
            return self._near[key]
        raw = await self._shelf.get(key)
        if raw is None or len(raw) != self._bytes:
            return None
        vector: Vector = tuple(np.frombuffer(raw, dtype="<f4").tolist())
        self._remember(key, vector)
        return vector

    def put(self, text: str, vector: Vector) -> None:
        """Keep a vector; returns at once."""
        key = self._key(text)
        self._remember(key, vector)
        self._later.start(self._shelf.put(key, np.array(vector, dtype="<f4").tobytes()), space=VECTORS)

    def _remember(self, key: str, vector: Vector) -> None:
        self._near[key] = vector
        self._near.move_to_end(key)
        if len(self._near) > VECTORS_IN_PROCESS:
            self._near.popitem(last=False)


class CountCache:
    """Totals and facets by what the index shows, filters and names of facets."""

    def __init__(self, shelf: Shelf, later: Later) -> None:
        self._shelf, self._later = shelf, later

    @staticmethod
    def _key(version: str, filters: bytes, facets: Sequence[str]) -> str:
        return _digest(version, filters, *facets)

    async def get(
        self, version: str, filters: bytes, facets: Sequence[str]
    ) -> tuple[int, dict[str, list[tuple[str | bool, int]]]] | None:
        """Return total and facets (value and count, in order), or None; see the module for how old they can be.

        Args:
            version: of :class:`IndexVersion`, taken before.
            filters: canonical: equal for equal filters (keys and lists in one order).
            facets: names, in the order of the request.
        """
        raw = await self._shelf.get(self._key(version, filters, facets))
        if raw is None:
            return None
        kept = _unpacked(raw)
        return kept["total"], {
            name: [(value, count) for value, count in values] for name, values in kept["facets"].items()
        }

    def put(self, version: str, filters: bytes, total: int, facets: Facets) -> None:
        """Keep an exact total and the facets that were counted with it, in the order of the request."""
        raw = _packed({"total": total, "facets": {name: list(values) for name, values in facets.items()}})
        self._later.start(self._shelf.put(self._key(version, filters, tuple(facets)), raw), space=COUNTS)


class RankedCache:
    """Ranked windows by what the index shows and the request's fingerprint."""

    def __init__(self, shelf: Shelf, later: Later, *, encoder: str) -> None:
        self._shelf, self._later, self._encoder = shelf, later, encoder

    def _key(self, version: str, fingerprint: str) -> str:
        return _digest(version, self._encoder, fingerprint)

    async def get(self, version: str, fingerprint: str) -> Any | None:
        """Return the JSON value that was kept, or None; see the module for how old it can be.

        NaN and infinity are no JSON: who has such numbers gives their bytes, as ``Ranked.as_json`` does.

        Args:
            version: of :class:`IndexVersion`, taken before.
            fingerprint: of everything that the window depends on (``SearchRequest.fingerprint``).
        """
        raw = await self._shelf.get(self._key(version, fingerprint))
        return None if raw is None else _unpacked(raw)

    def put(self, version: str, fingerprint: str, window: Any) -> None:
        """Keep the JSON value of a window to which every arm contributed; returns at once."""
        self._later.start(self._shelf.put(self._key(version, fingerprint), _packed(window)), space=RANKED)


class Later:
    """Runs writes that no answer waits for, a bounded number at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starting: asyncio.Event | None = None

    def start(self, write: Coroutine[Any, Any, bool], *, space: Space) -> None:
        """Let a write run; beyond ``WRITES_UNDER_WAY`` it is dropped and counted."""
        if len(self._tasks) >= WRITES_UNDER_WAY:
            write.close()
            telemetry.CACHE_WRITES.labels(space.name, "dropped").inc()
            return
        task = asyncio.create_task(self._with_others(write))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_others(self, write: Coroutine[Any, Any, bool]) -> bool:
        """Run a write together with those that start within ``TOGETHER_S``: they are sent as one."""
        if self._starting is None:
            self._starting = asyncio.Event()
            asyncio.get_running_loop().call_later(TOGETHER_S, self._go)
        try:
            await self._starting.wait()
        except asyncio.CancelledError:
            write.close()
            raise
        return await write

    def _go(self) -> None:
        if self._starting is not None:
            self._starting.set()
            self._starting = None

    async def finish(self) -> None:
        """Wait for the writes under way; each has a short limit of its own."""
        await asyncio.gather(*self._tasks)


class SearchCaches:
    """The caches of one process, and the version of the index that they go by."""

    def __init__(self, cluster: AsyncCluster, cache: Cache, *, encoder: str, dimension: int) -> None:
        self._later = Later()
        self.version = IndexVersion(cluster)
        self.vectors = VectorCache(cache.shelf(VECTORS), self._later, encoder=encoder, dimension=dimension)
        self.counts = CountCache(cache.shelf(COUNTS), self._later)
        self.ranked = RankedCache(cache.shelf(RANKED), self._later, encoder=encoder)

    async def close(self) -> None:
        """Finish what is under way, before the connections are closed."""
        await self.version.close()
        await self._later.finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()


def _digest(*parts: str | bytes) -> str:
    """Return a key of the parts; their lengths are in it, so that no two lists of parts have the same."""
    hashed = hashlib.sha256(FORMAT)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hashed.update(len(raw).to_bytes(8, "little") + raw)
    return hashed.hexdigest()[:40]


# Made once: a new one for each value costs more than the compressing. They are used by the event loop's thread alone.
_SMALLER = zstandard.ZstdCompressor(level=1)
_LARGER = zstandard.ZstdDecompressor()


def _packed(value: Any) -> bytes:
    return _SMALLER.compress(orjson.dumps(value))


def _unpacked(raw: bytes) -> Any:
    return orjson.loads(_LARGER.decompress(raw))
