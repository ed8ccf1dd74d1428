"""How an account performs and how its audience moves.

``confidence`` of these is a scale of our own from 0 to 1, no probability: more posts, days or better sources give more.
None of them is a verdict: an anomaly is a dated observation that has harmless explanations too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from creators.models import Frozen, Instant, Platform, Rate
from creators.signals.measured import Measured, Share

ContentForm = Literal["feed", "short", "video", "live", "text"]
"""What posts are counted together: ``feed`` are pictures, carousels and videos of a feed, ``short`` reels too."""
AnomalyFlag = Literal["follower_spike", "bought_then_purged", "follow_unfollow", "engagement_mismatch", "comment_pod"]
QualityBand = Literal["bad", "low", "normal", "good", "high", "best"]
QualityPartName = Literal["engagement", "credible_share", "growth_regularity", "comment_authenticity"]


class OfAccount(Measured):
    """A value of one account, not of the creator as a whole."""

    account_id: str
    platform: Platform


class Engagement(OfAccount):
    """An engagement rate of one account with the way it was computed; a fraction, not percent."""

    rate: Rate
    form: ContentForm | None = None
    """Of the posts that it was computed from; None for all of them, which is the rate that search uses."""
    percentile: Share | None = None
    """Share of the peers (same platform, size and counters) with a lower rate; None where too few are known."""
    peers: NonNegativeInt | None = None
    """How many peers ``percentile`` compares with."""
    paid_performance: NonNegativeFloat | None = None
    """Rate of sponsored posts / rate of the others: 1 is the same, 0.5 half; None where labels or posts are too few."""
    likes_per_comment: NonNegativeFloat | None = None
    views_per_follower: NonNegativeFloat | None = None
    """Views of a post / followers."""


class Growth(OfAccount):
    """Relative follower change of one account over a window: ``(F_t - F_{t-w}) / F_{t-w}``."""

    method: str = "interpolated"
    window_days: NonNegativeInt
    sample_size: NonNegativeInt
    rate: float | None
    """A fraction; None where the change is below what the platform's rounded counts can show."""
    daily_log_rate: float | None = None
    """``ln(F_t / F_{t-w}) / w``, per day: comparable over windows."""
    below_resolution: bool = False


class Momentum(OfAccount):
    """Where an audience is heading: the exponentially weighted mean of its daily log growth, half-life 14 days."""

    basis: Literal["followers", "views"]
    """What grows; views stand in where the platform rounds follower counts."""
    rate: float | None
    """Per day, log scale: 0.01 is about 1 % a day; None where the change is below the resolution of the counts."""
    acceleration: float | None = None
    """``r_7(t) - r_7(t-7)``: this week's daily log rate less last week's; None where a week is not resolved."""
    below_resolution: bool = False


class Cadence(OfAccount):
    """How often and how steadily an account posts."""

    posts_per_week: NonNegativeFloat
    median_gap_days: NonNegativeFloat | None = None
    regularity: Share | None = None
    """``1 / (1 + standard deviation / mean)`` of the gaps between posts: 1 is like clockwork."""
    view_spread: NonNegativeFloat | None = None
    """Consistency: interquartile range of views / median of views; lower is steadier."""


class Clue(Frozen):
    """One number that an anomaly rests on."""

    what: str
    """Name of the number, ``unit`` included: ``followers_gained``, ``share_given_back``."""
    value: float
    at: Instant | None = None


class Anomaly(OfAccount):
    """Something unusual in an account's numbers, with what it rests on; an observation, never a verdict."""

    flag: AnomalyFlag
    severity: Share
    evidence: tuple[Clue, ...]


class QualityPart(Frozen):
    """One part of an audience-quality score."""

    name: QualityPartName
    score: Share
    weight: Share


class AudienceQuality(OfAccount):
    """How good an audience looks, from the parts that are known; ``method`` is ``cqs`` on YouTube, else ``aqs``."""

    score: Annotated[float, Field(ge=0, le=100)] | None
    """100 times the weighted mean of the known parts; None where these are less than half of all weight."""
    band: QualityBand | None
    coverage: Share
    """Weight of the known parts."""
    parts: tuple[QualityPart, ...]
