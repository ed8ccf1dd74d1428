"""The question: frozen, validated, every field with the meaning that the API documents."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from creators.ids import content_hash
from creators.models import Frozen
from mappings import fields
from search.filters import CleanText, Filters, one_of
from search.rank.diversity import Diversity
from search.rank.model import FEATURES, PROFILES
from search.shown import FieldNames

MAX_LIMIT = 100
MAX_SEEDS = 20
MAX_FACET_VALUES = 500
MAX_WEIGHT = 1_000_000
WINDOW = 200
"""Candidates that are ranked; beyond it a relevance search has no further page."""

FacetNames = Annotated[tuple[str, ...], one_of("facet", frozenset(fields.FACETS))]


class Sort(Frozen):
    """The order of the hits; unknown values come last."""

    field: Literal[
        "relevance",
        "followers",
        "engagement_rate",
        "growth_30d",
        "growth_90d",
        "last_posted_at",
        "audience_quality",
        "momentum",
        "posts_per_week",
        "shipping_velocity",
        "technical_score",
        "stars",
        "name",
    ] = "relevance"
    order: Literal["asc", "desc"] = "desc"


Arm = Literal["lexical", "knn"]
ExecutorName = Literal["two_arm", "native_hybrid"]
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
    executor: ExecutorName = "two_arm"
    """How the arms are sent; for comparing the two ways."""
    diversity: Diversity = Diversity()


Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
BudgetMs = Annotated[int, Field(ge=20, le=60_000)]


class SearchRequest(Frozen):
    """``POST /v1/creators/search``."""

    text: CleanText = ""
    """Free text; it ranks, it does not filter."""
    parse: bool = False
    """Read filters out of the text; ``parsed`` in the answer shows which. Filters given here win."""
    filters: Filters = Filters()
    sort: Sort = Sort()
    facets: FacetNames = ()
    fields: FieldNames = ()
    """Display fields of each hit, or groups of them (``accounts.youtube``); none are all, fewer come sooner."""
    limit: Limit = 20
    cursor: str | None = None
    """``next_cursor`` of the page before."""
    explain: bool = False
    budget_ms: BudgetMs | None = None
    ranking: Ranking = Ranking()

    @property
    def fingerprint(self) -> str:
        """What a cursor is good for: everything but paging, what is shown, explaining and time."""
        return _fingerprint(self, without={"cursor", "limit", "explain", "budget_ms", "facets", "fields"})


class Seed(Frozen):
    """A creator to be like."""

    creator_id: CleanText
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class SimilarRequest(Frozen):
    """``POST /v1/creators/similar``."""

    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MAX_SEEDS)]
    negative_seeds: Annotated[tuple[Seed, ...], Field(max_length=MAX_SEEDS)] = ()
    """Creators to be unlike."""
    filters: Filters = Filters()
    fields: FieldNames = ()
    """Display fields of each hit, or groups of them (``accounts.youtube``); none are all, fewer come sooner."""
    limit: Limit = 20
    explain: bool = False
    budget_ms: BudgetMs | None = None
    ranking: Ranking = Ranking(profile="similar")

    @model_validator(mode="after")
    def _on_one_side(self) -> Self:
        both = {seed.creator_id for seed in self.seeds} & {seed.creator_id for seed in self.negative_seeds}
        if both:
            detail = f"{min(both)!r} is both a seed and a negative seed: leave it out of one of them"
            raise ValueError(detail)
        return self


class FacetRequest(Frozen):
    """``POST /v1/facets``."""

    filters: Filters = Filters()
    facets: Annotated[FacetNames, Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=MAX_FACET_VALUES)] = 50
    """Values of each facet, the most frequent first."""
    starts_with: Annotated[CleanText, Field(max_length=100)] = ""
    """Only values that start so; case does not matter."""
    budget_ms: BudgetMs | None = None


def _fingerprint(request: Frozen, *, without: set[str]) -> str:
    # Defaults are left out: a field that a later version adds does not change what was asked.
    asked = request.model_dump(mode="json", exclude=without, exclude_defaults=True)
    return content_hash(json.dumps(asked, sort_keys=True).encode())[:16]
