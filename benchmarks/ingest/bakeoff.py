"""The same creators by every way into indices with the same settings, in turns, in one run on one node.

Of each way: documents a second until all can be searched, processor seconds of this process and of OpenSearch, and how
far the vectors that arrived are from those that were sent.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.corpus.make import make
from benchmarks.corpus.store import default_folder
from benchmarks.ingest import engine
from benchmarks.ingest.node import Node, own_node
from benchmarks.ingest.ways import AS_MADE, IN_SOURCE, WAYS, Job
from creators.errors import CreatorscopeError
from creators.settings import load_settings
from creators.stores.cluster import Cluster
from enrich.encoders.opened import fingerprint_of
from mappings.fields import VECTOR
from mappings.registry import CREATORS, FAMILIES, definition, physical_name

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

    from benchmarks.corpus.store import Corpus

CHECKED = 200
"""Creators whose vectors are read back."""
STOCK = "stock helper"
WARM_UP = 2_000
"""Creators loaded before anything is timed: the first thousands are compiled for, not indexed."""
SHOWN = 400
"""Characters of a refusal."""
FIGURES = ("documents_per_s", "seconds", "client_cpu_s", "engine_cpu_s")
Json = dict[str, Any]


def bake_off(creators: int, *, seed: int, rounds: int, ways: Sequence[str] = tuple(WAYS)) -> Json:
    """Return what each way took, the median of the rounds, and its ratio to the stock helper.

    Args:
        creators: of the corpus.
        seed: of the corpus.
        rounds: each goes through the ways, every second one backwards.
        ways: some of ``WAYS``; the stock helper is always among them.
    """
    settings = load_settings()
    corpus = make(creators, default_folder(creators, seed), settings=settings, seed=seed)
    small = make(WARM_UP, default_folder(WARM_UP, seed), settings=settings, seed=seed)
    with own_node(settings) as node, engine.connect(node.url) as client:
        runs: dict[str, list[Json]] = {name: [] for name in WAYS if name in {STOCK, *ways}}
        for name in ("product, two at once", STOCK):
            _run(node, client, small, name)
        for turn in range(rounds):
            names = list(runs)[:: 1 if turn % 2 == 0 else -1]
            for name in names:
                found = _run(node, client, corpus, name)
                print(f"{turn + 1}/{rounds} {name}: {found}", file=sys.stderr, flush=True)
                runs[name].append(found)
        about = engine.machine(client)
    return {"creators": creators, "rounds": rounds, "machine": about, "ways": _medians(runs), "runs": runs}


def _indices(node: Node, client: OpenSearch, way: str) -> Cluster:
    """Return a cluster with the indices of creators, empty, under the settings of a bulk load or its own."""
    limits = {"opensearch_timeout_s": engine.PATIENCE_S, "bulk_timeout_s": engine.PATIENCE_S}
    cluster = Cluster(node.settings.model_copy(update={"index_prefix": "bake-", **limits}))
    cluster.delete_indices(list(cluster.aliases()))
    family = next(one for one in FAMILIES if one.definition == CREATORS)
    encoder = fingerprint_of(node.settings)
    body = definition(CREATORS, encoder=encoder)
    if way in IN_SOURCE:
        body["settings"]["knn.derived_source.enabled"] = False
    for member in family.members:
        physical = physical_name(member, family, encoder=encoder)
        cluster.create_index(physical, body)
        cluster.update_aliases([("add", physical, member), ("add", physical, CREATORS)])
    if way not in AS_MADE:
        cluster.put_settings(CREATORS, engine.WHILE_LOADING)
    client.cluster.put_settings(body={"transient": {engine.INDEX_THREADS: 2}})
    return cluster


def _run(node: Node, client: OpenSearch, corpus: Corpus, name: str) -> Json:
    """Return what one way took, or why OpenSearch refused it."""
    job = Job(node, _indices(node, client, name), corpus)
    clock = engine.EngineClock(client)
    begun, own, computed = time.perf_counter(), time.process_time(), clock.seconds()
    try:
        WAYS[name](job)
    except CreatorscopeError as error:
        return {"refused": error.detail[:SHOWN]}
    job.cluster.refresh(CREATORS)
    wall, own, computed = time.perf_counter() - begun, time.process_time() - own, clock.seconds() - computed
    there = job.cluster.count(CREATORS)
    assert there == corpus.size, f"{there} of {corpus.size} creators arrived"
    return {
        "documents_per_s": round(corpus.size / wall, 1),
        "seconds": round(wall, 2),
        "client_cpu_s": round(own, 2),
        "engine_cpu_s": round(computed, 2),
        "vector_error": _error(job),
    }


def _error(job: Job) -> float | None:
    """Return the largest difference of a component between what was sent and what OpenSearch holds."""
    rows = {one["creator_id"]: row for row, one in enumerate(job.corpus.documents(0, CHECKED))}
    body = {"size": CHECKED, "query": {"ids": {"values": list(rows)}}, "_source": [VECTOR]}
    hits = job.cluster.search(CREATORS, body)["hits"]["hits"]
    assert len(hits) == len(rows)
    held = [(hit["_source"].get(VECTOR), rows[hit["_id"]]) for hit in hits]
    if any(vector is None for vector, _ in held):
        return None
    return max(float(np.abs(np.array(vector) - job.corpus.vectors[row]).max()) for vector, row in held)


def _medians(runs: dict[str, list[Json]]) -> Json:
    """Return the median of each figure, and how many times the stock helper's rate and processor time it is."""
    found: Json = {name: _median(those) for name, those in runs.items()}
    base = found[STOCK]
    for one in (one for one in found.values() if "refused" not in one):
        both = one["client_cpu_s"] + one["engine_cpu_s"]
        one["times_stock_rate"] = round(one["documents_per_s"] / base["documents_per_s"], 2)
        one["times_less_cpu"] = round((base["client_cpu_s"] + base["engine_cpu_s"]) / both, 2)
    return found


def _median(those: list[Json]) -> Json:
    if "refused" in those[0]:
        return those[0]
    return {figure: statistics.median(one[figure] for one in those) for figure in FIGURES} | {
        "vector_error": those[0]["vector_error"]
    }
