"""What the source of the TikTok Research API asks for and files, how it keeps tokens, and what errors mean."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.settings import SourceSettings
from creators.targets import parse_target
from fetchers.contract import Answer, Ask
from fetchers.sources.tiktok_research import FOUND, PAGES, USER_FIELDS, VIDEOS, TikTokResearch
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

OK = {"code": "ok", "message": "", "log_id": "1"}
USER = {"data": {"display_name": "Nori", "follower_count": 1}, "error": OK}
NORI = parse_target("profile:tiktok:@nori.bakes")


@pytest.fixture
def source() -> TikTokResearch:
    return TikTokResearch()


class FreshCall(ScriptedCall):
    """A token's life is measured from when it arrives, so answers arrive now."""

    async def send(self, ask: Ask) -> Answer:
        answer = await super().send(ask)
        return Answer(**{name: getattr(answer, name) for name in answer.__slots__} | {"received_at": datetime.now(UTC)})


def _page(count: int, *, more: bool = False, cursor: int = 0) -> Reply:
    videos = [{"id": cursor + number, "username": "nori.bakes"} for number in range(count)]
    return Reply({"data": {"videos": videos, "has_more": more, "cursor": cursor + 20, "search_id": "s1"}, "error": OK})


def _error(code: str, message: str = "no") -> dict:
    return {"data": {}, "error": {"code": code, "message": message, "log_id": "1"}}


async def test_a_user_comes_with_the_latest_videos(source):
    call = ScriptedCall(source, [Reply(USER), _page(3)])
    found = await source.fetch(NORI, call)
    info, query = call.asked
    assert (info.endpoint, info.path, info.json) == ("user_info", "research/user/info/", {"username": "nori.bakes"})
    assert info.params == {"fields": USER_FIELDS}
    assert query.json["query"]["and"][0]["field_values"] == ["nori.bakes"]
    assert query.json["max_count"] == VIDEOS
    first, last = (datetime.strptime(query.json[name], "%Y%m%d").replace(tzinfo=UTC) for name in _DATES)
    assert last - first == timedelta(days=29)
    assert [(one.kind, one.native_id) for one in found.records] == [("user", "@nori.bakes"), ("videos", "@nori.bakes")]


_DATES = ("start_date", "end_date")


async def test_pages_follow_the_cursor_with_the_credential_that_began(source):
    replies = [Reply(USER), _page(8, more=True), _page(0, more=True, cursor=20), _page(30, more=True, cursor=40)]
    call = ScriptedCall(source, replies)
    found = await source.fetch(NORI, call)
    queries = call.asked[1:]
    assert [ask.json.get("cursor") for ask in queries] == [None, 20, 40]
    assert [ask.json.get("search_id") for ask in queries] == [None, "s1", "s1"]
    assert [ask.same_credential for ask in queries] == [False, True, True]
    assert len(queries) == PAGES
    assert [one.kind for one in found.records] == ["user", "videos", "videos"]


async def test_a_user_is_kept_when_the_videos_cannot_be_had_and_so_are_the_pages_before(source):
    limited = Reply(_error("rate_limit_exceeded"), 429)
    alone = await source.fetch(NORI, ScriptedCall(source, [Reply(USER), limited]))
    assert [one.kind for one in alone.records] == ["user"]
    some = await source.fetch(NORI, ScriptedCall(source, [Reply(USER), _page(8, more=True), limited]))
    assert [one.kind for one in some.records] == ["user", "videos"]


async def test_a_search_asks_for_the_word_and_the_hashtag(source):
    call = ScriptedCall(source, [_page(FOUND)])
    found = await source.fetch(parse_target("search:tiktok:#lamination"), call)
    assert [one["field_name"] for one in call.asked[0].json["query"]["or"]] == ["keyword", "hashtag_name"]
    assert call.asked[0].json["query"]["or"][0]["field_values"] == ["lamination"]
    assert [one.kind for one in found.records] == ["search"]
    words = ScriptedCall(source, [_page(0)])
    assert (await source.fetch(parse_target("search:tiktok:sour dough"), words)).records == ()
    assert [one["field_name"] for one in words.asked[0].json["query"]["or"]] == ["keyword"]


async def test_a_search_that_is_limited_says_so_and_one_of_another_form_is_filed(source):
    target = parse_target("search:tiktok:lamination")
    with pytest.raises(SourceLimited):
        await source.fetch(target, ScriptedCall(source, [Reply(_error("daily_quota_limit_exceeded"), 429)]))
    drifted = ScriptedCall(source, [Reply({"data": {"clips": []}, "error": OK})])
    assert len((await source.fetch(target, drifted)).records) == 1


async def test_an_id_is_nothing_that_tiktok_can_be_asked_for(source):
    call = ScriptedCall(source, [])
    with pytest.raises(SourceRefused, match="handle"):
        await source.fetch(parse_target("profile:tiktok:6900000000000000777"), call)
    assert call.asked == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(_error("rate_limit_exceeded"), 429), SourceLimited),
        (Reply(_error("daily_quota_limit_exceeded"), 403), SourceLimited),
        (Reply(_error("access_token_invalid"), 401), SourceRefused),
        (Reply(_error("scope_not_authorized"), 401), SourceRefused),
        (Reply({"error": "invalid_client", "error_description": "wrong"}, 400), SourceRefused),
        (Reply(_error("invalid_params", "username is invalid: cannot find the user"), 400), TargetGone),
        (Reply(_error("not_found", "User not found"), 404), TargetGone),
        (Reply(_error("invalid_params", "API cannot return this user's information"), 400), TargetGone),
        (Reply(_error("invalid_params", "Search Id 7 is invalid or expired"), 400), SourceUnavailable),
        (Reply(_error("internal_error"), 500), SourceUnavailable),
        (Reply(_error("timeout"), 200), SourceUnavailable),
        (Reply(raw=b"<html>", status=502), SourceUnavailable),
    ],
)
def test_an_answer_means_what_tiktok_documents(source, reply, error):
    with pytest.raises(error):
        source.judge(answer_of(reply, "user_info"))


@pytest.mark.parametrize("error", [OK, {}])
def test_no_error_is_none(source, error):
    source.judge(answer_of(Reply({"data": {}, "error": error}), "user_info"))


@pytest.mark.parametrize(
    ("headers", "until"), [({}, NOW + timedelta(hours=12)), ({"retry-after": "30"}, NOW + timedelta(seconds=30))]
)
def test_a_quota_lasts_until_midnight_utc(source, headers, until):
    with pytest.raises(SourceLimited) as caught:
        source.judge(answer_of(Reply(_error("rate_limit_exceeded"), 429, headers), "video_query"))
    assert caught.value.retry_at == until


async def test_a_token_is_exchanged_once_and_again_when_it_ends(source):
    token = {"access_token": "clt.1", "expires_in": 7200, "token_type": "Bearer"}
    call = FreshCall(source, [Reply(token), Reply({**token, "access_token": "clt.2", "expires_in": 30})])
    for _ in range(2):
        auth = await source.authorise("key:secret", call)
        assert auth.headers == {"authorization": "Bearer clt.1"}
    (ask,) = call.asked
    assert (ask.path, ask.form["client_secret"], ask.form["grant_type"]) == (
        "oauth/token/",
        "secret",
        "client_credentials",
    )
    # One that ends within the minute is good for a single request.
    assert (await source.authorise("other:secret", call)).headers == {"authorization": "Bearer clt.2"}
    with pytest.raises(IndexError):
        await source.authorise("other:secret", call)


def test_targets_that_begin_at_once_share_one_exchange_in_every_event_loop(source):
    class SlowCall(FreshCall):
        async def send(self, ask: Ask) -> Answer:
            answer = await super().send(ask)
            await asyncio.sleep(0)  # the others have their turn before the token is known
            return answer

    async def both(credential: str) -> list[str]:
        call = SlowCall(source, lambda _: Reply({"access_token": "clt.1", "expires_in": 7200}))
        await asyncio.gather(*(source.authorise(credential, call) for _ in range(8)))
        return [ask.endpoint for ask in call.asked]

    assert asyncio.run(both("one:secret")) == ["oauth"]
    assert asyncio.run(both("one:secret")) == []
    assert asyncio.run(both("two:secret")) == ["oauth"]


async def test_a_token_that_is_refused_is_forgotten(source):
    token = {"access_token": "clt.1", "expires_in": 7200}
    call = FreshCall(
        source, [Reply(token), Reply(_error("access_token_invalid"), 401), Reply(token)], credential="key:secret"
    )
    await source.authorise("key:secret", call)
    with pytest.raises(SourceRefused):
        await source.fetch(NORI, call)
    await source.authorise("key:secret", call)
    assert [ask.endpoint for ask in call.asked] == ["oauth", "user_info", "oauth"]


async def test_what_is_no_credential_and_what_is_no_token_are_told(source):
    with pytest.raises(SourceRefused, match="CLIENT_KEY:CLIENT_SECRET"):
        await source.authorise("key", ScriptedCall(source, []))
    with pytest.raises(SourceUnavailable, match="without a token"):
        await source.authorise("key:secret", ScriptedCall(source, [Reply({"access_token": "clt"})]))


def test_the_allowance_is_of_a_day_of_utc(source):
    (allowance,) = source.allowances(SourceSettings())
    assert (allowance.endpoint, allowance.amount, allowance.day_of) == ("*", 1000, "UTC")
