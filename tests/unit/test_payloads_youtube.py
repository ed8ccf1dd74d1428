"""Answers of the real YouTube Data API, recorded by public client libraries, are read as what they are."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from creators.errors import SourceLimited, SourceRefused
from creators.models import Platform, RawRecord
from enrich.normalise.youtube_data_api import normalise
from fetchers.sources.youtube_data_api import SOURCE
from tests.fixtures.scripted import Reply, answer_of

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
PAYLOADS = Path(DATA or ".") / "payloads" / "youtube"
pytestmark = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of recorded answers")


def _read(name: str) -> dict:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def _normalised(kind: str, body: dict):
    return normalise(
        RawRecord(
            platform=Platform.YOUTUBE,
            source=SOURCE.name,
            kind=kind,
            native_id="any",
            fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
            body=body,
        )
    )


@pytest.mark.parametrize("file", ["channel_info_multi.json", "channels__info.json", "channels__info_multiple.json"])
def test_recorded_channels_are_accounts(file):
    for item in _read(file)["items"]:
        (account,) = (found := _normalised("channel", item)).accounts
        assert account.native_id == item["id"]
        assert account.name == item["snippet"]["title"]
        assert account.country == item["snippet"].get("country")
        assert account.joined_on.isoformat() == item["snippet"]["publishedAt"][:10]
        told = item.get("statistics")
        assert account.followers == (int(told["subscriberCount"]) if told else None)
        assert ("statistics" in found.missing) == (told is None)


def test_recorded_videos_are_posts():
    body = _read("videos__videos_info_multi.json")
    found = _normalised("videos", body)
    assert [post.native_id for post in found.posts] == [item["id"] for item in body["items"]]
    assert all(post.posted_at and post.text for post in found.posts)
    largest = [max(item["snippet"]["thumbnails"].values(), key=lambda one: one["width"]) for item in body["items"]]
    assert [post.picture_url for post in found.posts] == [one["url"] for one in largest]
    for post, item in zip(found.posts, body["items"], strict=True):
        assert (post.duration_s is None) == ("contentDetails" not in item)
        assert post.kind in ({"video", "short"} if post.duration_s else {None})


def test_recorded_search_results_are_leads():
    items = _read("search__search_channels.json")["items"]
    found = [_normalised("search", item).leads[0].value for item in items]
    assert found == [item["snippet"]["channelId"] for item in items]


def test_recorded_errors_mean_a_used_up_day_and_a_bad_key():
    with pytest.raises(SourceLimited):
        SOURCE.judge(answer_of(Reply(_read("error_quota_exceeded.json"), 403)))
    with pytest.raises(SourceRefused):
        SOURCE.judge(answer_of(Reply(_read("error_key_invalid.json"), 400)))
    with pytest.raises(SourceRefused):
        SOURCE.judge(answer_of(Reply(_read("error_permission_resp.json"), 403)))
