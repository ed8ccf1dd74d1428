"""Rows of a CSV file; a damaged record costs itself and nothing else.

- A quoted cell may span lines. When a record over several lines cannot be read (its quote is never closed, closes in
  the middle of a cell, or gives another number of cells than the header), its first line is the bad record and reading
  goes on at the second, so a stray quote does not swallow its neighbours.
- Fewer cells than the header: the others are missing, because spreadsheets drop empty cells at the end of a row.
  More cells: a problem, unless the surplus is empty.
- Lines without any filled cell are no records.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from creators.cells import column_names
from creators.errors import BadDataset
from fetchers.tables.lines import LINE_LIMIT, Line, TextLine, excerpt, undecodable

_PROBLEMS = (
    ("unexpected end of data", "a quoted cell is never closed; close the quote, or double a quote that is text"),
    ("expected after", "a quote in the middle of a quoted cell; double it, or quote the whole cell"),
    ("new-line character", "a carriage return in a cell without quotes; quote the cell"),
    ("field larger", f"a cell of more than {LINE_LIMIT:,} bytes; shorten it, or close its quote"),
)


@dataclass(frozen=True, slots=True)
class _Record:
    lines: tuple[TextLine, ...]
    cells: list[str]
    problem: str | None = None

    @property
    def number(self) -> int:
        return self.lines[0].number

    @property
    def raw(self) -> str:
        return excerpt("".join(line.text for line in self.lines[:20]))


class _Source:
    """Lines that can be put back."""

    def __init__(self, lines: Iterable[TextLine]) -> None:
        self._lines = iter(lines)
        self._back: deque[TextLine] = deque()

    def take(self) -> TextLine | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, lines: list[TextLine]) -> None:
        self._back.extendleft(reversed(lines))

    def pull(self, taken: list[TextLine]) -> Iterator[str]:
        """Yield the text of further lines while one record may hold them; ``taken`` grows with each."""
        yield taken[0].text
        size = len(taken[0].text)
        while (line := self.take()) is not None:
            size += len(line.text)
            if size > LINE_LIMIT or line.too_long:
                self.put_back([line])
                return
            taken.append(line)
            yield line.text


def _read(source: _Source, first: TextLine, delimiter: str, width: int | None) -> _Record:
    if first.too_long:
        length = f"the line has {first.too_long:,} bytes; the limit is {LINE_LIMIT:,}, shorten it or split it"
        return _Record((first,), [], length)
    taken = [first]
    problem: str | None = None
    try:
        cells = next(csv.reader(source.pull(taken), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        cells = []
        problem = next((fix for sign, fix in _PROBLEMS if sign in str(error)), str(error))
    if problem is None and width is not None:
        problem = _wrong_width(cells, width, several=len(taken) > 1)
    if problem is not None and len(taken) > 1:
        source.put_back(taken[1:])
        return _Record((first,), [], problem)
    return _Record(tuple(taken), cells, problem)


def _wrong_width(cells: list[str], width: int, *, several: bool) -> str | None:
    if any(cell.strip() for cell in cells[width:]) or (several and len(cells) > width):
        return (
            f"{len(cells)} cells where the header has {width}; quote the cells that hold the delimiter, "
            "or set delimiter in the mapping"
        )
    if several and len(cells) < width:
        return f"{len(cells)} cells over several lines where the header has {width}; a quote is never closed"
    return None


def _records(source: _Source, delimiter: str, width: int | None) -> Iterator[_Record]:
    csv.field_size_limit(LINE_LIMIT)
    while (line := source.take()) is not None:
        if line.text.strip() or line.too_long:
            record = _read(source, line, delimiter, width)
            if record.problem or any(cell.strip() for cell in record.cells):
                yield record


def read_header(lines: Iterable[TextLine], *, delimiter: str, encoding: str) -> list[str]:
    """Return the column names of the first line that is not blank.

    Raises:
        BadDataset: the file has no such line, or it cannot be read.
    """
    record = next(_records(_Source(lines), delimiter, None), None)
    problem = "there is no header" if record is None else record.problem
    if record is not None and problem is None:
        text = "".join(line.text for line in record.lines)
        problem = undecodable(text, encoding)
    if record is None or problem is not None:
        detail = f"the header cannot be read: {problem}"
        raise BadDataset(detail, field="header")
    return column_names(record.cells)


def csv_rows(lines: Iterable[TextLine], *, delimiter: str, encoding: str) -> Iterator[Line]:
    """Yield the rows below the header; see the module for what counts as a problem."""
    source = _Source(lines)
    header = next(_records(source, delimiter, None), None)
    if header is None or header.problem:
        return
    names = column_names(header.cells)
    for record in _records(source, delimiter, len(names)):
        text = "".join(line.text for line in record.lines)
        problem = record.problem or undecodable(text, encoding)
        if problem is None and "\x00" in text:
            problem = "the record holds NUL bytes; the file is damaged there, export it again"
        row = None if problem else dict(zip(names, record.cells, strict=False))
        yield Line(record.number, row, record.raw, problem)
