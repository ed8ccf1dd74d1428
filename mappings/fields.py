"""Names of the fields of ``creators`` that queries, facets and sorts may use; the mapping has the same, by test."""

from __future__ import annotations

from creators.models import Platform

ID = "creator_id"
VECTOR = "embedding"

TEXT = "search_text"
NAME_FIELDS: tuple[str, ...] = ("name", "names_ascii", "handle_words")
NAME_BOOST = 0.3
"""What the best of the names counts beside the text; chosen on judged collections, see ``docs/findings``."""
TEXT_FIELDS: tuple[str, ...] = (TEXT, *NAME_FIELDS)
"""Every field of the lexical arm."""

FACETS: dict[str, str] = {
    "platforms": "platforms",
    "niches": "niches",
    "countries": "countries",
    "languages": "languages",
    "follower_band": "follower_band",
    "domain": "domain",
    "verified": "verified",
    "primary_platform": "primary_platform",
    "topics": "topics",
    "categories": "categories",
    "has": "has",
    "sources": "sources",
    "account_kind": "account_kind",
    "audience_quality_band": "audience_quality_band",
    "brand_risk": "brand_risk",
    "brand_risk_categories": "brand_risk_categories",
    "brand_safe": "brand_safe",
    "brands": "brands",
    "pronouns": "pronouns",
    "anomalies": "anomalies",
    "content_types": "content_types",
}
"""Facet name in the API → field."""

ACCOUNT_COUNTS: tuple[str, ...] = (
    "followers",
    "following",
    "posts",
    "views",
    "average_views",
    "average_likes",
    "average_comments",
    "average_shares",
)
"""Counts of one account that filters may ask for."""

SORTS: dict[str, str] = {
    "followers": "followers",
    "engagement_rate": "engagement_rate",
    "growth_30d": "growth_30d",
    "growth_90d": "growth_90d",
    "last_posted_at": "last_posted_at",
    "audience_quality": "audience_quality",
    "momentum": "momentum",
    "posts_per_week": "posts_per_week",
    "shipping_velocity": "shipping_velocity",
    "technical_score": "technical_score",
    "stars": "stars",
    "name": "name.exact",
}
"""Sort name in the API → field; ``relevance`` is the other one."""

RANK_FIELDS: tuple[str, ...] = (
    "creator_id",
    "followers",
    "engagement_rate",
    "growth_90d",
    "as_of",
    "primary_niche",
    "primary_platform",
    "follower_band",
    "niches",
    "brand_risk",
)
"""What the second stage reads of every candidate, from doc values."""
RANK_DATES = frozenset({"as_of"})
"""Those of them that are dates; they are read in milliseconds."""

HAS_VALUES: tuple[str, ...] = ("email", "phone", "website", *Platform)
"""What ``filters.has`` may ask for."""

RISK_LEVELS: tuple[str, ...] = ("none", "low", "medium", "high", "floor")
"""How unfit a creator is for brands, from what was read; ``floor`` is for no brand at all."""
RISKS_BRANDS_ACCEPT = frozenset({"none", "low"})
"""Levels of creators that count as safe for brands."""
ACCOUNT_KINDS: tuple[str, ...] = ("person", "brand", "media")
ANOMALIES: tuple[str, ...] = (
    "bought_then_purged",
    "comment_pod",
    "engagement_mismatch",
    "follow_unfollow",
    "follower_spike",
)
QUALITY_BANDS: tuple[str, ...] = ("bad", "low", "normal", "good", "high", "best")

FOLLOWER_BANDS: tuple[tuple[str, int], ...] = (
    ("nano", 0),
    ("micro", 10_000),
    ("mid", 50_000),
    ("macro", 500_000),
    ("mega", 1_000_000),
    ("giga", 10_000_000),
)
"""Band and its lower bound, in followers of the largest account."""


def follower_band(followers: int | None) -> str | None:
    """Return the band of a follower count."""
    if followers is None:
        return None
    return next(name for name, least in reversed(FOLLOWER_BANDS) if followers >= least)


def account_field(platform: str, field: str) -> str:
    """Return the path of a per-platform fact."""
    return f"accounts.{platform}.{field}"
