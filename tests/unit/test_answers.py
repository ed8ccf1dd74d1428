"""Times that answers name, and bodies taken for granted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import SourceUnavailable
from fetchers.answers import (
    MAX_WAIT,
    at,
    epoch_header,
    int_header,
    list_of,
    next_midnight,
    object_of,
    retry_after,
    text_at,
)
from tests.fixtures.scripted import NOW, Reply, answer_of


def _answer(**headers: str):
    return answer_of(Reply({}, headers={name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        ("-3", 0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120),
        ("Sun, 01 Mar 2020 00:00:00 GMT", 0),
        ("soon", 0),
        ("nan", 0),
        ("1e300", MAX_WAIT.total_seconds()),
        ("999999999", MAX_WAIT.total_seconds()),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(text, wait_s):
    assert (retry_after(_answer(retry_after=text)) - NOW).total_seconds() == wait_s


def test_no_retry_after_is_no_time():
    assert retry_after(_answer()) is None
    assert retry_after(_answer(retry_after="  ")) is None


@given(st.text(max_size=40))
def test_whatever_the_header_says_the_time_is_never_past_and_never_far(text):
    until = retry_after(_answer(retry_after=text))
    assert until is None or NOW <= until <= NOW + MAX_WAIT


def test_headers_that_are_numbers_and_those_that_are_not():
    assert epoch_header(_answer(x="1772366400"), "x") == NOW
    assert int_header(_answer(x="12"), "x") == 12
    for text in ("", "soon", "1e9999", "9" * 400):
        assert epoch_header(_answer(x=text), "x") is None
    assert int_header(_answer(), "x") is None


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (datetime(2026, 3, 1, 7, 59, tzinfo=UTC), datetime(2026, 3, 1, 8, 0, tzinfo=UTC)),
        (datetime(2026, 3, 1, 8, 0, tzinfo=UTC), datetime(2026, 3, 2, 8, 0, tzinfo=UTC)),
        (datetime(2026, 3, 8, 12, 0, tzinfo=UTC), datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),  # the clocks go forward
        (datetime(2026, 11, 1, 12, 0, tzinfo=UTC), datetime(2026, 11, 2, 8, 0, tzinfo=UTC)),  # and back
    ],
)
def test_the_day_of_a_quota_ends_at_midnight_of_its_zone(now, midnight):
    assert next_midnight(now, "America/Los_Angeles") == midnight


@given(st.integers(0, 6 * 365 * 86_400))
def test_the_next_midnight_is_within_the_longest_day(seconds):
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert now < next_midnight(now, "America/Los_Angeles") <= now + timedelta(hours=25)


def test_bodies_of_another_form_are_an_answer_that_cannot_be_used():
    assert object_of(answer_of(Reply({"a": 1}))) == {"a": 1}
    assert list_of(answer_of(Reply([1]))) == [1]
    for read, body in ((object_of, [1]), (object_of, None), (list_of, {"a": 1}), (list_of, "text")):
        with pytest.raises(SourceUnavailable):
            read(answer_of(Reply(body)))


def test_paths_into_what_nobody_has_checked_end_quietly():
    body = {"a": [{"b": "text", "n": 7, "flag": True, "empty": ""}]}
    assert at(body, ("a", 0, "b")) == "text"
    assert text_at(body, ("a", 0, "n")) == "7"
    for path in (("a", 1), ("a", "b"), (0,), ("a", 0, "b", "c"), ("x",)):
        assert at(body, path) is None
    for last in ("flag", "empty", "absent"):
        assert text_at(body, ("a", 0, last)) is None
