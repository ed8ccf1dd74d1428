"""One cell: arms in turns at one rate over one index, and what that comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.latency import intervals, openloop, usage
from benchmarks.latency.arms import ARMS, Servers
from benchmarks.latency.bench import Bench, Run
from benchmarks.latency.histogram import Histogram
from benchmarks.latency.schedule import ARRIVALS, Plan
from benchmarks.latency.writes import written

SETTLE_S = 1.0
"""After a change of arms: the engine's caches and the compiler see other requests."""
WARM_ROUNDS = 3
SHARES = (50.0, 90.0, 99.0)
WARM_SEED = 500_000
"""Added to the seed: what warms the caches is not asked again."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is measured.

    Attributes:
        creators: in the index.
        qps: requests per second that are offered.
        seconds: measured for each arm, all its runs together.
        arrivals: ``poisson`` or ``constant``.
        mix: of questions, see ``benchmarks.corpus.questions``.
        writes: documents per second that are updated meanwhile.
        arms: names of ``ARMS``; the first is the one that others are compared with.
        seed: of times and questions.
        runs: in how many runs an arm is measured; the arms take turns, there and back again.
        warm_s: of warming for each arm, before the first run; up to three times as long until the times are steady.
    """

    creators: int
    qps: float
    seconds: float
    arrivals: str = "poisson"
    mix: str = "mixed"
    writes: float = 0.0
    arms: tuple[str, ...] = ("ours",)
    seed: int = 1
    runs: int = 5
    warm_s: float = 10.0

    def plan(self, seconds: float, turn: int) -> Plan:
        """Return the send times of a turn, the same for every arm."""
        return ARRIVALS[self.arrivals](self.qps, seconds, self.seed * 1000 + turn)

    def order(self, turn: int) -> tuple[str, ...]:
        """Return the arms of a turn: there and back again, so that none always follows the slowest."""
        return self.arms[::-1] if turn % 2 else self.arms


@dataclass(frozen=True)
class Measured:
    """Runs by arm, and whether the warming had ended in steady times."""

    cell: Cell
    runs: dict[str, list[Run]]
    warm: dict[str, list[float]]
    wrote: Json

    def outcome(self, arm: str) -> openloop.Outcome:
        """Return all runs of an arm as one."""
        return openloop.joined([run.outcome for run in self.runs[arm]])


async def measure(bench: Bench, cell: Cell) -> Measured:
    """Warm, then measure every arm in turns."""
    length = cell.seconds / cell.runs + SETTLE_S
    runs: dict[str, list[Run]] = {arm: [] for arm in cell.arms}
    async with bench.connected() as servers:
        warm = await _warmed(bench, servers, cell)
        with written(bench.installed.env, bench.installed.corpus.folder, cell.writes, cell.seed) as wrote:
            for turn in range(cell.runs):
                plan = cell.plan(length, turn)
                asked = bench.questions(len(plan), cell.seed * 1000 + turn, cell.mix)
                for arm in cell.order(turn):
                    bench.bar.expect(f"{arm} {turn + 1}/{cell.runs}", len(plan))
                    runs[arm].append(await bench.ask(servers, ARMS[arm], plan, asked, SETTLE_S))
    return Measured(cell, runs, warm, wrote)


async def _warmed(bench: Bench, servers: Servers, cell: Cell) -> dict[str, list[float]]:
    """Return the medians of the windows of the warming, in milliseconds, by arm."""
    medians: dict[str, list[float]] = {arm: [] for arm in cell.arms}
    for turn in range(WARM_ROUNDS if cell.warm_s else 0):
        plan = cell.plan(cell.warm_s, WARM_SEED + turn)
        asked = bench.questions(len(plan), cell.seed * 1000 + WARM_SEED + turn, cell.mix)
        for arm in cell.order(turn):
            bench.bar.expect(f"warming {arm}", len(plan))
            run = await bench.ask(servers, ARMS[arm], plan, asked, 0.0)
            medians[arm] += windows(run.outcome, cell.warm_s)
        if all(intervals.is_steady(one) for one in medians.values()):
            break
    return medians


def windows(outcome: openloop.Outcome, seconds: float) -> list[float]:
    """Return the medians of five equal windows of a run, in milliseconds; windows without a request are left out."""
    places = np.minimum(outcome.planned_s / seconds * intervals.WINDOWS, intervals.WINDOWS - 1).astype(int)
    latency = outcome.latency_s * 1000
    return [float(np.median(latency[places == one])) for one in range(intervals.WINDOWS) if np.any(places == one)]


def report(measured: Measured) -> Json:
    """Return a cell as it is committed."""
    cell = measured.cell
    every = [run for runs in measured.runs.values() for run in runs]
    shares = usage.summary([run.usage for run in every], sum(run.requests for run in every))
    result: Json = {
        "cell": asdict(cell),
        "arms": {arm: _arm(measured, arm) for arm in cell.arms},
        "ratios": {arm: _ratios(measured, arm) for arm in cell.arms[1:]},
        "client_share_of_machine": shares["share_of_machine"]["client"],
        "steal_share": shares["steal_share"],
        "load_average": shares["load_average"],
    }
    return result | ({"writes": measured.wrote} if measured.wrote else {})


def _arm(measured: Measured, arm: str) -> Json:
    runs = measured.runs[arm]
    outcome = measured.outcome(arm)
    counts = Histogram().merge(run.outcome.histogram() for run in runs)
    medians = [1000 * float(np.median(run.outcome.latency_s)) for run in runs if len(run.outcome)]
    told = outcome.summary()
    return {
        **told,
        "p99_by_p50": round(told["p99_ms"] / max(0.001, told["p50_ms"]), 2),
        "p99_by_p90": round(told["p99_ms"] / max(0.001, told["p90_ms"]), 2),
        "ci95": {f"p{share:g}_ms": intervals.percentile(_latencies(runs), share).rounded() for share in SHARES},
        "stages": outcome.stages(),
        **usage.summary([run.usage for run in runs], sum(run.requests for run in runs)),
        "warm_steady": intervals.is_steady(measured.warm[arm]),
        "warm_windows_ms": [round(one, 1) for one in measured.warm[arm]],
        "runs_p50_ms": [round(one, 1) for one in medians],
        "drift": round(intervals.drift(medians), 3),
        "hdr": counts.encoded(),
    }


def _ratios(measured: Measured, arm: str) -> Json:
    """Return how many times what the first arm takes this one takes."""
    first = measured.cell.arms[0]
    ours, other = _latencies(measured.runs[first]), _latencies(measured.runs[arm])
    found: Json = {f"p{share:g}": intervals.ratio(ours, other, share).rounded() for share in SHARES}
    spent = [
        usage.summary([run.usage for run in measured.runs[one]], sum(run.requests for run in measured.runs[one]))
        for one in (first, arm)
    ]
    for name in ("server", "engine"):
        mine, theirs = (one["cpu_ms_per_request"].get(name, 0.0) for one in spent)
        if mine:
            found[f"cpu_{name}"] = round(theirs / mine, 3)
    return found


def _latencies(runs: Sequence[Run]) -> list[intervals.Latencies]:
    return [run.outcome.latency_s for run in runs if len(run.outcome)]
