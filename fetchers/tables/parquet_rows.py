"""Rows of a Parquet file, a small batch at a time; a damaged row group costs its rows and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from creators.errors import BadDataset
from fetchers.tables.lines import Line, excerpt

_BATCH = 256


def open_parquet(path: Path) -> Any:
    """Return the opened ``pyarrow.parquet.ParquetFile``; close it after use.

    Raises:
        BadDataset: the footer cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        detail = f"{path.name}: the Parquet file is damaged ({excerpt(str(error))}); export it again"
        raise BadDataset(detail, field="path") from error


def parquet_rows(path: Path, start: int = 0) -> Iterator[Line]:
    """Yield the rows after number ``start``; row groups before it are not read."""
    with open_parquet(path) as file:
        first = 1
        for group in range(file.metadata.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if first + size - 1 > start:
                yield from _group_rows(file, group, first, size)
            first += size


def _group_rows(file: Any, group: int, first: int, size: int) -> Iterator[Line]:
    import pyarrow as pa

    number = first
    try:
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=[group]):
            for row in _microseconds(batch).to_pylist():
                yield Line(number, row, excerpt(str(row)))
                number += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = f"row group {group} cannot be read ({excerpt(str(error))}); export the file again"
        for missing in range(number, first + size):
            yield Line(missing, None, "", problem)


def _microseconds(batch: Any) -> Any:
    """Return the batch with times that Python's clock can hold: nanoseconds are cut to microseconds."""
    import pyarrow as pa

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(index).cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, column)
    return batch
