"""How sure a plan is: the same plan with constants drawn from their ranges, and the constant that moves it most."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from creators.errors import BadInput
from search.capacity.calibration import FAR, Calibration
from search.capacity.constants import MEANINGS, Constants, Range
from search.capacity.demand import Demand, Node
from search.capacity.estimate import FIGURES, Estimate, estimate
from search.capacity.sizing import Case, Layout, lay_out

DRAWS = 100
SEED = 1
INTERVAL = (0.05, 0.95)
MOVED = ("nodes", "p90_ms", "cpu_ms_per_search")
"""Figures whose weakest assumption is looked for."""


@dataclass(frozen=True, slots=True)
class Weakest:
    """The constant whose range moves a figure most: what it is, and the figure at both ends of the range."""

    constant: str
    meaning: str
    low: float
    high: float
    figure_at_low: float | None
    figure_at_high: float | None


@dataclass(frozen=True, slots=True)
class Capacity:
    """A plan.

    Attributes:
        layout: with the likeliest constants.
        expected: what it does with them.
        intervals: 5 % and 95 % of every figure, and of ``nodes``; of the other figures for the layout that is planned.
        weakest: by figure.
        outside: where the plan goes beyond what was measured; empty where it does not.
    """

    layout: Layout
    expected: Estimate
    intervals: Mapping[str, tuple[float | None, float | None]]
    weakest: Mapping[str, Weakest]
    outside: tuple[str, ...]


def plan(demand: Demand, node: Node, calibration: Calibration, *, draws: int = DRAWS) -> Capacity:
    """Return the smallest cluster for a demand, what it does, and how sure that is.

    Raises:
        BadInput: no cluster of such nodes would do.
    """
    case = Case(demand, node, calibration.best, calibration.reference)
    layout = lay_out(case)
    return Capacity(
        layout=layout,
        expected=estimate(case, layout),
        intervals=_intervals(case, layout, calibration.ranges, draws),
        weakest=_weakest(case, layout, calibration.ranges),
        outside=outside(case, layout, calibration),
    )


def draw(ranges: Mapping[str, Range], dice: random.Random) -> Constants:
    """Return one value of every constant: triangular on a logarithmic scale, its mode the likeliest value."""
    return Constants.of(
        {
            name: math.exp(dice.triangular(math.log(one.low), math.log(one.high), math.log(one.best)))
            for name, one in ranges.items()
        }
    )


def _intervals(
    case: Case, layout: Layout, ranges: Mapping[str, Range], draws: int
) -> dict[str, tuple[float | None, float | None]]:
    dice = random.Random(SEED)  # noqa: S311 - not a secret: the same plan twice
    found: dict[str, list[float]] = {name: [] for name in ("nodes", *FIGURES)}
    for _ in range(draws):
        drawn = replace(case, constants=draw(ranges, dice))
        nodes = _nodes(drawn)
        found["nodes"].append(nodes)
        figures = estimate(drawn, layout)
        for name in FIGURES:
            value = getattr(figures, name)
            # What is paid is paid for the nodes that it would take.
            scale = nodes / layout.nodes if name.startswith("cost") else 1.0
            found[name].append(math.inf if value is None else value * scale)
    return {name: _ends(sorted(values)) for name, values in found.items()}


def _ends(values: list[float]) -> tuple[float | None, float | None]:
    low, high = (values[min(int(part * len(values)), len(values) - 1)] for part in INTERVAL)
    return low if math.isfinite(low) else None, high if math.isfinite(high) else None


def _weakest(case: Case, layout: Layout, ranges: Mapping[str, Range]) -> dict[str, Weakest]:
    ends = {}
    for name, one in ranges.items():
        at = [replace(case, constants=replace(case.constants, **{name: value})) for value in (one.low, one.high)]
        ends[name] = [_figures(moved, layout) for moved in at]
    found = {}
    for figure in MOVED:
        name = max(ends, key=lambda name: _moved(*(end[figure] for end in ends[name])))
        low, high = (end[figure] for end in ends[name])
        found[figure] = Weakest(name, MEANINGS[name], ranges[name].low, ranges[name].high, low, high)
    return found


def _figures(case: Case, layout: Layout) -> dict[str, float | None]:
    figures = estimate(case, layout)
    own = {name: getattr(figures, name) for name in MOVED if name != "nodes"}
    nodes = _nodes(case)
    return {**own, "nodes": nodes if math.isfinite(nodes) else None}


def _nodes(case: Case) -> float:
    try:
        return lay_out(case).nodes
    except BadInput:
        return math.inf


def _moved(low: float | None, high: float | None) -> float:
    if low is None or high is None:
        return math.inf
    return abs(math.log(max(high, 1e-9) / max(low, 1e-9)))


def outside(case: Case, layout: Layout, calibration: Calibration) -> tuple[str, ...]:
    """Return where a plan goes beyond what was measured."""
    documents = case.demand.creators / layout.shards
    largest, told = calibration.reference, [calibration.note] if calibration.note else []
    if documents > largest:
        far = "far outside" if documents > FAR * largest else "outside"
        told.append(
            f"{far} the calibration: {documents:,.0f} creators in a shard, {largest:,} at most were measured "
            f"({documents / largest:.1f} times as many); the time of walks and scans is extrapolated"
        )
    if layout.nodes > 1:
        told.append("more nodes than one: fan-out, network and replicas are formulas here, only one node was measured")
    if case.demand.bits == 1:
        told.append("1-bit codes: none were measured at any size, their cost is a published range")
    return tuple(told)
