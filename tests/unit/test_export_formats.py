"""What is written can be read again by somebody else's reader: the same creators in the same order."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.exports import formats
from search.exports.cells import flat, split, unguarded
from search.exports.columns import COLUMNS, Column, Kind, columns_of
from search.exports.formats import ENCODINGS, Format
from tests.fixtures.crowd import people

PEOPLE = [{name: value for name, value in doc.items() if name in {c.name.partition(".")[0] for c in COLUMNS}}
          for doc in people(250)]  # fmt: skip
CELL = {
    Kind.TEXT: unguarded,
    Kind.LIST: lambda text: split(unguarded(text)),
    Kind.WHOLE: int,
    Kind.FRACTION: float,
    Kind.FLAG: lambda text: {"true": True, "false": False}[text],
    Kind.DAY: str,
    Kind.INSTANT: str,
    Kind.JSON: json.loads,
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"creator_id": TEXTS},
        optional={
            "name": TEXTS,
            "names": st.lists(TEXTS, min_size=1),
            "followers": st.integers(0, 2**63 - 1),
            "engagement_rate": st.floats(allow_nan=False, allow_infinity=False),
            "verified": st.booleans(),
            "links": st.lists(st.dictionaries(TEXTS, TEXTS), min_size=1),
        },
    )
)
WANTED = columns_of(("name", "names", "followers", "engagement_rate", "verified", "links"))


def encoded(kind, creators, columns=COLUMNS):
    file = io.BytesIO()
    ENCODINGS[kind].write(iter(creators), columns, file)
    return file.getvalue()


def read_csv(data, columns=COLUMNS):
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    assert header == [column.name for column in columns]
    return [
        {column.name: CELL[column.kind](cell) for column, cell in zip(columns, row, strict=True) if cell}
        for row in rows
    ]


def read_parquet(data):
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    kinds = {column.name: column.kind for column in COLUMNS}
    return [
        {
            name: json.loads(value) if kinds[name] is Kind.JSON else value
            for name, value in row.items()
            if value is not None
        }
        for row in rows
    ]


def plain(creator, *, typed=False):
    kinds = {column.name: column.kind for column in COLUMNS}
    as_typed = {Kind.DAY: date.fromisoformat, Kind.INSTANT: datetime.fromisoformat} if typed else {}
    return {name: as_typed.get(kinds[name], lambda same: same)(value) for name, value in flat(creator)}


def test_csv_comes_back():
    assert read_csv(encoded(Format.CSV, PEOPLE)) == [plain(one) for one in PEOPLE]


def test_ndjson_is_the_creator_as_the_api_shows_it():
    lines = encoded(Format.NDJSON, PEOPLE).decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == PEOPLE


def test_parquet_comes_back():
    assert read_parquet(encoded(Format.PARQUET, PEOPLE)) == [plain(one, typed=True) for one in PEOPLE]


@given(ROWS)
@settings(max_examples=60)
def test_any_values_come_back(rows):
    assert read_csv(encoded(Format.CSV, rows, WANTED), WANTED) == rows
    assert read_parquet(encoded(Format.PARQUET, rows, WANTED)) == rows
    assert [json.loads(line) for line in encoded(Format.NDJSON, rows, WANTED).splitlines()] == rows


def test_csv_has_the_line_ends_of_its_standard():
    data = encoded(Format.CSV, [{"creator_id": "c", "name": 'a "b",\nc'}], columns_of(("name",)))
    assert data == b'creator_id,name\r\nc,"a ""b"",\nc"\r\n'


def test_parquet_has_types():
    schema = pq.read_schema(io.BytesIO(encoded(Format.PARQUET, PEOPLE)))
    assert schema.field("followers").type == pa.int64()
    assert schema.field("names").type == pa.list_(pa.string())
    assert schema.field("accounts.x.engagement_rate").type == pa.float64()
    assert schema.field("joined_on").type == pa.date32()
    assert schema.field("as_of").type == pa.timestamp("us", tz=str(UTC))


def test_parquet_is_written_in_row_groups(monkeypatch):
    monkeypatch.setattr(formats, "BATCH_ROWS", 10)
    monkeypatch.setattr(formats, "GROUP_BATCHES", 5)
    data = encoded(Format.PARQUET, PEOPLE)
    assert pq.ParquetFile(io.BytesIO(data)).metadata.num_row_groups == 5
    assert len(read_parquet(data)) == len(PEOPLE)


@pytest.mark.parametrize("kind", Format)
def test_a_file_without_rows_is_a_file(kind):
    data = encoded(kind, [], [Column("creator_id", Kind.TEXT)])
    assert data == {Format.CSV: b"creator_id\r\n", Format.NDJSON: b""}.get(kind, data)
    if kind is Format.PARQUET:
        assert pq.read_table(io.BytesIO(data)).num_rows == 0


@pytest.mark.parametrize("kind", Format)
def test_the_same_rows_are_the_same_bytes(kind):
    assert encoded(kind, PEOPLE) == encoded(kind, PEOPLE)
