"""Problems: where in the request, what is wrong, and what was probably meant."""

import json

import pytest
from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import _ours, field_problem, problem_response
from creators.errors import BadCursor, ClusterRefused, ClusterUnavailable, EncoderMismatch, NotFound
from search.request import SearchRequest, SimilarRequest


class Odd(BaseModel, extra="forbid"):
    """Annotations that no request of ours has yet."""

    deep: dict[str, list[SearchRequest | None]] | None = None
    pair: tuple[int, str] = (1, "")


def problems(model, given):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    # FastAPI puts the part of the request before the place in it.
    return [field_problem({**error, "loc": ("body", *error["loc"])}, model) for error in caught.value.errors()]


def only(model, given):
    (problem,) = problems(model, given)
    return problem.pointer, problem.detail


@pytest.mark.parametrize(
    ("given", "pointer", "meant"),
    [
        ({"txt": "a"}, "/txt", "text"),
        ({"filter": {}}, "/filter", "filters"),
        ({"filters": {"folowers": {}}}, "/filters/folowers", "followers"),
        ({"filters": {"followers": {"mni": 1}}}, "/filters/followers/mni", "min"),
        (
            {"filters": {"accounts": {"instagram": {"folowers": {}}}}},
            "/filters/accounts/instagram/folowers",
            "followers",
        ),
        ({"filters": {"accounts": {"x": {"followers": {"mxa": 1}}}}}, "/filters/accounts/x/followers/mxa", "max"),
        ({"filters": {"exclude": {"niche": []}}}, "/filters/exclude/niche", "niches"),
        ({"ranking": {"wieghts": {}}}, "/ranking/wieghts", "weights"),
        ({"sort": {"feild": "name"}}, "/sort/feild", "field"),
    ],
)
def test_an_unknown_field_names_the_nearest(given, pointer, meant):
    name = pointer.rpartition("/")[2]
    assert only(SearchRequest, given) == (pointer, f"unknown field {name!r}; did you mean {meant!r}?")


def test_a_field_of_an_entry_of_a_list_names_the_nearest():
    given = {"seeds": [{"creator_id": "a"}, {"creator_id": "b", "wieght": 1}]}
    assert only(SimilarRequest, given) == ("/seeds/1/wieght", "unknown field 'wieght'; did you mean 'weight'?")


def test_models_are_found_through_any_nesting():
    pointer, detail = only(Odd, {"deep": {"a": [None, {"filters": {"nitches": []}}]}})
    assert (pointer, detail) == (
        "/deep/a/1/filters/nitches",
        "unknown field 'nitches'; did you mean 'niches'?",
    )


def test_a_field_like_no_other_lists_those_that_are_known():
    assert only(SearchRequest, {"sort": {"zzz": 1}}) == ("/sort/zzz", "unknown field 'zzz'; known here: field, order")


def test_without_a_model_the_field_is_named_all_the_same():
    error = {"type": "extra_forbidden", "loc": ("body", "a", "b"), "msg": "no"}
    assert field_problem(error, None).model_dump() == {"pointer": "/a/b", "detail": "unknown field 'b'"}
    assert field_problem({**error, "loc": ("body", "pair", 0, "b")}, Odd).detail == "unknown field 'b'"


@pytest.mark.parametrize(("name", "pointer"), [("a/b", "/a~1b"), ("a~b", "/a~0b"), ("~1", "/~01"), ("", "/")])
def test_pointers_are_escaped(name, pointer):
    assert only(SearchRequest, {name: 1})[0] == pointer


def test_a_wrong_value_is_told_in_its_own_words():
    assert only(SearchRequest, {"limit": 0}) == ("/limit", "Input should be greater than or equal to 1")
    pointer, detail = only(SearchRequest, {"filters": {"followers": {"min": 2, "max": 1}}})
    assert (pointer, detail) == ("/filters/followers", "min 2 is greater than max 1")


def test_everything_wrong_is_named_at_once():
    found = problems(SearchRequest, {"limit": 0, "txt": "", "filters": {"niches": ["foood"]}})
    assert {problem.pointer for problem in found} == {"/limit", "/txt", "/filters/niches"}


def test_what_is_wrong_outside_the_body_says_where():
    error = {"type": "missing", "loc": ("query", "handle"), "msg": "Field required"}
    assert field_problem(error, None).model_dump() == {"pointer": "query/handle", "detail": "Field required"}


def request():
    return Request({"type": "http", "request_id": "r-1", "headers": []})


def test_a_whole_problem():
    answer = problem_response(request(), status=404, code="not_found", detail="no creator has the id 'a'")
    assert (answer.status_code, answer.media_type) == (404, "application/problem+json")
    assert "retry-after" not in answer.headers
    assert json.loads(answer.body) == {
        "type": "urn:creatorscope:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "no creator has the id 'a'",
        "code": "not_found",
        "request_id": "r-1",
        "errors": [],
    }


@pytest.mark.parametrize(("status", "told"), [(429, True), (503, True), (422, False), (500, False)])
def test_only_what_may_pass_says_when_to_come_back(status, told):
    headers = problem_response(request(), status=status, code="c", detail="d").headers
    assert (headers.get("retry-after") == "2") is told


@pytest.mark.parametrize(
    ("error", "status", "detail", "errors"),
    [
        (BadCursor("bad", field="cursor"), 400, "bad", [{"pointer": "/cursor", "detail": "bad"}]),
        (NotFound("gone", field="seeds"), 404, "gone", []),
        (ClusterUnavailable("no answer"), 503, "no answer", []),
        (EncoderMismatch("set it back"), 409, "set it back", []),
        (ClusterRefused("internal words"), 500, "something went wrong on our side", []),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_our_errors_keep_their_status_and_hide_what_is_internal(error, status, detail, errors):
    body = json.loads(_ours(request(), error).body)
    assert (body["status"], body["code"], body["detail"], body["errors"]) == (status, error.code, detail, errors)
