"""R7: a record that kills its worker is in the dead letters after three attempts, and no queue is silent meanwhile."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from api.supervisor import supervised
from benchmarks.faults import people
from benchmarks.faults.defective import DEADLY, worker_command
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.settings import as_environment
from creators.stores import receipts
from creators.stores.deadletters import POISON
from creators.stores.session import Stores
from creators.stores.steps import MAX_ATTEMPTS
from indexers import pipeline

SILENT_S = 60.0
LIMIT_S = 1500.0


def prove(run: Run) -> Proof:
    """Load a file with one deadly row with a single worker, which its supervisor starts again."""
    proof, count = Proof(), run.size(10_000, 300)
    names = [f"person{n}" for n in range(count)]
    place = random.Random(run.seed).randrange(count)  # noqa: S311 - a place, no secret
    names[place] = f"{DEADLY}{place}"
    with installed(batch_rows=run.size(250, 50)) as stores, tempfile.TemporaryDirectory() as folder:
        people.write(Path(folder, "people.csv"), names)
        pipeline.ingest(stores, Path(folder, "people.csv"), people.mapping())
        with supervised(worker_command(), {**os.environ, **as_environment(stores.settings)}, 1) as running:
            silent_s, idle_s = watch(stores)
            deaths = running[0].restarts
        proof.account(receipts.balance(stores.cluster))
        letters, found = people.dead(stores), Counter(people.found(stores))
        proof.facts |= {"deaths": deaths, "longest silence in s": round(silent_s, 1), "waited in s": round(idle_s, 1)}
        proof.claim(f"the worker died {MAX_ATTEMPTS} times", deaths == MAX_ATTEMPTS)
        (only,) = letters.values() if len(letters) == 1 else ({},)
        proof.claim("only the deadly row is dead-lettered", letters.keys() == {place + people.FIRST_LINE})
        proof.claim("its letter says why", (only.get("error"), only.get("attempts")) == (POISON, MAX_ATTEMPTS))
        proof.claim("all others are indexed, once", found == Counter(name for name in names if name != names[place]))
        proof.claim(f"nothing is silent for {SILENT_S:.0f} s", max(silent_s, idle_s) < SILENT_S)
    return proof


def watch(stores: Stores) -> tuple[float, float]:
    """Wait until nothing is pending.

    Returns:
        the longest time for which jobs waited in the queues and the account did not move, and the longest for which
        there was nothing to do but to wait for the lease of a dead worker to end; in seconds.
    """
    deadline = time.monotonic() + LIMIT_S
    silent_s = idle_s = 0.0
    before, moved = None, time.monotonic()
    while True:
        now, balance = time.monotonic(), receipts.balance(stores.cluster)
        assert now < deadline, "the work does not end"
        progress = (balance, tuple(stores.queue.depth().items()))
        if progress != before:
            before, moved = progress, now
        waits = sum(stores.queue.depth().values()) > 0
        silent_s = max(silent_s, now - moved if waits else 0.0)
        idle_s = max(idle_s, 0.0 if waits else now - moved)
        if balance.datasets_read and balance.pending == 0:
            return silent_s, idle_s
        time.sleep(0.3)


if __name__ == "__main__":
    main("poison", prove)
