"""What is taken in: the form of events and payloads, times, and names that stay the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api import inbox
from creators.errors import BadInput
from creators.models import Platform
from enrich.normalise.event import ProfileEvent, normalise

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVENT = {"platform": "github", "handle": "tilda-makes", "followers": 10}
CHANNEL = "UCaaaaaaaaaaaaaaaaaaaaaa"


def _batch(*records: dict) -> inbox.EventBatch:
    return inbox.EventBatch.model_validate({"source": "event", "records": records})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"handle": None}, ()),
        ({"handle": "two words"}, ("handle",)),
        ({"handle": "https://github.com/x"}, ("handle",)),
        ({"handle": "@"}, ("handle",)),
        ({"native_id": "@tilda"}, ("native_id",)),
        ({"native_id": "tilda"}, ("native_id",)),
        ({"platform": "youtube", "native_id": "123"}, ("native_id",)),
        ({"platform": "myspace"}, ("platform",)),
        ({"followers": -1}, ("followers",)),
        ({"followers": 10**16}, ("followers",)),
        ({"average_likes": float("inf")}, ("average_likes",)),
        ({"engagement_rate": float("nan")}, ("engagement_rate",)),
        ({"country": "Spain"}, ("country",)),
        ({"website": "javascript:alert(1)"}, ("website",)),
        ({"website": "not an address"}, ("website",)),
        ({"links": ["https://ok.example", "no"]}, ("links", 1)),
        ({"follower": 1}, ("follower",)),
        ({"recent_posts": [{"text": "no id"}]}, ("recent_posts", 0, "native_id")),
        ({"name": "\ud800"}, ("name",)),
    ],
)
def test_an_event_that_cannot_be_used_is_refused_by_field(change, field):
    with pytest.raises(ValidationError) as caught:
        _batch(EVENT | change)
    assert caught.value.errors()[0]["loc"] == ("records", 0, *field)


def test_an_event_is_an_account_with_posts_links_and_leads():
    batch = _batch(
        EVENT
        | {
            "platform": "youtube",
            "native_id": CHANNEL,
            "handle": "@Ovens",
            "bio": "bread, with @rye.kitchen; write hello@ovens.example",
            "website": "ovens.example",
            "links": ["https://instagram.com/ovens"],
            "average_views": 12.5,
            "recent_posts": [{"native_id": "v1", "text": "loaf #bread", "likes": 3}],
        }
    )
    (record,) = inbox._records(batch, NOW)
    found = normalise(record)
    (account,) = found.accounts
    assert (account.account_id, account.handle, account.fetched_at) == (f"youtube:{CHANNEL}", "Ovens", NOW)
    assert (account.website, account.has_email, account.averages.views) == ("https://ovens.example", True, 12.5)
    assert "hello@" not in account.model_dump_json()
    assert [(link.platform, link.handle) for link in account.links] == [("instagram", "ovens")]
    assert [(post.account_id, post.likes, post.hashtags) for post in found.posts] == [
        (account.account_id, 3, ("bread",))
    ]
    assert {lead.value for lead in found.leads} == {"@rye.kitchen", "@ovens", "https://ovens.example"}


def test_an_event_without_an_id_is_filed_under_its_handle():
    assert inbox._records(_batch(EVENT | {"handle": "@Tilda-Makes"}), NOW)[0].native_id == "@tilda-makes"


def test_the_time_that_is_sent_stands_and_one_from_the_future_does_not():
    (record,) = inbox._records(_batch(EVENT | {"observed_at": "2025-01-02T03:04:05+01:00"}), NOW)
    assert record.fetched_at == datetime(2025, 1, 2, 2, 4, 5, tzinfo=UTC)
    inbox._check_times([None, NOW + timedelta(minutes=4)], NOW)
    for at in (NOW + timedelta(minutes=6), datetime(1999, 1, 1, tzinfo=UTC)):
        with pytest.raises(BadInput) as caught:
            inbox._check_times([None, at], NOW)
        assert caught.value.field == "records/1/observed_at"


def test_a_batch_is_named_by_its_content_alone():
    one, other = {"platform": "x", "handle": "tilda"}, {"handle": "tilda", "platform": "x"}
    assert inbox._canonical(_batch(one)) == inbox._canonical(_batch(other))
    assert inbox._canonical(_batch(one)) != inbox._canonical(_batch(one | {"followers": 0}))
    assert inbox._canonical(_batch(one)) != inbox._canonical(_batch(one, one))


def test_a_payload_of_a_source_is_read_before_it_is_taken_in():
    good = {"kind": "user", "platform": "github", "native_id": "7", "body": {"login": "a", "id": 7}}
    batch = inbox.PayloadBatch.model_validate({"source": "github_rest", "records": [good]})
    with pytest.raises(BadInput) as caught:
        inbox._check_readable(inbox._records(batch, NOW))
    assert caught.value.field.startswith("records/0/body/")
    assert "Person" in caught.value.detail


def test_a_payload_that_json_cannot_hold_and_a_source_that_nobody_knows_are_refused():
    item = {"kind": "user", "platform": "github", "native_id": "7", "body": {"n": float("nan")}}
    with pytest.raises(BadInput, match="JSON"):
        inbox._canonical(inbox.PayloadBatch.model_validate({"source": "github_rest", "records": [item]}))
    for source in ("myspace", "dataset", "../event"):
        with pytest.raises(ValidationError, match="is no source"):
            inbox.PayloadBatch.model_validate({"source": source, "records": [item]})


@given(
    platform=st.sampled_from([Platform.X, Platform.GITHUB, Platform.INSTAGRAM, Platform.TIKTOK]),
    native_id=st.integers(0, 10**20),
    bio=st.text(max_size=300),
    followers=st.integers(0, 10**12),
)
def test_whatever_is_taken_in_normalises(platform, native_id, bio, followers):
    event = {"platform": platform, "native_id": str(native_id), "bio": bio, "followers": followers}
    (record,) = inbox._records(_batch(event), NOW)
    (account,) = normalise(record).accounts
    assert (account.native_id, account.followers) == (str(native_id), followers)
    assert ProfileEvent.model_validate(record.body).bio == bio
