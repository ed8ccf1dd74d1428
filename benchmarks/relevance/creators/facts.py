"""What the tables say about each creator, read without the pipeline: the judge must not trust what is judged."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from creators.text import normalise_handle

HERE = Path(__file__).parent
TABLES = (HERE.parents[2] / "fetchers" / "bundled" / "creators.csv", HERE / "generated.csv")
"""Tables of the collection; each has its mapping beside it, with the suffix ``.toml``."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One creator: all rows of one person, or one row."""

    key: str
    """The smallest of the account ids: what judgements name, as it does not depend on how ids of creators are made."""
    accounts: frozenset[str]
    names: tuple[str, ...]
    """Names and handles."""
    bio: str
    labels: dict[str, frozenset[str]]
    """Kind of label (category, topic, platform, country, language, subject, also, source) → values, case-folded."""
    followers: int | None
    """Of the largest account."""


def account_id(row: Row) -> str:
    """Return the id that the pipeline gives the account of a row."""
    return f"{row['platform']}:{row.get('native_id') or '@' + normalise_handle(row['handle'])}"


def read_facts(tables: Iterable[Path] = TABLES) -> list[Facts]:
    """Return the creators of the tables, in the order of their keys."""
    persons: dict[str, list[Row]] = defaultdict(list)
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                persons[row.get("person_id") or account_id(row)].append(row)
    return sorted((_facts(rows) for rows in persons.values()), key=lambda one: one.key)


def _facts(rows: list[Row]) -> Facts:
    accounts = frozenset(account_id(row) for row in rows)
    counts = [int(row["followers"]) for row in rows if row["followers"]]
    return Facts(
        key=min(accounts),
        accounts=accounts,
        names=tuple(dict.fromkeys(row[column] for row in rows for column in ("name", "handle") if row[column])),
        bio=" ".join(row.get("bio", "") for row in rows).strip(),
        labels={
            "category": _values(rows, "categories"),
            "topic": _values(rows, "topics"),
            "source": _values(rows, "source_file", ";"),
            **{kind: _values(rows, kind) for kind in ("platform", "country", "language", "subject", "also")},
        },
        followers=max(counts, default=None),
    )


def _values(rows: list[Row], column: str, separator: str = "|") -> frozenset[str]:
    cells = (row.get(column) or "" for row in rows)
    return frozenset(value.casefold() for cell in cells for value in cell.split(separator) if value)
