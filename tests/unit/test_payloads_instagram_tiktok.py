"""Answers for Instagram and TikTok that others recorded or documented are read as what they are."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from creators.errors import SchemaDrift, SourceLimited, SourceRefused
from creators.models import Platform, RawRecord
from enrich.normalise import apify, instagram_graph, tiktok_research
from enrich.normalise.contract import Normalised
from fetchers.sources.instagram_graph import SOURCE as INSTAGRAM
from fetchers.sources.tiktok_research import SOURCE as TIKTOK
from tests.fixtures.scripted import NOW, Reply, answer_of

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
PAYLOADS = Path(DATA or ".") / "payloads"
pytestmark = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of recorded answers")
READERS = {"instagram_graph": instagram_graph, "tiktok_research": tiktok_research, "apify": apify}


def _read(path: str) -> Any:
    return json.loads((PAYLOADS / path).read_text(encoding="utf-8"))


def _normalised(
    source: str, kind: str, body: dict, *, native_id: str = "any", platform: str = "instagram"
) -> Normalised:
    record = RawRecord(
        platform=Platform(platform),
        source=source,
        kind=kind,
        native_id=native_id,
        fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
        body=body,
    )
    found: Normalised = READERS[source].normalise(record)
    return found


def test_a_recorded_professional_account_is_an_account():
    body = _read("instagram_graph/discovery__user_fields.json")
    told = body["business_discovery"]
    found = _normalised("instagram_graph", "profile", body)
    (account,) = found.accounts
    assert (account.handle, account.name) == (told["username"], told["name"])
    assert (account.followers, account.posts) == (told["followers_count"], told["media_count"])
    # Recorded before ig_id was asked for: the handle stands in, and nothing is made of the id of the Graph.
    assert account.native_id == f"@{told['username']}"
    assert set(found.missing) == {"ig_id", "website", "follows_count", "media"}


@pytest.mark.parametrize("page", ["discovery__medias_p1.json", "discovery__medias_p2.json"])
def test_recorded_media_are_posts_of_their_account(page):
    body = _read("instagram_graph/discovery__user_fields.json")
    media = _read(f"instagram_graph/{page}")["business_discovery"]["media"]
    found = _normalised(
        "instagram_graph", "profile", {**body, "business_discovery": {**body["business_discovery"], "media": media}}
    )
    assert [post.likes for post in found.posts] == [item["like_count"] for item in media["data"]]
    assert [post.comments for post in found.posts] == [item["comments_count"] for item in media["data"]]
    assert all(post.posted_at and post.text and post.native_id.isdigit() for post in found.posts)
    kinds = {"IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}
    assert [post.kind for post in found.posts] == [kinds[item["media_type"]] for item in media["data"]]
    still = [item["media_url"] if item["media_type"] != "VIDEO" else None for item in media["data"]]
    assert [post.picture_url for post in found.posts] == still
    assert len({post.native_id for post in found.posts}) == len(media["data"])
    assert found.accounts[0].last_posted_at == max(post.posted_at for post in found.posts)


def test_an_answer_without_the_fields_that_were_asked_for_has_drifted():
    with pytest.raises(SchemaDrift):
        _normalised("instagram_graph", "profile", _read("instagram_graph/discovery__medias_p1.json"))


def test_recorded_media_of_a_hashtag_lead_to_whom_they_mention():
    hashtag = _read("instagram_graph/hashtags__hashtag_info.json")
    media = _read("instagram_graph/hashtags__hashtag_top_medias_p1.json")
    found = _normalised("instagram_graph", "hashtag", {"hashtag": hashtag, **media}, native_id=hashtag["id"])
    assert not found.accounts
    assert not found.posts
    captions = " ".join(item.get("caption", "") for item in media["data"]).casefold()
    assert all(lead.value in captions for lead in found.leads)


def test_recorded_errors_and_usage_of_the_graph_are_what_they_say():
    limited = _read("instagram_graph/rate_limit_headers.json")
    with pytest.raises(SourceLimited):
        INSTAGRAM.judge(answer_of(Reply(limited["error_body_when_exceeded"], 400), "business_discovery"))
    for variant in limited["variants"]:
        assert INSTAGRAM.quotas(answer_of(Reply({}, 200, variant["headers"]), "business_discovery")) == ()
    with pytest.raises(SourceRefused):
        INSTAGRAM.judge(answer_of(Reply(_read("instagram_graph/base__error_data.json"), 400), "business_discovery"))


def test_documented_answers_of_tiktok_are_read():
    body = _read("tiktok/research_api_user_info_documented.json")
    TIKTOK.judge(answer_of(Reply(body), "user_info"))
    (account,) = _normalised("tiktok_research", "user", body, platform="tiktok").accounts
    told = body["data"]
    assert (account.handle, account.native_id) == (told["username"], f"@{told['username']}")
    assert (account.followers, account.following) == (told["follower_count"], told["following_count"])
    page = _read("tiktok/research_api_video_query_documented.json")["response"]["body"]
    TIKTOK.judge(answer_of(Reply(page), "video_query"))
    assert _normalised("tiktok_research", "videos", page, platform="tiktok").posts == ()


def test_a_recorded_item_of_the_instagram_actor_is_an_account_with_posts():
    items = _read("apify/instagram_profile_apifytech.json")
    found = _normalised("apify", "instagram", {"items": items})
    (account,) = found.accounts
    assert (account.native_id, account.followers) == (items[0]["id"], items[0]["followersCount"])
    assert [post.likes for post in found.posts] == [item["likesCount"] for item in items[0]["latestPosts"]]
    assert {f"@{name}" for post in items[0]["latestPosts"] for name in post["mentions"]} <= {
        lead.value for lead in found.leads
    }
    assert found.missing == ()
    assert account.avatar_url == items[0]["profilePicUrlHD"]
    kinds = {"Image": "image", "Video": "video", "Sidecar": "carousel"}
    for post, item in zip(found.posts, items[0]["latestPosts"], strict=True):
        assert post.kind in {kinds[item["type"]], "short"}
        assert post.mentions == tuple(item["mentions"])
        assert post.picture_url == item["displayUrl"]


def test_one_post_has_one_id_in_the_graph_and_in_the_actor():
    post = _read("apify/instagram_profile_apifytech.json")[0]["latestPosts"][0]
    medium = instagram_graph.Medium.model_validate({"id": "1", "permalink": post["url"]})
    assert medium.post_id == post["id"]


def test_recorded_items_of_the_tiktok_actor_are_one_account_with_posts():
    items = _read("apify/tiktok_scraper_items.json")
    found = _normalised("apify", "tiktok", {"items": items}, platform="tiktok")
    (account,) = found.accounts
    assert account.native_id == items[0]["authorMeta"]["id"]
    assert account.followers == items[0]["authorMeta"]["fans"]
    assert [post.views for post in found.posts] == [item["playCount"] for item in items]
    assert account.last_posted_at < NOW
    assert found.missing == ()
    assert account.avatar_url == items[0]["authorMeta"]["avatar"]
    assert [(post.kind, post.duration_s) for post in found.posts] == [
        ("short", float(item["videoMeta"]["duration"])) for item in items
    ]
    assert [post.picture_url for post in found.posts] == [item["videoMeta"]["coverUrl"] for item in items]
    # These items say nothing of advertisements.
    assert all(post.is_sponsored is None for post in found.posts)
