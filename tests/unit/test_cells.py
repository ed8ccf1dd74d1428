"""Column expressions: how a mapping finds a cell."""

import pytest

from creators.cells import Cells, cell, cells, column_names, find
from creators.errors import BadRecord


def test_headers_lose_blanks_breaks_and_the_byte_order_mark() -> None:
    header = ["\ufeff name ", "\nFollowers", "Eng.  (Avg.)\r\n", "Followers", "", "Followers", " "]
    assert column_names(header) == [
        "name", "Followers", "Eng. (Avg.)", "Followers#2", "column_5", "Followers#3", "column_7",
    ]  # fmt: skip


def test_an_exact_name_with_dots_wins_over_a_path() -> None:
    assert find({"Views avg.": "7", "Views avg": {"": "8"}}, "Views avg.") == "7"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("more.posts", 3),
        ("more.tags.1", "b"),
        ("more.tags.9", None),
        ("people.name", ["Ann", "Bo"]),
        ("text.inner", 5),
        ("more.posts.deeper", None),
        ("nowhere.at.all", None),
    ],
)
def test_paths_lead_into_nested_json(path: str, expected: object) -> None:
    row = {
        "more": {"posts": 3, "tags": ["a", "b"]},
        "people": [{"name": "Ann"}, {}, {"name": "Bo"}],
        "text": '{"inner": 5}',
    }
    assert find(row, path) == expected


@pytest.mark.parametrize(
    "value", ["", " - ", "N/A", "N/A'", "#VALOR!", "nan", "null", "NULL", None, float("nan"), [], {}]
)
def test_missing_markers_are_no_value(value: object) -> None:
    assert cell({"a": value, "b": 0}, ("a", "b")) == 0
    assert cell({"a": value}, "a") is None


def test_false_and_zero_are_values() -> None:
    assert cell({"a": False}, "a") is False
    assert cells({"a": 0}, "a") == [0]


def test_cells_takes_lists_apart() -> None:
    row = {"a": ["x", None, "y"], "b": '["z"]', "c": "plain", "d": "[not json"}
    assert cells(row, ("a", "b", "c", "d", "e")) == ["x", "y", "z", "plain", "[not json"]


def test_texts_split_and_do_not_repeat() -> None:
    assert Cells({"a": "Art| Food |Art|", "b": "n/a"}).texts(("a", "b")) == ("Art", "Food")


def test_a_day_in_three_columns() -> None:
    row = {"y": "2006", "m": "Mar", "d": "13"}
    assert str(Cells(row).day(("y", "m", "d"))) == "2006-03-13"
    assert Cells(row | {"d": "nan"}).day(("y", "m", "d")) is None
    with pytest.raises(BadRecord, match="YYYY-MM-DD"):
        Cells(row | {"d": "45"}).day(("y", "m", "d"))


def test_the_message_names_the_column_that_was_read() -> None:
    with pytest.raises(BadRecord, match="column 'b'") as caught:
        Cells({"a": "-", "b": "many"}).count(("a", "b"))
    assert caught.value.field == "b"
