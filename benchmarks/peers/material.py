"""What all peers are given, laid down once: creators as lines, their vectors, questions with vectors, and the truth."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.conditions import FLAGS, LISTS, NUMBERS, WORDS, columns_of, conditions_of, passing
from benchmarks.peers.protocol import NEIGHBOURS
from search.queries.lexical import content_words

if TYPE_CHECKING:
    from enrich.encoders.text import TextEncoder

SEARCHED = ("bio", "media_text", "topics", "niche_labels", "categories")
"""What the mapping copies into ``search_text`` beside the name, which peers have in a field of its own."""
Json = dict[str, Any]


class Creators(Protocol):
    """What is read of a corpus; :class:`benchmarks.corpus.store.Corpus` is one."""

    @property
    def size(self) -> int:
        """How many creators."""

    @property
    def fingerprint(self) -> str:
        """Of everything that decides what they are."""

    @property
    def vectors(self) -> NDArray[np.float32]:
        """One row a creator, of unit length."""

    def documents(self, start: int = 0, stop: int | None = None) -> Iterator[Json]:
        """Yield them without their vectors."""
        ...


class Question(Protocol):
    """What is read of a question; :class:`benchmarks.corpus.questions.Question` is one."""

    @property
    def text(self) -> str:
        """As typed."""

    @property
    def filters(self) -> Json:
        """As the API takes them."""

    @property
    def kind(self) -> str:
        """What its figures are grouped by."""

    @property
    def share(self) -> float:
        """Of the creators, those that pass."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Material in a folder, and what only the bench needs of it."""

    folder: Path
    size: int
    kinds: dict[str, list[str]]
    """Set of questions → the kind of each."""
    truth: dict[str, list[list[str]]]
    """Set of questions → the true nearest creators of each, under its filters, at most ``NEIGHBOURS``."""


def lay(creators: Creators, sets: Mapping[str, Sequence[Question]], encoder: TextEncoder, folder: Path) -> Laid:
    """Return material in ``folder``; creators that lie there already are not written again.

    Raises:
        ValueError: a question has a filter that peers are not asked with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _lay_creators(creators, folder)
    columns = np.load(folder / "columns.npz")
    ids = (folder / "ids.txt").read_text(encoding="utf-8").splitlines()
    truth = {}
    for name, questions in sets.items():
        vectors = encoder.encode([one.text for one in questions])
        conditions = [conditions_of(one.filters) for one in questions]
        rows = [
            {
                "text": one.text,
                "words": " ".join(content_words(one.text)),
                "filters": one.filters,
                "conditions": wanted,
                "kind": one.kind,
                "share": one.share,
            }
            for one, wanted in zip(questions, conditions, strict=True)
        ]
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        np.save(folder / f"{name}.npy", vectors.astype(np.float32))
        masks = (passing(wanted, columns, creators.size) for wanted in conditions)
        truth[name] = [
            [ids[place] for place in nearest(creators.vectors, vector, mask)]
            for vector, mask in zip(vectors, masks, strict=True)
        ]
    kinds = {name: [one.kind for one in questions] for name, questions in sets.items()}
    return Laid(folder, creators.size, kinds, truth)


def nearest(vectors: NDArray[np.float32], asked: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of the nearest that pass, the nearest first, at most ``NEIGHBOURS``; exact."""
    rows = np.flatnonzero(mask)
    # Few rows are picked out; many are compared where they lie, for a copy of them would be as large as all.
    cosines = vectors[rows] @ asked if 4 * len(rows) < len(mask) else (vectors @ asked)[rows]
    count = min(NEIGHBOURS, len(rows))
    best = np.argpartition(-cosines, count - 1)[:count] if count else np.array([], np.int64)
    found: NDArray[np.int64] = rows[best[np.argsort(-cosines[best])]]
    return found


def recall(found: Sequence[Sequence[str]], truth: Sequence[Sequence[str]], kinds: Sequence[str]) -> dict[str, float]:
    """Return kind of question → mean share of the true neighbours that were found; who has none counts as found."""
    shares: dict[str, list[float]] = {}
    for ids, wanted, kind in zip(found, truth, kinds, strict=True):
        share = len(set(ids[:NEIGHBOURS]) & set(wanted)) / len(wanted) if wanted else 1.0
        shares.setdefault(kind, []).append(share)
    return {kind: round(float(np.mean(values)), 4) for kind, values in sorted(shares.items())}


def _lay_creators(creators: Creators, folder: Path) -> None:
    done = folder / "material.json"
    if done.exists():
        return
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as lines:
        for document in creators.documents():
            lines.write(json.dumps(_row(document), ensure_ascii=False) + "\n")
    with (folder / "rows.jsonl").open(encoding="utf-8") as lines:
        ids = (folder / "ids.txt").open("w", encoding="utf-8")
        with ids:
            columns = columns_of(_noted(map(json.loads, lines), ids))
    np.savez(folder / "columns.npz", **columns)  # type: ignore[arg-type]  # names are not its own options
    vectors = creators.vectors
    if isinstance(vectors, np.memmap) and vectors.filename and vectors.dtype == np.float32:
        lies = {"path": str(vectors.filename), "offset": vectors.offset}
    else:
        np.ascontiguousarray(vectors, np.float32).tofile(folder / "vectors.f32")
        lies = {"path": str(folder / "vectors.f32"), "offset": 0}
    facts = {"size": creators.size, "dimension": vectors.shape[1], "vectors": lies}
    whole = done.with_suffix(f".{os.getpid()}")
    whole.write_text(json.dumps(facts), encoding="utf-8")
    whole.replace(done)


def _noted(rows: Iterator[Json], ids: Any) -> Iterator[Json]:
    for row in rows:
        ids.write(row["id"] + "\n")
        yield row


def _row(document: Json) -> Json:
    text = [part for name in SEARCHED for part in _texts(document.get(name))]
    names = [document.get("name") or "", *_texts(document.get("names_ascii")), *_texts(document.get("handles"))]
    return {
        "id": document["creator_id"],
        # A handle is one word with its signs and several without them, as the product's analyzer has it.
        "names": " ".join([*names, *(handle.replace("_", " ").replace(".", " ") for handle in names[1:])]),
        "text": "\n".join(text),
        **{name: document.get(name) or [] for name in LISTS},
        **{name: document[name] for name in (*WORDS, *NUMBERS, *FLAGS) if document.get(name) is not None},
        "document": json.dumps(document, ensure_ascii=False),
    }


def _texts(value: object) -> list[str]:
    if not value:
        return []
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
