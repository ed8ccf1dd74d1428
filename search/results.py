"""The answer: what a page of creators looks like."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from creators.models import Frozen
from search.explain import Explanation
from search.parse.clauses import ParsedQuery
from search.plan import Plan


class CreatorHit(Frozen):
    """One creator on a page."""

    rank: int
    creator_id: str
    score: float | None
    """Sum of the contributions; null when the page is in the order of a field."""
    creator: dict[str, Any]
    """The display fields that the request names; empty where fetching them fell out of the budget."""
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
