"""What the YouTube source asks for, what it files, and what it makes of the errors that the API documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from creators.errors import SetupError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind, parse_target
from enrich.normalise import youtube_data_api as normaliser
from fetchers.sources.youtube_data_api import SOURCE
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

CHANNEL = "UCaaaaaaaaaaaaaaaaaaaaaa"
UPLOADS = "UUaaaaaaaaaaaaaaaaaaaaaa"
PROFILE = parse_target(f"profile:youtube:{CHANNEL}")
SNIPPET = {"title": "Ovens", "publishedAt": "2014-05-06T07:08:09Z", "description": "bread"}
ITEM = {"id": CHANNEL, "snippet": SNIPPET, "contentDetails": {"relatedPlaylists": {"uploads": UPLOADS}}}
LISTED = {"items": [{"contentDetails": {"videoId": f"v{n}"}} for n in range(12)]}
VIDEO = {"id": "v0", "snippet": {"title": "t", "publishedAt": "2026-01-01T00:00:00Z", "channelId": CHANNEL}}


def _error(status: int, reason: str) -> Reply:
    return Reply({"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}, status)


async def test_a_channel_is_asked_for_with_its_uploads_and_their_counters():
    call = ScriptedCall(SOURCE, [Reply({"items": [ITEM]}), Reply(LISTED), Reply({"items": [VIDEO]})])
    found = await SOURCE.fetch(PROFILE, call)
    assert [ask.path for ask in call.asked] == ["channels", "playlistItems", "videos"]
    assert call.asked[0].params["id"] == CHANNEL
    assert call.asked[1].params["playlistId"] == UPLOADS
    assert call.asked[2].params["id"] == ",".join(f"v{n}" for n in range(12))
    # The player tells the shape of a video only where a height is asked for.
    assert "player" in call.asked[2].params["part"].split(",")
    assert call.asked[2].params["maxHeight"] == "720"
    assert sum(ask.units for ask in call.asked) == 3
    assert [(one.kind, one.native_id) for one in found.records] == [("channel", CHANNEL), ("videos", CHANNEL)]
    assert found.records[0].body == ITEM
    assert {one.target for one in found.records} == {PROFILE.target_id}
    assert {one.tier for one in found.records} == {1}


async def test_what_is_filed_normalises_to_an_account_and_its_posts():
    call = ScriptedCall(SOURCE, [Reply({"items": [ITEM]}), Reply(LISTED), Reply({"items": [VIDEO]})])
    normalised = [normaliser.normalise(record) for record in (await SOURCE.fetch(PROFILE, call)).records]
    assert [account.account_id for account in normalised[0].accounts] == [f"youtube:{CHANNEL}"]
    assert [post.account_id for post in normalised[1].posts] == [f"youtube:{CHANNEL}"]


async def test_a_handle_is_asked_for_as_a_handle_and_filed_under_the_id():
    call = ScriptedCall(SOURCE, [Reply({"items": [{"id": CHANNEL, "snippet": SNIPPET}]})])
    found = await SOURCE.fetch(parse_target("profile:youtube:@ovens"), call)
    assert call.asked[0].params["forHandle"] == "@ovens"
    assert "id" not in call.asked[0].params
    assert found.records[0].native_id == CHANNEL


@pytest.mark.parametrize("body", [{"items": []}, {"pageInfo": {"totalResults": 0}}])
async def test_an_answer_without_channels_says_that_there_is_none(body):
    with pytest.raises(TargetGone):
        await SOURCE.fetch(PROFILE, ScriptedCall(SOURCE, [Reply(body)]))


@pytest.mark.parametrize(
    "failing",
    [_error(404, "playlistNotFound"), _error(403, "quotaExceeded"), Reply(status=503), Reply(raw=b"<html>")],
    ids=["no uploads", "quota", "5xx", "no JSON"],
)
@pytest.mark.parametrize("good", [0, 1])
async def test_a_channel_is_kept_when_its_videos_cannot_be_had(failing, good):
    call = ScriptedCall(SOURCE, [Reply({"items": [ITEM]}), *[Reply(LISTED)] * good, failing])
    assert [one.kind for one in (await SOURCE.fetch(PROFILE, call)).records] == ["channel"]


async def test_a_search_costs_a_hundred_units_and_files_every_hit():
    hit = {"id": {"kind": "youtube#channel", "channelId": CHANNEL}, "snippet": {}}
    call = ScriptedCall(SOURCE, [Reply({"items": [hit, {"id": "odd"}]})])
    found = await SOURCE.fetch(Target(TaskKind.SEARCH, Platform.YOUTUBE, "sourdough"), call)
    assert (call.asked[0].units, call.asked[0].params["q"], call.asked[0].params["type"]) == (
        100,
        "sourdough",
        "channel",
    )
    assert [(one.kind, one.native_id) for one in found.records] == [("search", CHANNEL), ("search", "unknown")]


def test_a_used_up_day_ends_at_midnight_of_the_pacific_coast():
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(_error(403, "quotaExceeded")))
    assert caught.value.retry_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # UTC-8 in winter


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (_error(403, "rateLimitExceeded"), SourceLimited),
        (_error(429, "rateLimitExceeded"), SourceLimited),
        (_error(400, "keyInvalid"), SourceRefused),
        (_error(403, "accessNotConfigured"), SourceRefused),
        (_error(403, "SERVICE_UNAVAILABLE"), SourceRefused),
        (
            Reply({"error": {"details": [{"reason": "API_KEY_INVALID"}], "errors": [{"reason": "badRequest"}]}}, 400),
            SourceRefused,
        ),
        (_error(404, "channelNotFound"), TargetGone),
        (_error(403, "channelClosed"), TargetGone),
        (_error(400, "invalidParameter"), SourceUnavailable),
        (_error(500, "backendError"), SourceUnavailable),
        (Reply(raw=b"Bad gateway", status=502), SourceUnavailable),
    ],
)
def test_errors_mean_what_the_reference_says(reply, error):
    with pytest.raises(error):
        SOURCE.judge(answer_of(reply))


def test_a_limit_without_a_time_pauses_a_minute_and_one_with_a_time_for_that():
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(_error(403, "userRateLimitExceeded")))
    assert (caught.value.retry_at - NOW).total_seconds() == 60
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(Reply({}, 429, {"Retry-After": "7"})))
    assert (caught.value.retry_at - NOW).total_seconds() == 7


def test_the_plan_is_the_units_of_a_day():
    (standard,) = SOURCE.allowances(SourceSettings())
    assert (standard.endpoint, standard.amount, standard.day_of) == ("*", 10_000, "America/Los_Angeles")
    assert SOURCE.allowances(SourceSettings(plan="1000000"))[0].amount == 1_000_000
    for plan in ("gold", "0", "-5", "1e6"):
        with pytest.raises(SetupError, match="units"):
            SOURCE.allowances(SourceSettings(plan=plan))


async def test_the_key_travels_in_a_header_and_not_in_the_address():
    auth = await SOURCE.authorise("secret", ScriptedCall(SOURCE, []))
    assert auth.headers == {"x-goog-api-key": "secret"}
    assert not auth.params
