"""Whole results as files: ask, follow, fetch, give up."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.errors import Problem
from search.exports import ranges
from search.exports.request import ExportRequest
from search.exports.service import ExportFile, Exports, ExportState

PROBLEM_BODY: dict[str, Any] = {"model": Problem, "content": {"application/problem+json": {}}}

ExportId = Annotated[str, Path(max_length=100)]


def _exports(request: Request) -> Exports:
    return Exports(request.app.state.stores)


ExportService = Annotated[Exports, Depends(_exports)]

router = APIRouter(prefix="/v1/exports", tags=["exports"], responses=dict.fromkeys((404, 422, 429, 503), PROBLEM_BODY))


@router.post("", status_code=HTTPStatus.ACCEPTED)
def ask_for_export(request: ExportRequest, exports: ExportService, response: Response) -> ExportState:
    """Write everybody who passes the filters, or the creators with given ids, to a file; `Location` says where."""
    state = exports.ask(request)
    response.headers["location"] = f"/v1/exports/{state.export_id}"
    return state


@router.get("/{export_id}")
def get_export(exports: ExportService, export_id: ExportId) -> ExportState:
    """Return how far an export is, and what its rows are made from."""
    return exports.get(export_id)


@router.delete("/{export_id}", status_code=HTTPStatus.NO_CONTENT)
def delete_export(exports: ExportService, export_id: ExportId) -> None:
    """Cancel an export that is not finished; delete one that is."""
    exports.give_up(export_id)


def _headers(file: ExportFile) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="{file.name}"',
        "etag": f'"{file.sha256}"',
        "accept-ranges": "bytes",
    }


@router.get(
    "/{export_id}/download",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "The part of the file that `Range` names.", "content": {"application/octet-stream": {}}},
        409: PROBLEM_BODY,
        416: PROBLEM_BODY,
    },
)
def download_export(
    exports: ExportService,
    export_id: ExportId,
    range_: Annotated[str | None, Header(alias="Range", description="`bytes=1000-`: go on from there.")] = None,
    if_range: Annotated[str | None, Header(description="The `ETag` of the part that you have.")] = None,
) -> StreamingResponse:
    """Return the file of an export that is done; one that was broken off goes on with `Range`."""
    file = exports.file(export_id)
    headers = _headers(file)
    unchanged = if_range is None or if_range == headers["etag"]
    part = ranges.wanted(range_, file.bytes) if unchanged else None
    start, length = part or (0, file.bytes)
    if part:
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{file.bytes}"
    headers["content-length"] = str(length)
    chunks: Iterator[bytes] = exports.read(export_id, start, length)
    status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
    return StreamingResponse(chunks, status_code=status, headers=headers, media_type=file.media_type)
