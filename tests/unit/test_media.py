"""Pictures within limits, annotations as records, and what of them searches read."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from creators.annotations import Annotation
from creators.errors import BadInput, SchemaDrift, SetupError
from creators.models import Account, Platform, RawRecord
from creators.stores.lake import MEDIA, Lake
from enrich.media import ocr
from enrich.media.ocr import Reading
from enrich.media.pictures import MAX_BYTES, MAX_SIDE, pixels_of
from enrich.media.taken import take_in
from enrich.normalise import normaliser_of
from enrich.signals.compute import derivable
from enrich.signals.facts import CreatorFacts
from enrich.signals.media import MediaSignal

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def encoded(image, form="PNG", **more):
    into = BytesIO()
    image.save(into, form, **more)
    return into.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_any_form_becomes_red_green_blue(form):
    pixels = pixels_of(encoded(Image.new("RGB", (30, 20), "red"), form))
    assert (pixels.shape, pixels.dtype) == ((20, 30, 3), np.uint8)
    red, green, blue = pixels[10, 15]
    assert red > 240
    assert max(green, blue) < 20


def test_what_is_transparent_is_white_and_what_is_large_becomes_smaller():
    assert pixels_of(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))).min() == 255
    assert pixels_of(encoded(Image.new("L", (3 * MAX_SIDE, 30)))).shape == (10, MAX_SIDE, 3)


def test_a_bomb_is_refused_before_it_is_unpacked():
    # 81 million pixels in a file of some kB.
    with pytest.raises(BadInput, match=r"9000 x 9000: send at most 40,000,000 pixels"):
        pixels_of(encoded(Image.new("1", (9_000, 9_000))))
    with pytest.raises(BadInput, match="bytes: send at most"):
        pixels_of(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg/>",
        encoded(Image.new("RGB", (64, 64), "red"))[:60],
        encoded(Image.new("1", (4, 4)), "BMP"),
    ],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(BadInput, match="cannot be read as a picture"):
        pixels_of(data)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    for missing in ("rapidocr", "PIL.Image"):
        monkeypatch.setitem(sys.modules, missing, None)
    ocr._engine.cache_clear()
    with pytest.raises(SetupError, match=r"install creatorscope\[ocr\]"):
        ocr.method()
    with pytest.raises(SetupError, match=r"install creatorscope\[ocr\]"):
        pixels_of(b"")


def test_the_same_bytes_are_read_once_by_one_method(tmp_path):
    lake, asked = Lake(tmp_path.as_uri()), []

    def read(data):
        asked.append(data)
        return Reading("Rye", 0.9, "m-1")

    first = take_in(lake, "x:1", b"picture", "m-1", read)
    assert take_in(lake, "x:1", b"picture", "m-1", read) == first
    other = take_in(lake, "tiktok:2", b"picture", "m-1", read)
    assert (other.platform, other.native_id, other.body) == (Platform.TIKTOK, "2", first.body)
    assert asked == [b"picture"]
    (kept,) = [key for key in lake.list_keys(MEDIA) if key.endswith("/bytes")]
    assert lake.get(kept) == b"picture"
    lake.delete([kept])
    assert lake.exists(kept), "what was handed in is kept like raw records"
    assert take_in(lake, "x:1", b"other", "m-1", lambda _data: None) is None


def record(**body):
    full = {"medium": "a" * 64, "method": "m", "text": "Call me: +49 30 123456", "confidence": 0.9} | body
    return RawRecord(platform="x", source="media", kind="annotation", native_id="7", fetched_at=NOW, body=full)


def test_an_annotation_is_read_without_ways_of_contact():
    found = normaliser_of("media")(record())
    assert found.accounts == ()
    (one,) = found.annotations
    assert (one.account_id, one.medium, one.confidence) == ("x:7", "a" * 64, 0.9)
    assert "123456" not in one.text
    (silent,) = normaliser_of("media")(record(text="", confidence=None)).annotations
    assert silent.text is None


@pytest.mark.parametrize("wrong", [{"medium": "../../x"}, {"confidence": 2}, {"text": None}])
def test_another_form_is_drift(wrong):
    with pytest.raises(SchemaDrift):
        normaliser_of("media")(record(**wrong))
    with pytest.raises(SchemaDrift, match="kind"):
        normaliser_of("media")(record().model_copy(update={"kind": "picture"}))


def said(number, text, account_id="x:7"):
    medium = f"{number:064x}"
    at = NOW + timedelta(hours=number)
    return Annotation(account_id=account_id, medium=medium, method="m", text=text, confidence=None, fetched_at=at)


def test_texts_are_distinct_and_the_newest_comes_first():
    account = Account(platform="x", native_id="7", source="list", fetched_at=NOW)
    told = (said(1, "Rye"), said(2, "Spelt"), said(3, None), said(4, "Rye"))
    facts = CreatorFacts("c", (account,), annotations=told)
    signal = MediaSignal()
    (media,) = signal.compute([facts])
    assert (media.texts, media.with_text, media.sample_size, media.coverage) == (("Rye", "Spelt"), 3, 4, 0.75)
    assert media.as_of == NOW + timedelta(hours=4)
    turned = replace(facts, annotations=told[::-1])
    assert signal.compute([turned]) == [media]
    assert signal.inputs(turned) == signal.inputs(facts)
    assert signal.compute([replace(facts, annotations=())]) == [None]


def test_media_of_an_account_that_must_not_be_derived_from_are_left_out():
    closed = Account(platform="x", native_id="7", source="list", fetched_at=NOW, may_derive=False)
    open_one = Account(platform="tiktok", native_id="8", source="list", fetched_at=NOW)
    facts = CreatorFacts("c", (closed, open_one), annotations=(said(1, "Rye"), said(2, "Oats", "tiktok:8")))
    (media,) = MediaSignal().compute([derivable(facts)])
    assert media.texts == ("Oats",)
