"""The second stage over candidates as the arms return them: every step timed in turn, so that ratios hold."""

from __future__ import annotations

import cProfile
import json
import os
import platform
import pstats
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mappings.fields import FOLLOWER_BANDS, follower_band
from mappings.niches import NICHES
from search.explain import explain
from search.rank.candidates import ArmHit, Candidates, collect
from search.rank.diversity import Diversity, Traits, diversify
from search.rank.features import Wish
from search.rank.model import Ranked, rank_by
from search.rank.percentiles import PLATFORM_LABELS, POINTS, PercentileTable
from search.results import CreatorHit, SearchPage

CANDIDATES = 200
REPEATS = 400
PAGE = 20
DIMENSION = 384
NOW_MS = 1_793_620_800_000
PROFILED = 200
SHOWN = 15
BANDS = tuple(name for name, _ in FOLLOWER_BANDS)
NOTHING = Wish()


def population() -> PercentileTable:
    """Return a table with a cell for every platform and band, as a large index has it."""
    cells = [
        {
            "kind": "cell",
            "metric": metric,
            "platform": name,
            "band": band,
            "bands": [band],
            "n": 5_000,
            "quantiles": (np.linspace(0, 1, POINTS) ** 3).tolist(),
        }
        for metric in ("engagement_rate", "growth_90d", "followers")
        for name in PLATFORM_LABELS
        for band in BANDS
    ]
    return PercentileTable.from_documents(cells)


def arms(count: int) -> tuple[list[ArmHit], list[ArmHit]]:
    """Return the hits of both arms: ``count`` creators with everything known, two thirds found by each arm."""
    random = np.random.default_rng(20_261_121)
    hits = []
    for number in range(count):
        followers = int(10 ** random.uniform(2, 7.5))
        niches = sorted({NICHES[i].id for i in random.integers(0, len(NICHES), 2)})
        values = {
            "creator_id": f"{random.integers(0, 2**63):032x}",
            "followers": followers,
            "follower_band": follower_band(followers),
            "engagement_rate": float(random.lognormal(-4, 1)),
            "growth_90d": float(random.normal(0.05, 0.2)),
            "as_of": str(NOW_MS - int(random.integers(0, 10**10))),
            "primary_platform": str(random.choice(list(PLATFORM_LABELS))),
            "primary_niche": niches[0],
            "niches": niches,
        }
        hits.append((values, number))
    lexical = [ArmHit(v["creator_id"], 20.0 - n / 20, v) for v, n in hits[: 2 * count // 3]]
    knn = [ArmHit(v["creator_id"], 0.95 - n / 1000, v) for v, n in hits[count // 3 :]]
    return lexical, knn


def page_of(ranked: Ranked, size: int) -> SearchPage:
    """Return a page with its explanations and display fields of the usual size."""
    shown = {"name": "Rosa Cocina", "bio": "Cocino recetas de mi abuela. " * 4, "handles": ["rosa.cocina"]}
    hits = tuple(
        CreatorHit(
            rank=place + 1,
            creator_id=ranked.ids[place],
            score=float(ranked.scores[place]),
            creator=shown,
            explanation=explain(ranked, place),
        )
        for place in range(size)
    )
    return SearchPage(hits=hits, profile=ranked.profile)


def steps(count: int) -> dict[str, Callable[[], Any]]:
    """Return each step by name, ready to be called again and again."""
    table = population()
    lexical, knn = arms(count)
    ids = list(dict.fromkeys(hit.creator_id for hit in [*lexical, *knn]))
    columns = collect(ids, lexical, knn, now_ms=NOW_MS).among(table)
    ranked = ranked_of(columns)
    size = min(PAGE, count)
    page = page_of(ranked, size)
    stored = json.dumps(ranked.as_json())
    vectors = np.random.default_rng(1).normal(size=(count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    traits = Traits(ranked.ids, vectors=vectors, groups=columns.platforms)
    variety = Diversity(suppress_duplicates=True, spread="platform", strength=0.5)

    def answer() -> None:
        window = ranked_of(columns)
        for place in range(size):
            explain(window, place)

    def whole() -> None:
        window = ranked_of(collect(ids, lexical, knn, now_ms=NOW_MS).among(table))
        for place in range(size):
            explain(window, place)

    return {
        f"collect {count}": lambda: collect(ids, lexical, knn, now_ms=NOW_MS),
        f"rank {count}": lambda: ranked_of(columns),
        f"explain {size}": lambda: [explain(ranked, place) for place in range(size)],
        f"explain {count}": lambda: [explain(ranked, place) for place in range(count)],
        f"rank {count} and explain {size}": answer,
        f"collect, rank {count} and explain {size}": whole,
        f"JSON of a page of {size}": page.model_dump_json,
        "window to JSON": lambda: json.dumps(ranked.as_json()),
        "window from JSON": lambda: Ranked.from_json(json.loads(stored)),
        f"diversify {count}": lambda: diversify(ranked, traits, variety),
    }


def ranked_of(columns: Candidates) -> Ranked:
    """Rank as the default profile does."""
    return rank_by(columns, "balanced", {}, NOTHING)


def measure(count: int = CANDIDATES, repeats: int = REPEATS) -> dict[str, Any]:
    """Return the time of every step in ms, the size of what is stored, and a profile.

    Wall time is what a user waits, with whatever else the machine does meanwhile; CPU time is what it costs.
    """
    known = steps(count)
    wall: dict[str, list[float]] = {name: [] for name in known}
    cpu: dict[str, list[float]] = {name: [] for name in known}
    # Diversity multiplies matrices in threads that go on waiting busily: it has a round of its own.
    for names in ([name for name in known if not name.startswith("diversify")], [f"diversify {count}"]):
        for _ in range(repeats):
            for name in names:
                start, computed = time.perf_counter(), time.process_time()
                known[name]()
                cpu[name].append((time.process_time() - computed) * 1_000)
                wall[name].append((time.perf_counter() - start) * 1_000)
    return {
        "machine": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "load_average": [round(one, 1) for one in os.getloadavg()],
        },
        "candidates": count,
        "repeats": repeats,
        "ms": {
            name: {
                "wall_p10": _at(wall[name], 10),
                "wall_p50": _at(wall[name], 50),
                "wall_p90": _at(wall[name], 90),
                "cpu_p50": _at(cpu[name], 50),
            }
            for name in known
        },
        "window_bytes": len(known["window to JSON"]()),
        "profile": profile(known[f"collect, rank {count} and explain {min(PAGE, count)}"]),
    }


def _at(times: list[float], share: int) -> float:
    return round(float(np.percentile(times, share)), 3)


def profile(step: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return the functions in which most of the time goes, with their share of it."""
    recorder = cProfile.Profile()
    recorder.enable()
    for _ in range(PROFILED):
        step()
    recorder.disable()
    stats = pstats.Stats(recorder)
    rows = sorted(stats.stats.items(), key=lambda row: -row[1][2])[:SHOWN]  # type: ignore[attr-defined]  # not in the stubs
    return [
        {
            "function": f"{Path(where[0]).name}:{where[2]}",
            "calls_a_time": round(own[0] / PROFILED, 1),
            "share": round(own[2] / stats.total_tt, 3),  # type: ignore[attr-defined]  # not in the stubs
        }
        for where, own in rows
    ]
