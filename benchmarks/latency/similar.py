"""Creators like one, under three filters, in open loop."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from benchmarks.latency import intervals, usage
from benchmarks.latency.arms import LIMIT, posting, read_page
from benchmarks.latency.bench import Bench
from benchmarks.latency.schedule import ARRIVALS

PATH = "/v1/creators/similar"
AROUND = 10
"""Followers of those looked for: a tenth to ten times those of the seed."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Similar:
    """Rate, length and seed; the first ``warm_s`` seconds are not counted."""

    creators: int
    qps: float = 20.0
    seconds: float = 60.0
    warm_s: float = 10.0
    arrivals: str = "poisson"
    seed: int = 1


def body_of(document: Json) -> Json:
    """Return the request for creators like this one: on its platforms, in its languages, of about its size."""
    filters: Json = {"platforms": document["platforms"]}
    if document.get("languages"):
        filters["languages"] = document["languages"]
    if followers := document.get("followers"):
        filters["followers"] = {"min": followers // AROUND, "max": followers * AROUND}
    return {"seeds": [{"creator_id": document["creator_id"]}], "filters": filters, "limit": LIMIT}


async def measure(bench: Bench, similar: Similar) -> Json:
    """Return the figures; every seed is asked for once."""
    plan = ARRIVALS[similar.arrivals](similar.qps, similar.seconds + similar.warm_s, similar.seed)
    corpus = bench.installed.corpus
    rows = np.random.default_rng(similar.seed).integers(corpus.size, size=len(plan))
    bodies = [orjson.dumps(body_of(next(corpus.documents(int(row), int(row) + 1)))) for row in rows]
    bench.bar.expect("similar", len(plan))
    async with bench.connected() as servers:
        run = await bench.run(posting(servers.api, PATH, bodies, read_page), plan, similar.warm_s)
    return {
        "similar": asdict(similar),
        **run.outcome.summary(),
        "ci95": {f"p{share}_ms": intervals.percentile([run.outcome.latency_s], share).rounded() for share in (50, 90)},
        "stages": run.outcome.stages(),
        **usage.summary([run.usage], run.requests),
        "hdr": run.outcome.histogram().encoded(),
    }
