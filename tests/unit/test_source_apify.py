"""How a run of an actor is started, awaited and read, what it costs, and what errors of Apify mean."""

from __future__ import annotations

from datetime import timedelta

import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform
from creators.settings import SourceSettings
from creators.targets import parse_target
from fetchers.sources import apify
from fetchers.sources.apify import ACTORS, PAGE, RUN_S, SOURCE, WAIT_S
from tests.fixtures.scripted import NOW, Reply, ScriptedCall, answer_of

NORI = parse_target("profile:instagram:@nori.bakes")


def _run(status: str) -> Reply:
    return Reply({"data": {"id": "run1", "actId": "a", "status": status, "defaultDatasetId": "set1"}})


def _error(kind: str) -> dict:
    return {"error": {"type": kind, "message": "no"}}


@pytest.fixture
def _unhurried(monkeypatch):
    monkeypatch.setattr(apify, "PAUSES_S", (0.0,))


@pytest.mark.parametrize(
    ("target", "actor", "asked", "item"),
    [
        ("profile:instagram:@nori.bakes", "apify~instagram-profile-scraper", {"usernames": ["nori.bakes"]}, {"id": 7}),
        (
            "profile:tiktok:@nori.bakes",
            "clockworks~tiktok-profile-scraper",
            {"profiles": ["nori.bakes"]},
            {"authorMeta": {"id": "7"}},
        ),
        ("profile:x:@nori", "apidojo~tweet-scraper", {"twitterHandles": ["nori"]}, {"author": {"id": "7"}}),
    ],
)
async def test_a_run_is_started_with_limits_and_its_dataset_is_one_record(target, actor, asked, item):
    call = ScriptedCall(SOURCE, [_run("SUCCEEDED"), Reply([item])])
    target = parse_target(target)
    found = await SOURCE.fetch(target, call)
    start, items = call.asked
    assert start.path == f"acts/{actor}/runs"
    assert asked.items() <= start.json.items()
    assert start.params["timeout"] == str(RUN_S)
    assert start.params["maxItems"] == str(ACTORS[target.platform].items)
    assert (items.endpoint, items.path, items.same_credential) == ("items", "datasets/set1/items", True)
    assert [(one.kind, one.native_id, one.body) for one in found.records] == [
        (str(target.platform), "7", {"items": [item]})
    ]
    assert found.cost_usd == pytest.approx(ACTORS[target.platform].item_usd)
    assert found.records[0].cost_usd == found.cost_usd


@pytest.mark.usefixtures("_unhurried")
async def test_a_run_is_looked_at_until_it_has_ended_even_when_a_look_fails():
    replies = [_run("READY"), _run("RUNNING"), Reply(status=502), _run("SUCCEEDED"), Reply([{"id": "7"}])]
    call = ScriptedCall(SOURCE, replies)
    found = await SOURCE.fetch(NORI, call)
    assert [ask.endpoint for ask in call.asked] == ["runs", "run", "run", "run", "items"]
    assert {ask.path for ask in call.asked[1:4]} == {"actor-runs/run1"}
    assert all(ask.same_credential for ask in call.asked[1:])
    assert not call.asked[0].same_credential
    assert len(found.records) == 1


@pytest.mark.usefixtures("_unhurried")
async def test_a_run_that_never_ends_is_left(monkeypatch):
    monkeypatch.setattr(apify, "WAIT_S", 0.0)
    call = ScriptedCall(SOURCE, lambda _: _run("RUNNING"))
    with pytest.raises(SourceUnavailable, match="not ended"):
        await SOURCE.fetch(NORI, call)
    assert "items" not in [ask.endpoint for ask in call.asked]
    assert len([ask for ask in call.asked if ask.endpoint == "runs"]) == 1


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
async def test_a_run_that_failed_is_no_account_that_is_gone(status):
    with pytest.raises(SourceUnavailable, match=status):
        await SOURCE.fetch(NORI, ScriptedCall(SOURCE, [_run(status)]))


async def test_what_was_paid_for_before_a_run_timed_out_is_kept():
    found = await SOURCE.fetch(NORI, ScriptedCall(SOURCE, [_run("TIMED-OUT"), Reply([{"id": "7"}])]))
    assert len(found.records) == 1
    with pytest.raises(SourceUnavailable, match="TIMED-OUT"):
        await SOURCE.fetch(NORI, ScriptedCall(SOURCE, [_run("TIMED-OUT"), Reply([])]))


@pytest.mark.parametrize(
    "items",
    [[], [{"noResults": True}], [{"username": "nori.bakes", "error": "not_found"}], [{"errorCode": 1, "error": "x"}]],
)
async def test_a_run_that_found_nothing_says_that_the_account_is_gone(items):
    with pytest.raises(TargetGone):
        await SOURCE.fetch(NORI, ScriptedCall(SOURCE, [_run("SUCCEEDED"), Reply(items)]))


async def test_a_long_dataset_is_read_page_by_page():
    pages = [Reply([{"author": {"id": "7"}}] * PAGE), Reply([{"author": {"id": "7"}}] * 5)]
    call = ScriptedCall(SOURCE, [_run("SUCCEEDED"), *pages])
    found = await SOURCE.fetch(parse_target("profile:x:@nori"), call)
    assert [ask.params["offset"] for ask in call.asked[1:]] == ["0", str(PAGE)]
    assert len(found.records[0].body["items"]) == PAGE + 5
    endless = ScriptedCall(SOURCE, lambda ask: _run("SUCCEEDED") if ask.endpoint == "runs" else pages[0])
    assert len((await SOURCE.fetch(parse_target("profile:x:@nori"), endless)).records[0].body["items"]) == 300


async def test_an_id_is_not_asked_for_and_not_paid_for():
    call = ScriptedCall(SOURCE, [])
    with pytest.raises(SourceRefused, match="handle"):
        await SOURCE.fetch(parse_target("profile:x:4400112233"), call)
    assert call.asked == []


async def test_a_run_without_an_id_is_no_run():
    with pytest.raises(SourceUnavailable, match="id, the state or the dataset"):
        await SOURCE.fetch(NORI, ScriptedCall(SOURCE, [Reply({"data": {"id": "run1"}})]))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(_error("token-not-valid"), 401), SourceRefused),
        (Reply(_error("not-enough-usage-to-run-paid-actor"), 402), SourceRefused),
        (Reply(_error("platform-feature-disabled"), 403), SourceRefused),
        (Reply(_error("actor-memory-limit-exceeded"), 402), SourceLimited),
        (Reply(_error("rate-limit-exceeded"), 429, {"retry-after": "3"}), SourceLimited),
        (Reply(_error("record-not-found"), 404), SourceUnavailable),
        (Reply(raw=b"", status=503), SourceUnavailable),
    ],
)
def test_an_answer_means_what_apify_documents(reply, error):
    with pytest.raises(error) as caught:
        SOURCE.judge(answer_of(reply, "runs"))
    if error is SourceLimited:
        assert NOW < caught.value.retry_at <= NOW + timedelta(minutes=1)


async def test_the_token_is_a_header():
    auth = await SOURCE.authorise("apify_api_x", ScriptedCall(SOURCE, []))
    assert auth.headers == {"authorization": "Bearer apify_api_x"}
    assert not auth.params


def test_a_run_ends_before_it_is_left_and_its_price_is_that_of_all_items():
    assert RUN_S < WAIT_S
    assert {parse_target(f"profile:{name}:@a").platform for name in ("instagram", "tiktok", "x")} == set(ACTORS)
    assert SOURCE.price_usd(parse_target("profile:tiktok:@a")) == pytest.approx(12 * ACTORS[Platform.TIKTOK].item_usd)
    assert SOURCE.allowances(SourceSettings())[0].amount == 250_000
