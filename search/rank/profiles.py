"""The one table of weights: what each way of ranking looks for.

Weights are relative: those of features that a search cannot compute are dropped, the rest is scaled to 1.

Words to meaning is 2 to 3: judged articles are indifferent between 0.40 and 0.55 of words, judged creators want 0.2 to
0.4. What is not relevance has a fifth of ``balanced``: engagement spreads so much wider than closeness that more of it
would drive the order (both measured; ``docs/ranking.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MICRO = (10_000.0, 50_000.0)
"""Followers of a micro creator, as the follower band has it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named way of ranking."""

    description: str
    weights: Mapping[str, float]
    followers: tuple[float | None, float | None] | None = None
    """Range that ``follower_fit`` looks for where the request asks for none."""


PROFILES: dict[str, Profile] = {
    "balanced": Profile(
        "What was asked for comes first; of equal matches the livelier, better fitting and fresher ones.",
        {
            "text_match": 0.27,
            "semantic": 0.48,
            "engagement": 0.08,
            "follower_fit": 0.05,
            "growth": 0.04,
            "freshness": 0.03,
            "niche_fit": 0.05,
        },
    ),
    "relevance": Profile(
        "Nothing but how well words and meaning match.",
        {"text_match": 0.40, "semantic": 0.60},
    ),
    "engagement": Profile(
        "Audiences that react: engagement before everything, then growth.",
        {"text_match": 0.20, "semantic": 0.25, "engagement": 0.45, "growth": 0.10},
    ),
    "reach": Profile(
        "The largest audiences among those that match.",
        {"text_match": 0.20, "semantic": 0.25, "reach": 0.45, "engagement": 0.10},
    ),
    "micro": Profile(
        "Creators of 10,000 to 50,000 followers, or of the range asked for, with a lively audience.",
        {"text_match": 0.20, "semantic": 0.25, "follower_fit": 0.35, "engagement": 0.20},
        followers=MICRO,
    ),
    "rising": Profile(
        "Those who grow fastest for their platform and size.",
        {"text_match": 0.20, "semantic": 0.25, "growth": 0.45, "freshness": 0.10},
    ),
    "brand_safe": Profile(
        "Creators in whose words and niches nothing was found that brands avoid come first.",
        {"text_match": 0.22, "semantic": 0.28, "suitability": 0.35, "engagement": 0.10, "freshness": 0.05},
    ),
    "similar": Profile(
        "Closeness to the seeds, then engagement.",
        {"semantic": 0.80, "engagement": 0.10, "follower_fit": 0.05, "freshness": 0.05},
    ),
}
"""Name → what it looks for. Weights of each sum to 1."""
