"""Answers of the real X, recorded by public client libraries since 2020, are read as what they are.

SocialData has no recorded answer: its objects are those of the X API 1.1, of which there are some.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord
from enrich.normalise import socialdata, x_api_v2
from fetchers.sources.x_api_v2 import SOURCE
from tests.fixtures.scripted import Reply, answer_of

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
PAYLOADS = Path(DATA or ".") / "payloads"
pytestmark = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of recorded answers")


def _exchange(name: str) -> dict[str, Any]:
    found = json.loads((PAYLOADS / "x_api_v2" / name).read_text(encoding="utf-8"))
    return found[0]["response"] if isinstance(found, list) else found["response"]


def _body(name: str) -> dict[str, Any]:
    text = (PAYLOADS / "x_api_v2" / name).read_text(encoding="utf-8")
    return json.loads(text.splitlines()[0]) if name.endswith(".jsonl") else json.loads(text)


def _record(source: str, kind: str, body: dict[str, Any], native_id: str = "any") -> RawRecord:
    return RawRecord(
        platform=Platform.X,
        source=source,
        kind=kind,
        native_id=native_id,
        fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
        body=body,
    )


@pytest.mark.parametrize(
    ("file", "follows"),
    [
        ("user_by_username__200_success_default_payload.json", None),
        ("user_by_username__200_success_request_fields_for_user_and_expanded_pinned_tweet.json", None),
        ("cassette_test_client_get_user.json", None),
        ("sns_user__user_resp.json", 2038),
        ("twittered_user_example_v2.json", 2357),
    ],
)
def test_recorded_users_are_accounts(file, follows):
    body = _body(file) if not file.startswith(("user_", "cassette")) else _exchange(file)["body"]
    found = x_api_v2.normalise(_record("x_api_v2", "user", body))
    (account,) = found.accounts
    assert (account.native_id, account.handle) == (body["data"]["id"], body["data"]["username"])
    assert account.following == follows
    assert ("public_metrics" in found.missing) == (follows is None)
    assert "t.co" not in (account.website or "")


def test_a_recorded_user_is_read_to_the_last_field():
    body = _body("twittered_user_example_v2.json")
    found = x_api_v2.normalise(_record("x_api_v2", "user", body))
    (account,), (pinned,) = found.accounts, found.posts
    assert (account.country, account.verified, account.posts) == ("ES", True, 38793)
    assert account.joined_on == datetime(2009, 11, 23, tzinfo=UTC).date()
    assert (pinned.likes, pinned.comments, pinned.shares, pinned.views) == (2286, 232, 1910 + 237, None)


@pytest.mark.parametrize(
    ("file", "posts"),
    [
        ("sns_timeline__timeline_tweets.json", 5),
        ("cassette_test_client_search_recent_tweets.json", 10),
        ("recent_search__200_success_recent_search_default_payload.json", 10),
        ("twarc_edited.jsonl", 1),
        ("twarc_verified_type.jsonl", 1),
    ],
)
def test_recorded_posts_are_posts(file, posts):
    body = _exchange(file)["body"] if file.startswith(("recent", "cassette")) else _body(file)
    author = body["data"][0].get("author_id", "any")
    found = x_api_v2.normalise(_record("x_api_v2", "tweets", body, native_id=author))
    assert len(found.posts) == posts
    assert {post.account_id for post in found.posts} == {f"x:{author}"}


def test_recorded_media_are_of_the_posts_that_they_are_attached_to():
    body = _exchange("recent_search__200_success_request_expanded_media_fields.json")["body"]
    own = [{**one, "text": one["text"].removeprefix("RT ")} for one in body["data"]]
    found = x_api_v2.normalise(_record("x_api_v2", "tweets", {**body, "data": own}))
    types = {one["media_key"]: one["type"] for one in body["includes"]["media"]}
    told = [[types[key] for key in one.get("attachments", {}).get("media_keys", ())] for one in own]
    forms = {(): "text", ("photo",): "image", ("photo", "photo"): "carousel", ("video",): "video"}
    assert [post.kind for post in found.posts] == [forms[tuple(some)] for some in told]
    assert {"text", "image", "carousel", "video"} == {post.kind for post in found.posts}
    assert all((post.picture_url is not None) <= (post.kind != "text") for post in found.posts)
    assert all(post.mentions for post in found.posts)
    # Without the media themselves, what X writes into the text tells most of them.
    alone = x_api_v2.normalise(_record("x_api_v2", "tweets", {"data": own})).posts
    assert all(post.kind in {None, known.kind} for post, known in zip(alone, found.posts, strict=True))
    assert sum(post.kind is not None for post in alone) > sum(not some for some in told)


@pytest.mark.parametrize(
    "file", ["twarc_verified_type.jsonl", "sns_user__users_resp.json", "sns_searches__search_tweets_query.json"]
)
def test_every_user_of_a_recorded_answer_is_read(file):
    body = _body(file)
    users = body.get("includes", {}).get("users") or body["data"]
    for user in users:
        (account,) = x_api_v2.normalise(_record("x_api_v2", "search", {"data": user})).accounts
        assert account.native_id == user["id"]


@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("user_by_username__200_success_user_not_found.json", TargetGone),
        ("user_by_username__429_rate_limit_exceeded.json", SourceLimited),
        ("stream_see_description___429_too_many_requests.json", SourceLimited),
        ("retrieve_rules__401_unauthorized.json", SourceRefused),
        ("retrieve_rules__403_forbidden_client_not_enrolled.json", SourceRefused),
        ("users_by_username__400_bad_request_too_many_users.json", SourceUnavailable),
    ],
)
def test_recorded_errors_mean_what_they_say(file, error):
    answer = _exchange(file)
    body = answer["body"]
    raw = body.encode() if isinstance(body, str) else None
    reply = Reply(None if raw else body, answer["status"], answer["headers"], raw=raw)
    with pytest.raises(error):
        SOURCE.judge(answer_of(reply, "users"))


def test_a_recorded_answer_with_some_users_is_good_and_says_what_is_left():
    answer = _exchange("users_by_username__200_success_some_users_not_found.json")
    good = answer_of(Reply(answer["body"], answer["status"], answer["headers"]), "users")
    SOURCE.judge(good)
    assert [one.remaining for one in SOURCE.quotas(good)] == [2]


def test_a_user_of_the_old_api_is_what_socialdata_returns():
    body = _exchange("cassette_testgetuser.json")["body"]
    (account,) = socialdata.normalise(_record("socialdata", "user", body)).accounts
    assert (account.native_id, account.handle, account.verified) == ("783214", "Twitter", True)
    assert (account.followers, account.following, account.posts) == (59112688, 0, 14045)
    assert account.joined_on == datetime(2007, 2, 20, tzinfo=UTC).date()
    assert account.website == "https://about.twitter.com/"
    assert account.avatar_url == body["profile_image_url_https"]


def test_posts_as_the_web_client_of_x_gets_them_are_what_socialdata_returns():
    timeline = json.loads((PAYLOADS / "x_web_graphql" / "raw_user_tweets.json").read_text(encoding="utf-8"))
    posts = [one for one in _legacy(timeline) if one.get("user_id_str") == "2244994945" and "full_text" in one]
    own = [one for one in posts if "retweeted_status_result" not in one]
    assert len(own) > 1
    found = socialdata.normalise(_record("socialdata", "tweets", {"tweets": own}, native_id="2244994945"))
    assert [post.native_id for post in found.posts] == [one["id_str"] for one in own]
    assert all(post.posted_at and post.likes is not None and "&amp;" not in (post.text or "") for post in found.posts)
    assert [post.kind != "text" for post in found.posts] == ["extended_entities" in one for one in own]
    assert {post.kind for post in found.posts} > {"text"}


def _legacy(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [one for item in part for one in _legacy(item)]
    if not isinstance(part, dict):
        return []
    here = [part["legacy"]] if isinstance(part.get("legacy"), dict) else []
    return here + [one for item in part.values() for one in _legacy(item)]
