"""One target at a time through the sources that can serve it, in the order that the router gives.

Nothing is tried twice here beyond the next source in the order: the one layer that tries again is the schedule.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

from creators.errors import QueueUnavailable
from creators.stores.allowances import Allowances
from creators.stores.breakers import Breakers
from creators.stores.cache import Cache
from creators.stores.tallies import Count, Tallies
from fetchers.call import ANSWERS, Lines
from fetchers.contract import Found, Source
from fetchers.desk import Desk
from fetchers.limits import Clock, Limits, utc_now
from fetchers.outcomes import Attempt, Kind, Outcome
from fetchers.overview import Overview
from fetchers.policy import Standing, serves
from fetchers.router import Candidate, Decision, Measured, route

if TYPE_CHECKING:
    from creators.stores.breakers import Breaker
    from creators.stores.session import Stores
    from creators.targets import Target

KNOWN_FOR_S = 1.0
"""How long a process goes by what it read about breakers, switches and budgets."""


@dataclass(frozen=True, slots=True)
class _View:
    """What one process read about the state of all sources."""

    at: float
    standings: Mapping[str, Standing]
    breakers: Mapping[str, Breaker]
    rooms: Mapping[str, float]


@dataclass
class Controller:
    """Runs targets with the sources given; an async context manager, one for each event loop.

    Raises:
        SetupError: the settings name a source that does not exist.
    """

    stores: Stores
    sources: Mapping[str, Source]
    breakers: Breakers | None = None
    """Others than those with the usual rules."""
    clock: Clock = utc_now
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)
    _view: _View | None = field(default=None, init=False)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _limited: dict[str, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.overview = Overview(self.stores, self.sources, self.clock)
        self._pools = {name: self.overview.pool(name) for name in self.sources}

    async def __aenter__(self) -> Self:
        shared = self.overview.shared
        cache = Cache(self.stores.settings)
        self._stack.push_async_callback(cache.close)
        self._desk = Desk(
            limits=await self._stack.enter_async_context(Limits(Allowances(shared), clock=self.clock)),
            lines=await self._stack.enter_async_context(Lines(self.stores.settings)),
            answers=cache.shelf(ANSWERS),
            breakers=self.breakers or Breakers(shared),
            tallies=Tallies(shared),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, target: Target) -> Outcome:
        """Return what became of a target; a source that fails is no error here.

        Raises:
            QueueUnavailable: Redis does not answer; what cannot be counted is not called.
        """
        view = await self._known()
        able = [source for source in self.sources.values() if serves(source, target)]
        candidates = [self._candidate(source, target, view) for source in able]
        decision = route(target, candidates, self.stores.settings.source_strategy)
        attempts: list[Attempt] = []
        found: Found | None = None
        for name in decision.order:
            attempt, found = await self._desk.ask(self.sources[name], self._pools[name], target)
            attempts.append(attempt)
            self._note_limit(attempt)
            if found is not None or attempt.is_sure:
                break
        return await self._ended(target, view, decision, attempts, found)

    async def run_all(
        self, targets: Sequence[Target], *, within_s: float | None = None, done_s: float | None = None
    ) -> list[Outcome]:
        """Return the outcomes in the order of the targets, ``fetch_parallel`` at once.

        Args:
            targets: to fetch.
            within_s: after so many seconds none is begun any more: those left are ``limited`` until now.
            done_s: after so many seconds none is waited for any more: those under way have ``failed``, and what was
                found for the others is not lost with them.
        """
        gate = asyncio.Semaphore(self.stores.settings.fetch_parallel)
        latest = time.monotonic() + (float("inf") if within_s is None else within_s)
        end = None if done_s is None else asyncio.get_running_loop().time() + done_s

        async def one(target: Target) -> Outcome:
            async with gate:
                if time.monotonic() < latest:
                    with suppress(TimeoutError):
                        async with asyncio.timeout_at(end):
                            return await self.run(target)
                    return self._out_of_time(target, "failed")
            return self._out_of_time(target, "limited", self.clock())

        return list(await asyncio.gather(*(one(target) for target in targets)))

    def _out_of_time(self, target: Target, kind: Kind, retry_at: datetime | None = None) -> Outcome:
        nothing = route(target, (), self.stores.settings.source_strategy)
        return Outcome(target, kind, self.clock(), nothing, error="no_time_left", retry_at=retry_at)

    async def try_source(self, name: str, target: Target) -> Outcome:
        """Return what one source says about a target now, whatever its breaker is; policy and limits hold.

        Raises:
            NotFound: there is no such source.
        """
        source = self.overview.source(name)
        view = await self._known()
        candidate = self._candidate(source, target, view)
        standing = view.standings[name]
        unable = None if standing.allowed else standing.reason
        if not serves(source, target):
            unable = f"does not serve a {target.kind} of {target.platform}"
        decision = route(target, [replace(candidate, unable=unable)], "balanced")
        if not decision.order:
            return await self._ended(target, view, decision, [], None)
        attempt, found = await self._desk.ask(source, self._pools[name], target, past_breaker=True)
        return await self._ended(target, view, decision, [attempt], found)

    async def _known(self) -> _View:
        async with self._looking:  # one look for all targets that are under way
            if self._view is None or time.monotonic() - self._view.at > KNOWN_FOR_S:
                self._view = await asyncio.to_thread(self._look)
            return self._view

    def _look(self) -> _View:
        standings = self.overview.standings()
        allowed = [name for name, one in standings.items() if one.allowed]
        breakers = (self.breakers or self.overview.breakers).states(allowed)
        return _View(time.monotonic(), standings, breakers, {name: self.overview.room(name) for name in allowed})

    def _candidate(self, source: Source, target: Target, view: _View) -> Candidate:
        name = source.name
        breaker = view.breakers.get(name)
        return Candidate(
            source=name,
            tier=source.tier,
            kind=source.policy.kind,
            price_usd=source.price_usd(target),
            measured=Measured(breaker.success, breaker.latency_ms, breaker.cost_usd) if breaker else Measured(),
            room=view.rooms.get(name, 1.0),
            unable=self._unable(name, view.standings[name], breaker),
        )

    def _unable(self, name: str, standing: Standing, breaker: Breaker | None) -> str | None:
        if not standing.allowed:
            return standing.reason
        if breaker is not None and breaker.state == "open":
            return f"its breaker is open: {'held by hand' if breaker.forced else breaker.reason}"
        until = self._limited.get(name)
        if until is not None and self.clock() < until:
            return f"has no allowance until {until.isoformat(timespec='seconds')}"
        return None

    def _note_limit(self, attempt: Attempt) -> None:
        # One credential of several may go on, and one endpoint of several; a day's budget ends for all of them.
        if attempt.error == "budget_used" and attempt.retry_at is not None:
            self._limited[attempt.source] = attempt.retry_at

    async def _ended(
        self, target: Target, view: _View, decision: Decision, attempts: Sequence[Attempt], found: Found | None
    ) -> Outcome:
        # Of the view that the decision was made from: what has changed since did not keep anybody from being asked.
        blocked = self._blocked(decision, view)
        kind = _kind(attempts, blocked)
        last = attempts[-1] if attempts else None
        told = next((attempt for attempt in attempts if attempt.kind == kind and kind in {"found", "gone"}), None)
        outcome = Outcome(
            target=target,
            kind=kind,
            at=self.clock(),
            decision=decision,
            attempts=tuple(attempts),
            found=found,
            source=told.source if told else None,
            tier=told.tier if told else None,
            error=None if kind == "found" else (last.error if last else "no_source"),
            retry_at=None if told else self._retry_at(decision, attempts, view),
        )
        labels = {"strategy": decision.strategy, "source": outcome.source or "none", "outcome": kind}
        with suppress(QueueUnavailable):
            await asyncio.to_thread(self._desk.tallies.add, [Count("decisions", labels)])
        return _flagged(outcome, blocked)

    def _blocked(self, decision: Decision, view: _View) -> dict[str, Kind]:
        """Return the sources that were not asked though they may be: failing ones, or without allowance."""
        return {
            one.source: "failed" if view.breakers[one.source].state == "open" else "limited"
            for one in decision.considered
            if one.score is None and one.source in self._allowed(decision, view)
        }

    @staticmethod
    def _allowed(decision: Decision, view: _View) -> set[str]:
        official = decision.strategy == "official_only"
        return {
            one.source
            for one in decision.considered
            if view.standings[one.source].allowed and not (official and "official_only" in one.reason)
        }

    def _retry_at(self, decision: Decision, attempts: Sequence[Attempt], view: _View) -> datetime | None:
        known = [attempt.retry_at for attempt in attempts]
        for name in self._blocked(decision, view):
            known += [view.breakers[name].retry_at, self._limited.get(name)]
        return min((at for at in known if at is not None), default=None)


def _kind(attempts: Sequence[Attempt], blocked: Mapping[str, Kind]) -> Kind:
    """Return how a target ended whose sources ended so."""
    kinds = {attempt.kind for attempt in attempts}
    if "found" in kinds:
        return "found"
    if any(attempt.is_sure for attempt in attempts) or ("gone" in kinds and kinds <= {"gone", "refused"}):
        return "gone"
    every = kinds | set(blocked.values())
    if "failed" in every or "limited" not in every:
        return "failed"
    return "limited"


def _flagged(outcome: Outcome, blocked: Mapping[str, Kind]) -> Outcome:
    """Flag the records of a lower tier as degraded where a better source is there and fails."""
    if outcome.found is None or outcome.tier is None:
        return outcome
    tier = outcome.tier
    tiers = {one.source: one.tier for one in outcome.decision.considered}
    failing = [a.source for a in outcome.attempts if a.kind == "failed"]
    failing += [name for name, kind in blocked.items() if kind == "failed"]
    if not any(tiers[name] < tier for name in failing):
        return outcome
    records = tuple(record.model_copy(update={"degraded": True}) for record in outcome.found.records)
    return replace(outcome, found=replace(outcome.found, records=records), served_by_lower_tier=True)
