"""Make a corpus: documents by two processes, vectors by the product's encoder; a run that was killed goes on.

Every part is written beside its name, moved there when it is whole, and then noted with its checksum. What is not noted
is made again, what is noted is not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.corpus.block import COLUMNS, GENERATOR, bases, first_texts, make_block
from benchmarks.corpus.content import BLOCK, bases_before
from benchmarks.corpus.store import ABOUT, BASES, COLUMN_FILE, DOCUMENTS, PARTS, VECTORS, Corpus, checksum, part_file
from benchmarks.corpus.vectors import turned
from creators.errors import SetupError
from creators.settings import Settings
from enrich.encoders.opened import fingerprint_of, open_encoder
from enrich.encoders.text import DIMENSION

PROCESSES, WORTH_PROCESSES = 2, 4
"""How many write documents, and from how many parts on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made where."""

    folder: Path
    size: int
    seed: int
    encoder: str

    @property
    def blocks(self) -> int:
        """How many parts there are."""
        return -(-self.size // BLOCK)

    @property
    def about(self) -> dict[str, Any]:
        """What decides the content, and the fingerprint of it."""
        known = {"creators": self.size, "seed": self.seed, "encoder": self.encoder, "generator": GENERATOR}
        return known | {"fingerprint": hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]}


def make(creators: int, folder: Path, *, settings: Settings, seed: int = 7, progress: bool = True) -> Corpus:
    """Return the corpus in ``folder``, made as far as it is not there yet.

    Args:
        creators: at least 1.
        folder: of its own; what another program made in it is never mixed in.
        settings: name the encoder.
        seed: of everything random.
        progress: show a bar on stderr.

    Raises:
        SetupError: the folder holds another corpus, or the encoder cannot be had.
    """
    plan = Plan(folder, creators, seed, fingerprint_of(settings))
    _claim(plan)
    if (folder / ABOUT).exists():
        return Corpus.open(folder)
    with _bars(enabled=progress) as bars:
        _documents(plan, bars)
        _encode(plan, settings, bars)
        _turn(plan, bars)
    parts = [json.loads(line)["part"] for line in (folder / PARTS).read_text(encoding="utf-8").splitlines()]
    _replace(folder / ABOUT, json.dumps(plan.about | {"parts": len(set(parts))}, indent=1).encode())
    return Corpus.open(folder)


def _claim(plan: Plan) -> None:
    """Note whose folder it is before anything is in it."""
    (plan.folder / DOCUMENTS).mkdir(parents=True, exist_ok=True)
    (plan.folder / BASES).mkdir(exist_ok=True)
    note = plan.folder / "begun.json"
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) != plan.about:
        detail = (
            f"{plan.folder} holds a corpus of another size, seed, encoder or version: remove it or name another folder"
        )
        raise SetupError(detail, field="folder")
    _replace(note, json.dumps(plan.about).encode())
    _mend(plan.folder / PARTS)


def _documents(plan: Plan, bars: Bars) -> None:
    done = _noted(plan)
    missing = [number for number in range(plan.blocks) if f"{DOCUMENTS}/{number}" not in done]
    jobs = [(plan.folder, plan.seed, number, plan.size) for number in missing]
    with _mapped(len(jobs)) as mapped:
        made = mapped(_write_block, jobs)
        for number, digest in zip(missing, bars("documents", made, plan.blocks, len(missing)), strict=True):
            _note(plan, f"{DOCUMENTS}/{number}", digest)
    columns = np.concatenate([np.load(_columns_file(plan.folder, number)) for number in range(plan.blocks)])
    _save(plan.folder / COLUMN_FILE, columns.astype(COLUMNS))


@contextmanager
def _mapped(jobs: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Give a ``map`` over processes, or over this one where starting others would take longer than the work."""
    if jobs < WORTH_PROCESSES:
        yield map
        return
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _write_block(job: tuple[Path, int, int, int]) -> str:
    folder, seed, number, size = job
    block = make_block(seed, number, size)
    _save(_columns_file(folder, number), block.columns)
    _replace(part_file(folder, number), block.lines)
    return checksum(part_file(folder, number))


def _encode(plan: Plan, settings: Settings, bars: Bars) -> None:
    done = _noted(plan)
    missing = [number for number in range(plan.blocks) if f"{BASES}/{number}" not in done]
    if not missing:
        return
    encoder = open_encoder(settings)

    def encoded() -> Iterator[str]:
        for number in missing:
            file = _base_file(plan.folder, number)
            _save(file, encoder.encode(first_texts(plan.seed, number, plan.size)))
            yield checksum(file)

    for number, digest in zip(missing, bars("texts encoded", encoded(), plan.blocks, len(missing)), strict=True):
        _note(plan, f"{BASES}/{number}", digest)


def _turn(plan: Plan, bars: Bars) -> None:
    """Write the vectors of every block; cheap enough to be done from the start when a run was killed in it."""
    base = np.concatenate([np.load(_base_file(plan.folder, number)) for number in range(plan.blocks)])
    beside = plan.folder / f"{VECTORS}.part"
    vectors = np.lib.format.open_memmap(beside, mode="w+", dtype=np.float32, shape=(plan.size, DIMENSION))
    for number in bars("vectors", iter(range(plan.blocks)), plan.blocks, plan.blocks):
        start = number * BLOCK
        own = bases(plan.seed, number, plan.size)
        firsts = min(bases_before(number + 1) - bases_before(number), len(own))
        rows = turned(base[own], seed=plan.seed, block=number)
        rows[:firsts] = base[own[:firsts]]
        vectors[start : start + len(rows)] = rows
    vectors.flush()
    beside.replace(plan.folder / VECTORS)


def _columns_file(folder: Path, number: int) -> Path:
    return folder / DOCUMENTS / f"{number:06d}.npy"


def _base_file(folder: Path, number: int) -> Path:
    return folder / BASES / f"{number:06d}.npy"


def _noted(plan: Plan) -> dict[str, str]:
    """Return part → checksum of what is finished."""
    notes = plan.folder / PARTS
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    return {note["part"]: note["sha256"] for note in map(json.loads, lines)}


def _mend(notes: Path) -> None:
    """Drop the line that a crash tore: what is noted next would be added to it."""
    if notes.exists():
        whole, _, torn = notes.read_bytes().rpartition(b"\n")
        if torn:
            _replace(notes, whole + b"\n" if whole else b"")


def _note(plan: Plan, part: str, digest: str) -> None:
    with (plan.folder / PARTS).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps({"part": part, "sha256": digest}) + "\n")


def _save(file: Path, array: np.ndarray[Any, Any]) -> None:
    beside = file.with_name(f"{file.name}.part")
    with beside.open("wb") as opened:
        np.save(opened, array)
    beside.replace(file)


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f"{file.name}.part")
    with beside.open("wb") as opened:
        opened.write(content)
        os.fsync(opened.fileno())
    beside.replace(file)


Bars = Callable[[str, Iterable[Any], int, int], Iterator[Any]]


@contextmanager
def _bars(*, enabled: bool) -> Iterator[Bars]:
    """Give a function that counts what passes, on stderr, with what is left of the time."""
    shown = (
        TextColumn("{task.description:>14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*shown, console=Console(stderr=True), disable=not enabled) as progress:

        def counted(what: str, parts: Iterable[Any], total: int, missing: int) -> Iterator[Any]:
            task = progress.add_task(what, total=total, completed=total - missing)
            for part in parts:
                progress.advance(task)
                yield part

        yield counted
