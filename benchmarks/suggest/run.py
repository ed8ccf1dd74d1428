"""Prefixes of handles and names that the index holds, completed: the engine's own time, and who was found."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from creators.stores.cluster import Cluster
from mappings.registry import CREATORS
from search.queries.suggest import check_prefix, nearly_query, suggest_query

QUERIES = 300
LIMIT = 10
PERCENTILES = (50, 90, 99)
LONG = 8
"""Letters from which on two typing errors are forgiven."""

Asked = tuple[str, str]
"""What is typed, and the creator from whom it was taken."""


def measure(cluster: Cluster, count: int = QUERIES) -> dict[str, Any]:
    """Return the percentiles of the engine's time for each way of typing.

    ``took`` adds up where misspellings were looked for too, in a second request. A first round of all queries, which
    is not counted, warms the engine.
    """
    fields = ["creator_id", "handles", "names"]
    everybody = {"query": {"match_all": {}}, "_source": fields, "sort": [{"creator_id": "asc"}]}
    people = [hit["_source"] for hit in cluster.scan(CREATORS, everybody)]
    chance = random.Random(1)  # noqa: S311 - chooses samples, guards nothing
    ways = {way: asked[:count] for way, asked in _ways(people, chance)}
    for asked in ways.values():
        _completed(cluster, asked)
    return {
        "opensearch": cluster.version(),
        "creators": len(people),
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "limit": LIMIT,
        "ways": {way: _completed(cluster, asked) for way, asked in ways.items()},
    }


def _ways(people: Sequence[dict[str, Any]], chance: random.Random) -> Iterator[tuple[str, list[Asked]]]:
    handles = [(one["handles"][0], one["creator_id"]) for one in people if one.get("handles")]
    names = [(one["names"][0], one["creator_id"]) for one in people if one.get("names")]
    chance.shuffle(handles)
    chance.shuffle(names)
    for letters in (2, 4, LONG):
        yield f"handle, {letters} letters", _typable((handle[:letters], one) for handle, one in handles)
    yield "handle, whole", _typable(handles)
    yield "name, 3 letters", _typable((name[:3], one) for name, one in names)
    yield "name, whole", _typable(names)
    long = [(handle, one) for handle, one in handles if len(handle) >= LONG]
    yield "handle, 8 letters, two swapped", _typable((f"{h[:3]}{h[4]}{h[3]}{h[5:LONG]}", one) for h, one in long)


def _typable(pairs: Iterable[Asked]) -> list[Asked]:
    """Return what completion accepts, with the rest left out."""
    found = []
    for typed, one in pairs:
        try:
            found.append((check_prefix(typed), one))
        except ValueError:
            continue
    return found


def _completed(cluster: Cluster, asked: Sequence[Asked]) -> dict[str, Any]:
    times, found, seconds = [], 0, 0
    for typed, wanted in asked:
        answer = cluster.search(CREATORS, suggest_query(typed, limit=LIMIT))
        took, hits = answer["took"], answer["hits"]["hits"]
        if len(hits) < LIMIT and (nearly := nearly_query(typed, limit=LIMIT)):
            answer = cluster.search(CREATORS, nearly)
            took, hits, seconds = took + answer["took"], [*hits, *answer["hits"]["hits"]], seconds + 1
        times.append(took)
        found += wanted in [hit["_source"]["creator_id"] for hit in hits[:LIMIT]]
    return {
        "queries": len(asked),
        **{f"took_ms_p{percentile}": float(np.percentile(times, percentile)) for percentile in PERCENTILES},
        "misspellings_looked_for": round(seconds / len(asked), 3),
        "found": round(found / len(asked), 3),
    }
