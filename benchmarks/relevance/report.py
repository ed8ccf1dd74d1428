"""Rankings become the one JSON object that the benchmark prints."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.relevance.collection import Collection, Lists, Runs
from benchmarks.relevance.metrics import RESAMPLES, ndcg, randomisation_p, recall

NDCG_CUT = 10
RECALL_CUT = 100
DIGITS = 4
ARMS = ("bm25", "vector")
PACKAGES = ("numpy", "onnxruntime", "opensearch-py")


def halves(query_ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the half that may be tuned on and the half that is only reported: shuffled with seed 0, alternating."""
    shuffled = sorted(query_ids)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - a reproducible split, not a secret
    return sorted(shuffled[::2]), sorted(shuffled[1::2])


def report(collection: Collection, runs: Runs, *, encoder: str, opensearch: str) -> dict[str, Any]:
    """Return figures of each run over all queries and over each half, and whether ``default`` beats the better arm."""
    everything = list(collection.queries)
    tuned, held_out = halves(everything)
    values = {name: _ndcg(collection, lists) for name, lists in runs.items()}
    return {
        "collection": collection.name,
        "docs": len(collection.documents),
        "queries": len(everything),
        "runs": _figures(collection, runs, everything),
        "significance": _against_best_arm(values, everything),
        "halves": {
            name: {"queries": len(part), "runs": _figures(collection, runs, part)}
            for name, part in (("tuning", tuned), ("held_out", held_out))
            if part
        },
        "encoder": encoder,
        "machine": machine(PACKAGES) | {"opensearch": opensearch},
    }


def _figures(collection: Collection, runs: Runs, part: Sequence[str]) -> dict[str, dict[str, float]]:
    return {
        name: {
            f"ndcg@{NDCG_CUT}": _mean([ndcg(lists[one], collection.judgements[one], NDCG_CUT) for one in part]),
            f"recall@{RECALL_CUT}": _mean([recall(lists[one], collection.judgements[one], RECALL_CUT) for one in part]),
        }
        for name, lists in runs.items()
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), DIGITS)


def _ndcg(collection: Collection, lists: Lists) -> dict[str, float]:
    return {one: ndcg(ranked, collection.judgements[one], NDCG_CUT) for one, ranked in lists.items()}


def _against_best_arm(values: dict[str, dict[str, float]], part: Sequence[str]) -> dict[str, Any]:
    columns = {name: [one[query] for query in part] for name, one in values.items()}
    best = max(ARMS, key=lambda name: float(np.mean(columns[name])))
    difference = np.array(columns["default"]) - np.array(columns[best])
    return {
        "measure": f"ndcg@{NDCG_CUT}",
        "run": "default",
        "against": best,
        "difference": round(float(difference.mean()), DIGITS),
        "better": int((difference > 0).sum()),
        "worse": int((difference < 0).sum()),
        "p": round(randomisation_p(columns["default"], columns[best]), DIGITS + 1),
        "test": f"paired randomisation, {RESAMPLES} resamples, two-sided",
    }
