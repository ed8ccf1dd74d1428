"""Why a creator is ranked here: every part of the score as a number, and in words; pure."""

from __future__ import annotations

import inspect
import math

from creators.models import Frozen
from search.rank.features import NEUTRAL
from search.rank.model import FEATURES, Ranked


class Reason(Frozen):
    """One feature's part in a score: ``weight`` times ``normalised`` is ``contribution``."""

    feature: str
    raw: float | None
    """As a person knows it; null where unknown."""
    normalised: float
    weight: float
    contribution: float
    words: str


class Explanation(Frozen):
    """A score and its reasons, which sum to it; the largest first."""

    score: float
    reasons: tuple[Reason, ...]


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


_WORDS = {
    "text_match": lambda raw: f"the words match (BM25 {raw:.1f})",
    "semantic": lambda raw: f"close in meaning (cosine {raw:.2f})",
    "engagement": lambda raw: f"engagement {_percent(raw)}",
    "follower_fit": lambda raw: f"{_number(raw)} followers",
    "growth": lambda raw: f"followers {raw:+.1%} in 90 days",
    "freshness": lambda raw: f"seen {_number(raw)} days ago",
}
_UNKNOWN = {
    "text_match": "no word of the query among the best matches",
    "semantic": "not among the nearest in meaning",
}


def words_of(feature: str, raw: float | None) -> str:
    """Return one reason in words."""
    if raw is None:
        return _UNKNOWN.get(feature, f"{feature.replace('_', ' ')} unknown, counted as {NEUTRAL}")
    return _WORDS[feature](raw)


def documentation() -> dict[str, str]:
    """Return what each feature means, for the API's own documentation."""
    return {name: inspect.getdoc(function) or "" for name, function in FEATURES.items()}


def explain(ranked: Ranked, position: int) -> Explanation:
    """Return the reasons of the candidate at ``position``."""
    reasons = []
    for column, feature in enumerate(ranked.names):
        raw = float(ranked.raw[position, column])
        value = None if math.isnan(raw) else raw
        reasons.append(
            Reason(
                feature=feature,
                raw=value,
                normalised=float(ranked.normalised[position, column]),
                weight=float(ranked.weights[column]),
                contribution=float(ranked.contributions[position, column]),
                words=words_of(feature, value),
            )
        )
    reasons.sort(key=lambda reason: -reason.contribution)
    return Explanation(score=float(ranked.scores[position]), reasons=tuple(reasons))
