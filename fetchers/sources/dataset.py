"""The source ``dataset``: CSV, JSONL and Parquet files that a user already has, described by a mapping file.

Reading never holds more than one record of at most :data:`LINE_LIMIT` bytes and never stops at a bad one: it is
yielded with its problem. Only a file that is not what it claims to be, as a whole, raises.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from creators.cells import Cells, as_columns
from creators.datasets import AccountColumns, Choice, DatasetMapping, Row
from creators.errors import BadDataset, BadMapping, BadRecord
from creators.models import Platform, RawRecord
from creators.profiles import identities
from creators.text import replace_lone_surrogates
from creators.values import parse_instant
from fetchers.tables.csv_rows import csv_rows, read_header
from fetchers.tables.jsonl_rows import jsonl_rows
from fetchers.tables.lines import LINE_LIMIT, Line, TextLine, decode_lines, line_encoding, text_lines
from fetchers.tables.parquet_rows import open_parquet, parquet_rows
from fetchers.tables.sniff import check_file, format_of

__all__ = ["LINE_LIMIT", "Line", "count_rows", "open_rows", "to_record"]

SOURCE = "dataset"
KIND = "row"
_SAMPLE_BYTES = 1_000_000
_SAMPLE_ROWS = 200
_TYPO = 80.0
_CLOCK_SLACK = timedelta(days=1)


def open_rows(path: Path, mapping: DatasetMapping, *, start: int = 0) -> Iterator[Line]:
    """Return the records of a file after line or row number ``start``, in order; a bad one carries its problem.

    A file with a header and no rows gives none. The file is checked before this returns, and read as it is iterated.

    Raises:
        BadDataset: empty, unreadable, of another kind than its format, or without a readable header.
        BadMapping: the mapping names a column that the file does not have, or an unknown encoding.
    """
    check_file(path, mapping)
    _check_columns(path, mapping)
    if format_of(path, mapping) == "parquet":
        return (line for line in parquet_rows(path, start) if line.number > start)
    return (line for line in _text_rows(text_lines(path, mapping.encoding), path, mapping) if line.number > start)


def count_rows(path: Path, mapping: DatasetMapping) -> int | None:
    """Return about how many records a file has, from its first megabyte (exact below that), or ``None``.

    For progress bars: a file that cannot be opened is the business of :func:`open_rows`.
    """
    try:
        if format_of(path, mapping) == "parquet":
            with open_parquet(path) as file:
                return int(file.metadata.num_rows)
        size = path.stat().st_size
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
        lines = decode_lines(io.BytesIO(sample), mapping.encoding)
        rows = sum(1 for _ in _text_rows(lines, path, mapping))
    except (OSError, BadDataset, BadMapping):
        return None
    return rows if size <= len(sample) else round(rows * size / len(sample))


def to_record(line: Line, mapping: DatasetMapping, *, dataset_id: str, default_at: datetime) -> RawRecord:
    """Return the lake record of one line, filed under the first account of its row.

    ``body`` is ``{"dataset", "line", "row"}``; the row keeps every column, as JSON: bytes are text, dates are ISO 8601,
    decimals are text. ``fetched_at`` is ``observed_at`` of the mapping (a constant or a column), else ``default_at``.

    Raises:
        BadRecord: the line has a problem, no account on a known platform, or a time that is none or in the future.
    """
    if line.problem is not None or line.row is None:
        raise BadRecord(line.problem or "the line holds no row", field=f"line {line.number}")
    try:
        row: Row = _json_safe(line.row)
        first = identities(row, mapping)[0]
    except RecursionError as error:
        detail = "the row is nested too deeply; flatten it"
        raise BadRecord(detail, field=f"line {line.number}") from error
    return RawRecord(
        platform=first.platform,
        source=SOURCE,
        kind=KIND,
        native_id=first.native_id,
        fetched_at=_observed_at(row, mapping, default_at),
        tier=2,
        body={"dataset": dataset_id, "line": line.number, "row": row},
    )


def _observed_at(row: Row, mapping: DatasetMapping, default_at: datetime) -> datetime:
    given = mapping.observed_at
    if given is None:
        return default_at
    constant = _constant(given)
    found = constant or Cells(row).instant(str(given))
    if found is None:
        return default_at
    if found > datetime.now(UTC) + _CLOCK_SLACK:
        detail = (
            f"observed_at: {found.isoformat()} lies in the future; no later record could replace this one, correct it"
        )
        raise BadRecord(detail, field="observed_at")
    return found


def _constant(given: date | str) -> datetime | None:
    """Return the time that ``observed_at`` fixes, or ``None`` where it names a column."""
    try:
        return parse_instant(given, "observed_at")
    except BadRecord:
        return None


def _delimiter(path: Path, mapping: DatasetMapping) -> str:
    by_default = mapping.delimiter == DatasetMapping.model_fields["delimiter"].default
    return "\t" if path.suffix.lower() == ".tsv" and by_default else mapping.delimiter


def _text_rows(lines: Iterable[TextLine], path: Path, mapping: DatasetMapping) -> Iterator[Line]:
    encoding = line_encoding(mapping.encoding)
    if format_of(path, mapping) == "csv":
        return csv_rows(lines, delimiter=_delimiter(path, mapping), encoding=encoding)
    return jsonl_rows(lines, encoding=encoding)


def _json_safe(value: Any) -> Any:  # noqa: PLR0911 - one return for each kind of value
    if isinstance(value, str):
        return replace_lone_surrogates(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {replace_lone_surrogates(str(key)): _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_safe(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _check_columns(path: Path, mapping: DatasetMapping) -> None:
    """Refuse a mapping with a column that the file does not have.

    A JSONL file has no header and an object may leave a key out, so there a name is refused only if no sampled object
    has it and one has a name like it, or if no column of the identity is there at all.
    """
    kind = format_of(path, mapping)
    encoding = line_encoding(mapping.encoding)
    if kind == "csv":
        lines = text_lines(path, mapping.encoding)
        known = read_header(lines, delimiter=_delimiter(path, mapping), encoding=encoding)
    elif kind == "parquet":
        with open_parquet(path) as file:
            known = list(file.schema_arrow.names)
    else:
        sample = islice(jsonl_rows(text_lines(path, mapping.encoding), encoding=encoding), _SAMPLE_ROWS)
        known = list(dict.fromkeys(key for line in sample for key in line.row or ()))
        if not known:
            return
    named = mapped_columns(mapping)
    for where, column in named:
        if _is_known(column, known):
            continue
        nearest = process.extractOne(column, known, scorer=fuzz.WRatio, processor=str.casefold)
        if kind != "jsonl" or (nearest and nearest[1] >= _TYPO and not mapping.accounts):
            raise _unknown_column(path, where, column, nearest[0] if nearest else None, known)
    identity = [column for where, column in named if where in ("native_id", "handle", "url", "accounts")]
    if not any(_is_known(column, known) for column in identity):
        raise _unknown_column(path, "account", identity[0], None, known)


def _is_known(column: str, known: list[str]) -> bool:
    return column in known or column.partition(".")[0] in known


def _unknown_column(path: Path, where: str, column: str, nearest: str | None, known: list[str]) -> BadMapping:
    hint = f"the nearest is {nearest!r}" if nearest else f"it has {', '.join(map(repr, known[:10]))}"
    if len(known) == 1 and any(mark in known[0] for mark in ";\t|,"):
        hint += "; the whole header is one column, set delimiter in the mapping"
    return BadMapping(f"{where}: {path.name} has no column {column!r}; {hint}", field=where)


def mapped_columns(mapping: DatasetMapping) -> list[tuple[str, str]]:
    """Return ``(field, column expression)`` of everything that a mapping reads from the row itself."""
    named = [("accounts", column) for column in as_columns(mapping.accounts)]
    named += [("person_id", column) for column in as_columns(mapping.person_id)]
    if isinstance(mapping.observed_at, str) and _constant(mapping.observed_at) is None:
        named.append(("observed_at", mapping.observed_at))
    if isinstance(mapping.platform, Choice) and mapping.accounts is None:
        named.append(("platform", mapping.platform.column))
    for part in (mapping.account, mapping.post):
        # With a list of accounts these are keys of its items, which no header shows.
        if part is None or (mapping.accounts is not None and isinstance(part, AccountColumns)):
            continue
        for field, value in part:
            named += [(field, column) for column in _columns_of(value)]
    return named


def _columns_of(value: Any) -> list[str]:
    if isinstance(value, Choice):
        return [value.column]
    if isinstance(value, dict):
        return [column for columns in value.values() for column in as_columns(columns)]
    return list(as_columns(value)) if isinstance(value, (str, tuple)) and not isinstance(value, Platform) else []
