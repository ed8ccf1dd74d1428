"""Which pictures are offered, when two are one, and how alike two look."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from creators.annotations import Annotation
from creators.errors import SetupError
from creators.models import Account, Post, RawRecord
from creators.stores.pictures import Picture
from enrich.media.dhash import dhash, distance
from enrich.media.offered import worth_a_look
from enrich.media.pictures import pixels_of
from enrich.normalise import normaliser_of
from enrich.signals.facts import CreatorFacts
from enrich.signals.media import MediaSignal
from simulator.pictures import png_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
AVATAR = "https://cdn.example/a/1.jpg"


def test_a_hash_survives_scaling_and_compression_and_tells_pictures_apart():
    image = Image.open(BytesIO(png_of(1, 30)))
    kept = dhash(pixels_of(png_of(1, 30)))
    for side, quality in ((96, 40), (300, 70), (700, 90)):
        into = BytesIO()
        image.resize((side, side)).save(into, "JPEG", quality=quality)
        assert distance(kept, dhash(pixels_of(into.getvalue()))) <= 4
    others = [dhash(pixels_of(png_of(seed, 12))) for seed in range(2, 40)]
    assert min(distance(kept, one) for one in others) > 10


def test_bits_are_brighter_than_left_row_by_row_from_the_highest():
    rising = np.tile(np.linspace(0, 255, 90, dtype=np.uint8), (80, 1))
    assert dhash(np.stack([rising] * 3, axis=2)) == "f" * 16
    assert dhash(np.stack([rising[:, ::-1]] * 3, axis=2)) == "0" * 16
    half = np.concatenate([rising[:40], rising[:40, ::-1]])
    assert dhash(np.stack([half] * 3, axis=2))[:6] == "f" * 6
    assert dhash(np.stack([half] * 3, axis=2))[-6:] == "0" * 6


@given(st.integers(0, 255), st.integers(0, 2**31))
def test_what_is_of_one_shade_has_no_hash(shade, seed):
    flat = np.full((40, 50, 3), shade, dtype=np.uint8)
    assert dhash(flat) is None
    noise = np.random.default_rng(seed).integers(-1, 2, flat.shape)
    assert dhash(np.clip(flat.astype(int) + noise, 0, 255).astype(np.uint8)) is None


@given(*[st.text("0123456789abcdef", min_size=16, max_size=16)] * 2)
def test_a_distance_is_one_of_64_bits_and_the_same_both_ways(left, right):
    assert 0 <= distance(left, right) == distance(right, left) <= 64
    assert (distance(left, right) == 0) is (left == right)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(SetupError, match=r"install creatorscope\[ocr\]"):
        dhash(np.zeros((9, 9, 3), dtype=np.uint8))


def test_the_same_path_of_an_account_is_the_same_picture_whatever_signs_it():
    one = Picture("x:1", "https://eu.cdn.example/p/1.jpg?sig=a", "avatar", NOW)
    assert one.picture_id == replace(one, url="https://us.cdn.example/p/1.jpg?sig=b&e=1").picture_id
    others = [
        replace(one, url="https://eu.cdn.example/p/2.jpg"),
        replace(one, account_id="x:2"),
        replace(one, kind="post"),
        replace(one, url="http://[broken"),
    ]
    assert len({one.picture_id, *(other.picture_id for other in others)}) == 5


def account(**more):
    return Account(platform="x", native_id="1", source="list", fetched_at=NOW, avatar_url=AVATAR, **more)


def post(number, **more):
    at = NOW - timedelta(days=number)
    url = f"https://cdn.example/p/{number}.jpg"
    facts = {"platform": "x", "native_id": str(number), "account_id": "x:1", "picture_url": url, "posted_at": at}
    return Post(**{**facts, "source": "list", "fetched_at": NOW, **more})


def test_the_profile_and_the_newest_posts_are_worth_a_look():
    posts = (post(3), post(1), post(2, picture_url=None), post(4), post(0, account_id="x:9"))
    found = list(worth_a_look(CreatorFacts("c", (account(),), posts), 2, NOW))
    assert [(one.kind, one.url) for one in found] == [
        ("avatar", AVATAR),
        ("post", "https://cdn.example/p/1.jpg"),
        ("post", "https://cdn.example/p/3.jpg"),
    ]
    assert len(list(worth_a_look(CreatorFacts("c", (account(),), posts), 0, NOW))) == 1
    for closed in (account(may_derive=False), account(gone=True)):
        assert list(worth_a_look(CreatorFacts("c", (closed,), posts), 2, NOW)) == []


def test_how_an_avatar_looks_is_told_by_a_record_and_is_no_text():
    body = {"medium": "a" * 64, "method": "dhash-1", "avatar_hash": "0f" * 8}
    record = RawRecord(platform="x", source="media", kind="avatar", native_id="1", fetched_at=NOW, body=body)
    (seen,) = normaliser_of("media")(record).annotations
    assert (seen.account_id, seen.avatar_hash, seen.is_avatar, seen.text) == ("x:1", "0f" * 8, True, None)
    read = Annotation(account_id="x:1", medium="b" * 64, method="m", text="Rye", fetched_at=NOW)
    signal = MediaSignal()
    facts = CreatorFacts("c", (account(),), annotations=(seen,))
    assert signal.compute([facts]) == [None]
    both = replace(facts, annotations=(seen, read))
    assert signal.compute([both]) == signal.compute([replace(facts, annotations=(read,))])
    assert signal.inputs(both) == signal.inputs(replace(facts, annotations=(read,)))
