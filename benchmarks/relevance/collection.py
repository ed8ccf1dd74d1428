"""A judged collection in BEIR layout, read from a folder."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = ("corpus.jsonl.gz", "corpus.jsonl")
JUDGEMENT_COLUMNS = 3
TREC_COLUMNS = 4

Lists = dict[str, list[str]]
"""Ranked document ids by query id."""
Runs = dict[str, Lists]
"""Rankings by name of the run."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document; ``title`` may be empty."""

    doc_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, questions and judgements; every question has at least one relevant document."""

    name: str
    documents: tuple[Document, ...]
    queries: dict[str, str]
    """Text by query id, in the order of the ids."""
    judgements: dict[str, dict[str, int]]
    """Grade by document id, by query id; 0 is judged and not relevant."""


def read_collection(folder: Path, queries: Path | None = None, qrels: Path | None = None) -> Collection:
    """Return the collection in ``folder``; questions without a relevant document are left out.

    Args:
        folder: holds ``corpus.jsonl.gz`` (or ``corpus.jsonl``).
        queries: JSON lines with ``_id`` and ``text``; None takes the only ``queries*.jsonl`` of the folder.
        qrels: query, document and grade, separated by tabs; None takes the only ``qrels*.tsv`` of the folder.

    Raises:
        ValueError: a file is missing, there are several and none was named, a line cannot be read, or nothing is left
            to ask; the message names the file and the fix.
    """
    corpus = next((folder / name for name in CORPUS if (folder / name).is_file()), None)
    if corpus is None:
        detail = f"{folder} holds neither {CORPUS[0]} nor {CORPUS[1]}: give --collection a folder in BEIR layout"
        raise ValueError(detail)
    judged = _judgements(qrels or _only(folder, "qrels", "tsv"))
    texts = {str(row["_id"]): str(row["text"]) for row in _rows(queries or _only(folder, "queries", "jsonl"))}
    asked = {one: texts[one] for one in sorted(texts) if any(grade > 0 for grade in judged.get(one, {}).values())}
    if not asked:
        detail = f"no query of {folder} has a relevant document: do --queries and --qrels belong together?"
        raise ValueError(detail)
    documents = tuple(
        Document(str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or "")) for row in _rows(corpus)
    )
    return Collection(folder.resolve().name, documents, asked, {one: judged[one] for one in asked})


def _only(folder: Path, stem: str, suffix: str) -> Path:
    exact = folder / f"{stem}.{suffix}"
    found = sorted({*folder.glob(f"{stem}.*.{suffix}"), *folder.glob(f"{stem}/*.{suffix}")})
    if exact.is_file():
        return exact
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        detail = f"{folder} should hold {exact.name}, or exactly one {stem}.*.{suffix} (found: {names}): give --{stem}"
        raise ValueError(detail)
    return found[0]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                row["_id"]
            except (ValueError, KeyError, TypeError) as error:
                detail = f"{path}, line {number}: one JSON object with _id is needed: {error}"
                raise ValueError(detail) from error
            yield row


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    """Read judgements with or without a header, with three columns or the four of TREC."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) == TREC_COLUMNS:
            cells = [cells[0], *cells[2:]]
        if len(cells) == JUDGEMENT_COLUMNS and cells[2].strip().lstrip("-").isdigit():
            found[cells[0]][cells[1]] = int(cells[2])
        elif cells and number > 1:
            detail = f"{path}, line {number}: expected query, document and grade separated by tabs, found {line!r}"
            raise ValueError(detail)
    return found
