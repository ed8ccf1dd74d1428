"""Counts, rates, truth values and dates as tables write them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from creators.errors import BadRecord
from creators.values import (
    MAX_COUNT,
    parse_bool,
    parse_count,
    parse_date,
    parse_float,
    parse_instant,
    parse_rate,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("50.7M", 50_700_000),
        ("229.5M", 229_500_000),
        ("450K", 450_000),
        ("1.2 bn", 1_200_000_000),
        ("3 万", 30_000),
        ("1,234,567", 1_234_567),
        ("1 234 567", 1_234_567),
        ("1\u00a0234", 1_234),
        ("50700000.00", 50_700_000),
        ("2.28E+11", 228_000_000_000),
        ("+12", 12),
        ("0", 0),
        (12.0, 12),
        (7, 7),
        ("\uff15\uff10", 50),
        ({"tag": "has", "count": 9}, 9),
        ({"tag": "hidden"}, None),
        ("#VALOR!", None),
        (None, None),
    ],
)
def test_counts(value: object, expected: int | None) -> None:
    assert parse_count(value, "followers") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("16,037 M", 16_037_000), ("450,584 K", 450_584), ("1.234.567", 1_234_567), ("12", 12)]
)
def test_counts_with_a_decimal_comma(value: str, expected: int) -> None:
    assert parse_count(value, "followers", decimal=",") == expected


@pytest.mark.parametrize(
    "value",
    [
        "-5",
        "1.5",
        "many",
        "12abc",
        "1,2",
        "12,34,56",
        "1.2.3",
        "16,037 M",
        "1e99",
        "9" * 30,
        True,
        [1],
        {"a": 1},
        "٪",
        "inf",
        "5%",
        "K",
    ],
)
def test_nonsense_counts_name_column_value_and_fix(value: object) -> None:
    with pytest.raises(BadRecord, match=r"column 'Fans': ") as caught:
        parse_count(value, "Fans")
    assert caught.value.field == "Fans"
    assert len(caught.value.detail) < 250


@given(st.integers(0, MAX_COUNT))
@example(0)
def test_every_count_survives_writing(count: int) -> None:
    for text in (str(count), f"{count:,}", f"{count}.00", f"{count:,}".replace(",", "\u202f")):
        assert parse_count(text, "n") == count
    assert parse_count(f"{count:,}".replace(",", "."), "n", decimal=",") == count


@given(st.integers(0, 10**6), st.integers(0, 9), st.sampled_from("kKmMbB"))
def test_every_count_with_a_unit_is_exact(whole: int, tenth: int, unit: str) -> None:
    size = {"k": 10**3, "m": 10**6, "b": 10**9}[unit.lower()]
    assert parse_count(f"{whole}.{tenth}{unit}", "n") == whole * size + tenth * size // 10


@given(st.text(max_size=40))
def test_a_count_is_a_count_or_a_bad_record(text: str) -> None:
    try:
        count = parse_count(text, "n")
    except BadRecord:
        return
    assert count is None or 0 <= count <= MAX_COUNT


def test_means_may_have_a_fraction_and_no_sign() -> None:
    assert parse_float("12.5K", "avg") == 12_500.0
    assert parse_float("0,5", "avg", decimal=",") == 0.5
    with pytest.raises(BadRecord, match="between 0"):
        parse_float("-0.1", "avg")


def test_rates_are_fractions() -> None:
    assert parse_rate("0.031", "er") == 0.031
    assert parse_rate("3.1%", "er") == 0.031
    assert parse_rate("3,1 %", "er", decimal=",") == 0.031
    assert parse_rate("3.1", "er", unit="percent") == 0.031
    assert parse_rate(1.4, "er") == 1.4
    with pytest.raises(BadRecord, match="unmapped"):
        parse_rate("18510000", "er")


def test_truth_values() -> None:
    assert parse_bool("TRUE", "v") is True
    assert parse_bool("no", "v") is False
    assert parse_bool(0, "v") is False
    assert parse_bool("null", "v") is None
    with pytest.raises(BadRecord, match="true or false"):
        parse_bool("perhaps", "v")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-12-15", datetime(2024, 12, 15, tzinfo=UTC)),
        ('"2024-12-15T22:51:08.000Z"', datetime(2024, 12, 15, 22, 51, 8, tzinfo=UTC)),
        ("2023-10-09T13:56:49.563976Z", datetime(2023, 10, 9, 13, 56, 49, 563976, tzinfo=UTC)),
        ("2023-10-09 13:56:49", datetime(2023, 10, 9, 13, 56, 49, tzinfo=UTC)),
        ("2023-10-09T13:56:49+02:00", datetime(2023, 10, 9, 11, 56, 49, tzinfo=UTC)),
        ("Wed Feb 01 17:49:30 +0000 2012", datetime(2012, 2, 1, 17, 49, 30, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2006", datetime(2006, 1, 1, tzinfo=UTC)),
        ("2006-03", datetime(2006, 3, 1, tzinfo=UTC)),
        (date(2020, 2, 29), datetime(2020, 2, 29, tzinfo=UTC)),
        ("1970-01-01", None),
        ("null", None),
    ],
)
def test_instants(value: object, expected: datetime | None) -> None:
    assert parse_instant(value, "at") == expected


@pytest.mark.parametrize(
    "value", ["yesterday", "03/04/2020", "2020-13-01", "2020-02-30", "1066-10-14", "9999-12-31", "0", True]
)
def test_what_is_no_date_says_so(value: object) -> None:
    with pytest.raises(BadRecord, match="column 'at'"):
        parse_instant(value, "at")


def test_a_date_is_the_day_of_the_instant() -> None:
    assert parse_date("2024-12-15T23:59:59-02:00", "at") == date(2024, 12, 16)


@given(st.text(max_size=40))
def test_a_date_is_a_date_or_a_bad_record(text: str) -> None:
    try:
        found = parse_instant(text, "at")
    except BadRecord:
        return
    assert found is None or found.tzinfo is UTC
