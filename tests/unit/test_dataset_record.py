"""Lines become lake records: JSON, dated, filed under their first account."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creators.datasets import DatasetMapping, parse_mapping
from creators.errors import BadRecord
from creators.models import RawRecord
from fetchers.sources.dataset import Line, to_record

FIRST_SEEN = datetime(2026, 1, 2, tzinfo=UTC)
BASE: dict[str, Any] = {"title": "T", "platform": "x", "account": {"handle": "user"}}


def record(row: dict[str, Any], mapping: DatasetMapping | None = None) -> RawRecord:
    line = Line(7, row, "raw")
    return to_record(line, mapping or parse_mapping(BASE), dataset_id="d1", default_at=FIRST_SEEN)


def test_the_record_of_a_row() -> None:
    found = record({"user": "@Foo", "more": {"a": [1, None, True]}})
    assert found.model_dump(mode="json") == {
        "platform": "x",
        "source": "dataset",
        "kind": "row",
        "native_id": "@foo",
        "fetched_at": "2026-01-02T00:00:00Z",
        "tier": 2,
        "degraded": False,
        "cost_usd": 0.0,
        "content_type": "application/json",
        "target": None,
        "may_derive": True,
        "may_merge": True,
        "body": {"dataset": "d1", "line": 7, "row": {"user": "@Foo", "more": {"a": [1, None, True]}}},
    }


def test_every_column_stays_and_everything_is_json() -> None:
    row = {
        "user": "a",
        "day": date(2024, 1, 2),
        "at": FIRST_SEEN,
        "money": Decimal("1.10"),
        "raw": b"caf\xc3\xa9\xff",
        "half\ud83d": "lone \udc00 pair \ud83c\udf3f",
        "nan": float("nan"),
        "pairs": [("k", 1)],
        "gone": timedelta(days=1),
    }
    found = record(row).body["row"]
    assert json.loads(json.dumps(found, allow_nan=False, ensure_ascii=False).encode("utf-8")) == {
        "user": "a",
        "day": "2024-01-02",
        "at": "2026-01-02T00:00:00+00:00",
        "money": "1.10",
        "raw": "café\ufffd",
        "half\ufffd": "lone \ufffd pair \U0001f33f",
        "nan": "nan",
        "pairs": [["k", 1]],
        "gone": "1 day, 0:00:00",
    }


@pytest.mark.parametrize(
    ("observed_at", "row", "expected"),
    [
        ("2025-03-04", {}, datetime(2025, 3, 4, tzinfo=UTC)),
        (date(2025, 3, 4), {}, datetime(2025, 3, 4, tzinfo=UTC)),
        ("2025-03-04T05:06:07Z", {}, datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("seen", {"seen": "2025-03-04"}, datetime(2025, 3, 4, tzinfo=UTC)),
        ("seen", {"seen": "n/a"}, FIRST_SEEN),
        (None, {}, FIRST_SEEN),
    ],
)
def test_the_time_of_a_record(observed_at: object, row: dict[str, str], expected: datetime) -> None:
    mapping = parse_mapping({**BASE, "observed_at": observed_at})
    assert record({"user": "a", **row}, mapping).fetched_at == expected


def test_a_time_that_no_update_could_outrank_is_refused() -> None:
    mapping = parse_mapping({**BASE, "observed_at": "seen"})
    tomorrow = datetime.now(UTC) + timedelta(days=30)
    with pytest.raises(BadRecord, match="in the future"):
        record({"user": "a", "seen": tomorrow.isoformat()}, mapping)
    with pytest.raises(BadRecord, match="column 'seen'"):
        record({"user": "a", "seen": "last week"}, mapping)


def test_a_line_with_a_problem_is_a_bad_record_with_its_line() -> None:
    with pytest.raises(BadRecord, match="never closed") as caught:
        to_record(
            Line(9, None, "raw", "a quote is never closed"), parse_mapping(BASE), dataset_id="d", default_at=FIRST_SEEN
        )
    assert caught.value.field == "line 9"


def test_nesting_beyond_the_stack_is_a_bad_record() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadRecord, match="nested too deeply"):
        record({"user": "a", "deep": deep})
    while deep:  # taken apart step by step: the interpreter frees a chain this long by recursion
        deep = deep.pop()


def test_an_unknown_platform_is_a_bad_record() -> None:
    mapping = parse_mapping({**BASE, "platform": {"column": "net", "values": {"a": "x"}}})
    with pytest.raises(BadRecord, match="'b' is not a platform"):
        record({"user": "a", "net": "b"}, mapping)


def test_a_row_of_several_accounts_is_filed_under_the_first() -> None:
    mapping = parse_mapping({**BASE, "accounts": "accounts", "account": {"url": "url"}})
    found = record({"accounts": ["https://youtube.com/@b", "https://x.com/a", "https://x.com/b"]}, mapping)
    assert found.account_id == "x:@a"
