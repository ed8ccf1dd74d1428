"""A creator becomes cells: dotted paths, lists in one cell, nothing that a spreadsheet would run; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from search.exports.columns import GROUPS, Column, Kind

SEPARATOR = "|"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - spreadsheets read the wide signs like the narrow ones
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - as above
_ESCAPED = re.compile(r"\\(.)|\|", re.DOTALL)


def flat(creator: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a creator with their dotted paths; what is a column as a whole is not taken apart."""
    for name, value in creator.items():
        path = f"{above}{name}"
        if path in GROUPS and isinstance(value, Mapping):
            yield from flat(value, f"{path}.")
        elif value is not None:
            yield path, value


def guarded(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet would take it for a formula.

    A text that starts with apostrophes and then such a sign gets one more, so that :func:`unguarded` gives back every
    text. Source: OWASP, CSV Injection.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell; the inverse of :func:`guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def joined(values: list[str]) -> str:
    r"""Return a list as one text: ``|`` between values, ``\|`` and ``\\`` for those signs in a value."""
    return SEPARATOR.join(value.replace("\\", "\\\\").replace(SEPARATOR, f"\\{SEPARATOR}") for value in values)


def split(text: str) -> list[str]:
    """Return the list behind a text; the inverse of :func:`joined` for lists that are not empty."""
    parts, start = [""], 0
    for sign in _ESCAPED.finditer(text):
        parts[-1] += text[start : sign.start()]
        if sign[1] is None:
            parts.append("")
        else:
            parts[-1] += sign[1]
        start = sign.end()
    parts[-1] += text[start:]
    return parts


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text(value: Any) -> str:
    # A field that held one text when this was written may hold several later.
    return joined([str(one) for one in value]) if isinstance(value, list) else str(value)


_AS_TEXT: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: lambda value: guarded(_text(value)),
    Kind.LIST: lambda value: guarded(_text(value)),
    Kind.FLAG: lambda value: "true" if value else "false",
    Kind.JSON: _compact,
}
_TYPED: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.LIST: lambda value: [str(one) for one in (value if isinstance(value, list) else [value])],
    Kind.WHOLE: int,
    Kind.FRACTION: float,
    Kind.FLAG: bool,
    Kind.DAY: date.fromisoformat,
    Kind.INSTANT: datetime.fromisoformat,
    Kind.JSON: _compact,
}


def text_row(creator: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    """Return the cells of one row as texts; empty is unknown, and only unknown is empty."""
    values = dict(flat(creator))
    return [_AS_TEXT.get(column.kind, str)(values[column.name]) if column.name in values else "" for column in columns]


def typed_columns(creators: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> list[list[Any]]:
    """Return the cells of rows, column by column; None is unknown."""
    rows = [dict(flat(creator)) for creator in creators]
    return [
        [_TYPED[column.kind](row[column.name]) if column.name in row else None for row in rows] for column in columns
    ]
