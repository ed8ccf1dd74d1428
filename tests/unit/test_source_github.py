"""What the GitHub source asks for, what it files, and what it makes of limits and errors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from creators.errors import SetupError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind, parse_target
from fetchers.sources.github_rest import SOURCE
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

USER = {"login": "Tilda-Makes", "id": 7100001}
FORKS = [{"full_name": f"Tilda-Makes/f{n}", "fork": True} for n in range(4)]
EVENTS = [{"type": "PushEvent"}]


def _reply(ask) -> Reply:
    if ask.path.endswith("/repos"):
        return Reply([{"full_name": "Tilda-Makes/own", "fork": False}, *FORKS])
    if ask.path.endswith("/events/public"):
        return Reply(EVENTS)
    return Reply({"full_name": ask.path} if ask.path.startswith("repos/") else USER)


async def test_a_person_comes_with_repositories_events_and_the_parents_of_two_forks():
    call = ScriptedCall(SOURCE, _reply)
    found = await SOURCE.fetch(parse_target("profile:github:@tilda-makes"), call)
    assert [ask.path for ask in call.asked] == [
        "users/tilda-makes",
        "users/Tilda-Makes/repos",
        "users/Tilda-Makes/events/public",
        "repos/Tilda-Makes/f0",
        "repos/Tilda-Makes/f1",
    ]
    assert all(ask.revalidate and ask.endpoint == "core" for ask in call.asked)
    assert call.asked[1].params == {"sort": "pushed", "per_page": "100"}
    assert [one.kind for one in found.records] == ["user", "repos", "events", "repo", "repo"]
    assert {one.native_id for one in found.records} == {"7100001"}
    assert found.records[2].body == {"items": EVENTS}


@pytest.mark.parametrize(("amount", "pages"), [(0, 1), (99, 1), (100, 2), (250, 3), (900, 3)])
async def test_all_events_that_are_shown_are_one_record(amount, pages):
    def reply(ask) -> Reply:
        if not ask.path.endswith("/events/public"):
            return _reply(ask)
        first = (int(ask.params.get("page", 1)) - 1) * 100
        return Reply([{"type": "PushEvent", "id": number} for number in range(first, min(amount, first + 100))])

    call = ScriptedCall(SOURCE, reply)
    found = await SOURCE.fetch(parse_target("profile:github:@tilda-makes"), call)
    assert sum(ask.path.endswith("/events/public") for ask in call.asked) == pages
    (told,) = (one for one in found.records if one.kind == "events")
    assert [one["id"] for one in told.body["items"]] == list(range(min(amount, 300)))


async def test_a_known_id_is_asked_for_by_id():
    call = ScriptedCall(SOURCE, _reply)
    await SOURCE.fetch(parse_target("profile:github:7100001"), call)
    assert call.asked[0].path == "user/7100001"


async def test_a_handle_that_is_a_path_stays_a_name():
    call = ScriptedCall(SOURCE, [Reply({"message": "Not Found"}, 404)])
    with pytest.raises(TargetGone):
        await SOURCE.fetch(parse_target("profile:github:@../rate_limit?x"), call)
    assert call.asked[0].path == "users/..%2Frate_limit%3Fx"


@pytest.mark.parametrize("failing", [Reply(status=502), Reply({}, 429), Reply({}, 404), Reply({"not": "a list"})])
async def test_a_person_is_kept_when_the_rest_cannot_be_had(failing):
    call = ScriptedCall(SOURCE, [Reply(USER), failing])
    assert [one.kind for one in (await SOURCE.fetch(parse_target("profile:github:7100001"), call)).records] == ["user"]


async def test_a_search_has_an_allowance_of_its_own_and_files_every_hit():
    call = ScriptedCall(SOURCE, [Reply({"total_count": 1, "items": [{**USER, "score": 1.0}, {"odd": 1}]})])
    found = await SOURCE.fetch(Target(TaskKind.SEARCH, Platform.GITHUB, "parser"), call)
    assert (call.asked[0].endpoint, call.asked[0].path, call.asked[0].params["q"]) == (
        "search",
        "search/users",
        "parser type:user",
    )
    assert [(one.kind, one.native_id) for one in found.records] == [("search", "7100001"), ("search", "unknown")]


RESET = str(int((NOW + timedelta(minutes=20)).timestamp()))


@pytest.mark.parametrize(
    ("reply", "wait_s"),
    [
        (
            Reply(
                {"message": "API rate limit exceeded"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": RESET}
            ),
            1200,
        ),
        (
            Reply(
                {"message": "You have exceeded a secondary rate limit"},
                403,
                {"Retry-After": "30", "X-RateLimit-Remaining": "4000"},
            ),
            30,
        ),
        (
            Reply(
                {"message": "You have exceeded a secondary rate limit"},
                403,
                {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": RESET},
            ),
            60,
        ),
        (Reply({"message": "API Rate Limit Exceeded for 203.0.113.7"}, 403), 60),
        (Reply({}, 429, {"Retry-After": "Sun, 01 Mar 2026 12:00:45 GMT"}), 45),
        (Reply({}, 429, {"Retry-After": "Sun, 01 Mar 2020 00:00:00 GMT"}), 0),
        (Reply({}, 429, {"Retry-After": "-3"}), 0),
    ],
)
def test_a_limit_says_when_to_come_back(reply, wait_s):
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(reply))
    assert (caught.value.retry_at - NOW).total_seconds() == wait_s


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"message": "Bad credentials"}, 401), SourceRefused),
        (
            Reply(
                {"message": "Resource not accessible by personal access token"}, 403, {"X-RateLimit-Remaining": "12"}
            ),
            SourceRefused,
        ),
        (Reply({"message": "Not Found"}, 404), TargetGone),
        (Reply({"message": "Repository access blocked"}, 451), TargetGone),
        (Reply({"message": "Validation Failed"}, 422), SourceUnavailable),
        (Reply(raw=b"unicorn", status=502), SourceUnavailable),
    ],
)
def test_errors_mean_what_the_reference_says(reply, error):
    with pytest.raises(error):
        SOURCE.judge(answer_of(reply))


def test_what_is_left_is_read_from_the_headers_of_the_resource_that_they_name():
    headers = {"X-RateLimit-Remaining": "17", "X-RateLimit-Reset": RESET, "X-RateLimit-Resource": "search"}
    (quota,) = SOURCE.quotas(answer_of(Reply({}, headers=headers), "core"))
    assert (quota.endpoint, quota.remaining, quota.resets_at) == ("search", 17, NOW + timedelta(minutes=20))
    assert SOURCE.quotas(answer_of(Reply({}, headers={**headers, "X-RateLimit-Resource": "graphql"}), "core")) == ()
    assert SOURCE.quotas(answer_of(Reply({}, headers={"X-RateLimit-Remaining": "soon"}), "core")) == ()


def test_the_plan_decides_the_hourly_limit():
    amounts = {one.endpoint: (one.amount, one.window_s) for one in SOURCE.allowances(SourceSettings())}
    assert amounts == {"core": (5_000, 3_600), "search": (30, 60), "*": (900, 60)}
    assert SOURCE.allowances(SourceSettings(plan="enterprise_app"))[0].amount == 15_000
    with pytest.raises(SetupError, match="plan"):
        SOURCE.allowances(SourceSettings(plan="gold"))
