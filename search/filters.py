"""What must hold for a creator: filters of a request, frozen and validated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from creators.models import Domain, Frozen, Platform
from creators.text import clean_line, normalise_handle, replace_lone_surrogates
from mappings import fields
from mappings.content_types import CONTENT_TYPES
from mappings.countries import country_code
from mappings.niches import niche_ids

MAX_TEXT = 1000
MAX_VALUES = 100
MAX_IDS = 10_000
MAX_COUNT = 2**63 - 1
"""The largest count that the index compares with; a larger one is refused by it."""
MAX_GROUPS = 50
"""Groups in all of a request's filters, at every depth."""


def check_known(kind: str, values: Iterable[str], allowed: frozenset[str]) -> None:
    """Raise :class:`ValueError` for the first value that is not allowed; the message has the nearest that is."""
    from rapidfuzz import process

    for value in values:
        if value not in allowed:
            nearest = process.extractOne(value, allowed)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            detail = f"{value!r} is not a {kind}{hint}"
            raise ValueError(detail)


def one_of(kind: str, allowed: frozenset[str]) -> AfterValidator:
    """Return the validator of a list of names: sorted, each once, a wrong one answered with the nearest."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        check_known(kind, values, allowed)
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


def _not_blank(value: str) -> str:
    if not value:
        detail = "needs at least 1 character"
        raise ValueError(detail)
    return value


_distinct = AfterValidator(lambda values: tuple(sorted(set(values))))
_handles = AfterValidator(lambda values: tuple(sorted({normalise_handle(value) for value in values})))

CleanText = Annotated[
    str,
    # Half an emoji, cut by the sender, is no reason to refuse the rest.
    BeforeValidator(lambda value: replace_lone_surrogates(value) if isinstance(value, str) else value),
    Field(max_length=MAX_TEXT),
    AfterValidator(clean_line),
]
Words = Annotated[tuple[Annotated[CleanText, AfterValidator(_not_blank)], ...], Field(max_length=MAX_VALUES), _distinct]
Domains = Annotated[tuple[Domain, ...], _distinct]
Platforms = Annotated[tuple[Platform, ...], _distinct]
Niches = Annotated[tuple[str, ...], one_of("niche", frozenset(niche_ids()))]
Countries = Annotated[tuple[str, ...], AfterValidator(_countries)]
Languages = Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...], _distinct]
Bands = Annotated[tuple[str, ...], one_of("follower band", frozenset(band for band, _ in fields.FOLLOWER_BANDS))]
Kinds = Annotated[tuple[str, ...], one_of("kind of account", frozenset(fields.ACCOUNT_KINDS))]
Risks = Annotated[tuple[str, ...], one_of("level of risk", frozenset(fields.RISK_LEVELS))]
QualityBands = Annotated[tuple[str, ...], one_of("band of audience quality", frozenset(fields.QUALITY_BANDS))]
Anomalies = Annotated[tuple[str, ...], one_of("kind of anomaly", frozenset(fields.ANOMALIES))]
ContentKinds = Annotated[tuple[str, ...], one_of("type of content", frozenset(CONTENT_TYPES))]
Has = Annotated[tuple[str, ...], one_of("value of has", frozenset(fields.HAS_VALUES))]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Days = Annotated[int, Field(ge=1, le=3650)]
Ids = Annotated[tuple[CleanText, ...], Field(max_length=MAX_IDS), _distinct]
Handles = Annotated[tuple[CleanText, ...], Field(max_length=MAX_IDS), _handles]


class _Range(Frozen):
    min: FiniteFloat | date | None = None
    max: FiniteFloat | date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:  # type: ignore[operator]  # both ends have one type
            detail = f"min {self.min} is greater than max {self.max}"
            raise ValueError(detail)
        return self


class CountRange(_Range):
    """At least ``min`` and at most ``max``; both ends included."""

    min: Count | None = None
    max: Count | None = None


class RateRange(_Range):
    """A range of fractions (0.03 is 3 %); both ends included. Growth may be negative."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None


class NumberRange(_Range):
    """A range of numbers in the unit of their field; both ends included."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None


class DateRange(_Range):
    """A range of days (``2024-01-31``); both ends included."""

    min: date | None = None
    max: date | None = None


class AccountFilter(Frozen):
    """What must hold for the creator's account on one platform."""

    followers: CountRange | None = None
    following: CountRange | None = None
    posts: CountRange | None = None
    views: CountRange | None = None
    engagement_rate: RateRange | None = None
    average_views: CountRange | None = None
    """Mean per post, as the source reports it; likewise the next three."""
    average_likes: CountRange | None = None
    average_comments: CountRange | None = None
    average_shares: CountRange | None = None
    verified: bool | None = None
    joined: DateRange | None = None
    last_posted_days: Days | None = None


class Exclusions(Frozen):
    """What must not hold: none of all these values."""

    platforms: Platforms = ()
    domains: Domains = ()
    niches: Niches = ()
    countries: Countries = ()
    languages: Languages = ()
    topics: Words = ()
    categories: Words = ()
    has: Has = ()
    brands: Words = ()
    brand_risk_categories: Words = ()
    account_kinds: Kinds = ()
    anomalies: Anomalies = ()
    content_types: ContentKinds = ()
    keywords: Words = ()
    """Words or phrases that must not occur in name, bio, topics or categories."""
    creator_ids: Ids = ()
    handles: Handles = ()
    """On any platform; ``@`` and case do not matter."""


class Filters(Frozen):
    """Conditions that all must hold; a list means "any of these". Creators whose value is unknown do not match."""

    platforms: Platforms = ()
    """Has an account on any of these."""
    domains: Domains = ()
    """The form of content; the one filter that chooses indices."""
    niches: Niches = ()
    countries: Countries = ()
    languages: Languages = ()
    topics: Words = ()
    """As the source or the creator names them; case and accents do not matter."""
    categories: Words = ()
    """As the source names them."""
    follower_bands: Bands = ()
    sources: Words = ()
    """Where the accounts were fetched from."""
    creator_ids: Ids = ()
    """Only these: search within a list."""
    keywords: Words = ()
    """All of these words or phrases occur in name, bio, topics or categories."""
    bio: Words = ()
    """All of these words or phrases occur in the bio."""
    followers: CountRange | None = None
    """Of the largest account."""
    engagement_rate: RateRange | None = None
    growth_30d: RateRange | None = None
    growth_90d: RateRange | None = None
    growth_180d: RateRange | None = None
    account_count: CountRange | None = None
    """On how many accounts the creator is known."""
    joined: DateRange | None = None
    """Of the oldest account."""
    verified: bool | None = None
    account_kinds: Kinds = ()
    """``person``, ``brand``, ``media``."""
    content_types: ContentKinds = ()
    """What kind of pieces they make: ``tutorial``, ``review``, ``vlog``, …; any of them."""
    pronouns: Words = ()
    """As the creator states them: ``she/her``."""
    brands: Words = ()
    """Handles that the creator names beside a disclosure of cooperation."""
    brand_risk: Risks = ()
    brand_risk_categories: Words = ()
    brand_safe: bool | None = None
    """Whether nothing worse than a low risk was found in what was read, and no niche that brands avoid."""
    audience_quality: NumberRange | None = None
    """Score of 0 to 100; known only where half of what it is made of is."""
    audience_quality_bands: QualityBands = ()
    bot_probability: RateRange | None = None
    """That the main account is automated or fake, 0 to 1."""
    anomalies: Anomalies = ()
    """Unusual movements of any account's numbers; what they mean is open."""
    sponsored_share: RateRange | None = None
    posts_per_week: NumberRange | None = None
    """Of the main account."""
    momentum: RateRange | None = None
    """Daily log growth of the main account's audience: 0.01 is about 1 % a day."""
    shipping_velocity: NumberRange | None = None
    """Of builders: weighted commits, merges, releases and launches, in points a week."""
    technical_score: RateRange | None = None
    """Of builders, 0 to 1, on a fixed scale."""
    stars: CountRange | None = None
    """Of all own repositories on GitHub."""
    degraded: bool | None = None
    """Whether any fact comes from an answer that a source could not renew."""
    has: Has = ()
    """All of these: ``email``, ``phone``, ``website``, or a platform."""
    last_posted_days: Days | None = None
    max_age_days: Days | None = None
    """The newest fact was observed within so many days."""
    accounts: dict[Platform, AccountFilter] = Field(default_factory=dict)
    """Conditions per platform; all must hold for the same person."""
    exclude: Exclusions = Exclusions()
    all: tuple[Filters, ...] = ()
    """Groups that all must hold."""
    any: tuple[Filters, ...] = ()
    """Groups of which at least one must hold."""
    none: tuple[Filters, ...] = ()
    """Groups of which none may hold."""

    def groups(self) -> Iterator[Filters]:
        """Yield every group inside, at every depth."""
        for group in (*self.all, *self.any, *self.none):
            yield group
            yield from group.groups()

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if sum(1 for _ in self.groups()) > MAX_GROUPS:
            detail = f"more than {MAX_GROUPS} groups of all, any and none: ask in several searches"
            raise ValueError(detail)
        return self
