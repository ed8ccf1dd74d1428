"""What sources read from any answer: times to wait for, and bodies of the form that they take for granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any
from zoneinfo import ZoneInfo

from creators.errors import SourceUnavailable
from fetchers.contract import Answer

MAX_WAIT = timedelta(days=32)
"""Longer than any documented quota lasts: a time beyond it is a mistake of the source, not an order."""


def retry_after(answer: Answer) -> datetime | None:
    """Return when ``Retry-After`` allows the next request, given in seconds or as a date; None where it says nothing.

    A time in the past is the time of the answer; one more than ``MAX_WAIT`` ahead is cut to that. RFC 9110, 10.2.3.
    """
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    until = _in_seconds(text, answer.received_at) or _http_date(text, answer.received_at)
    return min(max(until, answer.received_at), answer.received_at + MAX_WAIT)


def _in_seconds(text: str, received_at: datetime) -> datetime | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    most = MAX_WAIT.total_seconds()
    return received_at + timedelta(seconds=0.0 if isnan(seconds) else min(max(seconds, 0.0), most))


def _http_date(text: str, received_at: datetime) -> datetime:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return received_at
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def epoch_header(answer: Answer, name: str) -> datetime | None:
    """Return the time that a header gives in seconds since 1970, or None where it gives none."""
    try:
        return datetime.fromtimestamp(int(answer.headers.get(name, "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def int_header(answer: Answer, name: str) -> int | None:
    """Return the whole number that a header gives, or None where it gives none."""
    try:
        return int(answer.headers.get(name, ""))
    except ValueError:
        return None


def next_midnight(now: datetime, zone: str) -> datetime:
    """Return the next midnight of an IANA time zone after ``now``, in UTC: when a daily quota is full again."""
    local = now.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), tzinfo=ZoneInfo(zone))
    return midnight.astimezone(UTC)


def object_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        SourceUnavailable: it is none, such as the page of a gateway in the way.
    """
    if isinstance(answer.body, dict):
        return answer.body
    detail = f"{answer.endpoint} answered {answer.status} without a JSON object"
    raise SourceUnavailable(detail)


def list_of(answer: Answer) -> list[Any]:
    """Return the JSON list of an answer.

    Raises:
        SourceUnavailable: it is none.
    """
    if isinstance(answer.body, list):
        return answer.body
    detail = f"{answer.endpoint} answered {answer.status} without a JSON list"
    raise SourceUnavailable(detail)


def at(body: Any, path: Sequence[str | int]) -> Any:
    """Return what lies at a path of a body that nobody has checked yet, or None where the path ends early."""
    for part in path:
        if isinstance(part, str) and isinstance(body, dict):
            body = body.get(part)
        elif isinstance(part, int) and isinstance(body, list) and -len(body) <= part < len(body):
            body = body[part]
        else:
            return None
    return body


def text_at(body: Any, path: Sequence[str | int]) -> str | None:
    """Return the text, or the whole number as text, at a path, or None where there is neither, or an empty one."""
    found = at(body, path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None
