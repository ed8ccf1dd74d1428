"""CSV rows: damaged records cost themselves, and nothing else."""

from pathlib import Path

import pytest

from creators.datasets import DatasetMapping, parse_mapping
from creators.errors import BadDataset, BadMapping
from fetchers.sources.dataset import LINE_LIMIT, Line, count_rows, open_rows
from fetchers.tables.lines import EXCERPT

MAPPING = parse_mapping({"title": "T", "platform": "tiktok", "account": {"handle": "user", "followers": "fans"}})


def table(tmp_path: Path, data: bytes | str, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def rows(path: Path, mapping: DatasetMapping = MAPPING, start: int = 0) -> list[Line]:
    return list(open_rows(path, mapping, start=start))


def users(lines: list[Line]) -> list[str | None]:
    """The user of each line, ``None`` for a bad one."""
    return [line.row["user"] if line.row else None for line in lines]


def test_rows_carry_their_physical_line(tmp_path: Path) -> None:
    found = rows(table(tmp_path, '\ufeffuser,fans\r\na,1\r\n\r\n"b\nc",2\r\n,\r\nd,3'))
    assert [(line.number, line.row) for line in found] == [
        (2, {"user": "a", "fans": "1"}),
        (4, {"user": "b\nc", "fans": "2"}),
        (7, {"user": "d", "fans": "3"}),
    ]
    assert found[1].raw == '"b\nc",2'
    assert users(rows(table(tmp_path, "user,fans\na,1\nb,2\nc,3\n"), start=3)) == ["c"]


def test_an_unclosed_quote_costs_one_line(tmp_path: Path) -> None:
    found = rows(table(tmp_path, 'user,fans\na,1\n"b,2\nc,3\nd,4\n'))
    assert users(found) == ["a", None, "c", "d"]
    assert found[1].number == 3
    assert "never closed" in str(found[1].problem)
    assert found[1].raw == '"b,2'


def test_an_unclosed_quote_does_not_swallow_rows_up_to_the_next_quoted_cell(tmp_path: Path) -> None:
    assert users(rows(table(tmp_path, 'user,fans\n"a,1\nb,2\n"c",3\n"d\nd",4\n'))) == [None, "b", "c", "d\nd"]
    assert users(rows(table(tmp_path, 'user,fans\na,"1\nb,2\nc,"3"\nd,4\n'))) == [None, "b", "c", "d"]


def test_a_quote_inside_a_quoted_cell_is_named(tmp_path: Path) -> None:
    found = rows(table(tmp_path, 'user,fans\n"a "big" name",1\nb,2\n'))
    assert users(found) == [None, "b"]
    assert "double it" in str(found[0].problem)


def test_more_cells_than_the_header_is_a_problem_and_fewer_are_missing(tmp_path: Path) -> None:
    found = rows(table(tmp_path, "user,fans\na,1,2\nb,1,,\nc\n"))
    assert users(found) == [None, "b", "c"]
    assert "3 cells where the header has 2" in str(found[0].problem)
    assert found[2].row == {"user": "c"}


def test_undecodable_bytes_name_encoding_and_fix(tmp_path: Path) -> None:
    data = "user,fans\nJosé,1\nb,2\n".encode("cp1252")
    found = rows(table(tmp_path, data))
    assert users(found) == [None, "b"]
    assert "0xE9" in str(found[0].problem)
    assert "encoding = 'cp1252'" in str(found[0].problem)
    found[0].raw.encode("utf-8")
    assert users(rows(table(tmp_path, data), MAPPING.model_copy(update={"encoding": "cp1252"}))) == ["José", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "shift_jis"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = table(tmp_path, "user,fans\nあん,1\nb,2\n".encode(encoding))
    assert users(rows(path, MAPPING.model_copy(update={"encoding": encoding}))) == ["あん", "b"]


def test_a_nul_byte_is_the_problem_of_its_row(tmp_path: Path) -> None:
    found = rows(table(tmp_path, "user,fans\n" + "ok,1\n" * 50 + "a\0b,1\nc,2\n"))
    assert users(found)[-2:] == [None, "c"]
    assert "NUL" in str(found[-2].problem)


def test_a_line_of_fifty_megabytes_is_skipped_in_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "table.csv"
    length = 50_000_000
    with path.open("wb") as file:
        file.write(b"user,fans\na,1\n")
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b"\nb,2\n")
    tracemalloc.start()
    found = rows(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert users(found) == ["a", None, "b"]
    assert f"{length + 1:,} bytes" in str(found[1].problem)
    assert len(found[1].raw.encode()) <= EXCERPT
    assert peak < 8 * LINE_LIMIT


def test_a_record_beyond_the_limit_over_many_lines_costs_its_first_line(tmp_path: Path) -> None:
    text = 'user,fans\n"open,1\n' + "b,2\n" * 300_000
    found = rows(table(tmp_path, text))
    assert found[0].problem is not None
    assert len(found) == 300_001
    assert users(found)[1:] == ["b"] * 300_000


def test_long_raw_text_is_cut_to_whole_characters(tmp_path: Path) -> None:
    found = rows(table(tmp_path, f"user,fans\n{'é' * 3000},1\n"))
    assert len(found[0].raw.encode()) <= EXCERPT
    assert set(found[0].raw) == {"é"}


def test_a_header_alone_is_no_rows(tmp_path: Path) -> None:
    path = table(tmp_path, "user,fans\n")
    assert rows(path) == []
    assert count_rows(path, MAPPING) == 0


def test_a_mapped_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"handle: .* no column 'user'; the nearest is 'User Name'"):
        open_rows(table(tmp_path, "User Name,fans\na,1\n"), MAPPING)
    with pytest.raises(BadMapping, match="set delimiter"):
        open_rows(table(tmp_path, "user;fans\na;1\n"), MAPPING)


def test_every_column_of_a_mapping_is_checked(tmp_path: Path) -> None:
    mapping = parse_mapping(
        {
            "title": "T",
            "platform": {"column": "net", "values": {"a": "x"}},
            "observed_at": "day",
            "person_id": "who",
            "account": {"handle": "user", "joined_on": ["y", "m", "d"], "native_ids": {"x": "xid"}},
            "post": {"native_id": "pid"},
        }
    )
    columns = ["net", "day", "who", "user", "y", "m", "d", "xid", "pid"]
    open_rows(table(tmp_path, ",".join(columns) + "\n"), mapping)
    for missing in columns:
        header = ",".join(column for column in columns if column != missing)
        with pytest.raises(BadMapping, match=f"no column '{missing}'"):
            open_rows(table(tmp_path, f"{header}\n"), mapping)


def test_a_constant_date_is_no_column(tmp_path: Path) -> None:
    mapping = MAPPING.model_copy(update={"observed_at": "2026-01-31"})
    assert users(rows(table(tmp_path, "user,fans\na,1\n"), mapping)) == ["a"]


def test_an_unknown_encoding_is_the_mapping_s_fault(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="encoding 'klingon'"):
        open_rows(table(tmp_path, "user,fans\na,1\n"), MAPPING.model_copy(update={"encoding": "klingon"}))


def test_tabs_in_a_tsv_file_and_semicolons_where_the_mapping_says_so(tmp_path: Path) -> None:
    assert users(rows(table(tmp_path, "user\tfans\na\t1\n", "table.tsv"))) == ["a"]
    semicolons = MAPPING.model_copy(update={"delimiter": ";"})
    assert users(rows(table(tmp_path, "user;fans\na;1\n"), semicolons)) == ["a"]


def test_an_unreadable_header_is_the_problem_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="header cannot be read"):
        open_rows(table(tmp_path, '"user,fans\na,1\n'), MAPPING)
    with pytest.raises(BadDataset, match=r"header cannot be read.*cp1252"):
        open_rows(table(tmp_path, b"us\xe9r,fans\na,1\n"), MAPPING)


def test_counting_is_exact_for_small_files_and_an_estimate_for_large_ones(tmp_path: Path) -> None:
    assert count_rows(table(tmp_path, 'user,fans\n"a\nb",1\nc,2\n'), MAPPING) == 2
    large = count_rows(table(tmp_path, "user,fans\n" + "someone,12345\n" * 200_000), MAPPING)
    assert large is not None
    assert abs(large - 200_000) < 2_000
    assert count_rows(tmp_path / "absent.csv", MAPPING) is None
