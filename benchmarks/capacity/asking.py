"""Whole searches through a served API at a fixed rate: their time from the planned moment, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

from benchmarks.capacity.engine import Engine, Json
from benchmarks.corpus.questions import Question, questions
from benchmarks.latency import openloop
from benchmarks.latency.arms import FACETS, LIMIT, SEARCH
from benchmarks.latency.client import Client
from benchmarks.latency.openloop import Answer, Outcome, Send
from benchmarks.latency.schedule import poisson
from benchmarks.latency.serving import served
from benchmarks.latency.usage import Meter, Usage
from search.queries import lexical

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
    """Return the time and the cost of the mixed searches at a rate; the first third is for warming up.

    Args:
        engine: whose installation is served.
        qps: searches per second; they arrive as those of many people do.
        seconds: of the run.
        seed: of the questions and the arrivals.
        starting: block in which the API is started.
    """
    plan = poisson(qps, seconds, seed)
    asked = questions(engine.corpus, len(plan), seed=seed)
    with ExitStack() as stack:
        with starting():
            api = stack.enter_context(served(engine.env))
        meter = Meter({"api": api.pid, "engine": engine.pid})
        outcome, usage, queries = asyncio.run(_run(engine, meter, api.url, _Load(plan, asked)))
    timed = outcome.after(seconds / 3).summary()
    # Counters are of the whole run: warming up costs more, so these costs err on the high side.
    return {
        "qps": qps,
        "requests": len(plan),
        "p50_ms": timed["p50_ms"],
        "p90_ms": timed["p90_ms"],
        "p99_ms": timed["p99_ms"],
        "failed": timed["failed"],
        "degraded": timed["degraded"],
        "api_cpu_ms": usage.cpu_s["api"] * 1000 / len(plan),
        "engine_cpu_ms": usage.cpu_s["engine"] * 1000 / len(plan),
        "shard_queries": queries / len(plan),
        "load_average": usage.load,
        "steal_share": usage.steal_share,
        "mix": mix_of(engine, asked),
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


class _Load:
    """What is sent, and when."""

    def __init__(self, plan: Any, asked: Sequence[Question]) -> None:
        self.plan = plan
        self.asked = asked

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


async def _run(engine: Engine, meter: Meter, url: str, load: _Load) -> tuple[Outcome, Usage, int]:
    async with Client(url) as client:
        queries, before = engine.queries(), meter.read()
        outcome = await openloop.run(load.plan, load.sender(client))
        usage = Usage.between(before, meter.read())
        return outcome, usage, engine.queries() - queries


def _spread(values: Sequence[float], steps: int = 8) -> list[float]:
    """Return values at even steps through sorted ones."""
    if not values:
        return []
    return [values[int((step + 0.5) / steps * len(values))] for step in range(steps)]
