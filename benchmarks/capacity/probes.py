"""What one request costs the engine: nothing found, words, walks, scans, counts; by the product's own bodies."""

from __future__ import annotations

import copy
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.capacity.engine import BATCHES, Engine, Json
from benchmarks.latency.arms import FACETS
from search.filters import CountRange, Filters
from search.plan import EXPLORE_FILTERED, Plan, choose
from search.queries import facets, knn, lexical
from search.queries.filters import filter_clause
from search.queries.lean import lean

SHARES = (0.5, 0.2, 0.1, 0.05)
WANTED_MATCHES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
SIZE = 200
TIMEOUT_MS = 10_000
QUESTIONS = 20
SAMPLED = 5_000
WARM_S = 60.0
NOTHING = "zzqxjvwk"
WORD = re.compile(r"[a-z]{3,}")


def probe(engine: Engine, *, times: int, seed: int) -> Json:
    """Return the CPU of the engine for each kind of request, in milliseconds, of all shards together."""
    picked = np.random.default_rng(seed).choice(engine.corpus.size, QUESTIONS, replace=False)
    vectors = [np.asarray(engine.corpus.vectors[row], dtype=float).tolist() for row in picked]
    filters = [_filter(engine, share) for share in SHARES]
    words = _by_frequency(engine)
    _warm(engine, [*map(_walk, vectors), *map(_words_of, words), *(_scan(vectors[0], one) for one in filters)])
    nothing = lexical.lexical_arm(NOTHING, None, size=SIZE, timeout_ms=TIMEOUT_MS)
    return {
        "nothing_ms": engine.cost_ms([nothing], times=times * QUESTIONS),
        "hits_ms": engine.cost_ms([lean({"match_all": {}}, size=SIZE, timeout_ms=TIMEOUT_MS)], times=times * QUESTIONS),
        "walks": _walks(engine, vectors, filters, times),
        "scans": _scans(engine, vectors, filters, times),
        "counts": _counts(engine, filters, times),
        "words": _words(engine, words, times),
        "walk_each_ms": [engine.cost_ms([_walk(vector)], times=times) for vector in vectors],
    }


def _warm(engine: Engine, bodies: Sequence[Json]) -> None:
    """Ask until Java has compiled what is asked: the first requests cost several times as much."""
    ends = time.monotonic() + WARM_S
    while time.monotonic() < ends:
        engine.cost_ms(bodies, times=1)


def _filter(engine: Engine, share: float) -> Json:
    """Return the least followers of about this part of the creators, the query, and the part that really passes."""
    body = {"size": 0, "aggs": {"at": {"percentiles": {"field": "followers", "percents": [100 * (1 - share)]}}}}
    found = engine.client.search(index=engine.alias, body=body)["aggregations"]["at"]["values"]
    least = int(next(iter(found.values())))
    query = _at_least(least)
    return {
        "least": least,
        "query": filter_clause(query),
        "share": engine.hits(filter_clause(query)) / engine.corpus.size,
    }


def _at_least(followers: int) -> Filters:
    return Filters(followers=CountRange(min=followers))


def _walk(vector: Sequence[float], plan: Plan | None = None, query: Json | None = None) -> Json:
    chosen = plan or choose(1.0, 0, is_filtered=False, size=SIZE)
    return knn.knn_arm(vector, query, size=SIZE, timeout_ms=TIMEOUT_MS, plan=chosen)


def _scan(vector: Sequence[float], one: Json) -> Json:
    return _walk(vector, Plan("exact", None, 0, "measured", SIZE, 0), one["query"])


def _words_of(text: str) -> Json:
    return lexical.lexical_arm(text, None, size=SIZE, timeout_ms=TIMEOUT_MS)


def _walks(engine: Engine, vectors: list[list[float]], filters: Sequence[Json], times: int) -> list[Json]:
    open_walk = engine.cost_ms([_walk(vector) for vector in vectors], times=times)
    found = [{"share": 1.0, "ms": open_walk}]
    # The wider walk of filtered searches is asked for explicitly: the planner would scan a small index.
    plan = Plan("filtered", None, engine.corpus.size, "measured", SIZE, EXPLORE_FILTERED)
    for one in filters:
        bodies = [_walk(vector, plan, one["query"]) for vector in vectors]
        found.append({"share": one["share"], "ms": engine.cost_ms(bodies, times=times)})
    return found


def _scans(engine: Engine, vectors: list[list[float]], filters: Sequence[Json], times: int) -> list[Json]:
    return [
        {
            "read": one["share"] * engine.corpus.size,
            "ms": engine.cost_ms([_scan(vector, one) for vector in vectors], times=times),
        }
        for one in filters
    ]


def _counts(engine: Engine, filters: Sequence[Json], times: int) -> list[Json]:
    """Return the cost of the total with facets; each filter is by one follower another one, as those kept cost less."""
    found = []
    for one in filters:
        nearly = [_at_least(one["least"] + place) for place in range(BATCHES * times * QUESTIONS)]
        bodies = [body for each in nearly for body in facets.facet_requests(each, FACETS).values()]
        found.append({"counted": one["share"] * engine.corpus.size, "ms": engine.cost_once_ms(bodies)})
    return found


def _words(engine: Engine, words: Sequence[str], times: int) -> list[Json]:
    """Return the cost of single words by how many creators have them, all scored and pruned."""
    found = []
    for word in words:
        pruned = _words_of(word)
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
