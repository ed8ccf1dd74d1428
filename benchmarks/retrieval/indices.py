"""Indices of the same creators that differ in how the vectors are stored, and what each weighs.

The client is used directly: merging and reading the sizes of files is nothing that the product does.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

from opensearchpy import OpenSearch

from benchmarks.retrieval.corpus import Corpus, documents
from benchmarks.retrieval.machine import EngineClock
from mappings.fields import VECTOR
from mappings.registry import CREATORS, PIPELINES, definition, pipeline, pipeline_name

BATCH = 500
IN_FLIGHT = 2
PATIENCE_S = 3_600
HNSW = {"m": 16, "ef_construction": 128}
Json = dict[str, Any]

ENCODINGS: dict[str, Json] = {
    "float": {"name": "hnsw", "parameters": HNSW},
    "sq7": {"name": "hnsw", "parameters": HNSW | {"encoder": {"name": "sq", "parameters": {"bits": 7}}}},
    "sq1": {"name": "hnsw", "parameters": HNSW | {"encoder": {"name": "sq", "parameters": {"bits": 1}}}},
    "flat": {"name": "flat"},
}
NEEDS_NATIVE_CODE = ("sq1", "flat")
"""Searched through memory maps, these ask for a native library of the k-NN plugin and end the node where it is missing
(Maven's plugin has none). Files that are read instead (``niofs``) are scored in Java: slower, but it runs."""


def prefix_of(encoding: str, size: int) -> str:
    """Return the index prefix, the same as an installation's, of one encoding."""
    return f"bench-retrieval-{encoding}-{size}-"


def connect(url: str) -> OpenSearch:
    """Return a client that waits for merges."""
    return OpenSearch(hosts=[url], timeout=PATIENCE_S, max_retries=0)


def create(client: OpenSearch, encoding: str, size: int) -> str:
    """Create the index anew, with the alias and the pipelines that a search expects; return its name."""
    prefix = prefix_of(encoding, size)
    name = f"{prefix}{CREATORS}-1"
    body = copy.deepcopy(definition(CREATORS, encoder="bench"))
    method = {"engine": "lucene", "space_type": "cosinesimil", **ENCODINGS[encoding]}
    body["mappings"]["properties"][VECTOR]["method"] = method
    body["settings"] |= {"auto_expand_replicas": False, "number_of_replicas": 0, "refresh_interval": "-1"}
    body["aliases"] = {f"{prefix}{CREATORS}": {}}
    client.indices.delete(index=name, params={"ignore_unavailable": "true"})
    client.indices.create(index=name, body=body)
    for one in PIPELINES:
        client.search_pipeline.put(id=f"{prefix}{pipeline_name(one)}", body=pipeline(one))
    return name


def load(client: OpenSearch, name: str, corpus: Corpus, clock: EngineClock) -> dict[str, float]:
    """Write the creators and merge to one segment; return the seconds of both, and those that the engine computed."""
    start, computed = time.perf_counter(), clock.read_ms()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        running: set[Future[None]] = set()
        for lines in _lines(corpus):
            running.add(pool.submit(_send, client, name, lines))
            if len(running) > IN_FLIGHT:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    one.result()
        for one in running:
            one.result()
    client.indices.refresh(index=name)
    written = time.perf_counter()
    client.indices.forcemerge(index=name, params={"max_num_segments": 1})
    client.indices.refresh(index=name)
    merged = time.perf_counter()
    _read_in_java(client, name)
    return {
        "write_s": round(written - start, 1),
        "merge_s": round(merged - written, 1),
        "cpu_s": round((clock.read_ms() - computed) / 1000, 1),
    }


def _read_in_java(client: OpenSearch, name: str) -> None:
    """Let searches do without the native library; building, which does not need it, is far slower that way."""
    if any(name.startswith(f"bench-retrieval-{encoding}-") for encoding in NEEDS_NATIVE_CODE):
        client.indices.close(index=name)
        client.indices.put_settings(index=name, body={"index.store.type": "niofs"})
        client.indices.open(index=name)


def weigh(client: OpenSearch, name: str) -> dict[str, float]:
    """Return megabytes on disk: all of it, and the files of vectors by their kind."""
    stats = client.indices.stats(index=name, params={"include_segment_file_sizes": "true"})["_all"]["primaries"]
    files = stats["segments"]["file_sizes"]
    vectors = {kind: one["size_in_bytes"] for kind, one in files.items() if kind.startswith("ve")}
    parts = {"all": stats["store"]["size_in_bytes"], "vectors": sum(vectors.values()), **vectors}
    return {kind: round(size / 1e6, 2) for kind, size in parts.items()} | {"segments": stats["segments"]["count"]}


def _lines(corpus: Corpus) -> Iterator[str]:
    rows = documents(corpus)
    while batch := list(islice(rows, BATCH)):
        yield "".join(
            f'{{"index":{{"_id":"{document["creator_id"]}"}}}}\n{json.dumps(document, separators=(",", ":"))}\n'
            for document in batch
        )


def _send(client: OpenSearch, name: str, lines: str) -> None:
    answer = client.bulk(index=name, body=lines, params={"filter_path": "errors,items.*.error"})
    assert not answer["errors"], answer["items"][0]
