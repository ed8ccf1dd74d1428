"""OpenSearch as a stock client uses it: one ``multi_match``, or the default hybrid query; the whole source.

Told ``naive`` or ``native``; both ask the same index, which is loaded with the stock helper, refreshed each second and
not merged. The vectors are Lucene's with its defaults: the default engine (faiss) needs a native library that the
distribution does not bring, and without it the first write ends the node.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from opensearchpy import NotFoundError, OpenSearch
from opensearchpy.helpers import bulk

from benchmarks.peers import kernel
from benchmarks.peers.conditions import FLAGS, LISTS, NUMBERS, WORDS
from benchmarks.peers.protocol import DEPTH, PAGE, Asked, Json, Material, run

LADDER = (None, 256, 512, 1024, 2048)
"""``ef_search``; None is the default of Lucene's engine, which is ``k``."""
SEARCHED = ("name^2", "handles", "bio", "topics", "niche_labels", "categories")
RANK_CONSTANT = 60
TIMEOUT_S = 120
VECTOR = "embedding"
PIPELINE = "peers-rrf"


class Stock:
    """One index."""

    def __init__(self, material: Material, folder: Path) -> None:
        self._material = material
        self._is_native = sys.argv[4] == "native"
        self.ladder: Sequence[str] = (
            tuple("default" if ef is None else f"ef_search {ef}" for ef in LADDER) if self._is_native else ()
        )
        self._url = os.environ["CREATORSCOPE_OPENSEARCH_URL"]
        self._client = OpenSearch(self._url, timeout=TIMEOUT_S)
        self._index = f"peers-{folder.parent.name}".lower()

    def build(self) -> Json:
        """Load with the stock helper; there is nothing to do afterwards, and that is what is measured."""
        self._client.indices.delete(index=self._index, params={"ignore_unavailable": "true"})
        self._client.indices.create(index=self._index, body=_definition())
        start = time.perf_counter()
        bulk(self._client, self._actions(self._material.size), request_timeout=TIMEOUT_S)
        loaded = time.perf_counter()
        self._client.indices.refresh(index=self._index)
        return {"load_s": loaded - start, "index_s": time.perf_counter() - loaded}

    def open(self) -> None:
        """See that the index is there, and put the pipeline of the fusion."""
        found = self._client.count(index=self._index)["count"]
        if found != self._material.size:
            raise NotFoundError(404, f"{self._index} holds {found} of {self._material.size} creators", {})
        fusion = {"combination": {"technique": "rrf", "rank_constant": RANK_CONSTANT}}
        body = {"phase_results_processors": [{"score-ranker-processor": fusion}]}
        self._client.transport.perform_request("PUT", f"/_search/pipeline/{PIPELINE}", body=body)

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return a page with everything that is stored."""
        words, clauses = {"multi_match": {"query": asked.text, "fields": list(SEARCHED)}}, where(asked.conditions)
        lexical: Json = {"bool": {"must": [words], "filter": clauses}}
        if not self._is_native:
            return self._ids({"size": PAGE, "query": lexical})
        hybrid = {"hybrid": {"queries": [lexical, self._knn(asked, knob)], "pagination_depth": DEPTH}}
        return self._ids({"size": PAGE, "query": hybrid}, {"search_pipeline": PIPELINE})

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the vector arm alone, without its source."""
        return self._ids({"size": DEPTH, "query": self._knn(asked, knob), "_source": False})

    def update(self, count: int) -> None:
        """Index them again with the stock helper and refresh."""
        bulk(self._client, self._actions(count), request_timeout=TIMEOUT_S)
        self._client.indices.refresh(index=self._index)

    def settle(self) -> None:
        """Do nothing: whoever takes the defaults does not merge."""

    def facts(self) -> Json:
        """Return versions and where the data is."""
        info = self._client.info()["version"]["number"]
        return {
            "version": f"OpenSearch {info}",
            "settings": {"index": "Lucene HNSW defaults, 1 shard, refresh 1 s, not merged", "source": "whole"},
            **located(self._client, self._url, self._index),
            "lacks": "" if self._is_native else "a vector arm",
        }

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ids(self, body: Json, params: Json | None = None) -> list[str]:
        answer = self._client.search(index=self._index, body=body, params=params or {})
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    def _knn(self, asked: Asked, knob: int) -> Json:
        knn: Json = {"vector": asked.vector.tolist(), "k": DEPTH}
        if (explore := LADDER[knob]) is not None:
            knn["method_parameters"] = {"ef_search": explore}
        if clauses := where(asked.conditions):
            knn["filter"] = {"bool": {"filter": clauses}}
        return {"knn": {VECTOR: knn}}

    def _actions(self, count: int) -> Iterator[Json]:
        done = 0
        for rows, vectors in self._material.batches(min(500, count)):
            for row, vector in zip(rows, vectors.tolist(), strict=True):
                yield {"_index": self._index, "_id": row["id"], **json.loads(row["document"]), VECTOR: vector}
            done += len(rows)
            if done >= count:
                return


def located(client: OpenSearch, url: str, index: str) -> Json:
    """Return the process of the engine and the folders of an index or alias, where they are on this machine."""
    pid = kernel.listener(url)
    nodes = client.nodes.stats(metric="fs")["nodes"].values()
    paths = [Path(one["path"]) for node in nodes for one in node["fs"]["data"]]
    settings: dict[str, Any] = client.indices.get_settings(index=index)
    uuids = [one["settings"]["index"]["uuid"] for one in settings.values()]
    folders = [path / "indices" / uuid for path in paths for uuid in uuids]
    return {"pids": [pid] if pid else [], "data": [str(one) for one in folders if one.exists()]}


def where(conditions: Sequence[Json]) -> list[Json]:
    """Return the filter clauses."""
    clauses: list[Json] = []
    for condition in conditions:
        name = condition["field"]
        if "is" in condition:
            clauses.append({"term": {name: True}})
        elif "any" in condition:
            clauses.append({"terms": {name: condition["any"]}})
        else:
            ends = {"gte": condition["min"], "lte": condition["max"]}
            clauses.append({"range": {name: {end: value for end, value in ends.items() if value is not None}}})
    return clauses


def _definition() -> Json:
    fields: Json = {name: {"type": "keyword"} for name in (*LISTS, *WORDS)}
    fields |= {name: {"type": "float"} for name in NUMBERS} | {name: {"type": "boolean"} for name in FLAGS}
    fields |= {"followers": {"type": "long"}}
    fields |= {name.partition("^")[0]: {"type": "text"} for name in SEARCHED}
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
    fields[VECTOR] = {"type": "knn_vector", "dimension": 384, "method": method}
    return {
        "settings": {"index": {"knn": True, "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"}},
        # What nobody searches or filters is kept in the source alone.
        "mappings": {"dynamic": False, "properties": fields},
    }


if __name__ == "__main__":
    run(Stock)
