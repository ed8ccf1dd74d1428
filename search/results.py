"""The answer: what a page of creators looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from creators.models import Frozen
from search.explain import Explanation
from search.parse.clauses import ParsedQuery
from search.plan import Plan

HIDDEN = ("embedding", "names_ascii", "text_hash", "recipe", "niche_labels")
"""Fields of a document that serve the search and not the reader."""


_ORDER = (
    *("creator_id", "name", "names", "handles", "platforms", "domain", "niches", "primary_niche", "niche_scores"),
    *("categories", "topics", "countries", "languages", "language_confidence", "followers", "follower_band"),
    *("engagement_rate", "growth_30d", "growth_90d", "growth_180d", "momentum", "acceleration", "posts_per_week"),
    *("audience_quality", "audience_quality_band", "audience_quality_coverage", "bot_probability", "anomalies"),
    *("brand_safe", "brand_risk", "brand_risk_categories", "sponsored_share", "brands", "account_kind", "pronouns"),
    "content_types",
    *("shipping_velocity", "technical_score", "stars"),
    *("country", "country_confidence", "verified", "has", "website", "bio"),
    *("bio_composed", "joined_on", "last_posted_at", "as_of", "account_count", "sources", "degraded", "accounts"),
    *("links", "engagement", "growth", "signals"),
)
_PLACED = frozenset(_ORDER)


def displayed(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the display fields of a document in an order that reads well, the same for every creator."""
    shown = {name: source[name] for name in _ORDER if name in source}
    if len(shown) < len(source):
        shown |= {name: source[name] for name in sorted(source.keys() - _PLACED)}
    return shown


class CreatorHit(Frozen):
    """One creator on a page."""

    rank: int
    creator_id: str
    score: float | None
    """Sum of the contributions; null when the page is in the order of a field."""
    creator: dict[str, Any]
    """The display fields; empty where fetching them fell out of the budget."""
    explanation: Explanation | None = None


class Total(Frozen):
    """How many creators pass the filters."""

    value: int
    relation: Literal["eq"] = "eq"


class FacetValue(Frozen):
    """One value of a facet and the number of creators that have it."""

    value: str | bool
    count: int


class SearchPage(Frozen):
    """One page of an answer."""

    hits: tuple[CreatorHit, ...]
    total: Total | None = None
    """Null where counting fell out of the budget."""
    ranked: int | None = None
    """How many creators were ranked; null when the page is in the order of a field."""
    facets: dict[str, tuple[FacetValue, ...]] = Field(default_factory=dict)
    next_cursor: str | None = None
    profile: str
    took_ms: dict[str, float] = Field(default_factory=dict)
    """Milliseconds per stage."""
    degraded: tuple[str, ...] = ()
    """What was left out."""
    relaxed: dict[str, int] = Field(default_factory=dict)
    """Where nobody passes: filter → creators that would pass without it."""
    notes: tuple[str, ...] = ()
    parsed: ParsedQuery | None = None
    """What was read out of the text, when the request asked for it."""
    plan: Plan | None = None
    """How the nearest vectors were found, when the request asked to explain."""


class FacetPage(Frozen):
    """Counts without hits."""

    total: Total | None
    """Null where counting fell out of the budget."""
    facets: dict[str, tuple[FacetValue, ...]]
    took_ms: dict[str, float]
    degraded: tuple[str, ...] = ()


class Suggestion(Frozen):
    """One completion."""

    creator_id: str
    name: str
    handles: tuple[str, ...] = ()
    platforms: tuple[str, ...]
    followers: int | None = None
