"""Why a creator is ranked here: every part of the score as a number, and in words; pure."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from operator import itemgetter

from creators.models import Frozen
from search.rank.features import NAME_ALIKE, NAME_EQUAL, NEUTRAL, SECOND_NICHE
from search.rank.model import FEATURES, Ranked


class Reason(Frozen):
    """One feature's part in a score: ``weight`` times ``normalised`` is ``contribution``."""

    feature: str
    raw: float | None
    """As a person knows it; null where unknown."""
    normalised: float
    weight: float
    contribution: float
    percentile: float | None = None
    """Share of the creators of the same platform and size below this one; null where it is not known."""
    words: str


class Explanation(Frozen):
    """A score and its reasons, which sum to it; the largest first."""

    score: float
    profile: str = ""
    """Whose weights these are."""
    reasons: tuple[Reason, ...]
    moved: str | None = None
    """Why the creator is not where its score puts it; null where it is."""


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _named(raw: float) -> str:
    if raw >= NAME_EQUAL:
        return "the handle or name that was asked for"
    return "handle or name like what was asked for" if raw >= NAME_ALIKE else "neither handle nor name was asked for"


def _niche(raw: float) -> str:
    if raw <= 0:
        return "not of the niche asked for"
    return "the niche asked for is one of several" if raw <= SECOND_NICHE else "the niche asked for is the main one"


_WORDS: dict[str, Callable[[float], str]] = {
    "named": _named,
    "text_match": lambda raw: f"the words match (BM25 {raw:.1f})",
    "semantic": lambda raw: f"close in meaning (cosine {raw:.2f})",
    "engagement": lambda raw: f"engagement {_percent(raw)}",
    "follower_fit": lambda raw: f"{_number(raw)} followers",
    "reach": lambda raw: f"{_number(raw)} followers",
    "growth": lambda raw: f"followers {raw:+.1%} in 90 days",
    "freshness": lambda raw: f"seen {_number(raw)} days ago",
    "niche_fit": _niche,
    "suitability": lambda raw: f"risk for brands {raw:.1f} of 1" if raw > 0 else "nothing found that brands avoid",
}
_UNKNOWN = {
    "named": "neither handle nor name was asked for",
    "text_match": "no word of the query among the best matches",
    "semantic": "not among the nearest in meaning, counted as a little farther than they",
    "suitability": f"nothing read and niche unknown, counted as {NEUTRAL}",
}
_MIDDLE = 0.5
_COMPARED = frozenset({"engagement", "growth"})
"""Features whose part in the score is the percentile, where there is one."""


def words_of(feature: str, raw: float | None) -> str:
    """Return one reason in words, without its peers."""
    if raw is None:
        return _UNKNOWN.get(feature, f"{feature.replace('_', ' ')} unknown, counted as {NEUTRAL}")
    return _WORDS[feature](raw)


def standing_words(percentile: float, peers: str) -> str:
    """Return where a value stands in words: in the top or bottom so many per cent of the peers, never of none."""
    side, share = ("top", 1 - percentile) if percentile >= _MIDDLE else ("bottom", percentile)
    # Rounded first: 0.92 as a float is a little less, and would be the top 9 %.
    return f"in the {side} {max(1, math.ceil(round(100 * share, 6)))} % of {peers}"


def documentation() -> dict[str, str]:
    """Return what each feature means, for the API's own documentation."""
    return {name: inspect.getdoc(function) or "" for name, function in FEATURES.items()}


def _standing(ranked: Ranked, feature: str, position: int) -> tuple[float | None, str]:
    """Return the percentile and its words; the words say so where a feature that compares had nobody to compare."""
    standing = ranked.standings.get(feature)
    if standing is None:
        return None, ""
    percentile = standing.percentile.item(position)
    if math.isnan(percentile):
        return None, " (too few creators of this platform and size to compare)" if feature in _COMPARED else ""
    words = standing_words(percentile, ranked.groups[standing.group.item(position)].words)
    return percentile, f" is {words}" if feature == "engagement" else f", {words}"


def explain(ranked: Ranked, position: int) -> Explanation:
    """Return the reasons of the candidate at ``position``."""
    numbers = (ranked.raw[position], ranked.normalised[position], ranked.weights, ranked.contributions[position])
    rows = zip(ranked.names, *(row.tolist() for row in numbers), strict=True)
    reasons = []
    for feature, raw, normalised, weight, contribution in rows:
        known = None if math.isnan(raw) else raw
        percentile, standing = (None, "") if known is None else _standing(ranked, feature, position)
        reasons.append(
            {
                "feature": feature,
                "raw": known,
                "normalised": normalised,
                "weight": weight,
                "contribution": contribution,
                "percentile": percentile,
                "words": words_of(feature, known) + standing,
            }
        )
    reasons.sort(key=_contribution, reverse=True)
    # Validated as one value, which costs half of what a model for each reason does.
    return Explanation.model_validate(
        {
            "score": ranked.scores.item(position),
            "profile": ranked.profile,
            "reasons": reasons,
            "moved": (ranked.notes[position] or None) if ranked.notes else None,
        }
    )


_contribution = itemgetter("contribution")
