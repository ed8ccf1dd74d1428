"""The highest rate that is kept up: rates are raised until answers come late, are missing or come degraded."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.latency import usage
from benchmarks.latency.arms import ARMS, Servers
from benchmarks.latency.bench import Bench
from benchmarks.latency.schedule import ARRIVALS

LIMIT_MS = 500.0
LEAST_SERVED = 0.95
CLOSE = 1.12
"""The knee is found when the lowest rate that fails is at most 12 % above the highest that is kept up."""
WARM_S = 10.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Climb:
    """How the knee is looked for: from ``start`` requests per second upwards by ``factor``, ``seconds`` at each rate.

    At most ``steps`` rates are tried.
    """

    creators: int
    start: float = 5.0
    factor: float = 1.6
    seconds: float = 20.0
    steps: int = 12
    mix: str = "mixed"
    arrivals: str = "poisson"
    seed: int = 1


def next_rate(climb: Climb, good: float, bad: float) -> float | None:
    """Return the rate to try after ``good`` was kept up and ``bad`` was not; None when they are close enough.

    Zero stands for "none yet" as ``good``, infinity as ``bad``.
    """
    if good and bad / good <= CLOSE:
        return None
    if math.isinf(bad):
        return good * climb.factor if good else climb.start
    if good:
        return math.sqrt(good * bad)
    # Not even the first was kept up: half of it, and so on, down to one in ten seconds.
    return bad / 2 if bad > 0.2 else None


def is_kept_up(step: Json) -> bool:
    """Return whether a rate is kept up: P90 within the limit, and 95 % of the answers there and whole."""
    return bool(step["p90_ms"] <= LIMIT_MS and step["served_share"] >= LEAST_SERVED)


async def measure(bench: Bench, climb: Climb) -> Json:
    """Return the knee, in requests per second, and the figures of every rate that was tried."""
    good, bad = 0.0, math.inf
    steps: list[Json] = []
    async with bench.connected() as servers:
        await _step(bench, servers, climb, climb.start, -1)
        while len(steps) < climb.steps and (rate := next_rate(climb, good, bad)):
            steps.append(await _step(bench, servers, climb, rate, len(steps)))
            good, bad = (rate, bad) if is_kept_up(steps[-1]) else (good, rate)
    return {
        "climb": asdict(climb),
        "limit_ms": LIMIT_MS,
        "least_served": LEAST_SERVED,
        "max_sustained_qps": round(good, 2),
        "first_failing_qps": round(bad, 2) if math.isfinite(bad) else None,
        "steps": sorted(steps, key=lambda step: float(step["qps"])),
    }


async def _step(bench: Bench, servers: Servers, climb: Climb, rate: float, place: int) -> Json:
    seed = climb.seed * 1000 + 100 + place
    seconds = climb.seconds if place >= 0 else WARM_S
    plan = ARRIVALS[climb.arrivals](rate, seconds, seed)
    bench.bar.expect(f"{rate:.1f}/s", len(plan))
    run = await bench.ask(servers, ARMS["ours"], plan, bench.questions(len(plan), seed, climb.mix), 0.0)
    told = run.outcome.summary()
    whole = sum(one.ok and not one.degraded for one in run.outcome.answers)
    return {
        "qps": round(rate, 3),
        "offered_qps": round(plan.rate, 3),
        **told,
        "served_share": round(whole / max(1, len(run.outcome)), 4),
        **usage.summary([run.usage], run.requests),
    }
