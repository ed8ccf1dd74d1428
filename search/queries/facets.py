"""Total and facets, in a request of their own: a pruned lexical arm does not count, a k-NN arm counts neighbours.

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
TOTAL = "_total"
VALUES = "values"
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


def _without(filters: Filters, facets: Sequence[str]) -> Filters:
    unset = {
        _FILTER_OF[facet]: Filters.model_fields[_FILTER_OF[facet]].default for facet in facets if facet in _FILTER_OF
    }
    return filters.model_copy(update=unset)


def facet_request(filters: Filters, facets: Sequence[str], *, size: int = FACET_SIZE, starts_with: str = "") -> Clause:
    """Return the request for the total and the facets; :func:`read` reads its answer.

    Args:
        filters: of the search.
        facets: names of the API.
        size: values of each facet.
        starts_with: only values that start so, in any case.
    """
    shared = _without(filters, facets)
    search = Search().query(filter_query(shared)).extra(size=0, track_total_hits=True)
    if shared != filters:
        search.aggs.bucket(TOTAL, "filter", filter=filter_query(filters))
    chosen = {"include": _prefix_pattern(starts_with)} if starts_with else {}
    for facet in facets:
        terms = A("terms", field=fields.FACETS[facet], size=size, shard_size=10 * size, **chosen)
        own = _without(filters, [facet])
        if own == shared:
            search.aggs.bucket(facet, terms)
        else:
            search.aggs.bucket(facet, "filter", filter=filter_query(own)).bucket(VALUES, terms)
    body: Clause = search.to_dict()
    return body


def relaxed_request(filters: Filters) -> Clause:
    """Return the request that counts who would pass without each of the filters; :func:`read_relaxed` reads it."""
    search = Search().extra(size=0, track_total_hits=False)
    for name, field in Filters.model_fields.items():
        unset = field.get_default(call_default_factory=True)
        if getattr(filters, name) != unset:
            rest = filters.model_copy(update={name: unset})
            search.aggs.bucket(name, "filter", filter=filter_query(rest))
    body: Clause = search.to_dict()
    return body


def read_relaxed(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return filter → creators that pass without it, the most first, from the answer to :func:`relaxed_request`."""
    counts = {name: bucket["doc_count"] for name, bucket in answer.get("aggregations", {}).items()}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _prefix_pattern(prefix: str) -> str:
    """Return the Lucene regular expression of values that start with ``prefix`` in either case."""
    either = (f"[{low}{up}]" if low != up else _escaped(c) for c in prefix for low, up in ((c.lower(), c.upper()),))
    return "".join(either) + ".*"


def _escaped(character: str) -> str:
    return character if character.isalnum() else f"\\{character}"


def read(answer: Mapping[str, Any], facets: Sequence[str]) -> tuple[int, dict[str, list[tuple[str | bool, int]]]]:
    """Return the total, and the values of each facet with their counts, from the answer to :func:`facet_request`."""
    found = answer.get("aggregations", {})
    total = found[TOTAL]["doc_count"] if TOTAL in found else answer["hits"]["total"]["value"]
    return total, {facet: _values(found[facet].get(VALUES, found[facet])) for facet in facets}


def _values(terms: Mapping[str, Any]) -> list[tuple[str | bool, int]]:
    return [
        (bool(bucket["key"]) if "key_as_string" in bucket else bucket["key"], bucket["doc_count"])
        for bucket in terms["buckets"]
    ]
