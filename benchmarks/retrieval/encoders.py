"""Which way to store vectors: recall and cost of each over the same creators, unfiltered."""

from __future__ import annotations

from typing import Any

from benchmarks.retrieval.corpus import Corpus
from benchmarks.retrieval.indices import ENCODINGS, prefix_of
from benchmarks.retrieval.measure import Ask, Bench, in_turns, percentiles, recall
from benchmarks.retrieval.questions import Asked, nearest
from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search.queries.lean import lean

NEIGHBOURS = 100
K = 200
EXPLORE = 256
OVERSAMPLES: dict[str, tuple[float | None, ...]] = {
    "float": (None,),
    "sq7": (None, 2.0),
    "sq1": (2.0, 3.0, 5.0),
    "flat": (2.0, 3.0, 5.0),
}
"""Rescoring with the full vectors: how many times ``K`` candidates the first pass hands on."""
Json = dict[str, Any]


def bake_off(bench: Bench, corpus: Corpus, asked: list[Asked]) -> dict[str, Json]:
    """Return recall and milliseconds of every encoding that has an index of this size."""
    present = [
        one for one in ENCODINGS if bench.client.indices.exists_alias(name=f"{prefix_of(one, len(corpus))}{CREATORS}")
    ]
    asks = [
        Ask(
            (encoding, oversample),
            place,
            f"{prefix_of(encoding, len(corpus))}{CREATORS}",
            _body(one, encoding, oversample),
        )
        for encoding in present
        for oversample in OVERSAMPLES[encoding]
        for place, one in enumerate(asked)
    ]
    found = in_turns(bench, asks)
    everybody = corpus.lot >= 0
    truth = [nearest(corpus, one, everybody, NEIGHBOURS) for one in asked]
    return {
        encoding if oversample is None else f"{encoding}, rescored x{oversample:g}": {
            **recall(samples, truth.__getitem__),
            **percentiles(samples),
        }
        for (encoding, oversample), samples in found.items()
    }


def _body(asked: Asked, encoding: str, oversample: float | None) -> Json:
    knn: Json = {"vector": list(asked.vector), "k": K}
    if encoding != "flat":
        knn["method_parameters"] = {"ef_search": EXPLORE}
    if oversample is not None:
        knn["rescore"] = {"oversample_factor": oversample}
    return lean({"knn": {VECTOR: knn}}, size=K, timeout_ms=60_000)
