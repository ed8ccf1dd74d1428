"""What the two sources of X ask for, what they file and charge, and what they make of limits and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from creators.errors import SetupError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.settings import SourceSettings
from creators.targets import parse_target
from fetchers.sources.socialdata import SOURCE as SOCIALDATA
from fetchers.sources.x_api_v2 import FOUND, SOURCE, USER_FIELDS
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

USER = {"data": {"id": "4400112233", "username": "Clay_And_Kiln", "name": "Marta"}}
POSTS = {"data": [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}], "meta": {"result_count": 2}}
PROTECTED = {"data": {**USER["data"], "protected": True}}
PROBLEM = "https://api.twitter.com/2/problems"
NOT_FOUND = {"errors": [{"title": "Not Found Error", "type": f"{PROBLEM}/resource-not-found", "detail": "none"}]}
SUSPENDED = {
    "errors": [
        {"title": "Forbidden", "type": f"{PROBLEM}/resource-not-found", "detail": "User has been suspended: [clay]."}
    ]
}
NOT_FOR_US = {"errors": [{"title": "Authorization Error", "type": f"{PROBLEM}/not-authorized-for-resource"}]}
BAD_NAME = {"errors": [{"parameters": {"username": ["a b"]}, "message": "does not match"}], "title": "Invalid Request"}
RESET = int((NOW + timedelta(minutes=4)).timestamp())
WINDOW = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(RESET)}
SD_USER = {"id_str": "4400112233", "screen_name": "Clay_And_Kiln", "name": "Marta"}


async def test_a_user_comes_with_the_latest_posts_and_what_they_cost():
    call = ScriptedCall(SOURCE, [Reply(USER), Reply(POSTS)])
    found = await SOURCE.fetch(parse_target("profile:x:@clay_and_kiln"), call)
    assert [(ask.endpoint, ask.path) for ask in call.asked] == [
        ("users", "users/by/username/clay_and_kiln"),
        ("tweets", "users/4400112233/tweets"),
    ]
    assert call.asked[0].params["user.fields"] == USER_FIELDS
    assert call.asked[1].params["exclude"] == "replies,retweets"
    assert [(one.kind, one.native_id, one.body) for one in found.records] == [
        ("user", "4400112233", USER),
        ("tweets", "4400112233", POSTS),
    ]
    assert found.cost_usd == pytest.approx(0.010 + 2 * 0.005)
    assert sum(one.cost_usd for one in found.records) == pytest.approx(found.cost_usd)


async def test_a_known_id_is_asked_for_by_id_and_a_subscription_has_no_price():
    call = ScriptedCall(SOURCE, [Reply(USER), Reply(POSTS)], settings=SourceSettings(plan="basic"))
    found = await SOURCE.fetch(parse_target("profile:x:4400112233"), call)
    assert call.asked[0].path == "users/4400112233"
    assert found.cost_usd == 0


@pytest.mark.parametrize("source", [SOURCE, SOCIALDATA])
async def test_a_handle_that_is_a_path_stays_a_name(source):
    call = ScriptedCall(source, [Reply(NOT_FOUND, 404)])
    with pytest.raises(TargetGone):
        await source.fetch(parse_target("profile:x:@../../tweets?x"), call)
    assert call.asked[0].path.endswith("/..%2F..%2Ftweets%3Fx")


async def test_the_posts_of_a_protected_user_are_not_asked_for():
    assert [one.kind for one in (await SOURCE.fetch(_clay(), ScriptedCall(SOURCE, [Reply(PROTECTED)]))).records] == [
        "user"
    ]
    shut = ScriptedCall(SOCIALDATA, [Reply({**SD_USER, "protected": True})])
    assert [one.kind for one in (await SOCIALDATA.fetch(_clay(), shut)).records] == ["user"]


@pytest.mark.parametrize("failing", [Reply(NOT_FOR_US), Reply(status=503), Reply(raw=b"slow down", status=429)])
async def test_a_user_is_kept_when_the_posts_cannot_be_had(failing):
    found = await SOURCE.fetch(_clay(), ScriptedCall(SOURCE, [Reply(USER), failing]))
    assert [one.kind for one in found.records] == ["user"]


async def test_followers_are_asked_for_only_where_the_plan_has_them():
    replies = [Reply(USER), Reply(POSTS), Reply({"data": [{"id": "9"}]})]
    pro = ScriptedCall(SOURCE, replies, settings=SourceSettings(plan="pro"))
    assert [one.kind for one in (await SOURCE.fetch(_clay(), pro)).records] == ["user", "tweets", "followers"]
    assert pro.asked[2].path == "users/4400112233/followers"
    basic = ScriptedCall(SOURCE, replies, settings=SourceSettings(plan="basic"))
    assert len((await SOURCE.fetch(_clay(), basic)).records) == 2


async def test_a_search_files_each_author_with_the_own_posts():
    body = {
        "data": [
            {"id": "1", "author_id": "7", "attachments": {"media_keys": ["3_1"]}},
            {"id": "2", "author_id": "8"},
            {"id": "3", "author_id": "7", "attachments": {"media_keys": None}},
        ],
        "includes": {
            "users": [{"id": "7", "username": "a"}, {"id": "8", "username": "b"}],
            "media": [{"media_key": "3_1", "type": "photo"}],
        },
    }
    call = ScriptedCall(SOURCE, [Reply(body)])
    found = await SOURCE.fetch(parse_target("search:x:pottery"), call)
    assert call.asked[0].params["query"] == "pottery -is:retweet"
    assert call.asked[0].params["max_results"] == str(FOUND)
    assert [(one.native_id, [post["id"] for post in one.body["includes"]["tweets"]]) for one in found.records] == [
        ("7", ["1", "3"]),
        ("8", ["2"]),
    ]
    assert [one.body["includes"].get("media") for one in found.records] == [body["includes"]["media"], None]
    assert call.asked[0].params["expansions"] == "author_id,attachments.media_keys"
    assert found.cost_usd == pytest.approx(2 * 0.010 + 3 * 0.005)


async def test_a_search_without_hits_is_no_failure_and_one_without_authors_is_filed():
    target = parse_target("search:x:pottery")
    empty = ScriptedCall(SOURCE, [Reply({"meta": {"result_count": 0}})])
    assert (await SOURCE.fetch(target, empty)).records == ()
    drifted = ScriptedCall(SOURCE, [Reply({"data": [{"id": "1"}], "expanded": {}})])
    assert [one.native_id for one in (await SOURCE.fetch(target, drifted)).records] == ["unknown"]


def test_a_plan_decides_the_allowances_and_a_wrong_one_is_named():
    free = {one.endpoint: one.amount for one in SOURCE.allowances(SourceSettings(plan="free"))}
    paid = {one.endpoint: one.amount for one in SOURCE.allowances(SourceSettings())}
    assert free["users"] < paid["users"]
    assert "followers" not in paid
    with pytest.raises(SetupError, match="'gold'"):
        SOURCE.allowances(SourceSettings(plan="gold"))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(NOT_FOUND), TargetGone),
        (Reply(SUSPENDED), TargetGone),
        (Reply(BAD_NAME, 400), TargetGone),
        (
            Reply({"title": "Invalid Request", "errors": [{"parameters": {"max_results": ["1"]}}]}, 400),
            SourceUnavailable,
        ),
        (Reply({"errors": [{"title": "Operational"}]}), SourceUnavailable),
        (Reply({"title": "Unauthorized"}, 401), SourceRefused),
        (Reply({"title": "Client Forbidden", "reason": "client-not-enrolled"}, 403), SourceRefused),
        (Reply({"title": "CreditsDepleted"}, 402), SourceRefused),
        (Reply(raw=b"over capacity", status=503), SourceUnavailable),
    ],
)
def test_an_answer_means_what_x_documents(reply, error):
    with pytest.raises(error):
        SOURCE.judge(answer_of(reply, "users"))


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        (WINDOW, None, 240),
        ({}, None, 900),
        ({**WINDOW, "x-rate-limit-reset": "1"}, None, 0),
        ({**WINDOW, "x-rate-limit-reset": "9" * 11}, None, 86_400),
        ({"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": str(RESET + 3600), **WINDOW}, None, 3840),
        (WINDOW, {"type": f"{PROBLEM}/usage-capped"}, 86_400),
        ({"retry-after": "30", **WINDOW}, None, 30),
    ],
)
def test_too_many_requests_says_until_when(headers, body, seconds):
    raw = None if body else b"Rate limit exceeded\n"
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(Reply(body, 429, headers, raw=raw), "users"))
    assert caught.value.retry_at == NOW + timedelta(seconds=seconds)


def test_the_headers_say_what_is_left():
    assert [
        (one.endpoint, one.remaining, one.resets_at)
        for one in SOURCE.quotas(answer_of(Reply({}, 200, WINDOW), "users"))
    ] == [("users", 0, datetime.fromtimestamp(RESET, UTC))]
    assert SOURCE.quotas(answer_of(Reply({}, 200, {"x-rate-limit-remaining": "soon"}), "users")) == ()


async def test_the_token_is_a_header():
    for source in (SOURCE, SOCIALDATA):
        auth = await source.authorise("tok", ScriptedCall(source, []))
        assert auth.headers["authorization"] == "Bearer tok"
        assert not auth.params


async def test_socialdata_charges_every_item():
    call = ScriptedCall(SOCIALDATA, [Reply(SD_USER), Reply({"tweets": [{"id_str": "1"}, {"id_str": "2"}]})])
    found = await SOCIALDATA.fetch(_clay(), call)
    assert [ask.path for ask in call.asked] == ["twitter/user/clay_and_kiln", "twitter/user/4400112233/tweets"]
    assert [one.kind for one in found.records] == ["user", "tweets"]
    assert found.cost_usd == pytest.approx(3 * 0.0002)


async def test_socialdata_files_the_authors_of_a_search():
    posts = [{"id_str": "1", "user": {"id_str": "7"}}, {"id_str": "2"}, {"id_str": "3", "user": {"id_str": "7"}}]
    call = ScriptedCall(SOCIALDATA, [Reply({"tweets": posts})])
    found = await SOCIALDATA.fetch(parse_target("search:x:pottery"), call)
    assert [(one.native_id, len(one.body["tweets"])) for one in found.records] == [("7", 2), ("unknown", 1)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"status": "error", "message": "User not found"}, 404), TargetGone),
        (Reply({"status": "error", "message": "Insufficient balance"}, 402), SourceRefused),
        (Reply({"message": "Unauthenticated."}, 401), SourceRefused),
        (Reply({"message": "Failed to fetch"}, 500), SourceUnavailable),
        (Reply({"message": "The query field is required."}, 422), SourceUnavailable),
        (Reply({"message": "Too Many Attempts."}, 429, {"retry-after": "7"}), SourceLimited),
    ],
)
def test_an_answer_means_what_socialdata_documents(reply, error):
    with pytest.raises(error):
        SOCIALDATA.judge(answer_of(reply, "user"))


async def test_socialdata_keeps_a_user_whose_posts_are_private():
    private = Reply({"message": "Target account is private"}, 403)
    found = await SOCIALDATA.fetch(_clay(), ScriptedCall(SOCIALDATA, [Reply(SD_USER), private]))
    assert [one.kind for one in found.records] == ["user"]


def test_neither_source_lets_x_be_joined_without_a_declared_link():
    for source in (SOURCE, SOCIALDATA):
        assert not source.policy.may_merge
        assert source.policy.delete_when_gone
        assert source.policy.needs_acknowledgement


def _clay():
    return parse_target("profile:x:@clay_and_kiln")
