"""The same load without waiting: the mean rate and the mix of a closed run, sent at planned times.

The closed run and this one ask other questions of the same mix: asking the same ones again would find them in caches.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from benchmarks.latency import openloop
from benchmarks.latency.client import Client
from benchmarks.latency.histogram import Histogram
from benchmarks.latency.openloop import Answer
from benchmarks.latency.schedule import poisson
from benchmarks.load.checks import check
from benchmarks.load.figures import PERCENTILES, SEARCHES, Figures, Json, kind_of
from benchmarks.load.phases import HOLD
from benchmarks.load.steps import Desk, Step

TIMEOUT_S = 30.0
WARMING_S = 3.0
"""At the start of the run, not counted: connections are made."""
REMEMBERED = 100
KNOWN_AT_FIRST = 5
TRIES = 10


@dataclass(frozen=True, slots=True)
class Load:
    """What a closed run came to: requests a second, and how many of each kind."""

    rate: float
    kinds: Mapping[str, int]

    @classmethod
    def of(cls, figures: Figures, hold_s: float) -> Load:
        """Return the load of the hold of a run."""
        kinds: dict[str, int] = {}
        for phase, name, row in figures:
            if phase == HOLD:
                kinds[kind_of(name)] = kinds.get(kind_of(name), 0) + row.count
        return cls(sum(kinds.values()) / hold_s, kinds)


class Sender:
    """Sends steps of given kinds; what a step needs to know comes from answers before."""

    def __init__(self, client: Client, desk: Desk, kinds: Sequence[str]) -> None:
        self._client = client
        self._desk = desk
        self._seen: deque[tuple[Step, Json]] = deque(maxlen=REMEMBERED)
        self.kinds = list(kinds)

    async def send(self, place: int) -> Answer:
        """Send the request with this place in the plan."""
        step = self.step(self.kinds[place])
        self.kinds[place] = step.kind
        return await self.ask(step)

    async def ask(self, step: Step) -> Answer:
        """Return the checked answer to a step, and remember the page that it shows."""
        if step.body is None:
            reply = await self._client.get(step.path)
        else:
            reply = await self._client.post(step.path, json.dumps(step.body).encode())
        try:
            payload = json.loads(reply.body)
        except ValueError:
            payload = None
        verdict = check(step, reply.status, payload)
        if not verdict.problem and step.kind in SEARCHES and payload["hits"]:
            self._seen.append((step, payload))
        return Answer(
            ok=verdict.problem is None,
            status=reply.status,
            degraded=bool(verdict.degraded),
            size=len(reply.body),
            received=reply.received,
            why=verdict.problem or "",
        )

    def step(self, kind: str) -> Step:
        """Return a step of a kind; a search where nothing seen so far leads to one."""
        made = {"search": self._desk.search, "wide": self._desk.wide, "facets": self._desk.facets}.get(kind)
        if made:
            return made(1)
        for _ in range(TRIES if self._seen else 0):
            last, answer = self._desk.random.choice(self._seen)
            if step := self._following(kind, last, answer):
                return step
        return self._desk.search(1)

    def _following(self, kind: str, last: Step, answer: Json) -> Step | None:
        desk = self._desk
        if kind == "refine":
            return desk.refine(1, last, answer)
        if kind == "page":
            return desk.page(1, last, answer)
        if kind == "suggest":
            typed = desk.keystrokes(answer)
            return desk.suggest(1, desk.random.choice(typed)) if typed else None
        return {"open": desk.open, "similar": desk.similar, "lookup": desk.lookup}[kind](1, answer)


async def open_loop(url: str, desk: Desk, load: Load, *, seconds: float, seed: int) -> Json:
    """Return what the same load comes to when nobody waits for answers; latency counts from the planned time."""
    plan = poisson(load.rate, seconds + WARMING_S, seed)
    random = Random(seed)  # noqa: S311 - draws a mix, not a secret
    kinds = random.choices(list(load.kinds), list(load.kinds.values()), k=len(plan))
    async with Client(url) as client:
        sender = Sender(client, desk, kinds)
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(KNOWN_AT_FIRST):
                await sender.ask(desk.search(0))
        outcome = await openloop.run(plan, sender.send, timeout_s=TIMEOUT_S)
    counted = outcome.planned_s >= WARMING_S
    is_search = np.array([kind in SEARCHES for kind in sender.kinds]) & counted
    answers = [one for one, is_counted in zip(outcome.answers, counted, strict=True) if is_counted]
    return {
        "rate": round(plan.rate, 2),
        "requests": len(answers),
        "failed": sum(not one.ok for one in answers),
        "degraded": sum(one.degraded for one in answers),
        "why": sorted({one.why for one in answers if one.why})[:5],
        "generator_lag_p99_ms": round(float(np.percentile(outcome.lag_s[counted], 99)) * 1000, 2),
        "searches": _latencies(Histogram(outcome.latency_s[is_search])),
    }


def _latencies(seen: Histogram) -> Json:
    return {"count": len(seen)} | {f"p{share}_ms": round(seen.percentile_ms(share), 2) for share in PERCENTILES}


def compared(closed: Mapping[str, Any], opened: Mapping[str, Any], *, users: int) -> Json:
    """Return both runs' latencies of searches side by side, their ratio, and why they differ."""
    both = {"closed": dict(closed), "open": opened["searches"]}
    ratios = {
        f"p{share}": round(both["open"][f"p{share}_ms"] / closed[f"p{share}_ms"], 2)
        for share in PERCENTILES
        if closed.get(f"p{share}_ms")
    }
    why = (
        f"Closed: {users} users, so at most {users} requests at once; who waits for a late answer asks later, and "
        f"latency counts from the send. Open: Poisson arrivals at the mean rate of the closed run, {opened['rate']}/s, "
        "however many answers are missing; latency counts from the planned time, so a stall is seen by all who would "
        "have asked in it. The gap is what stalls and bursts cost; it grows with the load."
    )
    return both | {"open_to_closed": ratios, "why": why}
