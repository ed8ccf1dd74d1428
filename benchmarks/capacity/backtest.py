"""What the planner says of sizes that it was not calibrated with, and of clusters that others published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.capacity.fit import case_of, constants
from search.capacity.calibration import Calibration
from search.capacity.estimate import estimate
from search.capacity.published import CLUSTERS, predict
from search.capacity.space import disk_bytes

BYTES_WITHIN = 0.15
P90_WITHIN = 0.30
Json = Mapping[str, Any]


def ladder(measured: Sequence[Json]) -> dict[str, Any]:
    """Return, for every size but the smallest, what the smaller ones predict of it, and how far off that is."""
    ordered = sorted(measured, key=lambda one: int(one["creators"]))
    steps = [_step(constants(ordered[:place]), one) for place, one in enumerate(ordered) if place]
    return {
        "steps": steps,
        "claims": {
            f"bytes within {BYTES_WITHIN:.0%} at every size": all(
                abs(one["bytes_off"]) <= BYTES_WITHIN for one in steps
            ),
            f"P90 within {P90_WITHIN:.0%} at every size": all(abs(one["p90_off"]) <= P90_WITHIN for one in steps),
        },
    }


def _step(calibration: Calibration, one: Json) -> dict[str, Any]:
    case, layout = case_of(one, calibration)
    said = estimate(case, layout)
    bytes_said, bytes_measured = disk_bytes(case.demand, case.constants), one["shape"]["disk_bytes"]
    asked = one["asking"]
    cpu = asked["engine_cpu_ms"] + asked["api_cpu_ms"]
    return {
        "creators": one["creators"],
        "calibrated_to": list(calibration.creators),
        "bytes": {"predicted": round(bytes_said, 1), "measured": round(bytes_measured, 1)},
        "bytes_off": round(bytes_said / bytes_measured - 1, 4),
        "p90_ms": {"predicted": round(said.p90_ms or -1, 1), "measured": asked["p90_ms"]},
        "p90_off": round((said.p90_ms or float("inf")) / asked["p90_ms"] - 1, 4),
        "p50_ms": {"predicted": round(said.p50_ms or -1, 1), "measured": asked["p50_ms"]},
        "cpu_ms": {"predicted": round(said.cpu_ms_per_search, 1), "measured": round(cpu, 1)},
        "load_average": asked["load_average"],
    }


def published(calibration: Calibration) -> dict[str, Any]:
    """Return what the planner says of the published clusters; within twice or half of it is the claim."""
    found = [predict(calibration, one) for one in CLUSTERS]
    return {
        "clusters": [asdict(one) for one in found],
        "claims": {"every published P90 within a factor of 2": all(one.holds for one in found)},
    }
