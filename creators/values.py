"""Typed values of single cells: counts, means, rates, truth values, times.

A cell that says "unknown" in any spelling of :data:`creators.datasets.MISSING` is ``None``; a cell that says something
else than the field can hold raises :class:`creators.errors.BadRecord` with the column, the value and the fix.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from creators.datasets import MISSING
from creators.errors import BadRecord
from creators.text import clean_line

MAX_COUNT = 2**53
"""Counts beyond the integers that JSON readers agree on are nonsense, not fame."""
_MAX_RATE = 100.0
_EXCERPT = 60
_UNITS = {
    "": 1, "k": 10**3, "thousand": 10**3, "tsd": 10**3, "m": 10**6, "mn": 10**6, "mio": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "lakh": 10**5, "crore": 10**7, "万": 10**4, "萬": 10**4, "億": 10**8,
    "亿": 10**8,
}  # fmt: skip
_NUMBER = re.compile(r"([+-]?[\d.,'\u2019_ ]*\d\.?(?:[eE][+-]?\d{1,2})?) ?([^\d\s.,]*)\.?")
_TRUE = frozenset({"true", "t", "yes", "y", "1", "verified"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?")
_EPOCH = re.compile(r"\d{9,13}(?:\.\d+)?")
_EPOCH_MS = 10**11
_LEGACY_X = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")


def is_missing(value: Any) -> bool:
    """Return whether a cell says "unknown"."""
    if isinstance(value, str):
        return value.strip().casefold() in MISSING
    return value is None or (isinstance(value, float) and math.isnan(value)) or value in ([], {}, ())


def _bad(column: str, value: Any, fix: str) -> BadRecord:
    shown = clean_line(str(value))
    shown = shown if len(shown) <= _EXCERPT else f"{shown[:_EXCERPT]}…"
    return BadRecord(f"column {column!r}: {shown!r} {fix}", field=column)


def parse_number(value: Any, column: str, *, decimal: str = ".") -> Decimal | None:
    """Return a finite number: ``50.7M``, ``16,037 M`` (with ``decimal=","``), ``1,234,567``, ``2.28E+11``, ``3 万``.

    A tagged union (``{"tag": "has", "count": 7}``) is its count, or ``None`` where it is hidden.

    Raises:
        BadRecord: text that is no number, or one that reads two ways.
    """
    if isinstance(value, Mapping) and "tag" in value:
        value = value.get("count") if value["tag"] == "has" else None
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise _bad(column, value, "is not a number; map a column of numbers, or leave the field out of the mapping")
    text = clean_line(str(value))
    match = _NUMBER.fullmatch(text)
    unit = match[2].casefold() if match else None
    if match is None or unit not in _UNITS:
        raise _bad(column, value, "is not a number; write digits such as 50700 or 50.7K, or empty the cell")
    return Decimal(_plain(match[1], column, value, decimal=decimal, has_unit=bool(unit))) * _UNITS[unit]


def _plain(digits: str, column: str, value: Any, *, decimal: str, has_unit: bool) -> str:
    group = "," if decimal == "." else "."
    mantissa, exponent_mark, exponent = digits.lower().partition("e")
    whole, _, fraction = mantissa.partition(decimal)
    for mark in (group, " ", "'", "\u2019", "_"):
        head, *groups = whole.lstrip("+-").split(mark)
        if groups and (not head or len(head) > 3 or any(len(part) != 3 for part in groups)):  # noqa: PLR2004 - 1,234,567 has groups of three
            raise _bad(column, value, f"is not a number; if {mark!r} is its decimal mark, set decimal in the mapping")
        if groups and has_unit and mark == group and not fraction:
            raise _bad(column, value, f"reads two ways; set decimal = {mark!r} in the mapping, or write it out")
        whole = whole.replace(mark, "")
    if fraction and not fraction.isdecimal():
        raise _bad(column, value, "is not a number; it has more than one decimal mark")
    return f"{whole or '0'}.{fraction or '0'}{exponent_mark}{exponent}"


def parse_count(value: Any, column: str, *, decimal: str = ".") -> int | None:
    """Return a count, never negative; one with a unit (``50.7K``) is rounded to the next integer.

    Raises:
        BadRecord: negative, not an integer, beyond :data:`MAX_COUNT`, or no number.
    """
    number = parse_number(value, column, decimal=decimal)
    if number is None:
        return None
    if number < 0 or number > MAX_COUNT:
        raise _bad(column, value, "is not a count; it must be between 0 and 2^53, or the cell empty")
    if number != number.to_integral_value() and not (isinstance(value, str) and value.strip()[-1:].isalpha()):
        raise _bad(column, value, "is not a whole number; a count has no fraction, map the column as an average")
    return round(number)


def parse_float(value: Any, column: str, *, decimal: str = ".") -> float | None:
    """Return a mean or another quantity that is never negative; raises :class:`BadRecord`."""
    number = parse_number(value, column, decimal=decimal)
    if number is None:
        return None
    if number < 0 or number > MAX_COUNT:
        raise _bad(column, value, "is not a quantity; it must be between 0 and 2^53, or the cell empty")
    return float(number)


def parse_rate(
    value: Any, column: str, *, decimal: str = ".", unit: Literal["fraction", "percent"] = "fraction"
) -> float | None:
    """Return a rate as a fraction; a percent sign, or ``unit="percent"``, divides by 100.

    Raises:
        BadRecord: negative, no number, or beyond 100 (10,000 %), which is an absolute number under another name.
    """
    text = value.strip() if isinstance(value, str) else value
    percent = isinstance(text, str) and text.endswith("%")
    number = parse_number(text[:-1] if percent else text, column, decimal=decimal)
    if number is None:
        return None
    rate = float(number / 100 if percent or unit == "percent" else number)
    if not 0 <= rate <= _MAX_RATE:
        raise _bad(column, value, "is not a rate; give a fraction (0.031) or 3.1%, or leave the column unmapped")
    return rate


def parse_bool(value: Any, column: str) -> bool | None:
    """Return a truth value; raises :class:`BadRecord` for text that is none."""
    if is_missing(value):
        return None
    text = clean_line(str(value)).casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise _bad(column, value, "is not a truth value; write true or false, or empty the cell")


def parse_instant(value: Any, column: str) -> datetime | None:
    """Return a time in UTC: ISO 8601 of any precision, in quotes or not, epoch seconds or ms, or the old form of X.

    A time without a zone is UTC. A year or month alone is its first day, by convention. The epoch itself
    (1970-01-01) is what tables write for "never" and is ``None``.

    Raises:
        BadRecord: text that is no date, or a date before 1990 or after 2100.
    """
    if is_missing(value):
        return None
    found = _as_instant(value)
    if found is None:
        raise _bad(column, value, "is not a date; write it as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ, or empty the cell")
    if found.date() == date(1970, 1, 1):
        return None
    if not 1990 <= found.year <= 2100:  # noqa: PLR2004 - the networks are younger; an absurd time would outrank every update
        raise _bad(column, value, "is not a plausible date; it must lie between 1990 and 2100, or the cell be empty")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _as_instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    text = clean_line(str(value)).strip("\"' ")
    try:
        return _read_instant(text)
    except (ValueError, OverflowError, OSError):
        return None


def _read_instant(text: str) -> datetime:
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _EPOCH_MS else seconds, UTC)
    if match := _PARTIAL_DATE.fullmatch(text):
        return datetime(int(match[1]), int(match[2] or 1), 1, tzinfo=UTC)
    if match := _LEGACY_X.fullmatch(text):
        month = _MONTHS.index(match[1].lower()) + 1
        return datetime.fromisoformat(f"{match[5]}-{month:02}-{int(match[2]):02}T{match[3]}{match[4]}")
    return datetime.fromisoformat(text)


def parse_date(value: Any, column: str) -> date | None:
    """Return the day of :func:`parse_instant`."""
    found = parse_instant(value, column)
    return None if found is None else found.date()


def parse_date_parts(parts: tuple[Any, Any, Any], column: str) -> date | None:
    """Return a day from year, month (a number or an English name) and day; ``None`` where one is missing."""
    numbers: list[int] = []
    for part in parts:
        text = "" if is_missing(part) else clean_line(str(part)).casefold()
        if not text:
            return None
        month = _MONTHS.index(text[:3]) + 1 if text[:3] in _MONTHS else parse_count(part, column)
        numbers.append(month or 0)
    return parse_date(f"{numbers[0]:04}-{numbers[1]:02}-{numbers[2]:02}", column)
