"""How the nearest vectors under a filter are found: four ways, and the cost by which one is chosen; pure.

The walk through the graph visits more nodes the fewer creators pass the filter, gives up after as many visits as there
are creators that pass, and then reads all of those after all. So it is left out where reading them at once is cheaper,
and the filter is left out of it where nearly everybody passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["unfiltered", "post_filter", "filtered", "exact"]

EXPLORE = 256
"""``ef_search``: how many neighbours the walk keeps."""
MOST_NEIGHBOURS = 10_000
"""The largest ``k`` that OpenSearch takes."""
POST_FILTER_SHARE = 0.9
"""From this share on the walk goes without the filter and asks for a few more neighbours instead."""
SPARE = 1.2
"""How many more neighbours than the share demands a walk without its filter asks for."""

FIXED_MS = 1.0
WALK_VISITS = 1_900.0
WALK_EXPONENT = 0.83
VISIT_US = 1.5
READ_US = 0.6
"""Constants of the cost model; ``benchmarks/retrieval`` fits them, ``docs/decisions/0013`` has the figures."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one question's vector arm is asked.

    Attributes:
        strategy: ``unfiltered`` (no filter), ``post_filter`` (walk for more, then filter), ``filtered`` (filter inside
            the walk) or ``exact`` (read the vector of everybody who passes).
        share: of the creators, how many pass the filter, 0 to 1; None where it is not known.
        documents: creators in the index; 0 where it is not known.
        reason: the choice in words.
        k: neighbours that each shard looks for.
        ef_search: neighbours that the walk keeps.
    """

    strategy: Strategy
    share: float | None
    documents: int
    reason: str
    k: int
    ef_search: int


def walk_ms(share: float, documents: int) -> float:
    """Return the expected milliseconds of a walk under a filter.

    Visits follow ``V0 * share ** -0.83``, fitted to the published tables of Lucene without ACORN; beyond
    ``share * documents`` visits Lucene stops and reads everybody who passes, so such a walk costs both.
    """
    passing = share * documents
    visits = min(WALK_VISITS, documents) * share**-WALK_EXPONENT if share > 0 else math.inf
    if visits <= passing:
        return FIXED_MS + visits * VISIT_US / 1000
    return FIXED_MS + passing * (VISIT_US + READ_US) / 1000


def exact_ms(share: float, documents: int) -> float:
    """Return the expected milliseconds of reading the vector of everybody who passes."""
    return FIXED_MS + share * documents * READ_US / 1000


def choose(share: float | None, documents: int, *, is_filtered: bool, size: int) -> Plan:
    """Return the cheapest way to the nearest ``size`` creators that pass.

    Args:
        share: of creators that pass the filter; None where nothing is known yet.
        documents: creators in the index.
        is_filtered: whether there is a filter at all.
        size: how many are wanted.
    """
    if not is_filtered:
        return _plan("unfiltered", 1.0, documents, "no filter: a walk through the graph", size)
    if share is None:
        return _plan("filtered", None, documents, "how many pass is not known yet: a walk under the filter", size)
    passing = f"about {round(share * documents):,} of {documents:,} creators pass ({share:.1%})"
    if exact_ms(share, documents) <= walk_ms(share, documents):
        return _plan("exact", share, documents, f"{passing}: reading all their vectors is cheaper than a walk", size)
    wide = math.ceil(SPARE * size / share)
    if share >= POST_FILTER_SHARE and wide <= MOST_NEIGHBOURS:
        return _plan("post_filter", share, documents, f"{passing}: a walk for a few more, filtered afterwards", wide)
    return _plan("filtered", share, documents, f"{passing}: a walk under the filter", size)


def _plan(strategy: Strategy, share: float | None, documents: int, reason: str, k: int) -> Plan:
    return Plan(strategy, share, documents, reason, k, 0 if strategy == "exact" else max(EXPLORE, k))
