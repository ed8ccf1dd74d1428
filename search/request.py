"""The question: frozen, validated, every field with the meaning that the API documents."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from creators.ids import content_hash
from creators.models import Domain, Frozen, Platform
from creators.text import clean_line, replace_lone_surrogates
from mappings import fields
from mappings.countries import country_code
from mappings.niches import niche_ids
from search.rank.model import FEATURES, PROFILES

MAX_TEXT = 1000
MAX_LIMIT = 100
MAX_IDS = 1000
MAX_COUNT = 2**63 - 1
"""The largest count that the index compares with; a larger one is refused by it."""
MAX_WEIGHT = 1_000_000
WINDOW = 200
"""Candidates that are ranked; beyond it a relevance search has no further page."""


def _one_of(kind: str, allowed: frozenset[str]) -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        from rapidfuzz import process

        for value in values:
            if value not in allowed:
                nearest = process.extractOne(value, allowed)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                detail = f"{value!r} is not a {kind}{hint}"
                raise ValueError(detail)
        return tuple(sorted(set(values)))

    return AfterValidator(check)


def _countries(values: tuple[str, ...]) -> tuple[str, ...]:
    codes = []
    for value in values:
        code = country_code(value)
        if code is None:
            detail = f"{value!r} is not a country: give its ISO 3166 code (BR) or its English name"
            raise ValueError(detail)
        codes.append(code)
    return tuple(sorted(set(codes)))


def _platforms(values: tuple[Platform, ...]) -> tuple[Platform, ...]:
    return tuple(sorted(set(values)))


Domains = Annotated[tuple[Domain, ...], AfterValidator(lambda values: tuple(sorted(set(values))))]
Platforms = Annotated[tuple[Platform, ...], AfterValidator(_platforms)]
Niches = Annotated[tuple[str, ...], _one_of("niche", frozenset(niche_ids()))]
Countries = Annotated[tuple[str, ...], AfterValidator(_countries)]
Languages = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...], AfterValidator(lambda v: tuple(sorted(set(v))))
]
Has = Annotated[tuple[str, ...], _one_of("value of has", frozenset(fields.HAS_VALUES))]
FacetNames = Annotated[tuple[str, ...], _one_of("facet", frozenset(fields.FACETS))]
CleanText = Annotated[
    str,
    # Half an emoji, cut by the sender, is no reason to refuse the rest.
    BeforeValidator(lambda value: replace_lone_surrogates(value) if isinstance(value, str) else value),
    Field(max_length=MAX_TEXT),
    AfterValidator(clean_line),
]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Ids = Annotated[tuple[CleanText, ...], Field(max_length=MAX_IDS)]


class _Range(Frozen):
    min: FiniteFloat | None = None
    max: FiniteFloat | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            detail = f"min {self.min} is greater than max {self.max}"
            raise ValueError(detail)
        return self


class CountRange(_Range):
    """At least ``min`` and at most ``max``; both ends included."""

    min: Count | None = None
    max: Count | None = None


class RateRange(_Range):
    """A range of fractions (0.03 is 3 %); both ends included. Growth may be negative."""


class AccountFilter(Frozen):
    """What must hold for the creator's account on one platform."""

    followers: CountRange | None = None
    engagement_rate: RateRange | None = None
    verified: bool | None = None


class Exclusions(Frozen):
    """What must not hold."""

    platforms: Platforms = ()
    niches: Niches = ()
    countries: Countries = ()
    languages: Languages = ()
    creator_ids: Ids = ()


class Filters(Frozen):
    """Conditions that all must hold; a list means "any of these". Creators whose value is unknown do not match."""

    platforms: Platforms = ()
    """Has an account on any of these."""
    domains: Domains = ()
    """The form of content; the one filter that chooses indices."""
    niches: Niches = ()
    countries: Countries = ()
    languages: Languages = ()
    topics: Annotated[tuple[CleanText, ...], Field(max_length=100)] = ()
    followers: CountRange | None = None
    """Of the largest account."""
    engagement_rate: RateRange | None = None
    growth_30d: RateRange | None = None
    growth_90d: RateRange | None = None
    growth_180d: RateRange | None = None
    verified: bool | None = None
    has: Has = ()
    """All of these: ``email``, ``website``, or a platform."""
    last_posted_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    accounts: dict[Platform, AccountFilter] = Field(default_factory=dict)
    """Conditions per platform; all must hold for the same person."""
    exclude: Exclusions = Exclusions()


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
