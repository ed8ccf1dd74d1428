"""What one request costs the engine: nothing found, words, walks, scans, counts; by the product's own bodies."""

from __future__ import annotations

import copy
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.capacity.engine import Engine, Json
from search.plan import Plan, choose
from search.queries import knn, lexical
from search.queries.lean import lean

SHARES = (0.5, 0.2, 0.1, 0.05)
WANTED_MATCHES = (0.002, 0.01, 0.05, 0.2)
SIZE = 200
TIMEOUT_MS = 10_000
QUESTIONS = 20
SAMPLED = 5_000
WARM_S = 30.0
NOTHING = "zzqxjvwk"
WORD = re.compile(r"[a-z]{3,}")


def probe(engine: Engine, *, times: int, seed: int) -> Json:
    """Return the CPU of the engine for each kind of request, in milliseconds, of all shards together."""
    picked = np.random.default_rng(seed).choice(engine.corpus.size, QUESTIONS, replace=False)
    vectors = [np.asarray(engine.corpus.vectors[row], dtype=float).tolist() for row in picked]
    filters = {share: _filter(engine, share) for share in SHARES}
    _warm(engine, [_walk(vector) for vector in vectors])
    nothing = lexical.lexical_arm(NOTHING, None, size=SIZE, timeout_ms=TIMEOUT_MS)
    return {
        "nothing_ms": engine.cost_ms([nothing], times=times * QUESTIONS),
        "hits_ms": engine.cost_ms([lean({"match_all": {}}, size=SIZE, timeout_ms=TIMEOUT_MS)], times=times * QUESTIONS),
        "walks": _walks(engine, vectors, filters, times),
        "scans": _scans(engine, vectors, filters, times),
        "counts": _counts(engine, filters, times),
        "words": _words(engine, times),
        "walk_each_ms": [engine.cost_ms([_walk(vector)], times=times) for vector in vectors],
    }


def _warm(engine: Engine, bodies: Sequence[Json]) -> None:
    """Ask until Java has compiled what is asked: the first requests cost several times as much."""
    ends = time.monotonic() + WARM_S
    while time.monotonic() < ends:
        engine.cost_ms(bodies, times=1)


def _filter(engine: Engine, share: float) -> Json:
    """Return a range of followers that about this part of the creators is in, and the part that really is."""
    body = {"size": 0, "aggs": {"at": {"percentiles": {"field": "followers", "percents": [100 * share]}}}}
    found = engine.client.search(index=engine.alias, body=body)["aggregations"]["at"]["values"]
    query = {"range": {"followers": {"lte": next(iter(found.values()))}}}
    return {"query": query, "share": engine.hits(query) / engine.corpus.size}


def _walk(vector: Sequence[float], plan: Plan | None = None, query: Json | None = None) -> Json:
    chosen = plan or choose(1.0, 0, is_filtered=False, size=SIZE)
    return knn.knn_arm(vector, query, size=SIZE, timeout_ms=TIMEOUT_MS, plan=chosen)


def _walks(engine: Engine, vectors: list[list[float]], filters: dict[float, Json], times: int) -> list[Json]:
    open_walk = engine.cost_ms([_walk(vector) for vector in vectors], times=times)
    found = [{"share": 1.0, "ms": open_walk}]
    # The wider walk of filtered searches is asked for explicitly: the planner would scan a small index.
    plan = Plan("filtered", None, engine.corpus.size, "measured", SIZE, 512)
    for one in filters.values():
        bodies = [_walk(vector, plan, one["query"]) for vector in vectors]
        found.append({"share": one["share"], "ms": engine.cost_ms(bodies, times=times)})
    return found


def _scans(engine: Engine, vectors: list[list[float]], filters: dict[float, Json], times: int) -> list[Json]:
    plan = Plan("exact", None, engine.corpus.size, "measured", SIZE, 0)
    return [
        {
            "read": one["share"] * engine.corpus.size,
            "ms": engine.cost_ms([_walk(vector, plan, one["query"]) for vector in vectors], times=times),
        }
        for one in filters.values()
    ]


def _counts(engine: Engine, filters: dict[float, Json], times: int) -> list[Json]:
    return [
        {
            "counted": one["share"] * engine.corpus.size,
            "ms": engine.cost_ms(
                [{"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [one["query"]]}}}],
                times=times * QUESTIONS,
            ),
        }
        for one in filters.values()
    ]


def _words(engine: Engine, times: int) -> list[Json]:
    """Return the cost of single words by how many creators have them, all scored and pruned."""
    found = []
    for word in _by_frequency(engine):
        pruned = lexical.lexical_arm(word, None, size=SIZE, timeout_ms=TIMEOUT_MS)
        scored: dict[str, Any] = copy.deepcopy(pruned) | {"track_total_hits": True}
        found.append(
            {
                "matches": engine.hits(pruned["query"]),
                "scored_ms": engine.cost_ms([scored], times=times * QUESTIONS),
                "pruned_ms": engine.cost_ms([pruned], times=times * QUESTIONS),
            }
        )
    return found


def _by_frequency(engine: Engine) -> list[str]:
    """Return the words of a sample whose frequency is nearest to each that is wanted."""
    sample = min(SAMPLED, engine.corpus.size)
    seen: Counter[str] = Counter()
    for document in engine.corpus.documents(0, sample):
        seen.update(set(WORD.findall(str(document.get("bio", "")).lower())) - lexical.FUNCTION_WORDS)
    words = sorted(seen)
    nearest = [min(words, key=lambda word: abs(np.log(seen[word] / sample / wanted))) for wanted in WANTED_MATCHES]
    return list(dict.fromkeys(nearest))
