"""One target at one source: permitted, paid for, asked, measured, counted."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from creators.errors import (
    CreatorscopeError,
    QueueUnavailable,
    SourceLimited,
    SourceUnavailable,
    TargetGone,
    Unavailable,
)
from creators.stores.breakers import Breakers, Pass, Result
from creators.stores.steps import ran_out_of_time
from creators.stores.tallies import Count, Tallies, seconds
from fetchers.breaker import verdict
from fetchers.call import Lines, SourceCall
from fetchers.contract import Found, Source
from fetchers.limits import Limits, Pool
from fetchers.outcomes import Attempt

if TYPE_CHECKING:
    from creators.stores.cache import Shelf
    from creators.targets import Target

log = structlog.get_logger(__name__)

DEADLINE_S = {"official": 60.0, "website": 60.0, "browser": 60.0, "provider": 150.0}
"""Limit of one target at one source, by the kind of its policy: a provider's run is polled."""
UNCALLED = Pass(allowed=True, state="closed", probe="", retry_at=None)


@dataclass(frozen=True)
class Desk:
    """What the attempts of one process share."""

    limits: Limits
    lines: Lines
    answers: Shelf
    breakers: Breakers
    tallies: Tallies

    async def ask(
        self, source: Source, pool: Pool, target: Target, *, past_breaker: bool = False
    ) -> tuple[Attempt, Found | None]:
        """Return how one attempt ended, and what was found.

        Raises:
            QueueUnavailable: Redis does not answer; what cannot be counted is not called.
        """
        passed = UNCALLED if past_breaker else await asyncio.to_thread(self.breakers.permit, source.name)
        if not passed.allowed:
            detail = f"its breaker is {passed.state.replace('_', ' ')}"
            turned = Attempt(source.name, source.tier, "failed", error="breaker_open", detail=detail)
            return replace(turned, retry_at=passed.retry_at), None
        price = source.price_usd(target)
        until = await self.limits.spend(pool, price) if price else None
        if until is not None:
            detail = "the money of the day (`daily_usd`) is used up"
            turned = Attempt(source.name, source.tier, "limited", error="budget_used", detail=detail)
            return replace(turned, retry_at=until), None
        call = SourceCall(source, pool, self.limits, self.lines, self.answers)
        started = time.monotonic()
        found, error = await self._asked(source, target, call)
        attempt = _attempt(source, call, error, (time.monotonic() - started) * 1000)
        cost = found.cost_usd if found else (price if call.meter.calls else 0.0)
        attempt = replace(attempt, cost_usd=cost, records=len(found.records) if found else 0)
        if cost != price:
            await self.limits.spend(pool, cost - price)
        good = verdict(error, refused_by_source=call.meter.refused, many_hosts=_is_the_web(source, pool))
        await self._book(target, attempt, call, good, passed.probe)
        return attempt, found

    async def _asked(
        self, source: Source, target: Target, call: SourceCall
    ) -> tuple[Found | None, CreatorscopeError | None]:
        """Return what a source found, or why it found nothing; only a store that is away is raised."""
        limit = DEADLINE_S[source.policy.kind]
        try:
            async with asyncio.timeout(limit):
                return await source.fetch(target, call), None
        except TimeoutError:
            return None, SourceUnavailable(f"not done within {limit:g} s")
        except Unavailable:
            raise
        except CreatorscopeError as error:
            return None, error
        except Exception as error:  # one target must not take the others of its job with it
            if ran_out_of_time(error):
                raise
            log.exception("source_failed", source=source.name, target=target.target_id)
            return None, SourceUnavailable("its answer could not be handled, the log says why")

    async def _book(self, target: Target, attempt: Attempt, call: SourceCall, good: bool | None, probe: str) -> None:  # noqa: FBT001 - a verdict has three states
        """Count what an attempt used; a count that is lost is no reason to lose what was fetched."""
        who = {"source": attempt.source}
        counts = [
            Count("source_fetches", {**who, "platform": target.platform, "outcome": attempt.kind}),
            Count("source_cost_usd", {**who, "platform": target.platform}, attempt.cost_usd),
            *seconds(attempt.source, attempt.latency_ms / 1000),
            *(
                Count("source_calls", {**who, "endpoint": e, "outcome": how}, n)
                for (e, how), n in call.meter.ended.items()
            ),
            *(Count("source_units", {**who, "endpoint": e}, units) for e, units in call.meter.used.items()),
        ]
        with suppress(QueueUnavailable):
            await asyncio.to_thread(self.tallies.add, counts)
            if good is not None:
                result = Result(good, attempt.latency_ms, attempt.cost_usd, probe)
                await asyncio.to_thread(self.breakers.record, attempt.source, result)


def _attempt(source: Source, call: SourceCall, error: CreatorscopeError | None, latency_ms: float) -> Attempt:
    done = Attempt(
        source.name,
        source.tier,
        "found",
        latency_ms=latency_ms,
        calls=call.meter.calls,
        units=call.meter.units,
    )
    if error is None:
        return done
    told = replace(done, kind="failed", error=error.code, detail=error.detail)
    if isinstance(error, TargetGone):
        return replace(told, kind="gone", is_sure=source.policy.sees_all)
    if isinstance(error, SourceLimited):
        return replace(told, kind="limited", retry_at=error.retry_at)
    # What the source did not refuse itself, such as an account that it has no address for, says nothing about it.
    return told if isinstance(error, SourceUnavailable) or call.meter.refused else replace(told, kind="refused")


def _is_the_web(source: Source, pool: Pool) -> bool:
    return source.policy.kind == "website" and pool.settings.base_url is None
