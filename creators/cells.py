"""Cells of a dataset row, found by the column expressions of a mapping.

A column expression is the name of a column, or a dotted path into nested JSON (``more.posts``, ``tags.0``); an exact
name wins, so ``Views avg.`` is a column. A step that is no number maps over a list. Text that holds a JSON object or
list is opened when a path leads into it. What a cell means is read by :mod:`creators.values`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from creators.datasets import Columns
from creators.text import clean_line
from creators.values import (
    is_missing,
    parse_bool,
    parse_count,
    parse_date,
    parse_date_parts,
    parse_float,
    parse_instant,
    parse_rate,
)


def column_names(header: Iterable[str]) -> list[str]:
    """Return the names by which a mapping knows the columns of a header.

    Blanks, line breaks and the byte-order mark are stripped, blanks inside collapse; a repeated name becomes
    ``name#2``, ``name#3``; an empty one ``column_4`` (1-based position).
    """
    seen: Counter[str] = Counter()
    names: list[str] = []
    for position, raw in enumerate(header, start=1):
        name = clean_line(raw) or f"column_{position}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return names


def as_columns(columns: Columns | None) -> tuple[str, ...]:
    """Return the column expressions of a mapping entry as a tuple."""
    if columns is None:
        return ()
    return (columns,) if isinstance(columns, str) else columns


def open_json(value: Any) -> Any:
    """Return the object or list that the text of a cell holds, else the cell itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _step(value: Any, step: str) -> Any:
    value = open_json(value)
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, (list, tuple)):
        if step.isdecimal():
            return value[int(step)] if int(step) < len(value) else None
        found = [inner for item in value if not is_missing(inner := _step(item, step))]
        return found or None
    return None


def find(row: Mapping[str, Any], column: str) -> Any:
    """Return the cell that one column expression names; ``None`` where it is missing."""
    value: Any = row.get(column)
    if value is None and "." in column:
        head, _, rest = column.partition(".")
        value = row.get(head)
        for step in rest.split("."):
            value = _step(value, step)
    return None if is_missing(value) else value


def cell(row: Mapping[str, Any], columns: Columns | None) -> Any | None:
    """Return the first filled cell of the columns, or ``None``."""
    return _first(row, columns)[1]


def cells(row: Mapping[str, Any], columns: Columns | None) -> list[Any]:
    """Return every filled cell of the columns; lists, and text that holds a JSON list, are taken apart."""
    values: list[Any] = []
    for column in as_columns(columns):
        value = open_json(find(row, column))
        items = value if isinstance(value, (list, tuple)) else [value]
        values.extend(item for item in items if not is_missing(item))
    return values


def _first(row: Mapping[str, Any], columns: Columns | None) -> tuple[str, Any]:
    for column in as_columns(columns):
        value = find(row, column)
        if value is not None:
            return column, value
    return "", None


def split_texts(values: Iterable[Any], separator: str) -> tuple[str, ...]:
    """Return the clean, distinct texts of cells that hold one value or several."""
    parts = (part for value in values for part in (value.split(separator) if isinstance(value, str) else [value]))
    texts = (clean_line(str(part)) for part in parts if not is_missing(part) and not isinstance(part, (dict, list)))
    return tuple(dict.fromkeys(text for text in texts if text and not is_missing(text)))


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one row with the conventions of its mapping; every method takes column expressions."""

    row: Mapping[str, Any]
    decimal: str = "."
    separator: str = "|"
    rates: Literal["fraction", "percent"] = "fraction"

    def text(self, columns: Columns | None) -> str | None:
        """The first filled cell as it is written, several values joined by a blank."""
        value = cell(self.row, columns)
        if isinstance(value, (list, tuple)):
            value = " ".join(str(item) for item in value)
        return None if value is None else str(value)

    def texts(self, columns: Columns | None) -> tuple[str, ...]:
        """All values of all columns, on one line each, without repeats."""
        return split_texts(cells(self.row, columns), self.separator)

    def count(self, columns: Columns | None) -> int | None:
        """A count; see :func:`parse_count`."""
        column, value = _first(self.row, columns)
        return parse_count(value, column, decimal=self.decimal)

    def mean(self, columns: Columns | None) -> float | None:
        """A mean; see :func:`parse_float`."""
        column, value = _first(self.row, columns)
        return parse_float(value, column, decimal=self.decimal)

    def rate(self, columns: Columns | None) -> float | None:
        """A fraction; see :func:`parse_rate`."""
        column, value = _first(self.row, columns)
        return parse_rate(value, column, decimal=self.decimal, unit=self.rates)

    def flag(self, columns: Columns | None) -> bool | None:
        """A truth value; see :func:`parse_bool`."""
        column, value = _first(self.row, columns)
        return parse_bool(value, column)

    def instant(self, columns: Columns | None) -> datetime | None:
        """A time in UTC; see :func:`parse_instant`."""
        column, value = _first(self.row, columns)
        return parse_instant(value, column)

    def day(self, columns: Columns | None) -> date | None:
        """A day, from one column or from three: year, month, day."""
        if isinstance(columns, tuple) and len(columns) == 3:  # noqa: PLR2004 - year, month, day
            year, month, day = (find(self.row, column) for column in columns)
            return parse_date_parts((year, month, day), ", ".join(columns))
        column, value = _first(self.row, columns)
        return parse_date(value, column)
