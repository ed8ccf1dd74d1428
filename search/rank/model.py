"""The second stage: a table of features times a table of weights; contributions sum to the score."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.rank import features
from search.rank.candidates import Candidates
from search.rank.features import Scored, Wish
from search.rank.percentiles import PeerGroup, Standing
from search.rank.profiles import PROFILES

__all__ = ["FEATURES", "PROFILES", "Ranked", "rank", "rank_by", "usable_features", "weights_of"]

FEATURES: dict[str, Callable[[Candidates, Wish], Scored]] = {
    "named": features.named,
    "text_match": features.text_match,
    "semantic": features.semantic,
    "engagement": features.engagement,
    "follower_fit": features.follower_fit,
    "reach": features.reach,
    "growth": features.growth,
    "freshness": features.freshness,
    "niche_fit": features.niche_fit,
    "suitability": features.suitability,
}
NAMED_SHARE = 0.7
"""Share of all weight that the feature ``named`` has where the query is a handle or a name."""
ALIKE_SHARE = 0.35
"""Its share where the query is merely like one."""
_ALWAYS = frozenset(FEATURES) - {"named", "text_match", "semantic", "niche_fit"}


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
    profile: str = ""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """Feature → where each candidate stands among its peers, for the features that compare."""
    groups: tuple[PeerGroup, ...] = ()
    """The peer groups that the standings name by their index."""
    notes: tuple[str, ...] = ()
    """Why each candidate is not where its score puts it, in words, empty where it is; none without diversity."""

    def take(self, order: Sequence[int], notes: Sequence[str]) -> Ranked:
        """Return the same candidates in another order, with a note on each (in the new order)."""
        index = np.array(order, dtype=np.int64)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in order),
            notes=tuple(notes),
            standings={name: one.take(index) for name, one in self.standings.items()},
            **{name: getattr(self, name)[index] for name in ("scores", "raw", "normalised", "contributions")},
        )

    def as_json(self) -> dict[str, Any]:
        """Return the window as JSON: numbers as their bytes, without loss and without being spelled out."""
        return {
            "ids": list(self.ids),
            "names": list(self.names),
            "profile": self.profile,
            "notes": list(self.notes),
            "weights": self.weights.tolist(),
            "groups": [[group.platform, list(group.bands), group.n] for group in self.groups],
            "standings": {name: [_packed(column) for column in one] for name, one in self.standings.items()},
            **{name: _packed(getattr(self, name)) for name in ("scores", "raw", "normalised")},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ranked:
        """Return the window that :meth:`as_json` wrote."""
        shape = (len(value["ids"]), len(value["names"]))
        weights = np.array(value["weights"], dtype=np.float64)
        normalised = _unpacked(value["normalised"]).reshape(shape)
        return cls(
            ids=tuple(value["ids"]),
            scores=_unpacked(value["scores"]),
            names=tuple(value["names"]),
            weights=weights,
            raw=_unpacked(value["raw"]).reshape(shape),
            normalised=normalised,
            contributions=normalised * weights,
            profile=value["profile"],
            standings={
                name: Standing(_unpacked(one[0]), _unpacked(one[1]).astype(np.int64))
                for name, one in value["standings"].items()
            },
            groups=tuple(PeerGroup(platform, tuple(bands), n) for platform, bands, n in value["groups"]),
            notes=tuple(value["notes"]),
        )


def _packed(column: NDArray[Any]) -> str:
    return base64.b64encode(column.astype("<f8").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)


def usable_features(candidates: Candidates, wish: Wish) -> frozenset[str]:
    """Return the features that tell these candidates apart: without text there is no text match."""
    needs = {
        "named": features.is_named(candidates, features.NAME_ALIKE),
        "text_match": not np.isnan(candidates.lexical).all(),
        "semantic": not np.isnan(candidates.cosine).all(),
        "niche_fit": bool(wish.niches),
    }
    return _ALWAYS | {name for name, met in needs.items() if met}


def weights_of(
    profile: str, override: Mapping[str, float], *, usable: frozenset[str], named_share: float = NAMED_SHARE
) -> dict[str, float]:
    """Return the weights in use, summing to 1: those of features that this search can compute.

    Args:
        profile: name of a profile.
        override: single weights that replace the profile's.
        usable: features that mean something here (a request without text has no text match).
        named_share: of the feature ``named``, where it is usable and not overridden.
    """
    merged = {**PROFILES[profile].weights, **override}
    kept = {name: merged[name] for name in FEATURES if merged.get(name, 0.0) > 0 and name in usable}
    total = sum(kept.values())
    scaled = {name: weight / total for name, weight in kept.items()}
    if "named" not in usable or "named" in override:
        return scaled
    share = named_share if scaled else 1.0
    return {"named": share, **{name: weight * (1.0 - share) for name, weight in scaled.items()}}


def rank_by(candidates: Candidates, profile: str, override: Mapping[str, float], wish: Wish) -> Ranked:
    """Return the candidates as a profile orders them, with single weights replaced."""
    default = PROFILES[profile].followers
    if default and wish.followers_min is None and wish.followers_max is None:
        wish = replace(wish, followers_min=default[0], followers_max=default[1])
    weights = weights_of(
        profile,
        override,
        usable=usable_features(candidates, wish),
        named_share=NAMED_SHARE if features.is_named(candidates) else ALIKE_SHARE,
    )
    # A profile of nothing but relevance says nothing without text: the largest come first.
    return replace(rank(candidates, weights or {"reach": 1.0}, wish), profile=profile)


def rank(candidates: Candidates, weights: Mapping[str, float], wish: Wish) -> Ranked:
    """Return the candidates by descending score, ties by id."""
    names = tuple(weights)
    scored = [FEATURES[name](candidates, wish) for name in names]
    shape = (len(candidates.ids), len(names))
    raw = np.column_stack([one.raw for one in scored]) if scored else np.zeros(shape)
    normalised = np.column_stack([one.normalised for one in scored]) if scored else np.zeros(shape)
    factors = np.array([weights[name] for name in names])
    contributions = normalised * factors
    scores = contributions.sum(axis=1)
    order = np.lexsort((np.array(candidates.ids, dtype=np.str_), -scores))
    standings = {name: one.standing for name, one in zip(names, scored, strict=True) if one.standing is not None}
    return Ranked(
        ids=tuple(candidates.ids[i] for i in order),
        scores=scores[order],
        names=names,
        weights=factors,
        raw=raw[order],
        normalised=normalised[order],
        contributions=contributions[order],
        standings={name: one.take(order) for name, one in standings.items()},
        groups=candidates.population.groups if standings else (),
    )
