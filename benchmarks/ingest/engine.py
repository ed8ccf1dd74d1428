"""What a load needs of OpenSearch beyond the product: settings for it, merging, weighing, processor time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from opensearchpy import OpenSearch, TransportError

from creators.stores.cluster import Cluster
from mappings.registry import CREATORS

PATIENCE_S = 3_600.0
"""Limit of one merge, in seconds: a million creators in one segment take many minutes."""
POLL_S = 1.0
WHILE_LOADING: dict[str, Any] = {
    "index.refresh_interval": "-1",
    "index.auto_expand_replicas": "false",
    "index.number_of_replicas": 0,
    "index.translog.durability": "async",
    "index.translog.sync_interval": "30s",
    "index.translog.flush_threshold_size": "1gb",
    "index.merge.policy.max_merge_at_once": 30,
    "index.merge.policy.segments_per_tier": 30,
    "index.merge.policy.floor_segment": "64mb",
}
"""Fewer small merges: every merge of two segments builds the graph of the smaller one again."""
AFTERWARDS: dict[str, Any] = dict.fromkeys(WHILE_LOADING) | {
    "index.refresh_interval": "5s",
    "index.auto_expand_replicas": "0-1",
}
"""As ``mappings/indices/creators.json`` has them; None is the engine's default."""
INDEX_THREADS = "knn.algo_param.index_thread_qty"

Json = dict[str, Any]
Progress = Callable[[float], None]


def connect(url: str) -> OpenSearch:
    """Return a client that waits for merges."""
    return OpenSearch(hosts=[url], timeout=PATIENCE_S, max_retries=0)


@contextmanager
def loading(client: OpenSearch, cluster: Cluster, *, threads: int) -> Iterator[None]:
    """Give the indices of creators the settings of a bulk load, and afterwards, whatever happens, their own again.

    Args:
        client: for settings of the whole cluster.
        cluster: whose creators are loaded.
        threads: that merge vectors.
    """
    client.cluster.put_settings(body={"transient": {INDEX_THREADS: threads}})
    cluster.put_settings(CREATORS, WHILE_LOADING)
    try:
        yield
    finally:
        cluster.put_settings(CREATORS, AFTERWARDS)
        client.cluster.put_settings(body={"transient": {INDEX_THREADS: None}})


def merge(client: OpenSearch, name: str, *, segments: int = 1) -> None:
    """Merge to so many segments an index, and wait for it; returns when what was merged is searched.

    The merge is a task of the engine: a connection that breaks does not end it, and it is looked after here.
    """
    answer = client.indices.forcemerge(
        index=name, params={"max_num_segments": segments, "wait_for_completion": "false"}
    )
    ends = time.monotonic() + PATIENCE_S
    while not client.tasks.get(task_id=answer["task"])["completed"]:
        if time.monotonic() > ends:
            detail = f"merging {name} took longer than {PATIENCE_S:.0f} s"
            raise TimeoutError(detail)
        time.sleep(POLL_S)
    client.indices.refresh(index=name)


def weigh(client: OpenSearch, name: str) -> Json:
    """Return bytes on disk: all of it, and by kind of file; and the number of segments."""
    stats = client.indices.stats(index=name, params={"include_segment_file_sizes": "true"})["_all"]["primaries"]
    files = {kind: one["size_in_bytes"] for kind, one in stats["segments"]["file_sizes"].items()}
    return {
        "bytes": stats["store"]["size_in_bytes"],
        "bytes_by_kind": dict(sorted(files.items(), key=lambda item: -item[1])),
        "segments": stats["segments"]["count"],
        "creators": stats["docs"]["count"],
    }


class EngineClock:
    """Processor time that OpenSearch has used, whoever started it; by its own account."""

    def __init__(self, client: OpenSearch) -> None:
        self._client = client

    def seconds(self) -> float:
        """Return the seconds of all its threads together."""
        try:
            nodes = self._client.nodes.stats(metric="process")["nodes"].values()
        except TransportError:
            return float("nan")
        return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes) / 1000)


def machine(client: OpenSearch) -> Json:
    """Return what a figure depends on beside the code: machine, engine, and how busy the machine was."""
    jvm = next(iter(client.nodes.info(metric="jvm")["nodes"].values()))["jvm"]
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "python": sys.version.split()[0],
        "opensearch": client.info()["version"]["number"],
        "java": jvm["version"],
        "heap_mb": jvm["mem"]["heap_max_in_bytes"] >> 20,
    }
