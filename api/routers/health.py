"""Is the process alive, is it ready, what has it measured."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.deps import AppCache, RollingLatency, SearchService
from creators import telemetry
from creators.errors import CreatorscopeError
from creators.stores import receipts
from creators.stores.session import Stores
from fetchers.overview import Overview
from fetchers.sources import all_sources
from indexers import quality

CHECK_TIMEOUT_S = 3.0

router = APIRouter(tags=["operations"])


def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process lives; nothing else is asked."""
    return {"status": "ok"}


async def _index_state(search: SearchService) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await search.check_index()
    except CreatorscopeError as error:
        return error.detail
    except TimeoutError:
        return f"OpenSearch did not answer within {CHECK_TIMEOUT_S:.0f} s"
    return "ok"


@router.get("/readyz")
async def ready(search: SearchService, cache: AppCache) -> JSONResponse:
    """The index is there and fits the encoder, and Redis answers; 503 otherwise, with what is missing."""
    checks = {
        "index": await _index_state(search),
        "redis": "ok" if await cache.ping() else "Redis does not answer",
        "encoder": "ok",
    }
    good = all(state == "ok" for state in checks.values())
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, status_code=status)


def _measure(stores: Stores) -> None:
    """Read what is kept in the stores rather than in this process."""
    try:
        balance = receipts.balance(stores.cluster)
        for state in ("rows_in", "indexed", "stale", "dead_lettered", "pending"):
            telemetry.RECORDS.labels("in" if state == "rows_in" else state).set(getattr(balance, state))
        for queue, depth in stores.queue.depth().items():
            telemetry.QUEUE_DEPTH.labels(queue).set(depth)
        telemetry.WORKERS.set(stores.queue.workers_alive())
        telemetry.UNRESOLVED.set(balance.unresolved)
        telemetry.REVIEWS_OPEN.set(stores.cluster.count("identity-reviews"))
        _show_quality(quality.latest(stores.cluster))
    except CreatorscopeError:
        # A store that is down must not take the other measurements with it.
        telemetry.RECORDS.clear()
        telemetry.QUEUE_DEPTH.clear()


def _show_quality(day: dict[str, Any] | None) -> None:
    # What the day before had and this one has not must not stay.
    for gauge in (telemetry.QUALITY_MISSING, telemetry.QUALITY_OFF, telemetry.QUALITY_DRIFT):
        gauge.clear()
    if day is None:
        return
    for platform, found in day["report"]["missing"].items():
        for field, share in found["fields"].items():
            telemetry.QUALITY_MISSING.labels(platform, field).set(share)
    for platform, found in day["report"]["outliers"].items():
        telemetry.QUALITY_OFF.labels(platform).set(found["off"] / found["accounts"])
    for measure, shift in day["report"]["drift"].items():
        telemetry.QUALITY_DRIFT.labels(measure).set(shift["value"])
    telemetry.QUALITY_SHIFTED.set(len(day["shifted"]))


@router.get("/metrics")
async def metrics(stores: Annotated[Any, Depends(_stores)], objective: RollingLatency) -> Response:
    """Prometheus metrics."""
    await asyncio.to_thread(_measure, stores)
    objective.export()
    of_sources = await asyncio.to_thread(Overview(stores, all_sources()).exposition)
    return Response(generate_latest() + of_sources, media_type=CONTENT_TYPE_LATEST)
