"""Writes beside the searches: ``python -m benchmarks.latency.writes``, a process of its own until it is told to end.

Updates of creators that are there, as the product makes them: the whole document with its vector, by the product's
bulk writer, with a version; the index refreshes when its own setting says so.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.corpus.store import Corpus
from creators.errors import EngineFailed
from creators.settings import load_settings
from creators.stores import bulk
from creators.stores.cluster import Cluster
from mappings import fields
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = 2000
BLOCK = 50
BEAT_S = 0.2
STOP_S = 60.0
READY = "writing\n"
"""The first line of the process, once it has read what it is going to write."""


@contextmanager
def written(env: Mapping[str, str], folder: Path, rate: float, seed: int) -> Iterator[dict[str, Any]]:
    """Write beside the block; the dict has what was written once the block is over, nothing for a rate of 0."""
    told: dict[str, Any] = {}
    if not rate:
        yield told
        return
    command = [sys.executable, "-m", "benchmarks.latency.writes", "--folder", str(folder)]
    command += ["--rate", str(rate), "--seed", str(seed)]
    with subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            if child.stdout.readline() != READY:
                detail = "the writer did not begin: its message is above"
                raise EngineFailed(detail)
            yield told
            child.send_signal(signal.SIGTERM)
            told |= json.loads(child.communicate(timeout=STOP_S)[0])
        finally:
            with suppress(ProcessLookupError):
                child.kill()


def _actions(corpus: Corpus, seed: int) -> Sequence[bulk.Action]:
    """Return updates of creators from all over the corpus, in an order of their own."""
    random = np.random.default_rng(seed)
    starts = np.linspace(0, max(0, corpus.size - BLOCK), max(1, min(POOL, corpus.size) // BLOCK), dtype=np.int64)
    found = []
    for start in (int(one) for one in starts):
        stop = min(corpus.size, start + BLOCK)
        for row, document in enumerate(corpus.documents(start, stop), start=start):
            vector = [round(float(one), 6) for one in corpus.vectors[row]]
            whole = {**document, fields.VECTOR: vector}
            found.append(bulk.Action(CREATORS, document[fields.ID], whole))
    return [found[place] for place in random.permutation(len(found))]


class _Told:
    """Whether somebody asked this process to end."""

    def __init__(self) -> None:
        self.to_end = False
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_: object) -> None:
        self.to_end = True


def _write(cluster: Cluster, actions: Sequence[bulk.Action], rate: float, told: _Told) -> dict[str, Any]:
    size = max(1, round(rate * BEAT_S))
    began, sent, refused, took, late = time.monotonic(), 0, 0, [], 0
    while not told.to_end:
        due = began + sent / rate
        if (wait := due - time.monotonic()) > 0:
            time.sleep(min(wait, BEAT_S))
            continue
        late += wait < -BEAT_S
        version = time.time_ns() // 1_000_000
        batch = [actions[(sent + place) % len(actions)] for place in range(size)]
        start = time.monotonic()
        outcome = bulk.write(cluster, [bulk.Action(one.index, one.doc_id, one.doc, version) for one in batch])
        took.append((time.monotonic() - start) * 1000)
        refused += len(outcome.refused) + len(outcome.stale)
        sent += size
    seconds = time.monotonic() - began
    return {
        "wanted_per_s": rate,
        "written_per_s": round(sent / seconds, 1),
        "refused": refused,
        "batch": size,
        "late_batches": late,
        "batch_p50_ms": round(float(np.percentile(took or [0], 50)), 1),
        "batch_p99_ms": round(float(np.percentile(took or [0], 99)), 1),
    }


def main() -> None:
    """Write until SIGTERM, then print what was written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency.writes")
    parser.add_argument("--folder", type=Path, required=True, help="of the corpus")
    parser.add_argument("--rate", type=float, required=True, help="documents per second")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    told = _Told()
    actions = _actions(Corpus.open(chosen.folder), chosen.seed)
    print(READY, end="", flush=True)
    print(json.dumps(_write(Cluster(load_settings()), actions, chosen.rate, told)), flush=True)


if __name__ == "__main__":
    main()
