"""What a creator costs before anybody searches: written and merged, its text encoded."""

from __future__ import annotations

import time
from itertools import islice

import orjson

from benchmarks.capacity.engine import Engine, Json
from benchmarks.ingest.engine import merge
from enrich.encoders.opened import open_encoder
from mappings.fields import VECTOR
from mappings.registry import CREATORS, definition

WRITTEN = 5_000
PART = 500
ENCODED = 200


def build(engine: Engine) -> Json:
    """Return the CPU of one creator in a fresh index, and of encoding one text; the index is deleted again."""
    count = min(WRITTEN, engine.corpus.size)
    name = f"{engine.alias}-scratch"
    body = definition(CREATORS, encoder="scratch")
    body["settings"] |= {"auto_expand_replicas": False, "number_of_replicas": 0, "refresh_interval": "-1"}
    engine.client.indices.delete(index=name, params={"ignore_unavailable": "true"})
    engine.client.indices.create(index=name, body=body)
    try:
        before = engine.cpu_ms()
        _write(engine, name, count)
        merge(engine.client, name)
        index_ms = (engine.cpu_ms() - before) / count
    finally:
        engine.client.indices.delete(index=name)
    return {"written": count, "index_ms": index_ms, "embed_ms": _embed_ms(engine)}


def _write(engine: Engine, name: str, count: int) -> None:
    rows = enumerate(engine.corpus.documents(0, count))
    while part := list(islice(rows, PART)):
        lines = b"".join(
            orjson.dumps({"index": {"_id": document["creator_id"]}})
            + b"\n"
            + orjson.dumps(document | {VECTOR: engine.corpus.vectors[row].tolist()})
            + b"\n"
            for row, document in part
        )
        answer = engine.client.bulk(index=name, body=lines, params={"filter_path": "errors,items.*.error"})
        assert not answer["errors"], answer["items"][0]


def _embed_ms(engine: Engine) -> float:
    encoder = open_encoder(engine.settings)
    texts = [engine.corpus.texts[row] for row in range(min(ENCODED, engine.corpus.size))]
    encoder.encode(texts[:10])
    before = time.process_time()
    encoder.encode(texts)
    return (time.process_time() - before) * 1000 / len(texts)
