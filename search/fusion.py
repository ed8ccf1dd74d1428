"""Two ranked lists become one list of candidates: weighted reciprocal rank fusion, or a normalised sum; pure.

Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009: ``score(d) = sum over lists of weight / (k + rank(d))``, ``k = 60``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RANK_CONSTANT = 60


def fuse(lists: Sequence[Sequence[str]], *, limit: int, weights: Sequence[float] | None = None) -> list[str]:
    """Return the ids of all lists by descending fused score, ties by id, at most ``limit``."""
    scores: dict[str, float] = {}
    for ids, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        for position, one in enumerate(ids, start=1):
            scores[one] = scores.get(one, 0.0) + weight / (RANK_CONSTANT + position)
    return sorted(scores, key=lambda one: (-scores[one], one))[:limit]


def fuse_scores(
    lists: Sequence[Mapping[str, float]], *, limit: int, weights: Sequence[float] | None = None
) -> list[str]:
    """Return the ids of all lists by descending weighted sum of normalised scores, ties by id, at most ``limit``.

    Each list is stretched from its smallest score (0) to its largest (1), as OpenSearch's ``min_max`` does; who is not
    in a list has 0 there. A list whose scores are all equal gives 1 to everybody in it.
    """
    sums: dict[str, float] = {}
    for scores, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        for one, score in scores.items():
            sums[one] = sums.get(one, 0.0) + weight * ((score - low) / (high - low) if high > low else 1.0)
    return sorted(sums, key=lambda one: (-sums[one], one))[:limit]
