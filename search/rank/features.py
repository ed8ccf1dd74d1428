"""Features of the second stage: each a function of the candidates' columns, its docstring is what the user reads.

A feature returns ``(raw, normalised)``, both of shape ``(n,)``: the value as a person knows it, NaN where unknown, and
its part in the score between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.rank.candidates import Candidates, Column

NEUTRAL = 0.4
"""Normalised value of an unknown fact: it neither helps nor sinks a creator about whom less is known."""
ENGAGEMENT_SCALE = 0.04
GROWTH_SCALE = 0.15
FRESHNESS_DAYS = 365.0
REACH_CEILING = 9.0
BELL_WIDTH = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the request asks for that features compare with."""

    followers_min: float | None = None
    followers_max: float | None = None


Scored = tuple[Column, Column]


def _known(raw: Column, normalised: Column) -> Scored:
    return raw, np.where(np.isnan(raw), NEUTRAL, normalised)


def text_match(candidates: Candidates, _wish: Wish) -> Scored:
    """How well the words of the query match (BM25), relative to the best match of this search; no match is 0."""
    raw = candidates.lexical
    best = np.nanmax(raw, initial=0.0)
    return raw, np.nan_to_num(raw / best if best > 0 else np.zeros_like(raw))


def semantic(candidates: Candidates, _wish: Wish) -> Scored:
    """How close the creator's text is in meaning (cosine), between the farthest and the nearest neighbour found."""
    raw = candidates.cosine
    if np.isnan(raw).all():
        return raw, np.zeros_like(raw)
    low, high = np.nanmin(raw), np.nanmax(raw)
    if high - low <= 0:
        return raw, np.where(np.isnan(raw), 0.0, 1.0)
    # The farthest neighbour keeps a little: it was among the nearest of the whole index, others were not.
    return raw, np.nan_to_num(0.05 + 0.95 * (raw - low) / (high - low))


def engagement(candidates: Candidates, _wish: Wish) -> Scored:
    """Engagement rate, saturating: 4 % gives 0.63, 12 % gives 0.95."""
    raw = candidates.engagement_rate
    return _known(raw, 1.0 - np.exp(-raw / ENGAGEMENT_SCALE))


def follower_fit(candidates: Candidates, wish: Wish) -> Scored:
    """How near the audience is to the middle of the range asked for (a bell over the logarithm); else its size."""
    raw = candidates.followers
    logs = np.log10(np.maximum(raw, 1.0))
    if wish.followers_min is None and wish.followers_max is None:
        return _known(raw, np.minimum(logs / REACH_CEILING, 1.0))
    low = np.log10(max(wish.followers_min or 1.0, 1.0))
    high = np.log10(wish.followers_max) if wish.followers_max else low + 2 * BELL_WIDTH
    return _known(raw, np.exp(-0.5 * ((logs - (low + high) / 2) / BELL_WIDTH) ** 2))


def growth(candidates: Candidates, _wish: Wish) -> Scored:
    """Follower growth over 90 days, as a logistic curve: no growth gives 0.5, 15 % gives 0.73."""
    raw = candidates.growth_90d
    return _known(raw, 1.0 / (1.0 + np.exp(-np.clip(raw / GROWTH_SCALE, -30.0, 30.0))))


def freshness(candidates: Candidates, _wish: Wish) -> Scored:
    """How recent the facts are, in days: today gives 1, a year ago 0.37."""
    raw = candidates.age_days
    return _known(raw, np.exp(-raw / FRESHNESS_DAYS))
