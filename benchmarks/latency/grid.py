"""The filter cliff at the edge of the API: share of the filter by breadth of the words, with writes and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.corpus.questions import Question
from benchmarks.latency import recall, usage
from benchmarks.latency.arms import ARMS, Servers
from benchmarks.latency.bench import Bench
from benchmarks.latency.schedule import ARRIVALS
from benchmarks.latency.writes import written

SHARES = ("100", "50", "20", "10", "5", "1", "0.1")
BREADTHS = ("rare", "medium", "broad")
WARM_S = 10.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grid:
    """What is measured: ``seconds`` at ``qps`` in each of 7 shares (per cent) x 3 breadths x each rate of writes.

    ``recall`` questions of each cell are compared with an exact scan, none by default. ``correlation`` of the filter
    with the topic: ``random``, ``aligned`` or ``opposed``.
    """

    creators: int
    qps: float = 10.0
    seconds: float = 20.0
    writes: tuple[float, ...] = (0.0, 100.0)
    shares: tuple[str, ...] = SHARES
    breadths: tuple[str, ...] = BREADTHS
    correlation: str = "random"
    recall: int = 0
    arrivals: str = "poisson"
    seed: int = 1


def questions_of(bench: Bench, grid: Grid, key: tuple[str, str], count: int, seed: int) -> list[Question]:
    """Return questions with the words of a breadth and the filters of a share, ``key`` being (share, breadth)."""
    share, breadth = key
    drawn = bench.draw(count, seed, breadth)
    if share != "100":
        filtered = bench.draw(count, seed, f"filtered:{share}:{grid.correlation}")
        drawn = [
            replace(one, filters=other.filters, share=other.share) for one, other in zip(drawn, filtered, strict=True)
        ]
    return bench.unasked(drawn, count)


async def measure(bench: Bench, grid: Grid) -> Json:
    """Return every cell, and the worst P90 by the best, without writes and with."""
    rows: list[Json] = []
    wrote: Json = {}
    async with bench.connected() as servers:
        plan_keys = [(share, breadth) for share in grid.shares for breadth in grid.breadths]
        # Before anything is written, in the index as it was merged.
        recalls = {key: await _recall(bench, servers, grid, key) for key in plan_keys} if grid.recall else {}
        await _cell(bench, servers, replace(grid, seconds=WARM_S), plan_keys[0], -1)
        for rate in grid.writes:
            with written(bench.installed.env, bench.installed.corpus.folder, rate, grid.seed) as told:
                found = [await _cell(bench, servers, grid, key, place) for place, key in enumerate(plan_keys)]
            rows += [{"writes": rate, **row, **({} if rate else recalls.get(_key(row), {}))} for row in found]
            wrote |= {f"{rate:g}": told} if rate else {}
    spreads = {f"{rate:g}": spread(rows, rate) for rate in grid.writes}
    return {"grid": asdict(grid), "spread": spreads, "writes": wrote, "cells": rows}


def spread(rows: Sequence[Json], writes: float) -> Json:
    """Return the worst and the best P90 of the cells at a rate of writes, in milliseconds, and one by the other."""
    cells = [row for row in rows if row["writes"] == writes]
    worst, best = (choose(cells, key=lambda row: float(row["p90_ms"])) for choose in (max, min))
    return {
        "worst": {name: worst[name] for name in ("share", "breadth", "p90_ms")},
        "best": {name: best[name] for name in ("share", "breadth", "p90_ms")},
        "worst_by_best": round(worst["p90_ms"] / best["p90_ms"], 2),
        "p99_by_p50": round(max(row["p99_ms"] / row["p50_ms"] for row in cells), 2),
    }


async def _cell(bench: Bench, servers: Servers, grid: Grid, key: tuple[str, str], place: int) -> Json:
    seed = grid.seed * 1000 + place
    plan = ARRIVALS[grid.arrivals](grid.qps, grid.seconds, seed)
    bench.bar.expect(f"{key[0]} % {key[1]}", len(plan))
    asked = questions_of(bench, grid, key, len(plan), seed)
    run = await bench.ask(servers, ARMS["ours"], plan, asked, 0.0)
    passing = sum(one.share for one in asked) / max(1, len(asked))
    return {
        "share": key[0],
        "breadth": key[1],
        "passing_share": round(passing, 5),
        **run.outcome.summary(),
        "stages": run.outcome.stages(),
        "cpu_ms_per_request": usage.summary([run.usage], run.requests)["cpu_ms_per_request"],
    }


def _key(row: Json) -> tuple[str, str]:
    return row["share"], row["breadth"]


async def _recall(bench: Bench, servers: Servers, grid: Grid, key: tuple[str, str]) -> Json:
    asked = questions_of(bench, grid, key, grid.recall, grid.seed * 1000 + 500)
    return await recall.against_a_scan(bench, servers, asked)
