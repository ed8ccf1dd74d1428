"""Whole files: JSONL, Parquet, and what only pretends to be a table."""

import gzip
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.datasets import parse_mapping
from creators.errors import BadDataset, BadMapping
from fetchers.sources.dataset import Line, count_rows, open_rows

MAPPING = parse_mapping({"title": "T", "platform": "tiktok", "account": {"handle": "user", "followers": "stats.fans"}})


def rows(path: Path, start: int = 0) -> list[Line]:
    return list(open_rows(path, MAPPING, start=start))


def jsonl(tmp_path: Path, data: bytes | str) -> Path:
    path = tmp_path / "table.jsonl"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_json_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    text = "one\u2028two\u2029three\x85four\x0bfive"
    path = jsonl(tmp_path, json.dumps({"user": text}, ensure_ascii=False) + '\r\n\n{"user": "b"}')
    assert [(line.number, line.row) for line in rows(path)] == [(1, {"user": text}), (3, {"user": "b"})]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"[1, 2]", "not an object but list"),
        (b'"text"', "not an object but str"),
        (b"null", "not an object but NoneType"),
        (b'{"user": ', "not JSON"),
        (b'{"user": "\xe9"}', "0xE9"),
        (b'{"n": ' + b"9" * 5000 + b"}", "shorten its numbers"),
        (b"[" * 100_000, "nesting"),
        (b'{"user": "' + b"x" * 1_000_001 + b'"}', "bytes; the limit is"),
    ],
)
def test_a_bad_line_costs_itself(tmp_path: Path, line: bytes, problem: str) -> None:
    found = rows(jsonl(tmp_path, b'{"user": "a"}\n' + line + b'\n{"user": "b"}\n'))
    assert [one.row for one in found] == [{"user": "a"}, None, {"user": "b"}]
    assert problem in str(found[1].problem)


def test_the_byte_order_mark_of_a_json_file_is_skipped(tmp_path: Path) -> None:
    assert rows(jsonl(tmp_path, '\ufeff{"user": "a"}\n'))[0].row == {"user": "a"}


def test_a_misspelt_key_is_refused_and_an_absent_one_is_not(tmp_path: Path) -> None:
    assert len(rows(jsonl(tmp_path, '{"user": "a"}\n'))) == 1
    with pytest.raises(BadMapping, match="no column 'user'; the nearest is 'User'"):
        open_rows(jsonl(tmp_path, '{"User": "a"}\n'), MAPPING)
    with pytest.raises(BadMapping, match="no column 'user'; it has 'login'"):
        open_rows(jsonl(tmp_path, '{"login": "a"}\n'), MAPPING)


def test_one_json_array_says_how_to_convert_it(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"jq -c"):
        open_rows(jsonl(tmp_path, '[\n{"user": "a"}\n]'), MAPPING)


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (workbook(), "Excel workbook"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG picture"),
        (gzip.compress(b"user\na\n"), "gzip archive"),
        (b"PAR1" + b"\0" * 40, "Parquet file"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "binary data"),
        ("user\na\n".encode("utf-16"), "encoding = 'utf-16'"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"user,stats\ra,1\rb,2\r", "CR alone"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    with pytest.raises(BadDataset, match=what):
        open_rows(path, MAPPING)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="No such file"):
        open_rows(tmp_path / "absent.csv", MAPPING)
    with pytest.raises(BadDataset, match="directory"):
        open_rows(tmp_path, MAPPING)


def test_an_unknown_extension_needs_a_format(tmp_path: Path) -> None:
    path = tmp_path / "table.dat"
    path.write_text('{"user": "a"}\n')
    with pytest.raises(BadDataset, match=r"'\.dat' names no format"):
        open_rows(path, MAPPING)
    assert len(list(open_rows(path, MAPPING.model_copy(update={"format": "jsonl"})))) == 1


def parquet(tmp_path: Path, count: int = 10) -> Path:
    path = tmp_path / "table.parquet"
    columns = {
        "user": [f"u{number}" for number in range(1, count + 1)],
        "stats": [{"fans": number, "tags": ["a"]} for number in range(count)],
        "day": [date(2024, 1, 2)] * count,
        "at": pa.array([1_700_000_000_123_456_789] * count, pa.timestamp("ns", "UTC")),
        "raw": [b"\xff"] * count,
    }
    pq.write_table(pa.table(columns), path, row_group_size=4)
    return path


def test_parquet_rows_are_numbered_across_row_groups(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    found = rows(path)
    assert [line.number for line in found] == list(range(1, 11))
    assert found[9].row is not None
    assert found[9].row["stats"] == {"fans": 9, "tags": ["a"]}
    assert found[9].row["at"].microsecond == 123_456
    assert [line.number for line in rows(path, start=5)] == [6, 7, 8, 9, 10]
    assert count_rows(path, MAPPING) == 10


def test_a_damaged_row_group_costs_its_rows_only(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    offset = column.dictionary_page_offset or column.data_page_offset
    data[offset : offset + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    found = rows(path)
    assert [line.number for line in found] == list(range(1, 11))
    assert [line.number for line in found if line.problem] == [5, 6, 7, 8]
    assert "row group 1 cannot be read" in str(found[4].problem)


@pytest.mark.parametrize("data", [b"PAR1 but no footer", b"user,fans\n", workbook()])
def test_what_is_no_parquet(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(data)
    with pytest.raises(BadDataset, match="Parquet"):
        open_rows(path, MAPPING)


def test_a_column_that_a_parquet_file_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"User": ["a"], "stats": ["b"]}), path)
    with pytest.raises(BadMapping, match="the nearest is 'User'"):
        open_rows(path, MAPPING)


TEXTS = st.text(st.sampled_from('ab,"\n\r;\x00\ufeffé{}[]:\u2028'), max_size=60).map(str.encode)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), TEXTS), st.sampled_from(["csv", "jsonl", "parquet"]), st.booleans())
def test_any_bytes_are_rows_or_a_bad_dataset(data: bytes, extension: str, with_header: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{extension}"
        path.write_bytes((b"user,stats\n" if with_header else b"") + data)
        count_rows(path, MAPPING)
        try:
            found = rows(path)
        except (BadDataset, BadMapping):
            return
    assert all((line.row is None) == (line.problem is not None) for line in found)
    assert [line.number for line in found] == sorted({line.number for line in found})
    for line in found:
        line.raw.encode("utf-8")
