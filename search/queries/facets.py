"""Total and facets, in requests of their own: a pruned lexical arm does not count, a k-NN arm counts neighbours.

A facet does not filter itself: with ``niches: [food]`` chosen, the facet ``niches`` still counts what the other niches
would give, under all other filters. The total is under all filters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch_dsl import A, Search

from mappings import fields
from search.filters import Filters
from search.queries.filters import Clause, filter_query

FACET_SIZE = 50
TOTAL = "total"
_FILTER_OF = {
    "platforms": "platforms",
    "niches": "niches",
    "countries": "countries",
    "languages": "languages",
    "topics": "topics",
    "categories": "categories",
    "follower_band": "follower_bands",
    "domain": "domains",
    "sources": "sources",
    "verified": "verified",
    "account_kind": "account_kinds",
    "audience_quality_band": "audience_quality_bands",
    "brand_risk": "brand_risk",
    "brand_risk_categories": "brand_risk_categories",
    "brand_safe": "brand_safe",
    "brands": "brands",
    "pronouns": "pronouns",
    "anomalies": "anomalies",
    "content_types": "content_types",
}
"""Facet and the filter that asks for its values; others (``has`` is "all of") are counted under all filters."""


def _without(filters: Filters, facet: str) -> Filters:
    own = _FILTER_OF.get(facet)
    return filters.model_copy(update={own: Filters.model_fields[own].default}) if own else filters


def facet_requests(
    filters: Filters, facets: Sequence[str], *, size: int = FACET_SIZE, starts_with: str = ""
) -> dict[str, Clause]:
    """Return the requests for the total and the facets, by name; :func:`read` reads their answers.

    ``TOTAL`` is under all filters and counts the facets that do not filter themselves, each other facet has a request
    of its own: its filter as the query is walked in one go, as an aggregation it is asked about every creator (twice
    the time of the engine, docs/performance.md).

    Args:
        filters: of the search.
        facets: names of the API.
        size: values of each facet.
        starts_with: only values that start so, in any case.
    """
    chosen = {"include": _prefix_pattern(starts_with)} if starts_with else {}
    searches = {TOTAL: _counting(filters)}
    for facet in facets:
        own = _without(filters, facet)
        name = TOTAL if own == filters else facet
        search = searches.setdefault(name, _counting(own))
        search.aggs.bucket(facet, A("terms", field=fields.FACETS[facet], size=size, shard_size=10 * size, **chosen))
    return {name: search.to_dict() for name, search in searches.items()}


def _counting(filters: Filters) -> Search:
    return Search().query(filter_query(filters)).extra(size=0, track_total_hits=True)


def relaxed_requests(filters: Filters) -> dict[str, Clause]:
    """Return the requests that count who would pass without each of the filters, by its name; see :func:`relaxed`."""
    unset = {name: field.get_default(call_default_factory=True) for name, field in Filters.model_fields.items()}
    return {
        name: _counting(filters.model_copy(update={name: default})).to_dict()
        for name, default in unset.items()
        if getattr(filters, name) != default
    }


def relaxed(answers: Mapping[str, Any]) -> dict[str, int]:
    """Return filter → creators that pass without it, the most first, from answers to :func:`relaxed_requests`."""
    counts = {name: answer["hits"]["total"]["value"] for name, answer in answers.items()}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _prefix_pattern(prefix: str) -> str:
    """Return the Lucene regular expression of values that start with ``prefix`` in either case."""
    either = (f"[{low}{up}]" if low != up else _escaped(c) for c in prefix for low, up in ((c.lower(), c.upper()),))
    return "".join(either) + ".*"


def _escaped(character: str) -> str:
    return character if character.isalnum() else f"\\{character}"


def read(answers: Mapping[str, Any], facets: Sequence[str]) -> tuple[int, dict[str, list[tuple[str | bool, int]]]]:
    """Return the total, and the values of each facet with their counts, from answers to :func:`facet_requests`."""
    of_facets = {facet: answers.get(facet, answers[TOTAL])["aggregations"][facet] for facet in facets}
    return answers[TOTAL]["hits"]["total"]["value"], {facet: _values(terms) for facet, terms in of_facets.items()}


def _values(terms: Mapping[str, Any]) -> list[tuple[str | bool, int]]:
    return [
        (bool(bucket["key"]) if "key_as_string" in bucket else bucket["key"], bucket["doc_count"])
        for bucket in terms["buckets"]
    ]
