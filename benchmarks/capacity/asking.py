"""Whole searches through a served API at a fixed rate: their time from the planned moment, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from benchmarks.capacity.engine import Engine, Json
from benchmarks.corpus.questions import Question, questions
from benchmarks.latency import openloop
from benchmarks.latency.arms import FACETS, LIMIT, SEARCH
from benchmarks.latency.client import Client
from benchmarks.latency.openloop import Answer, Outcome, Send
from benchmarks.latency.schedule import Plan, poisson
from benchmarks.latency.serving import served
from benchmarks.latency.usage import Meter, Usage
from search.queries import lexical

WARMING = 2
"""Times the measured length: an engine that has just started computes twice as much for a search."""
COUNTED = 40
"""Questions whose words are counted, to know how many creators have them."""


def ask(
    engine: Engine,
    *,
    qps: float,
    seconds: float,
    seed: int,
    starting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Json:
    """Return the time and the cost of the mixed searches at a rate, after ``WARMING`` times as long of others.

    Args:
        engine: whose installation is served.
        qps: searches per second; they arrive as those of many people do.
        seconds: of the run.
        seed: of the questions and the arrivals.
        starting: block in which the API is started.
    """
    warming, load = _drawn(engine, qps, WARMING * seconds, seed + 1), _drawn(engine, qps, seconds, seed)
    with ExitStack() as stack:
        with starting():
            api = stack.enter_context(served(engine.env))
        meter = Meter({"api": api.pid, "engine": engine.pid})
        outcome, usage, queries = asyncio.run(_run(engine, meter, api.url, (warming, load)))
    timed, requests = outcome.summary(), len(load.plan)
    return {
        "qps": qps,
        "requests": requests,
        "p50_ms": timed["p50_ms"],
        "p90_ms": timed["p90_ms"],
        "p99_ms": timed["p99_ms"],
        "failed": timed["failed"],
        "degraded": timed["degraded"],
        "api_cpu_ms": usage.cpu_s["api"] * 1000 / requests,
        "engine_cpu_ms": usage.cpu_s["engine"] * 1000 / requests,
        "shard_queries": queries / requests,
        "load_average": usage.load,
        "steal_share": usage.steal_share,
        "mix": mix_of(engine, load.asked),
    }


def mix_of(engine: Engine, asked: Sequence[Question]) -> Json:
    """Return what the questions are: the part with a filter, the shares that filters pass, the parts with the words."""
    shares = sorted(one.share for one in asked if one.filters)
    matches = sorted(engine.hits(lexical.lexical_query(one.text)) / engine.corpus.size for one in asked[:COUNTED])
    return {
        "filtered": len(shares) / len(asked),
        "shares": [max(one, 1e-6) for one in _spread(shares)],
        "matches": _spread(matches),
    }


@dataclass(frozen=True, slots=True)
class _Load:
    """What is sent, and when."""

    plan: Plan
    asked: Sequence[Question]

    def sender(self, client: Client) -> Send:
        """Return what sends one question and reads its answer."""
        import orjson

        bodies = [
            orjson.dumps({"text": one.text, "filters": one.filters, "facets": list(FACETS), "limit": LIMIT})
            for one in self.asked
        ]

        async def send(place: int) -> Answer:
            reply = await client.post(SEARCH, bodies[place])
            answer = orjson.loads(reply.body) if reply.status == 200 else {}
            return Answer(
                ok=reply.status == 200,
                status=reply.status,
                degraded=bool(answer.get("degraded")),
                received=reply.received,
            )

        return send


def _drawn(engine: Engine, qps: float, seconds: float, seed: int) -> _Load:
    plan = poisson(qps, seconds, seed)
    return _Load(plan, questions(engine.corpus, len(plan), seed=seed))


async def _run(engine: Engine, meter: Meter, url: str, loads: tuple[_Load, _Load]) -> tuple[Outcome, Usage, int]:
    """Send a load that nobody looks at, then the one that is measured."""
    warming, load = loads
    async with Client(url) as client:
        await openloop.run(warming.plan, warming.sender(client))
        queries, before = engine.queries(), meter.read()
        outcome = await openloop.run(load.plan, load.sender(client))
        usage = Usage.between(before, meter.read())
        return outcome, usage, engine.queries() - queries


def _spread(values: Sequence[float], steps: int = 8) -> list[float]:
    """Return values at even steps through sorted ones."""
    if not values:
        return []
    return [values[int((step + 0.5) / steps * len(values))] for step in range(steps)]
