"""Who is who: why accounts are one creator, which pairs wait for a person, and what persons decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from api import identity
from api.errors import Problem
from api.identity_views import IdentityView, MergeRequest, ReviewPage, UnmergeRequest, Verdict
from api.loopback import local_only
from creators.models import Platform
from creators.stores.session import Stores
from enrich.resolve.resolution import Judged
from enrich.resolve.reviews import Order, Wanted

PROBLEM_BODY: dict[str, Any] = {"model": Problem, "content": {"application/problem+json": {}}}
MAX_OFFSET = 9_900


def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


AppStores = Annotated[Any, Depends(_stores)]
CreatorId = Annotated[str, Path(max_length=100)]
ReviewId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

router = APIRouter(prefix="/v1", tags=["identity"], responses=dict.fromkeys((403, 404, 422, 503), PROBLEM_BODY))
LOCAL = [Depends(local_only)]


@router.get("/creators/{creator_id}/identity", dependencies=LOCAL)
def explain_identity(stores: AppStores, creator_id: CreatorId) -> IdentityView:
    """Return why each account belongs to a creator, with the waterfall of every match, and what was nearly joined."""
    return identity.explain(stores, creator_id)


@router.get("/identity/reviews", dependencies=LOCAL)
def list_reviews(  # noqa: PLR0913, PLR0917 - one parameter for each of the query's
    stores: AppStores,
    platform: Platform | None = None,
    reason: Literal["probability", "conflict"] | None = None,
    sort: Order = "uncertainty",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
) -> ReviewPage:
    """Return pairs of accounts that wait for a decision: too probable to pass over, or in conflict with others."""
    wanted = Wanted(platform=platform, reason=reason, order=sort, limit=limit, offset=offset)
    return identity.open_reviews(stores, wanted)


@router.post("/identity/reviews/{review_id}", dependencies=LOCAL)
def decide_review(stores: AppStores, review_id: ReviewId, verdict: Verdict) -> Judged:
    """Decide whether a pair that waits is `same`, `different` or `unsure`; it takes effect at once."""
    return identity.decide(stores, review_id, verdict)


@router.post("/identity/merge", dependencies=LOCAL)
def merge_creators(stores: AppStores, wanted: MergeRequest) -> Judged:
    """Make creators one; the ids that give way lead to the one that stays."""
    return identity.merge(stores, wanted)


@router.post("/identity/unmerge", dependencies=LOCAL)
def unmerge_accounts(stores: AppStores, wanted: UnmergeRequest) -> Judged:
    """Take accounts out of their creator, or take a judgement back; ids that led elsewhere live again."""
    return identity.unmerge(stores, wanted)
