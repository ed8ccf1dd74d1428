"""Filters of a request as one canonical bool query: equal filters are equal bytes, so that caches recognise them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from elasticsearch_dsl import Q
from elasticsearch_dsl.query import Query

from mappings import fields
from search.filters import AccountFilter, CountRange, DateRange, Exclusions, Filters, NumberRange, RateRange

Clause = dict[str, Any]

_ANY_OF = (
    ("platforms", "platforms"),
    ("domains", "domain"),
    ("niches", "niches"),
    ("countries", "countries"),
    ("languages", "languages"),
    ("topics", "topics"),
    ("categories", "categories"),
    ("brands", "brands"),
    ("brand_risk_categories", "brand_risk_categories"),
    ("account_kinds", "account_kind"),
    ("anomalies", "anomalies"),
    ("content_types", "content_types"),
)
"""Name in the request and field, of lists that filters and exclusions share."""
_RANGES = (
    *("followers", "engagement_rate", "growth_30d", "growth_90d", "growth_180d", "account_count"),
    *("audience_quality", "bot_probability", "sponsored_share", "posts_per_week", "momentum"),
    *("shipping_velocity", "technical_score", "stars"),
)
"""Fields of numbers that are asked for by their own name."""


def _range(field: str, wanted: CountRange | RateRange | NumberRange | DateRange | None) -> Iterator[Query]:
    if wanted is None:
        return
    bounds = wanted.model_dump(mode="json")
    given = {name: bounds[end] for name, end in (("gte", "min"), ("lte", "max")) if bounds[end] is not None}
    # An empty range still asks for a known value.
    yield Q("range", **{field: given}) if given else Q("exists", field=field)


def _any_of(field: str, values: Sequence[Any]) -> Iterator[Query]:
    if values:
        yield Q("terms", **{field: [str(value) for value in values]})


def _is(field: str, *, wanted: bool | None) -> Iterator[Query]:
    # Unknown counts as no: what is not known to be verified is not verified.
    if wanted is not None:
        yield Q("term", **{field: True}) if wanted else ~Q("term", **{field: True})


def _since(field: str, days: int | None) -> Iterator[Query]:
    if days is not None:
        # Rounded to the day: the same request stays the same bytes for a day.
        yield Q("range", **{field: {"gte": f"now-{days}d/d"}})


def _phrases(field: str, phrases: Sequence[str]) -> Iterator[Query]:
    for phrase in phrases:
        yield Q("match_phrase", **{field: phrase})


def _account(platform: str, wanted: AccountFilter) -> Iterator[Query]:
    yield Q("term", platforms=platform)
    for name in fields.ACCOUNT_COUNTS:
        yield from _range(fields.account_field(platform, name), getattr(wanted, name))
    yield from _range(fields.account_field(platform, "engagement_rate"), wanted.engagement_rate)
    yield from _is(fields.account_field(platform, "verified"), wanted=wanted.verified)
    yield from _range(fields.account_field(platform, "joined_on"), wanted.joined)
    yield from _since(fields.account_field(platform, "last_posted_at"), wanted.last_posted_days)


def _lists(filters: Filters) -> Iterator[Query]:
    for name, field in _ANY_OF:
        yield from _any_of(field, getattr(filters, name))
    yield from _any_of("follower_band", filters.follower_bands)
    yield from _any_of("sources", filters.sources)
    yield from _any_of("pronouns", filters.pronouns)
    yield from _any_of("brand_risk", filters.brand_risk)
    yield from _any_of("audience_quality_band", filters.audience_quality_bands)
    yield from _any_of("creator_id", filters.creator_ids)
    for value in filters.has:
        yield Q("term", has=value)


def _facts(filters: Filters) -> Iterator[Query]:
    for name in _RANGES:
        yield from _range(name, getattr(filters, name))
    yield from _range("joined_on", filters.joined)
    yield from _is("verified", wanted=filters.verified)
    yield from _is("brand_safe", wanted=filters.brand_safe)
    yield from _is("degraded", wanted=filters.degraded)
    yield from _since("last_posted_at", filters.last_posted_days)
    yield from _since("as_of", filters.max_age_days)
    yield from _phrases("search_text", filters.keywords)
    yield from _phrases("bio", filters.bio)


def _required(filters: Filters) -> Iterator[Query]:
    yield from _lists(filters)
    yield from _facts(filters)
    for platform, wanted in sorted(filters.accounts.items()):
        yield from _account(platform, wanted)
    yield from map(filter_query, filters.all)
    if filters.any:
        yield Q("bool", should=[filter_query(group) for group in filters.any], minimum_should_match=1)


def _excluded(filters: Filters) -> Iterator[Query]:
    exclude: Exclusions = filters.exclude
    for name, field in _ANY_OF:
        yield from _any_of(field, getattr(exclude, name))
    yield from _any_of("has", exclude.has)
    yield from _any_of("creator_id", exclude.creator_ids)
    yield from _any_of("handles", exclude.handles)
    yield from _phrases("search_text", exclude.keywords)
    yield from map(filter_query, filters.none)


def filter_query(filters: Filters) -> Query:
    """Return the filters as one query, which matches everybody when nothing is filtered."""
    required, excluded = list(_required(filters)), list(_excluded(filters))
    # A group without a condition holds for everybody.
    return Q("bool", filter=required, must_not=excluded) if required or excluded else Q("match_all")


def filter_clause(filters: Filters) -> Clause | None:
    """Return the filters as one query, or None when nothing is filtered."""
    query = filter_query(filters)
    body: Clause | None = None if query == Q("match_all") else query.to_dict()
    return body
