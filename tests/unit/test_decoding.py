from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import SourceUnavailable
from fetchers.decoding import MAX_DEPTH, MAX_DIGITS, MAX_VALUES, parse_json
from fetchers.http import masked, user_agent

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_comes_back_as_it_was(value):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_json_or_an_unavailable_source(content):
    try:
        parse_json(content)
    except SourceUnavailable:
        return
    json.loads(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" + b"0," * 1_000_000 + b"0]",
        b"[" + b"{}," * MAX_VALUES + b"{}]",
        b"[NaN]",
        b"[-Infinity]",
        b"1e999",
        b"9" * (MAX_DIGITS + 1),
        b"9" * 1_000_000,
        b"",
        b"<html>",
        b'{"a": 1} {"b": 2}',
        b"\xff\xfe\xff",
    ],
    ids=lambda content: content[:12],
)
def test_what_no_source_sends_is_refused(content):
    with pytest.raises(SourceUnavailable):
        parse_json(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b'"' + b"[{" * 100_000 + b'"', "[{" * 100_000),
        (b'"\\ud83d"', "\ud83d"),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"9" * MAX_DIGITS, int("9" * MAX_DIGITS)),
        (b"-0.5e-3", -0.0005),
    ],
    ids=lambda part: str(part)[:12],
)
def test_what_is_unusual_and_harmless_is_read(content, value):
    assert value is None or parse_json(content) == value
    parse_json(content)


@pytest.mark.parametrize(
    ("url", "params", "shown"),
    [
        ("https://a.example/v1?key=hush&q=x", None, "https://a.example/v1?key=***&q=x"),
        ("https://a.example/v1", {"Access_Token": "hush", "q": "x y"}, "https://a.example/v1?Access_Token=***&q=x+y"),
        ("https://user:hush@a.example/v1#hush", {}, "https://a.example/v1"),
        ("https://[hush", {"key": "hush"}, "an address that cannot be read"),
    ],
)
def test_no_credential_is_shown(url, params, shown):
    assert masked(url, params) == shown


@pytest.mark.parametrize("contact", ["ops@example.org", "https://example.org/bot", "Ünï\r\nX: y", None])
def test_the_user_agent_is_one_header_whatever_the_contact(contact):
    agent = user_agent(contact)
    assert agent.startswith("creatorscope/")
    assert agent.isascii()
    assert agent.isprintable()
