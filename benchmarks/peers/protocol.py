"""What a peer is, and how its process answers the bench: one line of JSON asked, one line answered.

Runs in the environment of the peers, so it imports nothing of the product: the standard library and NumPy.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]
CLIENTS = 2
"""Of a crowd."""
_CROWD = ThreadPoolExecutor(CLIENTS)
"""Kept: each thread has connections of its own, and opening them is no part of an answer."""
PAGE = 20
"""Creators of an answer, each with its whole document."""
DEPTH = 200
"""Candidates of each arm."""
NEIGHBOURS = 100
"""Of so many true neighbours recall counts how many are found."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: as typed, its content words, its filters in both forms, its vector of unit length."""

    text: str
    words: str
    filters: Json
    conditions: tuple[Json, ...]
    vector: NDArray[np.float32]


class Material:
    """Creators and questions as :mod:`benchmarks.peers.material` laid them down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._facts = json.loads((folder / "material.json").read_text(encoding="utf-8"))
        self.size: int = self._facts["size"]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Row ``i`` is the vector of creator ``i``; mapped, not read."""
        file = self._facts["vectors"]
        return np.memmap(
            file["path"], np.float32, "r", offset=file["offset"], shape=(self.size, self._facts["dimension"])
        )

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Json]:
        """Yield creators: ``id``, ``names``, ``text``, the filter fields, and ``document`` as a JSON string."""
        with (self.folder / "rows.jsonl").open(encoding="utf-8") as lines:
            yield from map(json.loads, islice(lines, start, self.size if stop is None else stop))

    def batches(self, size: int) -> Iterator[tuple[list[Json], NDArray[np.float32]]]:
        """Yield creators with their vectors, ``size`` at a time."""
        rows, vectors = self.rows(), self.vectors
        for start in range(0, self.size, size):
            yield list(islice(rows, size)), np.asarray(vectors[start : start + size])

    def questions(self, name: str) -> list[Asked]:
        """Return one set of questions."""
        asked = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        vectors = np.load(self.folder / f"{name}.npy")
        return [
            Asked(one["text"], one["words"], one["filters"], tuple(one["conditions"]), vector)
            for one, vector in zip(asked, vectors, strict=True)
        ]


class Peer(Protocol):
    """One engine. ``ladder`` are its settings for recall, the cheapest first; empty where it has no vector arm."""

    ladder: Sequence[str]

    def build(self) -> Json:
        """Make everything anew; return ``load_s`` and ``index_s``."""

    def open(self) -> None:
        """Be ready for questions."""

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return the ids of one page; may be called from several threads."""

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the ids of the vector arm alone, the nearest first."""

    def update(self, count: int) -> None:
        """Write the first ``count`` creators again; return when a search would see them."""

    def settle(self) -> None:
        """Do what the engine's manual asks for after writes."""

    def facts(self) -> Json:
        """Return versions and settings, ``pids`` of servers, ``data`` folders, ``lacks`` in words."""

    def close(self) -> None:
        """End what was started."""


def answer(peer: Peer, material: Material) -> None:
    """Answer the bench until it closes the pipe."""
    # Engines print; what they print must not stand among the answers.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sets: dict[str, list[Asked]] = {}

    def questions(order: Json) -> list[Asked]:
        name = order["set"]
        if name not in sets:
            sets[name] = material.questions(name)
        return [sets[name][place] for place in order["places"]]

    try:
        for line in sys.stdin:
            order = json.loads(line)
            try:
                reply = _ORDERS[order["do"]](peer, order, questions)
            except Exception as error:  # noqa: BLE001 - whatever an engine raises is its answer, not the bench's end
                reply = {"error": f"{type(error).__name__}: {error}"[:2000]}
            print(json.dumps(reply), file=replies, flush=True)
    except BrokenPipeError:
        print("the bench ended before it was answered", file=sys.stderr)
    finally:
        peer.close()


Questions = Callable[[Json], list[Asked]]


def _build(peer: Peer, _order: Json, _questions: Questions) -> Json:
    return peer.build()


def _open(peer: Peer, _order: Json, _questions: Questions) -> Json:
    peer.open()
    return {"ladder": list(peer.ladder), "facts": peer.facts()}


def _facts(peer: Peer, _order: Json, _questions: Questions) -> Json:
    return {"facts": peer.facts()}


def _search(peer: Peer, order: Json, questions: Questions) -> Json:
    times, found = [], []
    for asked in questions(order):
        start = time.perf_counter()
        found.append(peer.search(asked, order["knob"]))
        times.append((time.perf_counter() - start) * 1000)
    return {"ms": times, "ids": found}


def _crowd(peer: Peer, order: Json, questions: Questions) -> Json:
    asked = questions(order)
    start = time.perf_counter()
    list(_CROWD.map(lambda one: peer.search(one, order["knob"]), asked))
    return {"wall_s": time.perf_counter() - start}


def _neighbours(peer: Peer, order: Json, questions: Questions) -> Json:
    return {"ids": [peer.neighbours(asked, order["knob"])[:NEIGHBOURS] for asked in questions(order)]}


def _update(peer: Peer, order: Json, _questions: Questions) -> Json:
    start = time.perf_counter()
    peer.update(order["count"])
    return {"seconds": time.perf_counter() - start}


def _settle(peer: Peer, _order: Json, _questions: Questions) -> Json:
    start = time.perf_counter()
    peer.settle()
    return {"seconds": time.perf_counter() - start}


_ORDERS: dict[str, Callable[[Peer, Json, Questions], Json]] = {
    "build": _build,
    "open": _open,
    "facts": _facts,
    "search": _search,
    "crowd": _crowd,
    "neighbours": _neighbours,
    "update": _update,
    "settle": _settle,
}


def run(make: Callable[[Material, Path], Peer]) -> None:
    """Be the process of one peer: ``python -m benchmarks.peers.workers.<name> MATERIAL FOLDER CORES``."""
    material, folder, cores = sys.argv[1:4]
    # Before any engine counts the cores and starts its threads.
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    found = Material(Path(material))
    answer(make(found, Path(folder)), found)
