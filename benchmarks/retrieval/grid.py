"""The filter cliff: share of the filter by its relation to the topic, with the planner and without."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.retrieval.corpus import Corpus
from benchmarks.retrieval.measure import Ask, Bench, Key, Sample, in_turns, percentiles, recall
from benchmarks.retrieval.questions import CORRELATIONS, SHARES, Asked, Cell, cell, nearest
from search.counts import CountTable, estimate, read_table, table_request
from search.filters import Filters
from search.plan import Plan, choose
from search.queries import knn
from search.queries.filters import filter_clause
from search.topics import Topics

NEIGHBOURS = 100
K = 200
SCANNED = 0.2
"""Largest share at which a scan is measured beside the others."""
Json = dict[str, Any]


def cliff(bench: Bench, corpus: Corpus, asked: list[Asked], index: str, topics: Topics) -> Json:
    """Return recall and milliseconds of every cell: planned, always a walk under the filter, always a scan."""
    table = read_table(bench.client.search(index=index, body=table_request()))
    cells: dict[Key, dict[int, Cell]] = {}
    plans: dict[Key, list[Plan]] = {}
    asks = []
    for share in SHARES:
        for correlation in CORRELATIONS if share < 1 else ("random",):
            key = (share, correlation)
            cells[key] = {place: cell(corpus, one, share, correlation) for place, one in enumerate(asked)}
            plans[key] = [_plan(one, cells[key][place].filters, table, topics) for place, one in enumerate(asked)]
            for place, one in enumerate(asked):
                clause = filter_clause(cells[key][place].filters)
                for way, plan in _ways(plans[key][place], share).items():
                    body = knn.knn_arm(one.vector, clause, size=K, timeout_ms=60_000, plan=plan)
                    asks.append(Ask((*key, way), place, index, body))
    return _summary(corpus, asked, cells, plans, in_turns(bench, asks))


def _plan(one: Asked, filters: Filters, table: CountTable, topics: Topics) -> Plan:
    is_off_topic = topics.is_left_out(one.vector, filters.niches)
    share = estimate(filters, table, now_ms=0)
    return choose(share, table.documents, is_filtered=True, size=K, is_off_topic=is_off_topic)


def _ways(planned: Plan, share: float) -> dict[str, Plan | None]:
    ways = {"planned": planned, "walk": None}
    return ways | {"scan": Plan("exact", None, 0, "", K, 0)} if share <= SCANNED else ways


def _summary(
    corpus: Corpus,
    asked: list[Asked],
    cells: dict[Key, dict[int, Cell]],
    plans: dict[Key, list[Plan]],
    found: dict[Key, dict[int, Sample]],
) -> Json:
    rows = []
    for key, filtered in cells.items():
        truth = {place: nearest(corpus, asked[place], one.passing, NEIGHBOURS) for place, one in filtered.items()}
        row: Json = {"share": key[0], "filter": key[1], "strategies": sorted({plan.strategy for plan in plans[key]})}
        row["estimated_share"] = round(float(np.mean([plan.share or 0 for plan in plans[key]])), 5)
        for way in ("planned", "walk", "scan"):
            if (*key, way) in found:
                samples = found[*key, way]
                row[way] = recall(samples, truth.__getitem__) | percentiles(samples)
        rows.append(row)
    return {"cells": rows, **{way: _worst(rows, way) for way in ("planned", "walk")}}


def _worst(rows: list[Json], way: str) -> Json:
    spread = {
        f"worst_by_best_{name}_p90": round(
            max(row[way][f"{name}_p90_ms"] for row in rows) / min(row[way][f"{name}_p90_ms"] for row in rows), 2
        )
        for name in ("took", "cpu")
    }
    return {"least_recall": min(row[way]["recall"] for row in rows), **spread}
