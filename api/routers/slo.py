"""How the latency objective is kept."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from api.deps import AppSettings, RollingLatency
from creators.models import Frozen

router = APIRouter(prefix="/v1", tags=["operations"])


class Latency(Frozen):
    """Latencies in milliseconds; null where there are none."""

    count: int
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Window(Latency):
    """Searches of the last so many seconds, measured where answers leave the process."""

    seconds: int
    failed: int
    """Searches answered 429 or 5xx; they are not among the latencies."""
    share_within_budget: float | None
    """Of each search's own ``budget_ms``."""
    met: bool | None
    """Whether the share is that of the objective; null where nothing was searched."""
    stages: dict[str, Latency]
    """As in ``took_ms``; ``total`` is what the search itself took, without reading and writing JSON."""


class Aim(Frozen):
    """What is promised: this share of searches within their budget, which is the P90 of 0.9."""

    share_within_budget: float
    budget_ms: int
    """The budget of a search that names none."""


class Slo(Frozen):
    """The latency objective and how this process keeps it."""

    objective: Aim
    windows: dict[str, Window] = Field(examples=[{"5m": {}, "60m": {}}])


@router.get("/slo")
async def slo(objective: RollingLatency, settings: AppSettings) -> Slo:
    """Rolling latency of searches in this process, over 5 and 60 minutes, in all and per stage."""
    return Slo.model_validate(objective.report(settings.budget_ms))
