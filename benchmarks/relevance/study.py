"""``python -m benchmarks.relevance.study --collection DIR``: the alternatives that the shipped search was chosen from.

Shapes of the lexical query are asked of the index; ways to fuse and to rank are computed here from the scores of both
arms, so that all of them see the same candidates. ``docs/findings`` has what came out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.relevance.__main__ import engines
from benchmarks.relevance.collection import Collection, Lists, Runs, read_collection
from benchmarks.relevance.index import VectorFile, account_of, fill, own_index
from benchmarks.relevance.metrics import ndcg, recall
from benchmarks.relevance.report import NDCG_CUT, RECALL_CUT, halves
from benchmarks.relevance.runs import DEPTH, shortened
from creators.settings import load_settings
from creators.stores.session import Stores
from enrich.encoders.opened import open_encoder
from enrich.signals.embedding_text import embedding_text, text_hash
from mappings.registry import CREATORS
from search.fusion import fuse
from search.queries.lexical import content_words, lexical_query
from search.request import WINDOW

Floats = NDArray[np.float64]
Shape = Callable[[str], dict[str, Any]]
FIVE = ("search_text", "name", "names_ascii^0.5", "handle_words", "niche_labels")
BEFORE = ("search_text", "name^3", "names_ascii^1.5", "handle_words^2", "niche_labels^1.5")


def best_field(fields: tuple[str, ...], least: str | None, *, everything: bool) -> Shape:
    """Return a query for the best of the fields; ``least`` is its minimum_should_match."""
    required = {"minimum_should_match": least} if least else {}

    def shape(text: str) -> dict[str, Any]:
        words = text if everything else " ".join(content_words(text))
        return {"multi_match": {"query": words, "fields": list(fields), "tie_breaker": 0.2, **required}}

    return shape


SHAPES: dict[str, Shape] = {
    "before: name^3, least 2<70%": best_field(BEFORE, "2<70%", everything=True),
    "name^3, nothing required": best_field(BEFORE, None, everything=True),
    "five fields, least 2<50%": best_field(FIVE, "2<50%", everything=True),
    "five fields, least 3<30%": best_field(FIVE, "3<30%", everything=True),
    "five fields": best_field(FIVE, None, everything=True),
    "five fields, no function words": best_field(FIVE, None, everything=False),
    "text alone": best_field(("search_text",), None, everything=True),
    "shipped: text + 0.3 names": lexical_query,
}


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of one question: ``words`` and ``meaning`` by document, and which documents each arm returned."""

    words: Floats
    meaning: Floats
    found_words: NDArray[np.int64]
    found_near: NDArray[np.int64]

    def candidates(self) -> NDArray[np.int64]:
        """Return the candidates as the product chooses them."""
        fused = fuse([[str(row) for row in arm] for arm in (self.found_words, self.found_near)], limit=WINDOW)
        return np.array([int(row) for row in fused], dtype=np.int64)

    def known(self, words: float, meaning: float) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Return candidates and both scores; one that an arm did not return gets a share of the arm's least."""
        rows = self.candidates()
        in_words, in_near = np.isin(rows, self.found_words), np.isin(rows, self.found_near)
        least = self.words[self.found_words].min(initial=np.inf) if len(self.found_words) else 0.0
        near = self.meaning[self.found_near].min()
        return (
            rows,
            np.where(in_words, self.words[rows], words * least),
            np.where(in_near, self.meaning[rows], meaning * near),
        )


def by_max(values: Floats) -> Floats:
    """Return the values as shares of the largest."""
    shares: Floats = np.maximum(values, 0) / max(float(values.max()), 1e-9)
    return shares


def by_range(values: Floats) -> Floats:
    """Return the values between the smallest, 0, and the largest, 1."""
    stretched: Floats = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    return stretched


def by_deviation(values: Floats) -> Floats:
    """Return the values in standard deviations from the mean."""
    deviations: Floats = (values - values.mean()) / max(float(values.std()), 1e-9)
    return deviations


def saturated(values: Floats) -> Floats:
    """Return ``x / (x + 10)``."""
    return values / (values + 10.0)


Ranking = Callable[[Scores], NDArray[np.int64]]


def ranked(
    norms: tuple[Callable[[Floats], Floats], ...], weight: float, unknown: tuple[float, float] | None
) -> Ranking:
    """Return a ranking by the weighted sum; ``unknown`` None means that missing scores were asked for."""

    def rank(scores: Scores) -> NDArray[np.int64]:
        if unknown is None:
            rows = scores.candidates()
            words, meaning = scores.words[rows], scores.meaning[rows]
        else:
            rows, words, meaning = scores.known(*unknown)
        return rows[np.argsort(-((1 - weight) * norms[0](words) + weight * norms[1](meaning)), kind="stable")]

    return rank


RANKINGS: dict[str, Ranking] = {
    "no second stage": Scores.candidates,
    **{f"max, max, meaning {w}, all known": ranked((by_max, by_max), w, None) for w in (0.4, 0.5, 0.55, 0.6, 0.7)},
    "max, min-max, 0.55, all known": ranked((by_max, by_range), 0.55, None),
    "min-max, min-max, 0.55, all known": ranked((by_range, by_range), 0.55, None),
    "z, z, 0.55, all known": ranked((by_deviation, by_deviation), 0.55, None),
    "saturated, min-max, 0.5, all known": ranked((saturated, by_range), 0.5, None),
    **{
        f"max, max, 0.55, unknown {w} and {m} of the least": ranked((by_max, by_max), 0.55, (w, m))
        for w, m in ((0, 0), (0, 0.75), (0, 0.8), (0, 0.9), (0.5, 0.9), (1, 1))
    },
}


def shape_runs(stores: Stores, collection: Collection) -> Runs:
    """Return the rankings of every shape of the lexical query."""
    return {
        name: {one: list(_found(stores, shape(shortened(text)), DEPTH)) for one, text in collection.queries.items()}
        for name, shape in SHAPES.items()
    }


def _found(stores: Stores, query: dict[str, Any], size: int) -> dict[str, float]:
    hits = stores.cluster.search(CREATORS, {"size": size, "query": query, "_source": False})["hits"]["hits"]
    return {hit["_id"]: hit["_score"] for hit in hits}


def all_scores(stores: Stores, collection: Collection, vectors: VectorFile) -> Iterator[tuple[str, Scores]]:
    """Yield each question with the scores of every document."""
    encoder = open_encoder(stores.settings)
    ids = {document.doc_id: row for row, document in enumerate(collection.documents)}
    texts = [embedding_text([account_of(document)], ()) for document in collection.documents]
    matrix = np.array([vectors.known[text_hash(text)] for text in texts])
    for one, text in collection.queries.items():
        words = np.zeros(len(ids))
        for document, score in _found(stores, lexical_query(shortened(text)), min(len(ids), 10_000)).items():
            words[ids[document]] = score
        meaning = matrix @ encoder.encode_one(shortened(text)).astype(np.float64)
        best = np.argsort(-words, kind="stable")[:WINDOW]
        near = np.argsort(-meaning, kind="stable")[:WINDOW]
        yield one, Scores(words, meaning, best[words[best] > 0], near)


def ranking_runs(stores: Stores, collection: Collection, vectors: VectorFile) -> Runs:
    """Return the lists of every way to rank."""
    ids = [document.doc_id for document in collection.documents]
    runs: Runs = {name: {} for name in RANKINGS}
    for one, scores in all_scores(stores, collection, vectors):
        for name, rank in RANKINGS.items():
            runs[name][one] = [ids[row] for row in rank(scores)[:DEPTH]]
    return runs


def line(name: str, lists: Lists, collection: Collection) -> str:
    """Return one row of a table: nDCG@10 and recall@100 over all questions, the tuning half and the other half."""
    cells = []
    for part in (list(collection.queries), *halves(list(collection.queries))):
        gain = np.mean([ndcg(lists[one], collection.judgements[one], NDCG_CUT) for one in part])
        share = np.mean([recall(lists[one], collection.judgements[one], RECALL_CUT) for one in part])
        cells.append(f"{gain:.4f} / {share:.4f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table of one collection."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance.study", description=__doc__)
    parser.add_argument("--collection", type=Path, required=True)
    parser.add_argument("--vectors", type=Path)
    chosen = parser.parse_args()
    collection = read_collection(chosen.collection)
    with engines(load_settings()) as settings:
        encoder = open_encoder(settings)
        with own_index(settings, encoder) as stores:
            vectors = VectorFile(chosen.vectors, encoder)
            fill(stores, collection.documents, encoder, vectors)
            runs = shape_runs(stores, collection)
            print("asked the lexical shapes", file=sys.stderr, flush=True)
            runs |= ranking_runs(stores, collection, vectors)
    print(f"| {collection.name}: nDCG@10 / recall@100 | all | tuning half | held-out half |\n|---|---|---|---|")
    for name, lists in runs.items():
        print(line(name, lists, collection))


if __name__ == "__main__":
    main()
