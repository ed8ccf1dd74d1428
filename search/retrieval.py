"""Stage 1 of a search: the arms in one request, total and facets in another beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from creators.errors import ClusterUnavailable
from mappings.registry import CREATORS
from search.queries import facets as facet_queries
from search.rank.candidates import ArmHit, parse_hits
from search.results import HIDDEN, FacetValue, Total, displayed

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.filters import Filters
    from search.queries.filters import Clause

log = structlog.get_logger(__name__)


async def run_arms(cluster: AsyncCluster, bodies: Mapping[str, Clause], budget: Budget) -> dict[str, list[ArmHit]]:
    """Return the hits of each arm; one that fails or is late is left out and named.

    Raises:
        ClusterUnavailable: OpenSearch does not answer at all.
    """
    if not bodies:
        return {}
    with budget.stage("retrieve"):
        try:
            async with asyncio.timeout(budget.left_s):
                answers = await cluster.msearch(CREATORS, list(bodies.values()))
        except TimeoutError:
            for name in bodies:
                budget.leave_out(name)
            return {}
    found = {}
    for name, answer in zip(bodies, answers, strict=True):
        if "error" in answer:
            log.warning("arm_failed", arm=name, reason=answer["error"])
            budget.leave_out(name)
        else:
            if answer["timed_out"]:
                budget.leave_out(name)
            budget.took_ms[f"retrieve.{name}"] = float(answer["took"])
            found[name] = parse_hits(answer)
    if not found:
        detail = "every arm of the search failed: OpenSearch cannot answer now"
        raise ClusterUnavailable(detail)
    return found


async def count(
    cluster: AsyncCluster, filters: Filters, facets: Sequence[str], budget: Budget
) -> tuple[Total | None, dict[str, tuple[FacetValue, ...]]]:
    """Return the exact total and the facets, or nothing when they are late."""
    body = facet_queries.facet_request(filters, facets, timeout_ms=budget.left_ms)
    with budget.stage("count"):
        try:
            async with asyncio.timeout(budget.left_s):
                answer = await cluster.search(CREATORS, body, params={"request_cache": "true"})
        except (TimeoutError, ClusterUnavailable):
            answer = {"timed_out": True}
    if answer["timed_out"]:
        budget.leave_out("total")
        if facets:
            budget.leave_out("facets")
        return None, {}
    total, found = facet_queries.read(answer, facets)
    return Total(value=total), {
        name: tuple(FacetValue(value=value, count=count) for value, count in values) for name, values in found.items()
    }


async def fetch(cluster: AsyncCluster, creator_ids: Sequence[str], budget: Budget) -> dict[str, dict[str, Any]]:
    """Return the display fields of a page; empty when they are late."""
    if not creator_ids:
        return {}
    body = {
        "size": 2 * len(creator_ids),
        "query": {"ids": {"values": list(creator_ids)}},
        "_source": {"excludes": list(HIDDEN)},
        "track_total_hits": False,
    }
    with budget.stage("fetch"):
        try:
            async with asyncio.timeout(budget.left_s):
                answer = await cluster.search(CREATORS, body)
        except TimeoutError:
            budget.leave_out("fetch")
            return {}
    return {hit["_id"]: displayed(hit["_source"]) for hit in answer["hits"]["hits"]}
