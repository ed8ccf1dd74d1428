"""Everything that is measured at one size, kept in a file so that a run that was ended goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capacity.asking import ask
from benchmarks.capacity.building import build
from benchmarks.capacity.engine import Json, engine
from benchmarks.capacity.probes import probe
from benchmarks.corpus.store import bench_folder
from benchmarks.retrieval.machine import fingerprint

PARTS = {"shape", "probes", "building", "asking"}


@dataclass(frozen=True, slots=True)
class How:
    """How a size is measured: searches per second for so long, each probe so often, everything random from the seed."""

    qps: float = 10.0
    seconds: float = 60.0
    times: int = 5
    seed: int = 7
    fresh: bool = False


def measure(creators: int, how: How, tell: Callable[[str], None]) -> Json:
    """Return what was measured at one size, now or in a run before.

    Raises:
        SetupError: no engine, or none on this machine.
    """
    kept = _file(creators, how)
    found = {} if how.fresh else _read(kept)
    if found.keys() >= PARTS:
        tell(f"{creators:,} creators: measured before ({kept.name}); --fresh measures again")
        return found
    tell(f"{creators:,} creators: installing")
    with engine(creators) as opened:
        found |= {
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "machine": fingerprint(opened.client),
            "creators": creators,
            "seed": how.seed,
        }
        parts: dict[str, Callable[[], Json]] = {
            "shape": opened.shape,
            "probes": lambda: probe(opened, times=how.times, seed=how.seed),
            "building": lambda: build(opened),
            "asking": lambda: ask(opened, qps=how.qps, seconds=how.seconds, seed=how.seed),
        }
        for name, part in parts.items():
            if name not in found:
                tell(f"{creators:,} creators: {name}")
                found[name] = part()
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def _read(kept: Path) -> Json:
    found: Json = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    return found


def _file(creators: int, how: How) -> Path:
    return bench_folder() / "capacity" / f"{creators}-{how.qps:g}-{how.seconds:g}-{how.times}-{how.seed}.json"
