"""Cursors: only ours, only for the same question."""

import base64
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from creators.errors import BadCursor
from creators.keys import KEY_BYTES, installation_key
from creators.settings import Settings
from search.cursor import Position, decode, encode, new_token

KEY = b"k" * KEY_BYTES
POSITION = Position("token", 20, "fingerprint")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def raw_of(cursor):
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def cursor_of(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(TEXT, st.integers(0, 10**6), TEXT, st.binary(min_size=1, max_size=40))
def test_a_position_survives_its_cursor(token, offset, fingerprint, key):
    position = Position(token, offset, fingerprint)
    cursor = encode(position, key)
    assert decode(cursor, key, fingerprint=fingerprint) == position
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def refused(cursor, key=KEY, fingerprint="fingerprint"):
    with pytest.raises(BadCursor) as caught:
        decode(cursor, key, fingerprint=fingerprint)
    assert (caught.value.field, caught.value.status) == ("cursor", 400)
    return caught.value.detail


@given(st.data())
def test_a_flipped_bit_anywhere_is_a_forgery(data):
    raw = bytearray(raw_of(encode(POSITION, KEY)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert "not one of ours" in refused(cursor_of(bytes(raw)))


@pytest.mark.parametrize("length", range(0, 40, 3))
def test_a_cut_cursor_is_a_forgery(length):
    raw = raw_of(encode(POSITION, KEY))
    assert "not one of ours" in refused(cursor_of(raw[:length]))


def test_the_payload_of_another_cursor_does_not_fit_a_signature():
    ours, other = (raw_of(encode(Position("token", offset, "fingerprint"), KEY)) for offset in (20, 40))
    assert "not one of ours" in refused(cursor_of(ours[:16] + other[16:]))


def test_another_key_made_it():
    assert "not one of ours" in refused(encode(POSITION, b"other"))
    assert "not one of ours" in refused(encode(POSITION, KEY), key=b"")


def test_another_question_made_it():
    assert "another query" in refused(encode(POSITION, KEY), fingerprint="other")


@pytest.mark.parametrize(
    "garbage",
    ["", " ", "a", "====", "not base64!", "ñandú", "\ud800", "\U0001f600", "A" * 10_000, "a+b/", "null", "\x00"],
)
def test_garbage(garbage):
    assert "not one of ours" in refused(garbage)


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_that_we_did_not_make(text):
    assert "next_cursor" in refused(text)


def test_tokens_are_not_guessed():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) == 16


def test_the_key_is_made_once_and_is_for_its_owner_only(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    key = installation_key(settings)
    assert len(key) == KEY_BYTES
    assert installation_key(settings) == key
    (file,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert installation_key(Settings(data_dir=tmp_path / "other")) != key


def test_many_that_start_at_once_agree_on_the_key(tmp_path):
    settings = Settings(data_dir=tmp_path)
    together = threading.Barrier(8)

    def start(_number):
        together.wait(timeout=10)
        return installation_key(settings)

    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(start, range(8)))
        assert [len(key) for key in keys] == [KEY_BYTES]
        (tmp_path / "cursor.key").unlink()


def test_the_setting_comes_first(tmp_path):
    assert installation_key(Settings(data_dir=tmp_path, cursor_secret=SecretStr("sésame"))) == "sésame".encode()
    assert list(tmp_path.iterdir()) == []
