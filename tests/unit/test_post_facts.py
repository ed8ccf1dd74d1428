"""What posts tell beside their words: lengths, forms, pictures, names, commenters."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Post
from enrich.normalise.post_facts import (
    MAX_NAMED,
    commenters,
    handles,
    length_s,
    picture,
    seal,
    video_kind,
    youtube_kind,
)
from enrich.normalise.x_media import Attached, media_facts

AT = datetime(2026, 3, 1, tzinfo=UTC)
SHORTS_GREW = datetime(2024, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT15S", 15.0),
        ("PT1H2M3S", 3723.0),
        ("P1DT1S", 86_401.0),
        ("P1W", 604_800.0),
        ("PT0.5S", 0.5),
        ("P0D", None),
        ("PT0S", None),
        ("", None),
        (None, None),
        ("1:02", None),
        ("PT1H trailing", None),
    ],
)
def test_a_length_is_read_and_a_stream_that_goes_on_has_none(text, seconds):
    assert length_s(text) == seconds


@given(st.integers(1, 10**6))
def test_a_length_in_any_units_is_the_same(seconds):
    minutes, rest = divmod(seconds, 60)
    hours, left = divmod(minutes, 60)
    assert length_s(f"PT{seconds}S") == length_s(f"PT{minutes}M{rest}S") == length_s(f"PT{hours}H{left}M{rest}S")
    assert length_s(f"PT{seconds}S") == float(seconds)


@pytest.mark.parametrize(
    ("seconds", "day", "is_wide", "kind"),
    [
        (60.0, SHORTS_GREW - timedelta(days=1), False, "short"),
        (61.0, SHORTS_GREW - timedelta(days=1), False, "video"),
        (180.0, SHORTS_GREW, False, "short"),
        (180.5, SHORTS_GREW, False, "video"),
        (20.0, SHORTS_GREW, True, "video"),
        (20.0, SHORTS_GREW, None, "short"),
        (None, SHORTS_GREW, False, None),
    ],
)
def test_a_short_of_youtube_is_upright_and_within_the_limit_of_its_day(seconds, day, is_wide, kind):
    assert youtube_kind(seconds, day, is_wide=is_wide) == kind


def test_a_video_elsewhere_is_short_up_to_three_minutes():
    assert [video_kind(seconds) for seconds in (None, 180.0, 181.0)] == ["short", "short", "video"]


def test_the_first_address_of_a_picture_counts():
    assert (
        picture(None, "no address", "javascript:alert(1)", "https://a.example/1.jpg?s=2")
        == "https://a.example/1.jpg?s=2"
    )
    assert picture("ftp://a.example/1.jpg", f"https://a.example/{'x' * 2_000}", "https://me:pw@a.example/1.jpg") is None
    assert picture() is None


def test_handles_are_normalised_and_bounded():
    assert handles(["@Oven.Friend", "oven.friend", " ", "crumb"]) == ("oven.friend", "crumb")
    assert len(handles(f"name{number}" for number in range(3 * MAX_NAMED))) == MAX_NAMED


def test_commenters_are_hashed_then_keyed_and_nobody_is_named_without_a_key():
    hashed = commenters(["999", None, "1001", "999"])
    assert hashed == tuple(hashlib.sha256(one.encode()).hexdigest() for one in ("999", "1001", "999"))
    post = Post(platform="x", native_id="1", account_id="x:1", commenters=hashed, source="test", fetched_at=AT)
    one, other, again = seal(post, b"key").commenters
    assert one == again != other
    assert not {one, other} & set(hashed)
    assert seal(post, b"key") == seal(post, b"key") != seal(post, b"another")
    assert seal(post, None).commenters == ()
    bare = post.model_copy(update={"commenters": ()})
    assert seal(bare, b"key") is bare


VIDEO = Attached("video", "https://a.example/still.jpg", 3.5)
PHOTO = Attached("photo", "https://a.example/1.jpg")
OWN_PHOTO = "https://x.com/rosa/status/1/photo/1"


@pytest.mark.parametrize(
    ("media", "addresses", "is_all", "kind"),
    [
        ((), (), True, "text"),
        ((), ("https://rosa.example/photo/1",), True, "text"),
        ((PHOTO,), (), True, "image"),
        ((PHOTO, PHOTO), (), True, "carousel"),
        ((PHOTO, VIDEO), (), True, "video"),
        ((), ("https://twitter.com/rosa/status/1/video/1",), True, "video"),
        # One picture or several: they share one address.
        ((), (OWN_PHOTO,), True, None),
        ((), (), False, None),
    ],
)
def test_the_form_of_a_post_on_x_is_what_is_attached(media, addresses, is_all, kind):
    found = media_facts(media, addresses, is_all=is_all)
    assert found["kind"] == kind
    assert found["duration_s"] == (VIDEO.duration_s if VIDEO in media else None)
    assert found["picture_url"] == (media[0].url if media else None)
