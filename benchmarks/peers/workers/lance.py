"""LanceDB: vectors, words and filters in one embedded table, fused by its own hybrid search."""

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

LADDER = ((5, 1), (10, 1), (20, 1), (20, 2), (50, 2), (100, 4), (200, 4), (500, 8), (1000, 16))
"""``nprobes`` (partitions that are read), ``refine_factor`` (times ``k`` candidates compared by their full vectors)."""
TABLE = "creators"
BATCH = 2_000


class Lance:
    """One table in one folder."""

    ladder: Sequence[str] = tuple(f"nprobes {probes}, refine_factor {refine}" for probes, refine in LADDER)

    def __init__(self, material: Material, folder: Path) -> None:
        self._material, self._folder = material, folder
        # It warns at every question that scores come with the ids, which is what is wanted.
        os.environ.setdefault("LANCEDB_LOG", "error")
        self._lancedb: Any = importlib.import_module("lancedb")
        self._arrow: Any = importlib.import_module("pyarrow")
        self._reranker: Any = importlib.import_module("lancedb.rerankers").RRFReranker(K=60)
        self._table: Any = None

    def build(self) -> Json:
        """Write the rows, then index vectors, words and every field of the filters."""
        shutil.rmtree(self._folder, ignore_errors=True)
        start = time.perf_counter()
        database = self._lancedb.connect(self._folder)
        table = database.create_table(TABLE, data=self._batches(self._material.size), schema=self._schema())
        loaded = time.perf_counter()
        index: Any = importlib.import_module("lancedb.index")
        table.create_index("vector", config=index.IvfSq(distance_type="dot"))
        for name in LISTS:
            table.create_index(name, config=index.LabelList())
        for name in (*WORDS, *FLAGS):
            table.create_index(name, config=index.Bitmap())
        for name in ("id", *NUMBERS):
            table.create_index(name, config=index.BTree())
        # Many languages: nothing is cut off words, none is left out.
        table.create_index("words", config=index.FTS(stem=False, remove_stop_words=False))
        table.optimize()
        return {"load_s": loaded - start, "index_s": time.perf_counter() - loaded}

    def open(self) -> None:
        """Open the table."""
        self._table = self._lancedb.connect(self._folder).open_table(TABLE)

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return a page: both arms without documents, then the documents of the page."""
        probes, refine = LADDER[knob]
        query = self._table.search(query_type="hybrid", vector_column_name="vector", fts_columns="words")
        query = query.vector(asked.vector.tolist()).text(asked.words).distance_type("dot")
        query = query.nprobes(probes).refine_factor(refine).select(["id"]).limit(DEPTH).with_row_id(with_row_id=True)
        if asked.conditions:
            query = query.where(where(asked.conditions), prefilter=True)
        best = query.rerank(self._reranker).to_arrow().slice(0, PAGE)
        if not len(best):
            return []
        self._table.take_row_ids(best.column("_rowid").to_pylist()).select(["document"]).to_arrow()
        found: list[str] = best.column("id").to_pylist()
        return found

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the vector arm alone."""
        probes, refine = LADDER[knob]
        query = self._table.search(asked.vector.tolist(), vector_column_name="vector").distance_type("dot")
        query = query.nprobes(probes).refine_factor(refine).select(["id", "_distance"]).limit(DEPTH)
        if asked.conditions:
            query = query.where(where(asked.conditions), prefilter=True)
        found: list[str] = query.to_arrow().column("id").to_pylist()
        return found

    def update(self, count: int) -> None:
        """Merge by id: what is new is read without an index until :meth:`settle`."""
        rows = self._arrow.Table.from_batches(list(self._batches(count)), schema=self._schema())
        self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def settle(self) -> None:
        """Compact the files and take the new rows into the indices."""
        self._table.optimize()

    def facts(self) -> Json:
        """Return versions and where the data is."""
        return {
            "version": f"LanceDB {self._lancedb.__version__}",
            "settings": {"vectors": "IVF_SQ, default partitions", "words": "simple tokenizer, no stemming"},
            "pids": [],
            "data": [str(self._folder)],
            "lacks": "",
        }

    def close(self) -> None:
        """Let the table go."""
        self._table = None

    def _schema(self) -> Any:
        arrow = self._arrow
        text, real = arrow.string(), arrow.float32()
        return arrow.schema(
            [
                ("id", text),
                ("words", text),
                *((name, arrow.list_(text)) for name in LISTS),
                *((name, text) for name in WORDS),
                *((name, arrow.int64() if name == "followers" else real) for name in NUMBERS),
                *((name, arrow.bool_()) for name in FLAGS),
                ("document", text),
                ("vector", arrow.list_(real, 384)),
            ]
        )

    def _batches(self, count: int) -> Iterator[Any]:
        done, schema = 0, self._schema()
        for rows, vectors in self._material.batches(min(BATCH, count)):
            columns = [
                self._arrow.array([_cell(row, name) for row in rows], schema.field(name).type)
                for name in schema.names[:-1]
            ]
            flat = self._arrow.array(vectors.reshape(-1))
            columns.append(self._arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]))
            yield self._arrow.RecordBatch.from_arrays(columns, schema=schema)
            done += len(rows)
            if done >= count:
                return


def where(conditions: Sequence[Json]) -> str:
    """Return the filter in LanceDB's SQL."""
    parts = []
    for condition in conditions:
        name = condition["field"]
        if "is" in condition:
            parts.append(f"{name} = true")
        elif "any" in condition:
            values = ", ".join("'" + value.replace("'", "''") + "'" for value in condition["any"])
            parts.append(f"array_has_any({name}, [{values}])" if name in LISTS else f"{name} IN ({values})")
        else:
            kind = "bigint" if name == "followers" else "float"
            for end, sign in (("min", ">="), ("max", "<=")):
                if condition[end] is not None:
                    parts.append(f"{name} {sign} CAST({json.dumps(condition[end])} AS {kind})")
    return " AND ".join(parts)


def _cell(row: Json, name: str) -> Any:
    return f"{row['names']} {row['text']}" if name == "words" else row.get(name)


if __name__ == "__main__":
    run(Lance)
