"""Qdrant's engine in this process (Qdrant Edge): a graph that knows the filters, and BM25 over its text index."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.conditions import FLAGS, LISTS, NUMBERS, WORDS
from benchmarks.peers.protocol import DEPTH, PAGE, Asked, Json, Material, run

LADDER = (64, 128, 200, 256, 512, 1024, 2048)
"""``hnsw_ef``."""
M, EF_CONSTRUCT = 16, 128
FULL_SCAN_KB = 10_000
"""Qdrant's default: below so many kilobytes of vectors that pass, all of them are compared."""
BATCH = 1_000
VECTOR = "embedding"
RRF_K = 61
"""Qdrant counts positions from 0, we from 1: ``1 / (60 + 1 + position)`` for both."""


class Qdrant:
    """One shard in one folder."""

    ladder: Sequence[str] = tuple(f"hnsw_ef {ef}" for ef in LADDER)

    def __init__(self, material: Material, folder: Path) -> None:
        self._material, self._folder = material, folder
        self._edge: Any = importlib.import_module("qdrant_edge")
        self._shard: Any = None

    def build(self) -> Json:
        """Write the points, then let the optimizer build graph and indices."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        start = time.perf_counter()
        edge = self._edge
        shard = edge.EdgeShard.create(str(self._folder), self._config())
        update = edge.UpdateOperation
        for name, kind in self._kinds().items():
            shard.update(update.create_field_index(name, kind))
        for points in self._points(self._material.size):
            shard.update(update.upsert_points(points))
        shard.flush()
        loaded = time.perf_counter()
        while shard.optimize():
            pass
        shard.flush()
        shard.close()
        return {"load_s": loaded - start, "index_s": time.perf_counter() - loaded}

    def open(self) -> None:
        """Load the shard."""
        self._shard = self._edge.EdgeShard.load(str(self._folder))

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return a page, fused in Qdrant, with documents."""
        edge, passing = self._edge, self._filter(asked)
        arms = [
            edge.Prefetch(
                limit=DEPTH, query=self._nearest(asked), filter=passing, params=edge.SearchParams(hnsw_ef=LADDER[knob])
            ),
            edge.Prefetch(limit=DEPTH, query=edge.TextQuery("words", asked.words), filter=passing),
        ]
        found = self._shard.query(
            edge.QueryRequest(
                limit=PAGE, query=edge.Fusion.Rrf(RRF_K), prefetches=arms, with_payload=["id", "document"]
            )
        )
        return [point.payload["id"] for point in found]

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the vector arm alone."""
        edge = self._edge
        found = self._shard.query(
            edge.QueryRequest(
                limit=DEPTH,
                query=self._nearest(asked),
                filter=self._filter(asked),
                params=edge.SearchParams(hnsw_ef=LADDER[knob]),
                with_payload=["id"],
            )
        )
        return [point.payload["id"] for point in found]

    def update(self, count: int) -> None:
        """Write the points again; they are found at once, in a segment without a graph."""
        for points in self._points(count):
            self._shard.update(self._edge.UpdateOperation.upsert_points(points))
        self._shard.flush()

    def settle(self) -> None:
        """Run the optimizer until it has nothing left to do."""
        while self._shard.optimize():
            pass
        self._shard.flush()

    def facts(self) -> Json:
        """Return versions and where the data is."""
        metadata: Any = importlib.import_module("importlib.metadata")
        return {
            "version": f"Qdrant Edge {metadata.version('qdrant-edge-py')}",
            "settings": {"m": M, "ef_construct": EF_CONSTRUCT, "full_scan_threshold_kb": FULL_SCAN_KB},
            "pids": [],
            "data": [str(self._folder)],
            "lacks": "",
        }

    def close(self) -> None:
        """Let the shard go."""
        if self._shard is not None:
            self._shard.close()
            self._shard = None

    def _config(self) -> Any:
        edge = self._edge
        return edge.EdgeConfig(
            vectors={VECTOR: edge.EdgeVectorParams(size=384, distance=edge.Distance.Dot)},
            hnsw_config=edge.HnswIndexConfig(
                m=M,
                ef_construct=EF_CONSTRUCT,
                full_scan_threshold=FULL_SCAN_KB,
                max_indexing_threads=len(os.sched_getaffinity(0)),
            ),
            # One segment, as the merged index of the product is one.
            optimizers=edge.EdgeOptimizersConfig(default_segment_number=1),
        )

    def _kinds(self) -> dict[str, Any]:
        edge = self._edge
        kinds = edge.PayloadSchemaType
        words = edge.TextIndexParams(
            tokenizer=edge.TokenizerType.Multilingual, lowercase=True, stemmer=edge.DisabledStemmer(), scoring=True
        )
        return {
            **dict.fromkeys((*LISTS, *WORDS), kinds.Keyword),
            # Edges of the graph for the filters that are asked; for every number they would cost most of the build.
            **dict.fromkeys(NUMBERS, edge.FloatIndexParams(enable_hnsw=False)),
            "followers": kinds.Integer,
            **dict.fromkeys(FLAGS, kinds.Bool),
            "words": words,
        }

    def _nearest(self, asked: Asked) -> Any:
        return self._edge.Query.Nearest(asked.vector.tolist(), using=VECTOR)

    def _filter(self, asked: Asked) -> Any:
        edge = self._edge
        must = []
        for condition in asked.conditions:
            name = condition["field"]
            if "is" in condition:
                must.append(edge.FieldCondition(name, match=edge.MatchValue(value=True)))
            elif "any" in condition:
                must.append(edge.FieldCondition(name, match=edge.MatchAny(condition["any"])))
            else:
                between = edge.RangeFloat(gte=condition["min"], lte=condition["max"])
                must.append(edge.FieldCondition(name, range=between))
        return edge.Filter(must=must) if must else None

    def _points(self, count: int) -> Iterator[list[Any]]:
        edge, place = self._edge, 0
        for rows, vectors in self._material.batches(min(BATCH, count)):
            yield [
                edge.Point(place + offset, {VECTOR: vector}, _payload(row))
                for offset, (row, vector) in enumerate(zip(rows, vectors.tolist(), strict=True))
            ]
            place += len(rows)
            if place >= count:
                return


def _payload(row: Json) -> Json:
    payload = {name: row[name] for name in (*LISTS, *WORDS, *NUMBERS, *FLAGS) if row.get(name) is not None}
    payload |= {"id": row["id"], "words": f"{row['names']} {row['text']}", "document": json.loads(row["document"])}
    return payload


if __name__ == "__main__":
    run(Qdrant)
