"""The bundled demo table: facts only, from permitted files only, and every row of it normalises."""

import csv
import os
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from creators.datasets import load_mapping
from creators.models import Account
from enrich.normalise.dataset import normalise
from fetchers.bundled.compile import COLUMNS, TABLE, compile_table, write_table
from fetchers.bundled.inputs import INPUTS
from fetchers.sources.dataset import open_rows, to_record

MAPPING = TABLE.with_suffix(".toml")
DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
PERMITTED = re.compile(
    r"creators/top1000/(instagram|tiktok|youtube)_2022-\d\d\.csv"
    r"|creators/youtube_(global_statistics_2023|channels_described)\.csv|creators/youtube_programming_curated\.jsonl"
    r"|identity/(us_congress|conference_speakers)\.jsonl"
)
LONGEST = {
    "name": 100,
    "handle": 100,
    "categories": 200,
    "topics": 250,
    "website": 200,
    "source_file": 300,
    "history": 150,
}
"""Characters a cell may have; columns not named here hold 40."""


@cache
def table() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def creator(row: dict[str, str]) -> str:
    return row["person_id"] or f"{row['platform']}:{row['native_id'] or row['handle'].casefold()}"


@cache
def accounts() -> list[Account]:
    mapping = load_mapping(MAPPING)
    day = datetime(2026, 11, 21, tzinfo=UTC)
    records = (to_record(line, mapping, dataset_id="demo", default_at=day) for line in open_rows(TABLE, mapping))
    return [account for record in records for account in normalise(record, mapping).accounts]


def test_it_is_small_and_has_its_columns() -> None:
    assert TABLE.stat().st_size <= 1_000_000
    assert tuple(table()[0]) == COLUMNS


def test_it_has_enough_creators_on_enough_platforms() -> None:
    assert 3_000 <= len({creator(row) for row in table()}) <= 4_000
    platforms = Counter(row["platform"] for row in table())
    assert set(platforms) == {"instagram", "tiktok", "youtube", "x", "github"}
    assert min(platforms.values()) >= 200


def test_most_rows_say_how_large_and_about_what() -> None:
    full = sum(bool(row["followers"] and (row["categories"] or row["topics"])) for row in table())
    assert full / len(table()) >= 0.6


def test_at_most_a_tenth_are_legislators() -> None:
    rows = sum("us_congress" in row["source_file"] for row in table())
    assert 0 < rows / len(table()) <= 0.1


def test_several_hundred_people_have_several_platforms() -> None:
    platforms = defaultdict(set)
    for row in table():
        if row["person_id"]:
            platforms[row["person_id"]].add(row["platform"])
    assert sum(len(found) > 1 for found in platforms.values()) >= 300


def test_every_row_names_permitted_files_and_each_file_is_used() -> None:
    used = {name for row in table() for name in row["source_file"].split(";")}
    assert all(PERMITTED.fullmatch(name) for name in used), used
    assert used == {source.path for source in INPUTS}


def test_the_sources_page_names_every_repository_and_licence() -> None:
    page = MAPPING.with_name("SOURCES.md").read_text(encoding="utf-8")
    for source in INPUTS:
        stem = "creators/top1000/" if "top1000" in source.path else source.path
        assert stem in page
    assert page.count(" @ ") >= 6
    assert page.count("CC0-1.0") == 2


def test_there_is_no_prose_and_no_address() -> None:
    for row in table():
        for column, value in row.items():
            assert len(value) <= LONGEST.get(column, 40), (column, value)
            assert "\n" not in value
            assert not re.search(r"[\w.+-]+@[\w-]+\.\w", value), value
            assert "\ufffd" not in value
        for label in (row["categories"] + "|" + row["topics"]).split("|"):
            assert len(label) <= 40


def test_every_account_is_there_once() -> None:
    ids = [account.account_id for account in accounts()]
    assert len(ids) == len(set(ids)) == len(table())


def test_accounts_carry_what_the_rows_say() -> None:
    assert all(account.bio_composed == bool(account.bio) for account in accounts())
    assert all(account.provenance and PERMITTED.match(account.provenance) for account in accounts())
    by_id = {account.account_id: account for account in accounts()}
    messi = by_id["instagram:@leomessi"]
    assert messi.followers == 409_800_000
    assert [(point.at.month, point.followers) for point in messi.history] == [
        (6, 341_700_000),
        (9, 358_600_000),
        (11, 357_800_000),
    ]


def test_histories_are_earlier_and_in_order() -> None:
    grown = [account for account in accounts() if account.history]
    assert len(grown) >= 1_000
    for account in grown:
        days = [point.at for point in account.history]
        assert days == sorted(set(days))
        assert days[-1] < account.fetched_at


@pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of real tables")
def test_compiling_again_gives_the_same_bytes(tmp_path: Path) -> None:
    again = tmp_path / "creators.csv"
    write_table(compile_table(Path(str(DATA))), again)
    assert again.read_bytes() == TABLE.read_bytes()
