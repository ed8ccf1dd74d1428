"""Creators become a file, row by row: whatever its length, a few thousand rows are in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, TypeVar

from search.exports.cells import text_row, typed_columns
from search.exports.columns import Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1000
GROUP_BATCHES = 10
"""Batches of one Parquet row group: large enough to compress well, small enough to be held."""

Creator = Mapping[str, Any]
One = TypeVar("One")


class Format(StrEnum):
    """A kind of file."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a kind of file is written and what it is called."""

    media_type: str
    write: Callable[[Iterable[Creator], Sequence[Column], IO[bytes]], None]


def write_csv(creators: Iterable[Creator], columns: Sequence[Column], file: IO[bytes]) -> None:
    """Write a table as RFC 4180 has it: UTF-8, a line of names, CRLF."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerows(text_row(creator, columns) for creator in creators)
    text.flush()
    text.detach()


def write_ndjson(creators: Iterable[Creator], _columns: Sequence[Column], file: IO[bytes]) -> None:
    """Write one JSON object a line, in the shape in which the API shows a creator."""
    for creator in creators:
        file.write(json.dumps(creator, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the schema of the Parquet file: every column may be null."""
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.LIST: pa.list_(pa.string()),
        Kind.WHOLE: pa.int64(),
        Kind.FRACTION: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.DAY: pa.date32(),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
        Kind.JSON: pa.string(),
    }
    return pa.schema([(column.name, types[column.kind]) for column in columns])


def _batched(values: Iterable[One], size: int) -> Iterator[list[One]]:
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


def write_parquet(creators: Iterable[Creator], columns: Sequence[Column], file: IO[bytes]) -> None:
    """Write a typed table, row group by row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)

    def batch_of(chunk: Sequence[Creator]) -> pa.RecordBatch:
        cells = typed_columns(chunk, columns)
        arrays = [pa.array(values, type=field.type) for values, field in zip(cells, schema, strict=True)]
        return pa.record_batch(arrays, schema=schema)

    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _batched(map(batch_of, _batched(creators, BATCH_ROWS)), GROUP_BATCHES):
            writer.write_table(pa.Table.from_batches(group, schema), row_group_size=BATCH_ROWS * GROUP_BATCHES)


ENCODINGS: dict[Format, Encoding] = {
    Format.CSV: Encoding("text/csv; charset=utf-8", write_csv),
    Format.NDJSON: Encoding("application/x-ndjson", write_ndjson),
    Format.PARQUET: Encoding("application/vnd.apache.parquet", write_parquet),
}
