"""The same rate in open and in closed loop: what a closed-loop figure leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.latency import openloop
from benchmarks.latency.arms import ARMS, Servers, sender
from benchmarks.latency.bench import Bench
from benchmarks.latency.histogram import Histogram
from benchmarks.latency.schedule import ARRIVALS

Json = dict[str, Any]
GAPS = ("p50_ms", "p90_ms", "p99_ms")
RUNS = 4
"""Of each loop at each rate, in turns: open, closed, closed, open."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is compared: at each share of the knee, in requests per second, ``seconds`` of each loop.

    ``users`` take turns in the closed one.
    """

    creators: int
    knee_qps: float
    shares: tuple[float, ...] = (0.5, 0.7, 0.9)
    seconds: float = 60.0
    users: int = 8
    mix: str = "mixed"
    arrivals: str = "poisson"
    seed: int = 1


async def measure(bench: Bench, gap: Gap) -> Json:
    """Return both loops at each rate."""
    async with bench.connected() as servers:
        rows = [await _rate(bench, servers, gap, share) for share in gap.shares]
    return {"gap": asdict(gap), "rates": rows}


async def _rate(bench: Bench, servers: Servers, gap: Gap, share: float) -> Json:
    rate = gap.knee_qps * share
    found: dict[str, list[openloop.Outcome]] = {"open": [], "closed": []}
    for turn in range(RUNS):
        plan = ARRIVALS[gap.arrivals](rate, gap.seconds / RUNS, gap.seed * 1000 + turn)
        for loop in ("open", "closed") if turn % 2 == 0 else ("closed", "open"):
            # New questions every time: those that were asked a moment ago are answered from a cache.
            seed = gap.seed * 1000 + round(share * 100) * 10 + 2 * turn + (loop == "closed")
            bench.bar.expect(f"{loop} {rate:.1f}/s", len(plan))
            send = bench.bar.counting(sender(ARMS["ours"], servers, bench.questions(len(plan), seed, gap.mix)))
            outcome = openloop.run(plan, send) if loop == "open" else openloop.paced(plan, send, users=gap.users)
            found[loop].append(await outcome)
    told = {loop: _told(runs) for loop, runs in found.items()}
    gaps = {name: round(told["open"][name] / max(0.001, told["closed"][name]), 2) for name in GAPS}
    return {"share_of_knee": share, "qps": round(rate, 2), "open_by_closed": gaps} | told


def _told(runs: Sequence[openloop.Outcome]) -> Json:
    counts = Histogram().merge(run.histogram() for run in runs)
    return openloop.joined(runs).summary() | {"hdr": counts.encoded()}
