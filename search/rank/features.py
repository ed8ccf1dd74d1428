"""Features of the second stage: each a function of the candidates' columns, its docstring is what the user reads.

A feature returns ``raw``, the value as a person knows it, NaN where unknown, and ``normalised``, its part in the score
between 0 and 1; both of shape ``(n,)``. One that compares with the population also says where the creator stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mappings.niches import NICHES
from search.rank.candidates import Candidates
from search.rank.percentiles import Column, Standing

NEUTRAL = 0.4
"""Normalised value of an unknown fact: it neither helps nor sinks a creator about whom less is known."""
ENGAGEMENT_SCALE = 0.04
GROWTH_SCALE = 0.15
FRESHNESS_DAYS = 365.0
REACH_CEILING = 9.0
BELL_WIDTH = 1.0
NAME_EQUAL = 0.95
"""Name match from which on the creator is the one who was named."""
NAME_ALIKE = 0.8
"""Name match from which on, where nobody is named, the query may be a name with a typing error."""
NAME_STEPS = 4.0
NAME_TOP = 0.67
"""With the weight of ``named``, nobody but the owner of the handle reaches what the handle alone gives."""
UNKNOWN_COSINE = 0.9
"""What an unknown cosine is of the least known one; docs/findings has the measurements."""
SECOND_NICHE = 0.5
RISK = {"low": 0.2, "medium": 0.5, "high": 1.0}
"""Risk of a niche by its level in the taxonomy; a niche without a level has none."""
OWN_RISK = {"none": 0.0, **RISK, "floor": 1.0}
"""Risk of a creator by the level of what was read of them."""
_RISK_OF = {niche.id: RISK[niche.risk] if niche.risk else 0.0 for niche in NICHES}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the request asks for that features compare with."""

    followers_min: float | None = None
    followers_max: float | None = None
    niches: frozenset[str] = frozenset()


class Scored(NamedTuple):
    """One feature of all candidates."""

    raw: Column
    normalised: Column
    standing: Standing | None = None


def _known(raw: Column, normalised: Column, standing: Standing | None = None) -> Scored:
    return Scored(raw, np.where(np.isnan(raw), NEUTRAL, normalised), standing)


def _among_peers(candidates: Candidates, metric: str, raw: Column, curve: Column) -> Scored:
    """Return the percentile among the peers where they are known, else the curve."""
    standing = candidates.population.standing(metric, candidates.platforms, candidates.bands, raw)
    return _known(raw, np.where(np.isnan(standing.percentile), curve, standing.percentile), standing)


def named(candidates: Candidates, _wish: Wish) -> Scored:
    """Whether the query is the creator's handle or name: 1 for the handle, about a half for the name, else 0.

    Where nobody has the handle or name, the creators whose handle or name is nearly what was typed count by likeness.
    Used only when there is such a creator; then it has 70 % of all weight (35 %, for mere likeness),
    so that an exact handle comes first whatever else is known.
    """
    raw = candidates.named
    if is_named(candidates):
        return Scored(raw, np.select([raw >= 1.0, raw >= NAME_EQUAL], [1.0, NAME_TOP - NAME_STEPS * (1.0 - raw)], 0.0))
    return Scored(raw, np.where(raw >= NAME_ALIKE, raw, 0.0))


def is_named(candidates: Candidates, least: float = NAME_EQUAL) -> bool:
    """Return whether the query is the handle or name of any candidate, as surely as ``least``."""
    return bool((candidates.named >= least).any())


def text_match(candidates: Candidates, _wish: Wish) -> Scored:
    """How well the words of the query match (BM25), relative to the best match of this search; no match is 0."""
    raw = candidates.lexical
    known = np.where(raw > 0, raw, 0.0)
    best = known.max(initial=0.0)
    return Scored(raw, known / best if best > 0 else known)


def semantic(candidates: Candidates, _wish: Wish) -> Scored:
    """How close the creator's text is in meaning (cosine), relative to the nearest of this search.

    A creator whose cosine is not known counts as 0.9 of the least known: it was not among the nearest.
    """
    raw = candidates.cosine
    best = np.nanmax(raw, initial=0.0)
    if best <= 0:
        return Scored(raw, np.zeros_like(raw))
    # Scaled by the maximum and added to the words' score, after Bruch, Gai and Ingber, "An Analysis of Fusion Functions
    # for Hybrid Retrieval", TOIS 2023; between minimum and maximum, small differences of near neighbours grow large.
    filled = np.where(np.isnan(raw), UNKNOWN_COSINE * np.nanmin(raw), raw)
    return Scored(raw, np.maximum(filled, 0.0) / best)


def engagement(candidates: Candidates, _wish: Wish) -> Scored:
    """Engagement rate, as the percentile among creators of the same platform and size: better than 92 % gives 0.92.

    Where fewer than 200 such creators have a rate, a saturating curve stands in: 4 % gives 0.63, 12 % gives 0.95.
    """
    raw = candidates.engagement_rate
    return _among_peers(candidates, "engagement_rate", raw, 1.0 - np.exp(-raw / ENGAGEMENT_SCALE))


def growth(candidates: Candidates, _wish: Wish) -> Scored:
    """Follower growth over 90 days, as the percentile among creators of the same platform and size.

    Where fewer than 200 such creators have a growth, a logistic curve stands in: none gives 0.5, 15 % gives 0.73.
    """
    raw = candidates.growth_90d
    curve = 1.0 / (1.0 + np.exp(-np.clip(raw / GROWTH_SCALE, -30.0, 30.0)))
    return _among_peers(candidates, "growth_90d", raw, curve)


def follower_fit(candidates: Candidates, wish: Wish) -> Scored:
    """How near the audience is to the middle of the range asked for (a bell over the logarithm); else its size."""
    raw = candidates.followers
    if wish.followers_min is None and wish.followers_max is None:
        return _known(raw, _size(raw))
    low = np.log10(max(wish.followers_min or 1.0, 1.0))
    high = np.log10(wish.followers_max) if wish.followers_max else low + 2 * BELL_WIDTH
    logs = np.log10(np.maximum(raw, 1.0))
    return _known(raw, np.exp(-0.5 * ((logs - (low + high) / 2) / BELL_WIDTH) ** 2))


def reach(candidates: Candidates, _wish: Wish) -> Scored:
    """Size of the largest audience, on a logarithmic scale: 1,000 followers give 0.33, a million 0.67."""
    raw = candidates.followers
    standing = candidates.population.standing("followers", candidates.platforms, candidates.bands, raw)
    return _known(raw, _size(raw), standing)


def _size(followers: Column) -> Column:
    return np.minimum(np.log10(np.maximum(followers, 1.0)) / REACH_CEILING, 1.0)


def freshness(candidates: Candidates, _wish: Wish) -> Scored:
    """How recent the facts are, in days: today gives 1, a year ago 0.37."""
    raw = candidates.age_days
    return _known(raw, np.exp(-raw / FRESHNESS_DAYS))


def niche_fit(candidates: Candidates, wish: Wish) -> Scored:
    """Whether the niche asked for is the creator's main one (1), another of theirs (0.5) or none (0).

    Used only when the request filters by niche.
    """
    raw = np.array(
        [
            1.0 if main in wish.niches else SECOND_NICHE * (not wish.niches.isdisjoint(others))
            for main, others in zip(candidates.primary_niches, candidates.niches, strict=True)
        ],
        dtype=np.float64,
    )
    return Scored(raw, raw)


@lru_cache(maxsize=4096)
def _riskiest(niches: tuple[str, ...]) -> float:
    return max((_RISK_OF.get(niche, 0.0) for niche in niches), default=float("nan"))


def suitability(candidates: Candidates, _wish: Wish) -> Scored:
    """How little a brand risks: 1 less the larger risk, of the riskiest niche or of what was read of the creator.

    Adult content has risk 1; politics, crypto and news 0.5; religion, activism and comedy 0.2; other niches none. What
    was read counts 0.2 where its risk is low, 0.5 medium, 1 high or worse. The subjects are GARM's sensitive topics
    (Brand Safety Floor + Suitability Framework, 2022), the levels our own.
    """
    by_niche = [_riskiest(niches) for niches in candidates.niches]
    own = [OWN_RISK.get(risk or "", float("nan")) for risk in candidates.risks]
    raw = np.fmax(np.array(by_niche, dtype=np.float64), np.array(own, dtype=np.float64))
    return _known(raw, 1.0 - raw)
