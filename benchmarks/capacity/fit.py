"""From measurements at several sizes to constants with ranges; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from search.capacity.calibration import Calibration
from search.capacity.constants import ASSUMED, Range
from search.capacity.demand import Demand, Node
from search.capacity.estimate import Estimate, estimate
from search.capacity.sizing import Case, Layout

Json = Mapping[str, Any]
Ranges = dict[str, Range]
TRUST = 1.25
"""Every range is at least this wide to both sides: a run on another day differs by as much."""
GROWTH = Range(0.05, 0.15, 0.3)
"""Growth of a walk where sizes are too near to show it: 0.07 from the logarithm alone, 0.28 from the published tables
(apache/lucene pull requests 14160 and 14085: 1.9k visits at 1 million, 4.5k at 8 million)."""
STEPS = 20
BROKEN = 0.01
LEAST = 1e-3


def constants(measured: Sequence[Json]) -> Calibration:
    """Return the constants that measurements at ascending sizes give; the largest counts, the others give the range.

    Args:
        measured: see :func:`benchmarks.capacity.measure.measure`.
    """
    ordered = sorted(measured, key=lambda one: int(one["creators"]))
    ranges = {name: _range([of(one) for one in ordered]) for name, of in _BY_SIZE.items()}
    ranges["walk_growth"] = _growth(ordered)
    last = ordered[-1]
    grown = 1 + ranges["walk_growth"].best * math.log(last["building"]["written"] / shard_of(last))
    ranges["index_ms"] = _range([last["building"]["index_ms"] / max(grown, 0.3)])
    sizes = tuple(shard_of(one) for one in ordered)
    found = Calibration(last["made"], last["machine"], sizes, 384, {**ASSUMED, **_unknown_base(), **ranges})
    bases = [base_of(one, found) for one in ordered]
    known = {name: _range([base[place] for base in bases]) for place, name in enumerate(("base_ms", "base_scv"))}
    return replace(found, ranges={**found.ranges, **known})


def shard_of(one: Json) -> int:
    """Return the mean creators of a shard of one measured index."""
    return max(1, round(float(one["creators"]) / int(one["shape"]["shards"])))


def case_of(one: Json, calibration: Calibration, *, machine: Json | None = None) -> tuple[Case, Layout]:
    """Return the case that was measured: its mix of searches on one node, the measured machine, no copies."""
    mix, asked = one["asking"]["mix"], one["asking"]
    whole = machine or one["machine"]
    node = Node(vcpu=whole["cores"], ram_gb=max(whole["memory_gb"], 5))
    demand = Demand(
        creators=one["creators"],
        qps=asked["qps"],
        replicas=0,
        filtered=mix["filtered"],
        shares=tuple(mix["shares"]) or (1.0,),
        matches=tuple(mix["matches"]),
        most_per_shard=one["creators"],
    )
    # The index that was measured is merged, its machine the one that everything is measured on.
    values = replace(calibration.best, segments=1.0, core_speed=1.0)
    layout = Layout(1, one["shape"]["shards"], {"memory": 1, "cpu": 1, "disk": 1, "io": 1})
    return Case(demand, node, values, calibration.reference), layout


def base_of(one: Json, calibration: Calibration) -> tuple[float, float]:
    """Return the base and its variability with which the model gives the measured P50 and P90."""
    case, layout = case_of(one, calibration)
    wanted = one["asking"]
    base, scv = max(wanted["p50_ms"] / 2, LEAST), 0.1
    for _ in range(3):
        base = _solve(partial(_p50, case, layout, scv), wanted["p50_ms"], (0.1, 10_000.0))
        scv = _solve(partial(_p90, case, layout, base), wanted["p90_ms"], (LEAST, 4.0))
    return base, scv


def _p50(case: Case, layout: Layout, base_scv: float, base_ms: float) -> float:
    return _with_base(case, layout, base_ms, base_scv).p50_ms or math.inf


def _p90(case: Case, layout: Layout, base_ms: float, base_scv: float) -> float:
    return _with_base(case, layout, base_ms, base_scv).p90_ms or math.inf


def _with_base(case: Case, layout: Layout, base_ms: float, base_scv: float) -> Estimate:
    moved = replace(case, constants=replace(case.constants, base_ms=base_ms, base_scv=base_scv))
    return estimate(moved, layout)


def _solve(of: Callable[[float], float], wanted: float, ends: tuple[float, float]) -> float:
    """Return where a growing function has a value, or the end of the range that is nearest to it."""
    low, high = ends
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if of(middle) < wanted else (low, middle)
    return math.sqrt(low * high)


def _range(values: Sequence[float]) -> Range:
    kept = [max(one, LEAST) for one in values]
    best = kept[-1]
    return Range(min(*kept, best / TRUST), best, max(*kept, best * TRUST))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the least squares line, at least a little above 0."""
    x, y = np.array(points).T
    return max(float(np.polyfit(x, y, 1)[0]), LEAST / 1e6)


def _fixed_ms(one: Json) -> float:
    return float(one["probes"]["nothing_ms"])


def _found_ms(one: Json) -> float:
    """Return what a request costs that finds as many hits without looking for them."""
    return max(float(one["probes"]["hits_ms"]), _fixed_ms(one))


def _walk_ms(one: Json) -> float:
    return float(max(one["probes"]["walks"][0]["ms"] - _found_ms(one), LEAST) / one["shape"]["shards"])


def _exponent(one: Json) -> float:
    """Return the exponent of the walk under filters; shares at which Lucene gave up and scanned are left out."""
    filtered = one["probes"]["walks"][1:]
    points = [(math.log(walk["share"]), math.log(max(walk["ms"] - _found_ms(one), LEAST))) for walk in filtered]
    steepest = [(a[1] - b[1]) / (b[0] - a[0]) for a, b in pairwise(points) if b[0] != a[0]]
    return min(max(median(steepest), 0.5), 1.0)


def _read_us(one: Json) -> float:
    return _slope([(scan["read"], scan["ms"]) for scan in one["probes"]["scans"]]) * 1000


def _count_ns(one: Json) -> float:
    return _slope([(count["counted"], count["ms"]) for count in one["probes"]["counts"]]) * 1e6


def _lexical_ns(one: Json) -> float:
    return _slope([(word["matches"], word["scored_ms"]) for word in one["probes"]["words"]]) * 1e6


def _lexical_read(one: Json) -> float:
    pruned = _slope([(word["matches"], word["pruned_ms"]) for word in one["probes"]["words"]]) * 1e6
    return min(1.0, max(0.01, pruned / _lexical_ns(one)))


def _scv(one: Json) -> float:
    each = [max(ms - _found_ms(one), LEAST) for ms in one["probes"]["walk_each_ms"]]
    return float(np.var(each) / np.mean(each) ** 2)


def _growth(ordered: Sequence[Json]) -> Range:
    """Return how a walk grows with its shard, from the smallest and the largest where they are far enough apart."""
    first, last = ordered[0], ordered[-1]
    apart = math.log(shard_of(last) / shard_of(first))
    if apart < math.log(4):
        return GROWTH
    best = (1 - _walk_ms(first) / _walk_ms(last)) / apart
    best = min(max(best, GROWTH.low), GROWTH.high)
    return Range(GROWTH.low, best, GROWTH.high)


def _unknown_base() -> Ranges:
    return {"base_ms": Range(1, 1, 1), "base_scv": Range(0.1, 0.1, 0.1)}


def _shaped(name: str, one: Json) -> float:
    return float(one["shape"][name])


_BY_SIZE: dict[str, Callable[[Json], float]] = {
    **{name: partial(_shaped, name) for name in ("graph_bytes", "stored_bytes", "postings_bytes", "values_bytes")},
    "shard_ms": lambda one: _fixed_ms(one) / one["shape"]["shards"],
    "hits_ms": lambda one: _found_ms(one) - _fixed_ms(one),
    "shard_requests": lambda one: one["asking"]["shard_queries"] / one["shape"]["shards"],
    "api_ms": lambda one: one["asking"]["api_cpu_ms"],
    "walk_ms": _walk_ms,
    "walk_exponent": _exponent,
    "read_us": _read_us,
    "count_ns": _count_ns,
    "lexical_ns": _lexical_ns,
    "lexical_read": _lexical_read,
    "service_scv": _scv,
    "embed_ms": lambda one: one["building"]["embed_ms"],
}


def sound(measured: Sequence[Json]) -> dict[str, bool]:
    """Return whether the machine kept up: times of one that did not are those of its queue."""
    return {
        f"{one['creators']} creators: at most {BROKEN:.0%} of the searches failed or were cut short": (
            one["asking"]["failed"] + one["asking"]["degraded"] <= BROKEN * one["asking"]["requests"]
        )
        for one in measured
    }


def stated(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as the planner's file has it: the measured constants only."""
    return {
        "made": calibration.made,
        "machine": dict(calibration.machine),
        "creators": list(calibration.creators),
        "dimension": calibration.dimension,
        "constants": {
            name: {"low": _digits(one.low), "best": _digits(one.best), "high": _digits(one.high)}
            for name, one in calibration.ranges.items()
            if name not in ASSUMED
        },
    }


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
