"""Records from callers: post them, follow them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from api import inbox
from api.errors import Problem, invalid_body
from api.inbox import Posted
from api.loopback import local_only
from creators.stores.session import Stores
from enrich.normalise import event

PROBLEM_BODY: dict[str, Any] = {"model": Problem, "content": {"application/problem+json": {}}}
EXAMPLE = {
    "source": "event",
    "records": [{"platform": "github", "handle": "tilda-makes", "bio": "Weaving compilers", "followers": 2311}],
}

router = APIRouter(
    prefix="/v1/ingest",
    tags=["ingest"],
    dependencies=[Depends(local_only)],
    responses=dict.fromkeys((403, 404, 422, 503), PROBLEM_BODY),
)


class IngestRequest(BaseModel):
    """Up to 500 records of one source: ``event`` for profiles of your own, else answers of a source we know."""

    model_config = ConfigDict(extra="forbid")

    source: str
    records: list[Any]


def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


AppStores = Annotated[Any, Depends(_stores)]
ReceiptId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post("", status_code=HTTPStatus.ACCEPTED, response_model=Posted)
def ingest(
    request: Request,
    asked: Annotated[IngestRequest, Body(examples=[EXAMPLE])],
    stores: AppStores,
    response: Response,
) -> Any:
    """Take in all records or none; `Location` says where to follow them. The same body again changes nothing."""
    model = inbox.EventBatch if asked.source == event.SOURCE else inbox.PayloadBatch
    try:
        batch = model.model_validate(asked.model_dump())
    except ValidationError as error:
        wrong = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        return invalid_body(request, wrong, model)
    posted = inbox.take_in(stores, batch)
    response.headers["location"] = f"/v1/ingest/{posted.receipt_id}"
    return posted


@router.get("/{receipt_id}")
def follow(stores: AppStores, receipt_id: ReceiptId) -> Posted:
    """Return how far the records of a batch are."""
    return inbox.follow(stores, receipt_id)
