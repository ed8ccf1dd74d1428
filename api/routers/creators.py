"""Searching creators and looking them up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator

from api import slo
from api.deps import AppSettings, SearchService
from api.errors import Problem
from creators import telemetry
from creators.models import Platform
from search.filters import MAX_TEXT
from search.queries.suggest import check_prefix
from search.request import MAX_LIMIT, FacetRequest, SearchRequest, Seed, SimilarRequest
from search.results import FacetPage, SearchPage, Suggestion

MAX_HANDLE_QUERY = 300
MAX_SUGGESTIONS = 20
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}} for status in (400, 422, 429, 503)
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "content": {"application/problem+json": {}}},
}

CreatorId = Annotated[str, Path(max_length=MAX_TEXT)]

router = APIRouter(prefix="/v1", responses=PROBLEMS)


def _observe(page: SearchPage, budget_ms: int) -> SearchPage:
    slo.note(page.took_ms, budget_ms)
    for stage, took in page.took_ms.items():
        telemetry.STAGE_SECONDS.labels(stage).observe(took / 1000)
    for part in page.degraded:
        telemetry.DEGRADED.labels(part).inc()
    if page.took_ms["total"] > budget_ms:
        telemetry.OVER_BUDGET.inc()
    return page


@router.post("/creators/search", tags=["search"])
async def search_creators(request: SearchRequest, search: SearchService, settings: AppSettings) -> SearchPage:
    """Find creators by free text and filters, ranked, with the reason for every rank when `explain` is true."""
    return _observe(await search.run(request), request.budget_ms or settings.budget_ms)


@router.post("/creators/similar", tags=["search"], responses=NOT_FOUND)
async def similar_creators(request: SimilarRequest, search: SearchService, settings: AppSettings) -> SearchPage:
    """Find creators like the seeds, which are left out of the answer."""
    return _observe(await search.similar(request), request.budget_ms or settings.budget_ms)


@router.post("/facets", tags=["search"])
async def count_facets(request: FacetRequest, search: SearchService) -> FacetPage:
    """Count creators, and the values of facets, without searching; a facet does not filter itself."""
    return await search.facets(request)


@router.get("/creators/lookup", tags=["creators"], responses=NOT_FOUND)
async def lookup_creator(
    search: SearchService,
    platform: Platform,
    handle: Annotated[str, Query(min_length=1, max_length=MAX_HANDLE_QUERY)],
) -> dict[str, Any]:
    """Return the creator who has a handle on a platform; `@` and case do not matter."""
    return await search.directory.lookup(platform, handle)


@router.get("/creators/{creator_id}", tags=["creators"], responses=NOT_FOUND)
async def get_creator(search: SearchService, creator_id: CreatorId) -> dict[str, Any]:
    """Return one creator; an id that was merged into another answers with the other."""
    return await search.directory.get(creator_id)


@router.get("/creators/{creator_id}/similar", tags=["search"], responses=NOT_FOUND)
async def similar_to_one(
    search: SearchService,
    settings: AppSettings,
    creator_id: CreatorId,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
) -> SearchPage:
    """Find creators like this one."""
    request = SimilarRequest(seeds=(Seed(creator_id=creator_id),), limit=limit)
    return _observe(await search.similar(request), settings.budget_ms)


@router.get("/suggest", tags=["search"])
async def suggest(
    search: SearchService,
    q: Annotated[str, Query(min_length=1, max_length=100), AfterValidator(check_prefix)],
    limit: Annotated[int, Query(ge=1, le=MAX_SUGGESTIONS)] = 10,
) -> list[Suggestion]:
    """Complete a handle or a name; where few start so, misspelt ones follow."""
    return await search.directory.suggest(q, limit=limit)
