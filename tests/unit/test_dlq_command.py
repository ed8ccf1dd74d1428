"""The options of ``creatorscope dlq``: what they mean, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.commands.dlq import moment, wanted_of
from creators.errors import BadInput

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (None, None),
        ("90s", NOW - timedelta(seconds=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_times_are_dates_or_so_long_ago(text, meant):
    assert moment(text, "since", NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2x", "-1d", "2026-13-01", "1234567d"])
def test_no_time(text):
    with pytest.raises(BadInput, match="is no time") as caught:
        moment(text, "before", NOW)
    assert caught.value.field == "before"


def test_options_become_what_is_wanted():
    wanted = wanted_of(["error=poison", "text=a=b"], ["replayed"])
    assert (wanted.error, wanted.text, wanted.states) == ("poison", "a=b", ("replayed",))
    assert wanted_of(None, None).states == ("open", "replaying")


@pytest.mark.parametrize("pair", ["error", "colour=red", "", "=x"])
def test_an_unknown_condition_is_refused(pair):
    with pytest.raises(BadInput, match="name=value") as caught:
        wanted_of([pair], None)
    assert caught.value.field == "where"


def test_a_condition_given_twice_is_refused():
    with pytest.raises(BadInput, match="each once"):
        wanted_of(["error=a", "error=b"], None)


def test_an_unknown_state_is_refused_before_anything_is_started():
    result = CliRunner().invoke(app, ["dlq", "purge", "--state", "gone", "--yes"])
    assert isinstance(result.exception, BadInput)
    assert "open, replaying, replayed" in result.exception.detail
