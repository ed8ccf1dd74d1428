"""Filters of a request as one canonical bool query: equal filters are equal bytes, so that caches recognise them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elasticsearch_dsl import Q
from elasticsearch_dsl.query import Query

from mappings import fields
from search.request import AccountFilter, CountRange, Filters, RateRange

Clause = dict[str, Any]


def _range(field: str, wanted: CountRange | RateRange | None) -> Iterator[Query]:
    if wanted is None:
        return
    bounds = {"gte": wanted.min, "lte": wanted.max}
    given = {name: value for name, value in bounds.items() if value is not None}
    # An empty range still asks for a known value.
    yield Q("range", **{field: given}) if given else Q("exists", field=field)


def _any_of(field: str, values: tuple[str, ...]) -> Iterator[Query]:
    if values:
        yield Q("terms", **{field: [str(value) for value in values]})


def _account(platform: str, wanted: AccountFilter) -> Iterator[Query]:
    yield Q("term", platforms=platform)
    yield from _range(fields.account_field(platform, "followers"), wanted.followers)
    yield from _range(fields.account_field(platform, "engagement_rate"), wanted.engagement_rate)
    if wanted.verified is not None:
        yield _verified(fields.account_field(platform, "verified"), wanted=wanted.verified)


def _verified(field: str, *, wanted: bool) -> Query:
    return Q("term", **{field: True}) if wanted else ~Q("term", **{field: True})


def _required(filters: Filters) -> Iterator[Query]:
    yield from _any_of("platforms", filters.platforms)
    yield from _any_of("domain", filters.domains)
    yield from _any_of("niches", filters.niches)
    yield from _any_of("countries", filters.countries)
    yield from _any_of("languages", filters.languages)
    yield from _any_of("topics", tuple(sorted(set(filters.topics))))
    yield from _range("followers", filters.followers)
    for name in ("engagement_rate", "growth_30d", "growth_90d", "growth_180d"):
        yield from _range(name, getattr(filters, name))
    if filters.verified is not None:
        yield _verified("verified", wanted=filters.verified)
    for value in filters.has:
        yield Q("term", has=value)
    if filters.last_posted_days is not None:
        # Rounded to the day: the same request stays the same bytes for a day.
        yield Q("range", last_posted_at={"gte": f"now-{filters.last_posted_days}d/d"})
    for platform, wanted in sorted(filters.accounts.items()):
        yield from _account(platform, wanted)


def _excluded(filters: Filters) -> Iterator[Query]:
    exclude = filters.exclude
    yield from _any_of("platforms", exclude.platforms)
    yield from _any_of("niches", exclude.niches)
    yield from _any_of("countries", exclude.countries)
    yield from _any_of("languages", exclude.languages)
    yield from _any_of("creator_id", tuple(sorted(set(exclude.creator_ids))))


def filter_clause(filters: Filters) -> Clause | None:
    """Return the filters as one query, or None when nothing is filtered."""
    required = list(_required(filters))
    excluded = list(_excluded(filters))
    if not required and not excluded:
        return None
    body: Clause = Q("bool", filter=required, must_not=excluded).to_dict()
    return body
