"""Log lines go where errors go, whoever holds that stream."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from creators.settings import Settings
from creators.telemetry import configure_logging


@pytest.fixture(autouse=True)
def as_before():
    """Leave the configuration as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_a_stream_that_has_been_closed_since_is_not_written_to(monkeypatch):
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logging(Settings(log_format="json"))
    log = structlog.get_logger("test")
    log.warning("one", api_token="abc")
    assert '"event": "one"' in first.getvalue()
    assert "abc" not in first.getvalue()
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    log.warning("two")
    assert '"event": "two"' in second.getvalue()
