"""A corpus on disk: parts of documents, one file of vectors, and a list of what is finished.

``parts.jsonl`` has one line per finished part with the SHA-256 of its file, ``corpus.json`` is written last: a folder
with it is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import orjson
import zstandard
from numpy.typing import NDArray

from benchmarks.corpus.block import COLUMNS
from benchmarks.corpus.content import BLOCK
from benchmarks.corpus.people import made
from creators.errors import SetupError

ABOUT, PARTS, VECTORS, COLUMN_FILE = "corpus.json", "parts.jsonl", "vectors.npy", "columns.npy"
DOCUMENTS, BASES = "documents", "bases"
DEFAULT_SEED = 7

Vectors = NDArray[np.float32]


def bench_folder() -> Path:
    """Return the folder in which benchmarks keep what takes long to make: ``CREATORSCOPE_BENCH_DIR``."""
    given = os.environ.get("CREATORSCOPE_BENCH_DIR")
    return Path(given) if given else Path.home() / ".cache" / "creatorscope-bench"


def default_folder(creators: int, seed: int = DEFAULT_SEED) -> Path:
    """Return where a corpus is made when nobody says where."""
    return bench_folder() / "corpora" / f"{creators}-{seed}"


def part_file(folder: Path, number: int) -> Path:
    """Return the file of one part of the documents."""
    return folder / DOCUMENTS / f"{number:06d}.jsonl.zst"


def checksum(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Texts(Sequence[str]):
    """The texts that vectors stand for, made again when asked for: about half a millisecond each."""

    def __init__(self, seed: int, size: int) -> None:
        self._seed, self._size = seed, size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        rows = range(self._size)[place]
        if isinstance(rows, int):
            return made(self._seed, rows).signals.text
        return [made(self._seed, row).signals.text for row in rows]


@dataclass(frozen=True)
class Corpus:
    """Creators that were made; row ``i`` of everything is creator ``i``.

    Attributes:
        folder: it lies in.
        size: creators.
        seed: they were made from.
        fingerprint: of everything that decides what is in it; two corpora with one fingerprint are equal.
    """

    folder: Path
    size: int
    seed: int
    fingerprint: str

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Return a finished corpus.

        Raises:
            SetupError: it is not there, or not finished; the message has the command.
        """
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            detail = f"{folder} holds no finished corpus: run `python -m benchmarks.corpus make --folder {folder} ...`"
            raise SetupError(detail, field="folder") from error
        return cls(folder, about["creators"], about["seed"], about["fingerprint"])

    @cached_property
    def vectors(self) -> Vectors:
        """float32 of shape (size, 384), unit length, mapped from the file."""
        found: Vectors = np.load(self.folder / VECTORS, mmap_mode="r")
        return found

    @cached_property
    def columns(self) -> NDArray[np.void]:
        """One record per creator, see :data:`benchmarks.corpus.block.COLUMNS`."""
        found: NDArray[np.void] = np.load(self.folder / COLUMN_FILE)
        return found.astype(COLUMNS, copy=False)

    @property
    def texts(self) -> Texts:
        """Text ``i`` is what vector ``i`` stands for."""
        return Texts(self.seed, self.size)

    def documents(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the documents of ``creators`` from ``start`` up to ``stop``, without their vectors."""
        for line in self.lines(start, stop):
            yield orjson.loads(line)

    def lines(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the same as JSON, without line ends."""
        end = self.size if stop is None else min(stop, self.size)
        for number in range(start // BLOCK, -(-end // BLOCK)):
            first = number * BLOCK
            lines = zstandard.decompress(part_file(self.folder, number).read_bytes()).splitlines()
            yield from lines[max(0, start - first) : end - first]
