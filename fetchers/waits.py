"""How long an answer asks to be left alone, by the clock of whoever wrote it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from fetchers.answers import MAX_WAIT

if TYPE_CHECKING:
    from fetchers.contract import Answer

UNSAID_S = 60.0
"""How long a limit lasts that says nothing about it."""


def wait_s(answer: Answer, retry_at: datetime | None) -> float:
    """Return how long after an answer to ask again, in seconds, whatever the clock of this machine says.

    ``Retry-After`` is either a time span or a date, which is compared with the ``Date`` of the same answer; so is
    ``retry_at``, which the source may have rounded down to a second.
    """
    text = answer.headers.get("retry-after", "").strip()
    try:
        return bounded(float(text))
    except ValueError:
        told = http_date(text)
    if told is not None:
        return bounded((told - sent_at(answer)).total_seconds())
    return UNSAID_S if retry_at is None else bounded((retry_at - sent_at(answer)).total_seconds()) + 1.0


def bounded(seconds: float) -> float:
    """Return a wait that makes sense: none in the past, none longer than a quota lasts, a minute for no number."""
    return UNSAID_S if math.isnan(seconds) else max(0.0, min(seconds, MAX_WAIT.total_seconds()))


def sent_at(answer: Answer) -> datetime:
    """Return the time of an answer by the source's own clock, where it tells it."""
    return http_date(answer.headers.get("date", "")) or answer.received_at


def http_date(text: str) -> datetime | None:
    """Return the time that a header names, in UTC where it names no zone; None where it is no date."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
