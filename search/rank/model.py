"""The second stage: a table of features times a table of weights; contributions sum to the score.

Weights are starting values after the proposal in the research notes (similarity before engagement before size); the
search issue sets them on judgements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.rank import features
from search.rank.candidates import Candidates
from search.rank.features import Scored, Wish

FEATURES: dict[str, Callable[[Candidates, Wish], Scored]] = {
    "text_match": features.text_match,
    "semantic": features.semantic,
    "engagement": features.engagement,
    "follower_fit": features.follower_fit,
    "growth": features.growth,
    "freshness": features.freshness,
}

PROFILES: dict[str, dict[str, float]] = {
    "balanced": {
        "text_match": 0.30,
        "semantic": 0.35,
        "engagement": 0.15,
        "follower_fit": 0.10,
        "growth": 0.05,
        "freshness": 0.05,
    },
    "relevance": {"text_match": 0.45, "semantic": 0.55},
    "engagement": {"text_match": 0.20, "semantic": 0.25, "engagement": 0.45, "growth": 0.10},
    "similar": {"semantic": 0.80, "engagement": 0.10, "follower_fit": 0.05, "freshness": 0.05},
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in order, with everything that made the order.

    ``raw``, ``normalised`` and ``contributions`` have shape ``(n, features)``; a row of ``contributions`` sums to the
    row's score.
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float64]
    names: tuple[str, ...]
    weights: NDArray[np.float64]
    raw: NDArray[np.float64]
    normalised: NDArray[np.float64]
    contributions: NDArray[np.float64]

    def as_json(self) -> dict[str, Any]:
        """Return the window as plain lists; unknown values are NaN."""
        columns = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"ids": list(self.ids), "names": list(self.names), **columns}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ranked:
        """Return the window that :meth:`as_json` wrote."""
        columns = {name: np.array(value[name], dtype=np.float64) for name in _ARRAYS}
        return cls(ids=tuple(value["ids"]), names=tuple(value["names"]), **columns)


_ARRAYS = ("scores", "weights", "raw", "normalised", "contributions")


def weights_of(profile: str, override: Mapping[str, float], *, usable: frozenset[str]) -> dict[str, float]:
    """Return the weights in use, summing to 1: those of features that this search can compute.

    Args:
        profile: name of a profile.
        override: single weights that replace the profile's.
        usable: features that mean something here (a request without text has no text match).
    """
    merged = PROFILES[profile] | dict(override)
    kept = {name: merged[name] for name in FEATURES if merged.get(name, 0.0) > 0 and name in usable}
    total = sum(kept.values())
    return {name: weight / total for name, weight in kept.items()} if total else {}


def rank(candidates: Candidates, weights: Mapping[str, float], wish: Wish) -> Ranked:
    """Return the candidates by descending score, ties by id."""
    names = tuple(weights)
    scored = [FEATURES[name](candidates, wish) for name in names]
    shape = (len(candidates.ids), len(names))
    raw = np.column_stack([one[0] for one in scored]) if scored else np.zeros(shape)
    normalised = np.column_stack([one[1] for one in scored]) if scored else np.zeros(shape)
    factors = np.array([weights[name] for name in names])
    contributions = normalised * factors
    scores = contributions.sum(axis=1)
    order = np.lexsort((np.array(candidates.ids, dtype=np.str_), -scores))
    return Ranked(
        ids=tuple(candidates.ids[i] for i in order),
        scores=scores[order],
        names=names,
        weights=factors,
        raw=raw[order],
        normalised=normalised[order],
        contributions=contributions[order],
    )
