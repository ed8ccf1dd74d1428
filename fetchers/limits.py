"""Permission to call: one grant for every request, within the allowances of a source and the budget of its operator.

Requests leave some time after they were granted and arrive later still. So that no window of the *source* sees more
than it allows, ours are longer by a margin, 3 % of the window and 5 s at most; a call that was under way for longer is
counted from its end, before which it has arrived. What remains is more than 95 % of the allowance.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

from creators.errors import QueueUnavailable, SourceLimited, SourceRefused
from creators.stores.allowances import Allowances, Grant, Limit, Observed, Request, Usage, Wait

if TYPE_CHECKING:
    from creators.settings import SourceSettings
    from fetchers.contract import Allowance, Source

MARGIN_SHARE = 0.03
MAX_MARGIN_S = 5.0
ANONYMOUS = ""
"""The credential of a source that needs none."""
DURABLE_S = 10.0
"""Redis has written to disk what it said so long ago."""
WATCH_S = 1.0
ALL = "*"
_WORDS = {
    "limit": "its allowance is used up",
    "parked": "it asked to be left alone",
    "quota": "it says that its quota is used up",
    "daily_calls": "the calls of the day (`daily_calls`) are used up",
    "settling": "Redis was restarted and its processes report what they had been granted",
}

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def fingerprint(credential: str) -> str:
    """Return the name of a credential: 12 hex digits that do not tell it."""
    return hashlib.sha256(credential.encode()).hexdigest()[:12] if credential else "anonymous"


def margin_s(window_s: float) -> float:
    """Return by how much our window is longer than the source's."""
    return min(MAX_MARGIN_S, MARGIN_SHARE * window_s)


def midnights_ms(zone: str, now: datetime) -> tuple[int, ...]:
    """Return the midnights around ``now`` in a time zone, in ms since 1970, ascending; which is past, Redis decides."""
    today = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    # Days are added to the wall clock: a day of 23 or 25 hours ends at midnight, too.
    return tuple(round((today + timedelta(days=days)).timestamp() * 1000) for days in (-2, -1, 0, 1, 2, 3))


def limit_of(allowance: Allowance, now: datetime) -> Limit:
    """Return an allowance as it is counted."""
    if allowance.day_of is not None:
        margin = round(MAX_MARGIN_S * 1000)
        return Limit(allowance.endpoint, allowance.amount, 0, midnights_ms(allowance.day_of, now), margin)
    window = allowance.window_s + margin_s(allowance.window_s)
    return Limit(allowance.endpoint, allowance.amount, round(window * 1000))


def retry_at_of(wait: Wait) -> datetime | None:
    """Return when to ask again."""
    return None if wait.until_ms is None else datetime.fromtimestamp(wait.until_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Pool:
    """The credentials and the limits of one source."""

    name: str
    settings: SourceSettings
    allowances: tuple[Allowance, ...]

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials by their names."""
        return {fingerprint(key): key for key in self.settings.credentials or (ANONYMOUS,)}

    def limits(self, endpoint: str, now: datetime) -> tuple[Limit, ...]:
        """Return the limits that count for an endpoint."""
        return tuple(limit_of(a, now) for a in self.allowances if a.endpoint in {endpoint, ALL})

    def shortest_s(self, endpoint: str) -> float | None:
        """Return the shortest window that counts for an endpoint."""
        windows = [a.window_s for a in self.allowances if a.endpoint in {endpoint, ALL} and a.day_of is None]
        return min(windows, default=None)


def pool_of(source: Source, settings: SourceSettings) -> Pool:
    """Return the pool of a source as the settings describe it."""
    return Pool(source.name, settings, tuple(source.allowances(settings)))


@dataclass(frozen=True, slots=True)
class Permit:
    """One call that may be sent."""

    credential: str
    grant: Grant
    asked: float
    """Of this process' monotonic clock: nobody counts it before."""
    window_s: float | None
    """The shortest window that it counts in."""

    @property
    def is_fresh(self) -> bool:
        """Whether it may still be used: half of its window is left for the call, and not more than 5 s are gone."""
        good_for = MAX_MARGIN_S if self.window_s is None else min(MAX_MARGIN_S, self.window_s / 2)
        return time.monotonic() < self.asked + good_for

    @property
    def is_late(self) -> bool:
        """Whether a call that ends now may have arrived later than the margin of its window covers."""
        return self.window_s is not None and time.monotonic() > self.asked + margin_s(self.window_s)


@dataclass(slots=True)
class _Held:
    source: str
    grant: Grant
    at: float


@dataclass
class Limits:
    """Permits of one process; an async context manager, which watches for restarts of Redis."""

    allowances: Allowances
    clock: Clock = utc_now
    _held: deque[_Held] = field(default_factory=deque)
    _run: str | None = None
    _watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher

    async def acquire(self, pool: Pool, endpoint: str, *, units: int = 1, patience_s: float = 0.0) -> Permit:
        """Return the permit for one call, after waiting ``patience_s`` at most.

        Raises:
            SourceLimited: none until ``retry_at``. SourceRefused: the call costs more than the limit ever allows.
            QueueUnavailable: Redis does not answer; what is not counted is not called.
        """
        deadline = time.monotonic() + patience_s
        while True:
            asked = time.monotonic()
            answer = await asyncio.to_thread(self.allowances.take, pool.name, self._request(pool, endpoint, units))
            await self._notice(answer.run)
            if isinstance(answer, Grant):
                self._held.append(_Held(pool.name, answer, asked))
                return Permit(pool.credentials[answer.credential], answer, asked, pool.shortest_s(endpoint))
            if answer.until_ms is None:
                detail = f"{pool.name}: a call of {endpoint} costs {units} units, more than its limit allows"
                raise SourceRefused(detail)
            wait_s = max(0.0, answer.until_ms - answer.now_ms) / 1000
            if asked + wait_s > deadline:
                detail = f"{pool.name}: {_WORDS[answer.why]} for {endpoint}"
                raise SourceLimited(detail, retry_at=retry_at_of(answer))
            # Nobody gains by asking first: a little later spreads those who wait for the same moment.
            await asyncio.sleep(wait_s + random.uniform(0.0005, 0.004))  # noqa: S311 - no secret

    async def refund(self, pool: Pool, permit: Permit) -> None:
        """Give back the permit of a call that never left."""
        # Replaying it would book it again.
        self._held = deque(held for held in self._held if held.grant.id != permit.grant.id)
        await asyncio.to_thread(self.allowances.refund, pool.name, permit.grant)

    async def ended(self, pool: Pool, permit: Permit) -> None:
        """Say that a call has ended, well or not: one that took long counts from now on."""
        if permit.is_late:
            grant = await asyncio.to_thread(self.allowances.late, pool.name, permit.grant)
            for held in self._held:
                if held.grant.id == grant.id:
                    held.grant = grant

    async def park(self, pool: Pool, credential: str, endpoint: str, seconds: float) -> datetime:
        """Leave an endpoint (``*``: all) alone with a credential for so long; returns the end."""
        name = fingerprint(credential)
        until = await asyncio.to_thread(
            self.allowances.park, pool.name, name, endpoint, for_ms=max(0, round(seconds * 1000))
        )
        return datetime.fromtimestamp(until / 1000, UTC)

    async def observe(self, pool: Pool, credential: str, seen: Sequence[Observed]) -> None:
        """Believe what an answer says is left, where it is less than we thought."""
        if seen:
            await asyncio.to_thread(self.allowances.observe, pool.name, fingerprint(credential), seen)

    async def spend(self, pool: Pool, usd: float) -> datetime | None:
        """Book what a target costs; returns None, or when there is a budget again."""
        days = midnights_ms("UTC", self.clock())
        until = await asyncio.to_thread(
            self.allowances.spend, pool.name, usd, most=pool.settings.daily_usd, days_ms=days
        )
        return None if until is None else datetime.fromtimestamp(until / 1000, UTC)

    def usage(self, pool: Pool) -> Usage:
        """Return what is left of each limit and what was used today; credentials by their names."""
        now = self.clock()
        limits = [limit_of(allowance, now) for allowance in pool.allowances]
        return self.allowances.left(pool.name, list(pool.credentials), limits, days_ms=midnights_ms("UTC", now))

    def _request(self, pool: Pool, endpoint: str, units: int) -> Request:
        now = self.clock()
        names = list(pool.credentials)
        random.shuffle(names)
        return Request(
            id=uuid4().hex,
            endpoint=endpoint,
            units=max(1, units),
            credentials=tuple(names),
            limits=pool.limits(endpoint, now),
            days_ms=midnights_ms("UTC", now),
            daily_calls=pool.settings.daily_calls,
        )

    async def _notice(self, run: str) -> None:
        """Book everything again that a restarted Redis may have forgotten; forget what it has on disk by now."""
        if self._run is not None and run != self._run:
            for source in {held.source for held in self._held}:
                grants = [held.grant for held in self._held if held.source == source]
                await asyncio.to_thread(self.allowances.replay, source, grants)
        elif self._held and run == self._run:
            old = time.monotonic() - DURABLE_S
            while self._held and self._held[0].at < old:
                self._held.popleft()
        self._run = run

    async def _watch(self) -> None:
        """Ask Redis every second which run it is, while it may still forget something of ours."""
        while True:
            await asyncio.sleep(WATCH_S)
            if self._held:
                with suppress(QueueUnavailable):  # nothing is forgotten meanwhile, see ``_notice``
                    await self._notice(await asyncio.to_thread(self.allowances.replay, self._held[0].source, []))
