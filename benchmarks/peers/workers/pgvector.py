"""PostgreSQL: vectors in an HNSW graph of pgvector, words in its full-text search, fused in SQL; one statement."""

# ruff: noqa: S608 - statements are composed of names of our own tables and columns; every value is bound

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.conditions import FLAGS, LISTS, NUMBERS, WORDS
from benchmarks.peers.fusion_sql import fused
from benchmarks.peers.protocol import DEPTH, PAGE, Asked, Json, Material, run
from benchmarks.peers.workers.postgres import Server, tuned

LADDER = ((100, 20_000), (200, 20_000), (400, 40_000), (800, 100_000), (1000, 400_000))
"""``hnsw.ef_search`` (1,000 is the most) and ``hnsw.max_scan_tuples``, where an iterative scan gives up."""
M, EF_CONSTRUCTION = 16, 128
FIELDS = (*LISTS, *WORDS, *NUMBERS, *FLAGS)
SQL_TYPES = {
    **dict.fromkeys(LISTS, "text[]"),
    **dict.fromkeys(WORDS, "text"),
    **dict.fromkeys(NUMBERS, "real"),
    "followers": "bigint",
    **dict.fromkeys(FLAGS, "boolean"),
}
COLUMNS = ("id", "names", "words", *FIELDS, "document", "embedding")
# "simple": the creators write in many languages, and no dictionary of one fits the others.
TSVECTOR = "setweight(to_tsvector('simple', names), 'A') || setweight(to_tsvector('simple', words), 'D')"
TSQUERY = "replace(plainto_tsquery('simple', %(words)s)::text, '&', '|')::tsquery"


class Pgvector:
    """One server, one table."""

    ladder: Sequence[str] = tuple(f"hnsw.ef_search {ef}, hnsw.max_scan_tuples {most}" for ef, most in LADDER)

    def __init__(self, material: Material, folder: Path) -> None:
        self._material = material
        self._psycopg: Any = importlib.import_module("psycopg")
        self._server = Server(folder / "data", tuned(material.size))
        self._local = threading.local()

    def build(self) -> Json:
        """Copy the rows, then index them."""
        self._server.create()
        self._server.start()
        columns = ", ".join(f"{name} {kind}" for name, kind in SQL_TYPES.items())
        start = time.perf_counter()
        with self._connect() as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute(
                f"CREATE TABLE creators (id text PRIMARY KEY, names text, words text, {columns}, document jsonb,"
                f" embedding vector(384), tokens tsvector GENERATED ALWAYS AS ({TSVECTOR}) STORED)"
            )
            self._copy(connection, "creators", self._material.size)
        loaded = time.perf_counter()
        with self._connect() as connection:
            for name in LISTS:
                connection.execute(f"CREATE INDEX ON creators USING gin ({name})")
            for name in (*WORDS, *NUMBERS):
                connection.execute(f"CREATE INDEX ON creators ({name})")
            connection.execute("CREATE INDEX ON creators USING gin (tokens)")
            connection.execute(
                "CREATE INDEX ON creators USING hnsw (embedding vector_ip_ops)"
                f" WITH (m = {M}, ef_construction = {EF_CONSTRUCTION})"
            )
        with self._connect() as connection:
            connection.execute("VACUUM (ANALYZE) creators")
        indexed = time.perf_counter()
        self._server.stop()
        return {"load_s": loaded - start, "index_s": indexed - loaded}

    def open(self) -> None:
        """Start the server over what was built."""
        self._server.start()

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return a page, documents read and decoded."""
        clause, values = where(asked.conditions)
        statement = (
            f"WITH near AS MATERIALIZED ({_near(clause)}), knn AS ({_positions('near', 'distance')}),"
            f" hits AS MATERIALIZED (SELECT id, ts_rank(tokens, {TSQUERY}) AS score FROM creators"
            f" WHERE tokens @@ {TSQUERY} AND {clause} ORDER BY score DESC, id LIMIT {DEPTH}),"
            f" words AS ({_positions('hits', '-score')}),"
            f" best AS ({fused(('knn', 'words'), limit=PAGE)})"
            " SELECT id, document FROM best JOIN creators USING (id) ORDER BY best.score DESC, id"
        )
        found = self._ask(statement, values | {"vector": _literal(asked), "words": asked.words}, knob)
        return [one for one, _ in found]

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the vector arm as :meth:`search` asks it."""
        clause, values = where(asked.conditions)
        statement = f"WITH near AS MATERIALIZED ({_near(clause)}) SELECT id FROM near ORDER BY distance, id"
        return [one for (one,) in self._ask(statement, values | {"vector": _literal(asked)}, knob)]

    def update(self, count: int) -> None:
        """Copy into a table beside, then insert or replace."""
        written = [name for name in COLUMNS if name != "id"]
        with self._connect() as connection, connection.transaction():
            connection.execute("CREATE TEMP TABLE news (LIKE creators) ON COMMIT DROP")
            connection.execute("ALTER TABLE news DROP COLUMN tokens")
            self._copy(connection, "news", count)
            names = ", ".join(COLUMNS)
            connection.execute(
                f"INSERT INTO creators ({names}) SELECT {names} FROM news ON CONFLICT (id) DO UPDATE SET "
                + ", ".join(f"{name} = excluded.{name}" for name in written)
            )

    def settle(self) -> None:
        """Take the dead rows out of table and indices."""
        with self._connect() as connection:
            connection.execute("VACUUM (ANALYZE) creators")

    def facts(self) -> Json:
        """Return versions and where the data is."""
        with self._connect() as connection:
            (version,) = connection.execute("SHOW server_version").fetchone()
            (vector,) = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
        return {
            "version": f"PostgreSQL {version}, pgvector {vector}",
            "settings": tuned(self._material.size) | {"m": M, "ef_construction": EF_CONSTRUCTION},
            "pids": [self._server.pid],
            "data": [str(self._server.data)],
            "lacks": "BM25: ts_rank knows neither how rare a word is nor how long a text",
        }

    def close(self) -> None:
        """Stop the server."""
        self._server.stop()

    def _connect(self) -> Any:
        return self._psycopg.connect(host=self._server.sockets, user="postgres", dbname="postgres", autocommit=True)

    def _ask(self, statement: str, values: Json, knob: int) -> list[tuple[Any, ...]]:
        # One connection a thread, kept; settings only when they change.
        local = self._local
        if getattr(local, "pid", 0) != self._server.pid:
            local.connection, local.pid, local.knob = self._connect(), self._server.pid, -1
            local.connection.execute("SET hnsw.iterative_scan = relaxed_order")
            # How many pass a filter or have a word differs from question to question, and so does the best plan.
            local.connection.execute("SET plan_cache_mode = force_custom_plan")
        if local.knob != knob:
            ef, most = LADDER[knob]
            local.connection.execute(f"SET hnsw.ef_search = {ef}")
            local.connection.execute(f"SET hnsw.max_scan_tuples = {most}")
            local.knob = knob
        found: list[tuple[Any, ...]] = local.connection.execute(statement, values).fetchall()
        return found

    def _copy(self, connection: Any, table: str, count: int) -> None:
        with connection.cursor().copy(f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            done = 0
            for rows, vectors in self._material.batches(min(1000, count)):
                for row, vector in zip(rows, vectors.tolist(), strict=True):
                    filters = [row.get(name) for name in FIELDS]
                    copy.write_row(
                        (row["id"], row["names"], row["text"], *filters, row["document"], json.dumps(vector))
                    )
                done += len(rows)
                if done >= count:
                    return


def where(conditions: Sequence[Json]) -> tuple[str, Json]:
    """Return the clause and its values; ``true`` for no condition."""
    parts, values = [], {}
    for place, condition in enumerate(conditions):
        name, key = condition["field"], f"v{place}"
        if "is" in condition:
            parts.append(name)
        elif "any" in condition:
            parts.append(f"{name} && %({key})s" if name in LISTS else f"{name} = ANY(%({key})s)")
            values[key] = condition["any"]
        else:
            for end, sign in (("min", ">="), ("max", "<=")):
                if condition[end] is not None:
                    parts.append(f"{name} {sign} %({key}{end})s::{SQL_TYPES[name]}")
                    values[f"{key}{end}"] = condition[end]
    return " AND ".join(parts) or "true", values


def _near(clause: str) -> str:
    return (
        f"SELECT id, embedding <#> %(vector)s::vector AS distance FROM creators WHERE {clause}"
        f" ORDER BY embedding <#> %(vector)s::vector LIMIT {DEPTH}"
    )


def _positions(table: str, order: str) -> str:
    return f"SELECT id, row_number() OVER (ORDER BY {order}, id) AS position FROM {table}"


def _literal(asked: Asked) -> str:
    return json.dumps([round(float(one), 6) for one in asked.vector])


if __name__ == "__main__":
    run(Pgvector)
