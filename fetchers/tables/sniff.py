"""What a file is, from its first bytes and its name, before anything is read as rows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from creators.datasets import DatasetMapping
from creators.errors import BadDataset

Format = Literal["csv", "jsonl", "parquet"]

HEAD = 65_536
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_MAGIC = (
    (b"PAR1", "a Parquet file: give it the extension .parquet, or set format = 'parquet' in the mapping"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx): unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive: unpack it first"),
    (b"BZh9", "a bzip2 archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7-zip archive: unpack it first"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database: export the table as CSV"),
    (b"Obj\x01", "an Avro file: convert it to Parquet or JSONL"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NUL_SHARE = 0.01


def format_of(path: Path, mapping: DatasetMapping) -> Format:
    """Return the format that the mapping or the extension names; raises :class:`BadDataset` where neither does."""
    found = mapping.format or _SUFFIXES.get(path.suffix.lower())
    if found is None:
        detail = (
            f"{path.name}: the extension {path.suffix or '(none)'!r} names no format; use one of "
            f"{', '.join(_SUFFIXES)}, or set format = 'csv', 'jsonl' or 'parquet' in the mapping"
        )
        raise BadDataset(detail, field="format")
    return found


def check_file(path: Path, mapping: DatasetMapping) -> None:
    """Refuse a file that is empty, unreadable or of another kind than its format.

    Raises:
        BadDataset: the message says what the file is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        detail = f"{path}: cannot be read: {error.strerror}"
        raise BadDataset(detail, field="path") from error
    if not head.strip():
        detail = f"{path.name}: the file is empty; export it again"
        raise BadDataset(detail, field="path")
    expected = format_of(path, mapping)
    what = _foreign(head, mapping.encoding)
    if expected == "parquet":
        if not head.startswith(b"PAR1"):
            detail = f"{path.name}: not a Parquet file; {what or 'set format to what it is'}"
            raise BadDataset(detail, field="path")
    elif what is not None:
        detail = f"{path.name}: not {expected} but {what}"
        raise BadDataset(detail, field="path")
    elif expected == "jsonl" and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        detail = f"{path.name}: one JSON array, not one object a line; convert it (jq -c '.[]' FILE)"
        raise BadDataset(detail, field="path")


def _foreign(head: bytes, encoding: str) -> str | None:
    """Return what the bytes are when they are no text of this encoding, or ``None``."""
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    found = next((what for magic, what in _MAGIC if head.startswith(magic)), None)
    if found or wide:
        return found
    first_line = head.partition(b"\n")[0]
    signs = (
        (head.startswith(_UTF16_MARKS), "text in UTF-16: set encoding = 'utf-16' in the mapping, or save it as UTF-8"),
        (
            b"\x00" in first_line or head.count(b"\x00") > len(head) * _NUL_SHARE,
            "binary data (it holds NUL bytes): export the table as CSV, JSONL or Parquet",
        ),
        (
            head[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")),
            "a web page: a download that asked for a login is saved this way, fetch the file again",
        ),
        (b"\r" in head and b"\n" not in head, "text whose lines end in CR alone: save it with the line end LF"),
    )
    return next((what for holds, what in signs if holds), None)
