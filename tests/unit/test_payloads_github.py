"""Answers of the real GitHub API, recorded by public client libraries since 2012, are read as what they are."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from creators.errors import SourceLimited, TargetGone
from creators.models import Platform, RawRecord
from enrich.normalise.github_rest import normalise
from fetchers.sources.github_rest import SOURCE
from tests.fixtures.scripted import Reply, answer_of

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
PAYLOADS = Path(DATA or ".") / "payloads" / "github"
pytestmark = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of recorded answers")


def _exchanges(name: str) -> list[dict]:
    return [one["response"] for one in json.loads((PAYLOADS / name).read_text(encoding="utf-8"))]


def _normalised(kind: str, body: dict):
    return normalise(
        RawRecord(
            platform=Platform.GITHUB,
            source=SOURCE.name,
            kind=kind,
            native_id="any",
            fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
            body=body,
        )
    )


@pytest.mark.parametrize(
    "file",
    ["cassette_GitHub_user.json", "replay_NamedUser.setUp.json", "replay_NamedUser.testAttributesOfOtherUser.json"],
)
def test_recorded_people_are_accounts(file):
    body = _exchanges(file)[0]["body"]
    found = _normalised("user", body)
    (account,) = found.accounts
    assert (account.native_id, account.handle) == (str(body["id"]), body["login"])
    assert (account.followers, account.posts) == (body["followers"], body["public_repos"])
    assert account.has_email
    assert body["email"] not in account.model_dump_json()
    assert ("twitter_username" in found.missing) == ("twitter_username" not in body)


def test_recorded_repositories_are_posts_and_their_pages_leads():
    body = _exchanges("replay_NamedUser.testGetRepos.json")[0]["body"]
    found = _normalised("repos", {"items": body})
    assert [post.native_id for post in found.posts] == [
        f"repo:{one['id']}" for one in body if not one["fork"] and not one["private"]
    ]
    assert {lead.reason for lead in found.leads} <= {"repository", "mention", "link"}


def test_a_recorded_quota_is_read():
    response = _exchanges("replay_NamedUser.setUp.json")[0]
    (quota,) = SOURCE.quotas(answer_of(Reply(response["body"], headers=response["headers"]), "core"))
    assert (quota.endpoint, quota.remaining) == ("core", 4996)


def test_a_recorded_limit_and_an_unknown_person_are_what_they_are():
    limited = _exchanges("replay_SpecificExceptions.testRateLimitExceeded.json")[-1]
    with pytest.raises(SourceLimited):
        SOURCE.judge(answer_of(Reply(limited["body"], limited["status"], limited["headers"])))
    unknown = _exchanges("replay_Exceptions.testUnknownUser.json")[0]
    with pytest.raises(TargetGone):
        SOURCE.judge(answer_of(Reply(unknown["body"], unknown["status"], unknown["headers"])))
