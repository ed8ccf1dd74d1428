"""Leases in Redis: one holder at a time, freed by time when the holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from redis.exceptions import LockError, LockNotOwnedError, RedisError

from creators.errors import QueueUnavailable

if TYPE_CHECKING:
    from redis import Redis


@contextmanager
def lease(redis: Redis, name: str, *, ttl_s: float = 60, wait_s: float = 120) -> Iterator[None]:
    """Hold the lease ``name`` for the block.

    It guards against wasted work, not against wrong results: what is done under it must be safe to do twice, because
    a holder that sleeps longer than ``ttl_s`` loses it without noticing.

    Raises:
        QueueUnavailable: not free within ``wait_s``, or Redis does not answer.
    """
    lock = redis.lock(name, timeout=ttl_s, blocking_timeout=wait_s, sleep=0.05)
    try:
        taken = lock.acquire()
    except (RedisError, LockError) as error:
        detail = f"Redis does not answer: {error}"
        raise QueueUnavailable(detail) from error
    if not taken:
        detail = f"the lease {name} was not free within {wait_s:.0f} s"
        raise QueueUnavailable(detail)
    try:
        yield
    finally:
        with suppress(LockNotOwnedError, RedisError):
            lock.release()


def clock_ms(redis: Redis) -> int:
    """Return Redis' time in ms: one clock for all machines.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    try:
        seconds, microseconds = redis.time()
    except RedisError as error:
        detail = f"Redis does not answer: {error}"
        raise QueueUnavailable(detail) from error
    return int(seconds) * 1000 + int(microseconds) // 1000
