"""What the source of the Instagram Graph API asks for and files, and what it makes of limits, errors and usage."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.settings import SourceSettings
from creators.targets import parse_target
from fetchers.call import OWN_ACCOUNT as FILLED_IN
from fetchers.sources.instagram_graph import MEDIA_FIELDS, OWN_ACCOUNT, PROFILE_FIELDS, SOURCE
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

PROFILE = {"business_discovery": {"id": "17841", "ig_id": "550011", "username": "nori.bakes"}, "id": "1"}
HASHTAG = {"data": [{"id": "17843"}]}
MEDIA = {"data": [{"id": "1", "caption": "hi"}], "paging": {}}


def _error(code: int, **more: object) -> dict:
    return {"error": {"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}}


def _usage(**counts: int) -> str:
    return json.dumps({"call_count": 1, "total_cputime": 1, "total_time": 1, **counts})


async def test_an_account_comes_with_its_latest_media_in_one_request():
    call = ScriptedCall(SOURCE, [Reply(PROFILE)])
    found = await SOURCE.fetch(parse_target("profile:instagram:@nori.bakes"), call)
    (ask,) = call.asked
    assert (ask.endpoint, ask.path) == ("business_discovery", OWN_ACCOUNT)
    media = f"media.limit(12){{{MEDIA_FIELDS}}}"
    assert ask.params == {"fields": f"business_discovery.username(nori.bakes){{{PROFILE_FIELDS},{media}}}"}
    assert [(one.kind, one.native_id, one.body) for one in found.records] == [("profile", "550011", PROFILE)]
    assert found.cost_usd == 0


def test_the_account_of_the_credential_is_what_the_call_fills_in():
    assert OWN_ACCOUNT == FILLED_IN


async def test_an_account_without_an_id_that_others_know_is_filed_under_its_handle():
    body = {"business_discovery": {"id": "17841", "username": "nori.bakes"}}
    found = await SOURCE.fetch(parse_target("profile:instagram:@nori.bakes"), ScriptedCall(SOURCE, [Reply(body)]))
    assert found.records[0].native_id == "@nori.bakes"


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("profile:instagram:550011", SourceRefused),
        ("profile:instagram:@a){id},secret", TargetGone),
        ("profile:instagram:@名前", TargetGone),
    ],
)
async def test_what_is_no_user_name_is_not_asked_for(target, error):
    call = ScriptedCall(SOURCE, [])
    with pytest.raises(error):
        await SOURCE.fetch(parse_target(target), call)
    assert call.asked == []


async def test_a_search_takes_a_hashtag_and_files_its_media():
    call = ScriptedCall(SOURCE, [Reply(HASHTAG), Reply(MEDIA)])
    found = await SOURCE.fetch(parse_target("search:instagram:Sour Dough!"), call)
    assert [(ask.endpoint, ask.path) for ask in call.asked] == [
        ("hashtag_search", "ig_hashtag_search"),
        ("hashtag_media", "17843/top_media"),
    ]
    assert call.asked[0].params == {"q": "sourdough"}
    assert [(one.kind, one.native_id) for one in found.records] == [("hashtag", "17843")]
    assert found.records[0].body == {"hashtag": {"id": "17843"}, **MEDIA}


@pytest.mark.parametrize("reply", [Reply({"data": []}), Reply(_error(24, error_subcode=2207024), 400)])
async def test_a_hashtag_that_nobody_uses_is_no_failure(reply):
    found = await SOURCE.fetch(parse_target("search:instagram:zzz"), ScriptedCall(SOURCE, [reply]))
    assert found.records == ()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(_error(110, error_subcode=2207013), 400), TargetGone),
        (Reply(_error(4), 400), SourceLimited),
        (Reply(_error(17), 400), SourceLimited),
        (Reply(_error(32), 403), SourceLimited),
        (Reply(_error(613), 400), SourceLimited),
        (Reply(_error(80002), 400), SourceLimited),
        (Reply(_error(18), 400), SourceLimited),
        (Reply(_error(190, error_subcode=463), 401), SourceRefused),
        (Reply(_error(10), 403), SourceRefused),
        (Reply(_error(200), 403), SourceRefused),
        (Reply(_error(100, error_subcode=33), 400), SourceRefused),
        (Reply(_error(100), 400), SourceUnavailable),
        (Reply(_error(2, is_transient=True), 500), SourceUnavailable),
        (Reply({"error": {"code": "four"}}, 400), SourceUnavailable),
        (Reply(raw=b"<html>bad gateway", status=502), SourceUnavailable),
        (Reply(raw=b"", status=429), SourceLimited),
    ],
)
def test_an_answer_means_what_meta_documents(reply, error):
    with pytest.raises(error):
        SOURCE.judge(answer_of(reply, "business_discovery"))


def test_a_personal_account_is_gone_for_this_source_and_the_message_says_so():
    with pytest.raises(TargetGone, match="personal"):
        SOURCE.judge(answer_of(Reply(_error(110), 400), "business_discovery"))
    assert not SOURCE.policy.sees_all


@pytest.mark.parametrize("several", [True, False])
def test_the_header_says_when_access_is_regained_in_both_of_its_forms(several):
    usage = {"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 19}
    headers = {"X-Business-Use-Case-Usage": json.dumps({"17841": [usage] if several else usage})}
    answer = answer_of(Reply(_error(4), 400, headers), "business_discovery")
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer)
    assert caught.value.retry_at == NOW + timedelta(minutes=19)
    (quota,) = SOURCE.quotas(answer)
    assert (quota.remaining, quota.resets_at) == (0, NOW + timedelta(minutes=19))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 3600), ({"retry-after": "30"}, 30), ({"x-app-usage": "{"}, 3600), ({"x-app-usage": "[" * 9_999}, 3600)],
)
def test_without_a_time_a_limit_lasts_an_hour(headers, seconds):
    with pytest.raises(SourceLimited) as caught:
        SOURCE.judge(answer_of(Reply(_error(17), 400, headers), "business_discovery"))
    assert caught.value.retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (_usage(call_count=28), None),
        (_usage(total_time=79), None),
        (_usage(total_cputime=90), 20),
        (_usage(call_count=100), 0),
        (_usage(call_count=140), 0),
        ('{"call_count": "many"}', None),
        ("[]", None),
    ],
)
def test_what_is_left_counts_from_when_most_of_it_is_gone(text, left):
    quotas = SOURCE.quotas(answer_of(Reply({}, 200, {"X-App-Usage": text}), "business_discovery"))
    assert [quota.remaining for quota in quotas] == ([] if left is None else [left])
    assert all(quota.resets_at > NOW for quota in quotas)


async def test_a_credential_names_the_account_and_its_token():
    call = ScriptedCall(SOURCE, [])
    auth = await SOURCE.authorise("17841:EAAG:x", call)
    assert auth.headers == {"authorization": "Bearer EAAG:x"}
    assert auth.params == {"user_id": "17841"}
    for wrong in ("EAAG", "17841:", "me:EAAG"):
        with pytest.raises(SourceRefused, match="IG_USER_ID:ACCESS_TOKEN"):
            await SOURCE.authorise(wrong, call)


def test_the_plan_is_a_number_of_calls_an_hour():
    def calls(settings: SourceSettings) -> int:
        return next(one.amount for one in SOURCE.allowances(settings) if one.endpoint == "*")

    assert calls(SourceSettings()) == 200
    assert calls(SourceSettings(plan="4800")) == 4800
    assert {one.endpoint: one.amount for one in SOURCE.allowances(SourceSettings())}["hashtag_search"] == 30
