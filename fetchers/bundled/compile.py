"""Rebuild the demo table from the folder of collected tables: ``python -m fetchers.bundled.compile DATA_DIR``.

Facts only: names, handles, ids, counts, categories, topics, countries, dates. The same folder gives the same bytes.
Rows with damaged names are skipped; rows of one account (same platform and id, or same platform and same handle in the
form of :func:`creators.text.normalise_handle`) become one, the later value of each fact staying and the follower counts
of all dates becoming its history. A channel whose name another row already has is skipped, never joined.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from creators.cells import Cells, find
from creators.datasets import DatasetMapping, load_mapping
from creators.errors import BadRecord
from creators.profiles import EMAIL, Identity, identities
from creators.text import clean_line, normalise_handle
from fetchers.bundled.inputs import COLLECTED, INPUTS, QUOTA, Group, Input
from fetchers.sources.dataset import open_rows, to_record

TABLE = Path(__file__).with_name("creators.csv")
COLUMNS = (
    "platform", "native_id", "handle", "name", "categories", "topics", "country", "audience_country", "joined_on",
    "followers", "posts", "views", "avg_views", "avg_likes", "avg_comments", "avg_shares", "engagement_rate",
    "observed_at", "history", "person_id", "website", "source_file",
)  # fmt: skip
MAX_NAME = 100
MAX_LABEL = 40
"""Characters of a category or topic; a longer one is a sentence."""
_AVERAGES = ("avg_views", "avg_likes", "avg_comments", "avg_shares")
_DAMAGED = ("\ufffd", "???", "\u2588")
# Channels that YouTube fills by itself: no creator stands behind them.
_NO_CREATOR = frozenset({"youtubemovies"})
_MAPPINGS = Path(__file__).parents[2] / "mappings" / "datasets"


@dataclass
class Entry:
    """One account as it is put together."""

    group: Group
    person: str
    facts: dict[str, str] = field(default_factory=dict)
    history: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def row(self) -> dict[str, str]:
        """The account as a row of the table."""
        earlier = [(day, count) for day, count in sorted(self.history.items()) if day < self.facts["observed_at"]]
        history = ";".join(f"{day}={count}" for day, count in earlier)
        return {**self.facts, "history": history, "source_file": ";".join(self.files)}


def compile_table(data_dir: Path) -> list[dict[str, str]]:
    """Return the rows of the demo table, in the order of their platform and handle."""
    entries: dict[tuple[str, str], Entry] = {}
    names: dict[str, tuple[str, str]] = {}
    for source in INPUTS:
        for one, facts in _accounts(data_dir, source):
            key = (one.platform.value, one.native_id)
            if key in entries or not _is_taken(key, facts, source.group, names):
                _merge(entries.setdefault(key, Entry(source.group, facts["person_id"])), facts, source)
    chosen = [entry for group in QUOTA for entry in _best(group, entries.values())]
    return sorted((entry.row() for entry in chosen), key=lambda row: tuple(row.get(column, "") for column in COLUMNS))


def _accounts(data_dir: Path, source: Input) -> Iterator[tuple[Identity, dict[str, str]]]:
    mapping = load_mapping(_MAPPINGS / f"{source.mapping}.toml")
    collected = datetime.fromisoformat(COLLECTED).replace(tzinfo=UTC)
    for line in open_rows(data_dir / source.path, mapping):
        try:
            record = to_record(line, mapping, dataset_id="bundled", default_at=collected)
            found = identities(record.body["row"], mapping)
            day = record.fetched_at.date().isoformat()
            described = [(one, _facts(one, mapping, source, day)) for one in found]
        except BadRecord:
            continue  # damaged in the source: the table is made of what is sound
        yield from ((one, facts) for one, facts in described if _is_sound(facts))


def _facts(one: Identity, mapping: DatasetMapping, source: Input, day: str) -> dict[str, str]:
    columns = mapping.account
    if columns is None:
        return {}
    read = Cells(one.row, separator=mapping.list_separator)
    joined_on = read.day(columns.joined_on)
    country = read.texts(columns.country)[:1]
    person = read.text(mapping.person_id) or ""
    followers = read.count(columns.followers)
    numbers: dict[str, Any] = {
        "followers": followers,
        "posts": read.count(columns.posts) or None,
        "views": read.count(columns.views) or None,
        "engagement_rate": _engagement_rate(read, source, followers),
    }
    averages = {name: read.count(getattr(columns, name)) for name in _AVERAGES}
    if any(averages.values()):  # all zero is how these lists write "unknown"
        numbers |= averages
    texts = {
        "platform": one.platform.value,
        "native_id": "" if one.native_id.startswith("@") else one.native_id,
        "handle": one.handle or "",
        "name": clean_line(read.text(columns.name) or ""),
        "categories": _labels(source.categories or read.texts(columns.categories)),
        "topics": _labels(_chamber(one) or source.topics or read.texts(columns.topics)),
        "country": source.country or "".join(country),
        "audience_country": clean_line(read.text(source.audience_country) or ""),
        "joined_on": joined_on.isoformat() if joined_on else "",
        "observed_at": day,
        "person_id": f"{source.group}:{person}" if person else "",
        "website": clean_line(read.text(columns.website) or ""),
    }
    return texts | {name: "" if value is None else str(value) for name, value in numbers.items()}


def _labels(texts: tuple[str, ...]) -> str:
    return "|".join(text for text in texts if len(text) <= MAX_LABEL)


def _engagement_rate(read: Cells, source: Input, followers: int | None) -> float | None:
    engagement = read.count(source.engagement)
    return round(engagement / followers, 6) if engagement and followers else None


def _chamber(one: Identity) -> tuple[str, ...]:
    return {"sen": ("US Senate",), "rep": ("US House of Representatives",)}.get(str(find(one.row, "chamber")), ())


def _is_sound(facts: dict[str, str]) -> bool:
    names = facts["name"] + facts["handle"]
    damaged = any(mark in names for mark in _DAMAGED) or len(facts["name"]) > MAX_NAME
    no_creator = normalise_handle(facts["name"]) in _NO_CREATOR
    return not damaged and not no_creator and not EMAIL.search(names)


def _is_taken(key: tuple[str, str], facts: dict[str, str], group: Group, names: dict[str, tuple[str, str]]) -> bool:
    """Whether another YouTube channel already has this name: probably the same one under another handle."""
    if facts["platform"] != "youtube" or group == "congress":
        return False
    own = {normalise_handle(facts["name"]), normalise_handle(facts["handle"])} - {""}
    taken = any(names.get(name, key) != key for name in own)
    if not taken:
        names.update(dict.fromkeys(own, key))
    return taken


def _merge(entry: Entry, facts: dict[str, str], source: Input) -> None:
    # A snapshot that lists an account twice counts once: the first of its rows.
    if source.path in entry.files:
        return
    entry.facts |= {name: value for name, value in facts.items() if value or name not in entry.facts}
    entry.files.append(source.path)
    if facts["followers"]:
        entry.history[facts["observed_at"]] = int(facts["followers"])


def _best(group: Group, entries: Iterable[Entry]) -> list[Entry]:
    """The accounts of the best documented creators of a group; all the accounts of a person, or none."""
    people: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.group == group:
            people.setdefault(entry.person or "\t".join(entry.facts[key] for key in COLUMNS[:3]), []).append(entry)

    def rank(item: tuple[str, list[Entry]]) -> tuple[bool, int, int, int, str]:
        person, accounts = item
        facts = accounts[0].facts
        labelled = bool(facts["categories"] or facts["topics"]) and bool(facts["followers"])
        return (not labelled, -len(accounts), -len(accounts[0].history), -int(facts["followers"] or 0), person)

    return [entry for _, accounts in sorted(people.items(), key=rank)[: QUOTA[group]] for entry in accounts]


def write_table(rows: list[dict[str, str]], path: Path) -> None:
    """Write the rows as CSV in UTF-8 with the line end LF."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Write the table beside this module, or where ``--out`` says."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("data_dir", type=Path, help="folder with creators/ and identity/")
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    rows = compile_table(arguments.data_dir)
    write_table(rows, arguments.out)
    sys.stdout.write(f"{len(rows)} accounts in {arguments.out}\n")


if __name__ == "__main__":
    main()
