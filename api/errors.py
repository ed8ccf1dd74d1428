"""Every error leaves as RFC 9457 problem+json with a stable ``code``; what is wrong in a body is named by pointer."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args, get_origin

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from rapidfuzz import process
from starlette.exceptions import HTTPException

from creators.errors import BadInput, CreatorscopeError, MalformedBody, Reaction

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
NEAR_ENOUGH = 60
"""Similarity (0 to 100) from which a wrong field name is worth a suggestion."""
SHOWN_CHARS = 100
INVALID_REQUEST = "invalid_request"

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One thing wrong with a request."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """An error as the API answers it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None = None
    errors: list[FieldProblem] = []


def problem_response(
    request: Request, *, status: int, code: str, detail: str, errors: Sequence[FieldProblem] = ()
) -> JSONResponse:
    """Return one problem as a response."""
    body = Problem(
        type=f"urn:creatorscope:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=request.scope.get("request_id"),
        errors=list(errors),
    )
    retry = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if retry else {}
    return JSONResponse(body.model_dump(), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def _fields_at(model: Any, location: Sequence[str | int]) -> list[str]:
    """Return the field names of the object in which ``location`` (its last part left out) lies."""
    for part in location[:-1]:
        model = _inside(model, part)
    found = _model_in(model)
    return list(found.model_fields) if found is not None else []


def _inside(annotation: Any, part: str | int) -> Any:
    """Return the annotation of the value at ``part``: a field of a model, an entry of a mapping or of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    if get_origin(annotation) in {dict, list, tuple}:
        return arguments[1] if get_origin(annotation) is dict else arguments[0]
    return next((found for one in arguments if (found := _inside(one, part)) is not None), None)


def _model_in(annotation: Any) -> Any:
    """Return the first model inside an annotation such as ``CountRange | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _body_model(request: Request) -> Any:
    route = request.scope.get("route")
    field = getattr(route, "body_field", None)
    return _model_in(field.field_info.annotation) if field is not None else None


def _unknown_field(name: str, known: Sequence[str]) -> str:
    nearest = process.extractOne(name, known, score_cutoff=NEAR_ENOUGH) if known else None
    if nearest:
        return f"unknown field {name!r}; did you mean {nearest[0]!r}?"
    return f"unknown field {name!r}; known here: {', '.join(known)}" if known else f"unknown field {name!r}"


def field_problem(error: dict[str, Any], model: Any) -> FieldProblem:
    """Return one validation error with its JSON pointer and, for an unknown field, the nearest name."""
    place, *location = error["loc"] or ("body",)
    pointer = "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location)
    if error["type"] == "extra_forbidden" and location:
        known = _fields_at(model, location) if place == "body" else []
        return FieldProblem(pointer=pointer, detail=_unknown_field(str(location[-1]), known))
    detail = error["msg"].removeprefix("Value error, ")
    return FieldProblem(pointer=pointer if place == "body" else f"{place}{pointer}", detail=detail)


def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        why = errors[0].get("ctx", {}).get("error", "syntax error")
        detail = f"the body is not JSON: {why}"
        return problem_response(request, status=MalformedBody.status, code=MalformedBody.code, detail=detail)
    sent_as = request.headers.get("content-type", "nothing")
    if errors[0]["loc"] == ("body",) and "json" not in sent_as:
        detail = f"the body was sent as {sent_as[:SHOWN_CHARS]}: send the header content-type: application/json"
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        return problem_response(request, status=status, code="unsupported_media_type", detail=detail)
    return invalid_body(request, errors, _body_model(request))


def invalid_body(request: Request, errors: Sequence[Any], model: Any) -> JSONResponse:
    """Return what is wrong with a body, each part by its pointer; ``model`` is what the body should have been."""
    problems = [field_problem(dict(one), model) for one in errors]
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problem_response(
        request,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        code=INVALID_REQUEST,
        detail=f"{first.pointer}: {first.detail}{more}",
        errors=problems,
    )


def _ours(request: Request, error: CreatorscopeError) -> JSONResponse:
    if error.reaction is Reaction.STOP:
        log.error("request_failed", code=error.code, detail=error.detail)
    shown = error.detail if error.status != HTTPStatus.INTERNAL_SERVER_ERROR else "something went wrong on our side"
    named = error.field and isinstance(error, BadInput)
    errors = [FieldProblem(pointer=f"/{error.field}", detail=error.detail)] if named else []
    return problem_response(request, status=error.status, code=error.code, detail=shown, errors=errors)


def _http(request: Request, error: HTTPException) -> JSONResponse:
    # The framework's own word for a body that is no text, or nested too deeply to read.
    if error.status_code == MalformedBody.status:
        detail = "the body cannot be read as JSON"
        return problem_response(request, status=MalformedBody.status, code=MalformedBody.code, detail=detail)
    code = HTTPStatus(error.status_code).name.lower()
    return problem_response(request, status=error.status_code, code=code, detail=str(error.detail))


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("request_crashed", exc_info=error)
    return problem_response(
        request,
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code=CreatorscopeError.code,
        detail="something went wrong on our side",
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]  # starlette asks for Exception
    app.add_exception_handler(CreatorscopeError, _ours)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]  # as above
    app.add_exception_handler(Exception, _unforeseen)
