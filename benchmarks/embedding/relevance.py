"""nDCG@10 of exact search with the vectors of each precision, and the interval of the difference to fp32."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.quality import COLLECTIONS, RESAMPLES, judgements, ndcg
from creators.settings import load_settings
from enrich.encoders.export import exported_encoder
from enrich.encoders.text import TextEncoder, Vectors, load_encoder

SEED = 1


def relevance(data: Path, name: str, threads: int) -> dict[str, Any]:
    """Return nDCG@10 in fp32 and int8, the loss in percent and its 95 % interval (paired bootstrap over queries).

    Args:
        data: holds ``relevance/<name>`` in BEIR layout.
        name: one of the collections.
        threads: of the encoders.
    """
    queries_file, judgements_file = COLLECTIONS[name]
    folder = data / "relevance" / name
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        documents = [json.loads(line) for line in file.read().split("\n") if line.strip()]
    relevant = judgements(folder / judgements_file)
    lines = (folder / queries_file).read_text(encoding="utf-8").split("\n")
    queries = [query for query in map(json.loads, filter(None, lines)) if query["_id"] in relevant]
    ids = [document["_id"] for document in documents]
    bodies = [f"{document['title']}. {document['text']}" for document in documents]
    cache_dir = load_settings().cache_dir

    def gains(encoder: TextEncoder) -> Vectors:
        scores = encoder.encode([query["text"] for query in queries]) @ encoder.encode(bodies).T
        judged = [relevant[query["_id"]] for query in queries]
        return np.array([ndcg(row, ids, rel) for row, rel in zip(scores, judged, strict=True)], dtype=np.float32)

    exact = gains(load_encoder(exported_encoder(cache_dir, "fp32"), "cpu", threads))
    rounded = gains(load_encoder(exported_encoder(cache_dir, "int8"), "cpu", threads))
    random = np.random.default_rng(SEED)
    draws = random.integers(0, len(exact), (RESAMPLES, len(exact)))
    losses = 100 * (1 - rounded[draws].mean(axis=1) / exact[draws].mean(axis=1))
    return {
        "collection": name,
        "documents": len(documents),
        "queries": len(queries),
        "ndcg10_fp32": round(float(exact.mean()), 4),
        "ndcg10_int8": round(float(rounded.mean()), 4),
        "loss_percent": round(float(100 * (1 - rounded.mean() / exact.mean())), 2),
        "interval_percent": [round(float(bound), 2) for bound in np.percentile(losses, [2.5, 97.5])],
    }
