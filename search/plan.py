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

EXPLORE = 1024
"""``ef_search``: how many neighbours a walk without a filter keeps."""
EXPLORE_FILTERED = 768
"""The same under a filter, where each costs more."""
MOST_NEIGHBOURS = 10_000
"""The largest ``k`` that OpenSearch takes."""
POST_FILTER_SHARE = 0.9
"""From this share on the walk goes without the filter and asks for a few more neighbours instead."""
SPARE = 1.2
"""How many more neighbours than the share demands a walk without its filter asks for."""

OFF_TOPIC_MS = 100.0
"""Longest scan that is worth it where a walk would lose its way: its recall was 0.78 (``docs/decisions/0013``)."""

FIXED_MS = 8.3
WALK_MS = 0.7
WALK_EXPONENT = 0.83
VISIT_US = 0.37
LUCENE_READ_US = 0.37
READ_US = 0.64
"""Constants of the cost model, in time of the engine's threads; ``docs/decisions/0013`` says how they were measured."""


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
        ef_search: neighbours that the walk keeps; 0 where there is no walk.
    """

    strategy: Strategy
    share: float | None
    documents: int
    reason: str
    k: int
    ef_search: int


def walk_ms(share: float, documents: int) -> float:
    """Return the expected milliseconds of a walk under a filter.

    The time follows ``WALK_MS * share ** -0.83``, as the published tables of Lucene without ACORN do; after
    ``share * documents`` visits Lucene stops and reads everybody who passes, so such a walk costs both.
    """
    both = share * documents * (VISIT_US + LUCENE_READ_US) / 1000
    free = WALK_MS * share**-WALK_EXPONENT if share > 0 else math.inf
    visits = free * 1000 / VISIT_US
    return FIXED_MS + (free if visits <= share * documents else both)


def exact_ms(share: float, documents: int) -> float:
    """Return the expected milliseconds of reading the vector of everybody who passes."""
    return FIXED_MS + share * documents * READ_US / 1000


def choose(share: float | None, documents: int, *, is_filtered: bool, size: int, is_off_topic: bool = False) -> Plan:
    """Return the cheapest way to the nearest ``size`` creators that pass.

    Args:
        share: of creators that pass the filter; None where nothing is known yet.
        documents: creators in the index.
        is_filtered: whether there is a filter at all.
        size: how many are wanted.
        is_off_topic: whether the filter leaves out what the question is about.
    """
    if not is_filtered:
        return _walk("unfiltered", 1.0, documents, "no filter: a walk through the graph", size)
    if share is None:
        return _walk("filtered", None, documents, "how many pass is not known yet: a walk under the filter", size)
    passing = f"about {round(share * documents):,} of {documents:,} creators pass ({share:.1%})"
    if exact_ms(share, documents) <= walk_ms(share, documents):
        reason = f"{passing}: reading all their vectors is cheaper than a walk"
        return Plan("exact", share, documents, reason, size, 0)
    if is_off_topic and share < POST_FILTER_SHARE and exact_ms(share, documents) <= OFF_TOPIC_MS:
        reason = f"{passing}, none of them of the question's niches: a walk would begin where nobody passes"
        return Plan("exact", share, documents, reason, size, 0)
    spare = math.ceil(SPARE * size / share)
    if share >= POST_FILTER_SHARE and spare <= MOST_NEIGHBOURS:
        return _walk("post_filter", share, documents, f"{passing}: a walk for a few more, filtered afterwards", spare)
    return _walk("filtered", share, documents, f"{passing}: a walk under the filter", size)


def _walk(strategy: Strategy, share: float | None, documents: int, reason: str, k: int) -> Plan:
    explore = EXPLORE_FILTERED if strategy == "filtered" else EXPLORE
    return Plan(strategy, share, documents, reason, k, max(explore, k))
