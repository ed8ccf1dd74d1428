"""Two ranked lists become one list of candidates: weighted reciprocal rank fusion; pure.

Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009: ``score(d) = sum over lists of weight / (k + rank(d))``, ``k = 60``.
"""

from __future__ import annotations

from collections.abc import Sequence

RANK_CONSTANT = 60


def fuse(lists: Sequence[Sequence[str]], *, limit: int, weights: Sequence[float] | None = None) -> list[str]:
    """Return the ids of all lists by descending fused score, ties by id, at most ``limit``."""
    scores: dict[str, float] = {}
    for ids, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        for position, one in enumerate(ids, start=1):
            scores[one] = scores.get(one, 0.0) + weight / (RANK_CONSTANT + position)
    return sorted(scores, key=lambda one: (-scores[one], one))[:limit]
