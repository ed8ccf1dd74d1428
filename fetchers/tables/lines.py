"""Physical lines of a text file, in bounded memory, and the row type that every reader yields."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from creators.datasets import Row
from creators.errors import BadMapping

LINE_LIMIT = 1_000_000
"""Bytes of one line, or of one record over several lines, that are held in memory; a longer one is skipped."""
EXCERPT = 2_048
"""Bytes of a source line that are kept for the dead letters."""
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Line:
    """One source record: a row, or what is wrong with it."""

    number: int
    """1-based: the first physical line of the record (a header is line 1), or the number of the Parquet row."""
    row: Row | None
    raw: str
    """The record as written, at most :data:`EXCERPT` bytes."""
    problem: str | None = None
    """Why there is no row, and the fix."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One physical line; bytes that the encoding does not know are lone surrogates (``surrogateescape``)."""

    number: int
    text: str
    too_long: int = 0
    """The length in bytes of a line beyond the limit; ``text`` is then its beginning."""


class _Recoder(io.RawIOBase):
    """A byte stream in an encoding whose line ends are not single bytes (UTF-16, UTF-32), as UTF-8."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        # Such an encoding loses step at a damaged byte, so damage shows as U+FFFD rather than line by line.
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed asks for its private WriteableBuffer
        while not self._ready:
            chunk = self._source.read(_CHUNK)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk and not self._ready:
                return 0
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def line_encoding(encoding: str) -> str:
    """Return the encoding in which single lines can be decoded; raises :class:`BadMapping` for an unknown one."""
    try:
        single_bytes = "a\n".encode(encoding).endswith(b"a\n")
    except (LookupError, UnicodeError) as error:
        detail = f"encoding {encoding!r} is not known; use utf-8, utf-16, cp1252, latin-1 or another Python codec"
        raise BadMapping(detail, field="encoding") from error
    return encoding if single_bytes else "utf-8"


def text_lines(path: Path, encoding: str) -> Iterator[TextLine]:
    """Yield the physical lines of a file, split at line feeds only."""
    with path.open("rb") as file:
        yield from decode_lines(file, encoding)


def decode_lines(file: BinaryIO, encoding: str) -> Iterator[TextLine]:
    """Yield the physical lines of an open file; see :func:`text_lines`."""
    single = line_encoding(encoding)
    source: BinaryIO = file if single == encoding else io.BufferedReader(_Recoder(file, encoding))
    number = 0
    while data := source.readline(LINE_LIMIT + 1):
        number += 1
        length = len(data)
        if length > LINE_LIMIT and not data.endswith(b"\n"):
            while rest := source.readline(_CHUNK):
                length += len(rest)
                if rest.endswith(b"\n"):
                    break
            yield TextLine(number, data[:EXCERPT].decode(single, "replace"), too_long=length)
        else:
            yield TextLine(number, data.decode(single, "surrogateescape"))


def excerpt(text: str) -> str:
    """Return the beginning of a record as valid text of at most :data:`EXCERPT` bytes."""
    data = text[:EXCERPT].rstrip("\r\n").encode("utf-8", "replace")
    return data[:EXCERPT].decode("utf-8", "ignore")


def undecodable(text: str, encoding: str) -> str | None:
    """Return the problem of a line that its encoding cannot read, or ``None``."""
    for position, character in enumerate(text, start=1):
        if "\udc80" <= character <= "\udcff":
            return (
                f"byte 0x{ord(character) - 0xDC00:02X} at character {position} is not {encoding}; save the file as "
                "UTF-8, or name its encoding in the mapping (encoding = 'cp1252')"
            )
    return None
