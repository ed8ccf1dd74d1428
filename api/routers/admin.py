"""For operators on this machine: the sources, what they do, what they cost."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from api.errors import Problem
from api.loopback import local_only
from api.source_states import Action, CreatorCost, SourceStates, SourcesView, SourceView

PROBLEM_BODY: dict[str, Any] = {"model": Problem, "content": {"application/problem+json": {}}}

SourceName = Annotated[str, Path(max_length=100)]
CreatorId = Annotated[str, Path(max_length=100)]
Days = Annotated[int, Query(ge=1, le=30, description="How far back; the log is kept for 30 days.")]


def _states(request: Request) -> SourceStates:
    return SourceStates(request.app.state.stores)


States = Annotated[Any, Depends(_states)]

router = APIRouter(
    prefix="/v1/admin",
    tags=["admin"],
    dependencies=[Depends(local_only)],
    responses=dict.fromkeys((403, 404, 422, 503), PROBLEM_BODY),
)


@router.get("/sources")
def get_sources(states: States) -> SourcesView:
    """Return every source: whether it may be called and why not, how it does, what is left, what it cost today."""
    found: SourcesView = states.all()
    return found


@router.post("/sources/{name}/{action}")
def change_source(states: States, name: SourceName, action: Action) -> SourceView:
    """Switch a source on or off, or close its breaker, for all processes at once; returns its state after it."""
    found: SourceView = states.do(name, action)
    return found


@router.get("/creators/{creator_id}/cost")
def get_creator_cost(states: States, creator_id: CreatorId, days: Days = 30) -> CreatorCost:
    """Return what fetching a creator's accounts cost, by account and source."""
    found: CreatorCost = states.cost_of(creator_id, days=days)
    return found
