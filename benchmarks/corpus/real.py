"""Accounts of the real tables in a folder, read as the product reads them: what the made ones are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from creators.datasets import load_mapping
from creators.errors import BadRecord
from creators.models import Account
from enrich.normalise.dataset import normalise
from fetchers.sources.dataset import open_rows, to_record

MAPPINGS = Path(__file__).parents[2] / "mappings" / "datasets"
DAY = datetime(2026, 11, 21, tzinfo=UTC)


def real_accounts(folder: Path) -> list[Account]:
    """Return each account once, as the last table that has it states it.

    Args:
        folder: with the tables that ``mappings/datasets`` describes, at any depth; a table that is missing is left out.
    """
    tables = {table.stem: table for table in sorted(folder.rglob("*")) if table.suffix in {".csv", ".jsonl"}}
    accounts: dict[str, Account] = {}
    for mapping in sorted(MAPPINGS.glob("*.toml")):
        table = tables.get(mapping.stem.removeprefix("top1000_"))
        if table is not None:
            accounts |= {one.account_id: one for one in _accounts(table, mapping)}
    return list(accounts.values())


def _accounts(table: Path, mapping_file: Path) -> Iterator[Account]:
    mapping = load_mapping(mapping_file)
    for line in open_rows(table, mapping):
        with suppress(BadRecord):
            yield from normalise(to_record(line, mapping, dataset_id="real", default_at=DAY), mapping).accounts
