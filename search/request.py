"""The question: frozen, validated, every field with the meaning that the API documents."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from creators.ids import content_hash
from creators.models import Frozen
from mappings import fields
from search.filters import CleanText, Filters, one_of
from search.rank.model import FEATURES, PROFILES

MAX_LIMIT = 100
MAX_WEIGHT = 1_000_000
WINDOW = 200
"""Candidates that are ranked; beyond it a relevance search has no further page."""

FacetNames = Annotated[tuple[str, ...], one_of("facet", frozenset(fields.FACETS))]


class Sort(Frozen):
    """The order of the hits; unknown values come last."""

    field: Literal[
        "relevance", "followers", "engagement_rate", "growth_30d", "growth_90d", "last_posted_at", "name"
    ] = "relevance"
    order: Literal["asc", "desc"] = "desc"


Arm = Literal["lexical", "knn"]
Weights = dict[str, Annotated[float, Field(ge=0, le=MAX_WEIGHT)]]


def _check_profile(name: str) -> str:
    if name not in PROFILES:
        detail = f"{name!r} is not a profile: one of {', '.join(PROFILES)}"
        raise ValueError(detail)
    return name


def _check_weights(weights: Weights) -> Weights:
    for name in weights:
        if name not in FEATURES:
            detail = f"{name!r} is not a feature: one of {', '.join(FEATURES)}"
            raise ValueError(detail)
    return weights


class Ranking(Frozen):
    """How candidates are ordered and how much of it is told."""

    profile: Annotated[str, AfterValidator(_check_profile)] = "balanced"
    weights: Annotated[Weights, AfterValidator(_check_weights)] = Field(default_factory=dict)
    """Replace single weights of the profile."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)] = ("lexical", "knn")


Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
BudgetMs = Annotated[int, Field(ge=20, le=60_000)]


class SearchRequest(Frozen):
    """``POST /v1/creators/search``."""

    text: CleanText = ""
    """Free text; it ranks, it does not filter."""
    filters: Filters = Filters()
    sort: Sort = Sort()
    facets: FacetNames = ()
    limit: Limit = 20
    cursor: str | None = None
    """``next_cursor`` of the page before."""
    explain: bool = False
    budget_ms: BudgetMs | None = None
    ranking: Ranking = Ranking()

    @property
    def fingerprint(self) -> str:
        """What a cursor is good for: everything but paging, explaining and time."""
        return _fingerprint(self.model_dump(mode="json", exclude={"cursor", "limit", "explain", "budget_ms", "facets"}))


class Seed(Frozen):
    """A creator to be like."""

    creator_id: CleanText
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class SimilarRequest(Frozen):
    """``POST /v1/creators/similar``."""

    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=20)]
    filters: Filters = Filters()
    limit: Limit = 20
    explain: bool = False
    budget_ms: BudgetMs | None = None
    ranking: Ranking = Ranking(profile="similar")


def _fingerprint(value: dict[str, Any]) -> str:
    return content_hash(json.dumps(value, sort_keys=True).encode())[:16]
