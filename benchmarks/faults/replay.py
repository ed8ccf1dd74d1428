"""R6: dead letters tried again after a fix: every record arrives, once, and a second replay finds nothing to do."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from api.installation import workers
from api.supervisor import supervised
from benchmarks.faults import people
from benchmarks.faults.defective import BROKEN, MISREAD, UNREAD, worker_command
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.settings import as_environment
from creators.stores import receipts
from creators.stores.deadletters import Wanted, tally
from creators.stores.receipts import Balance
from creators.stores.session import Stores
from indexers import pipeline
from indexers.replay import Pace, Replayed, replay

PER_S = 250.0
LIMIT_S = 1200.0


def prove(run: Run) -> Proof:
    """Load a file with a program that has defects, then replay with one that has none."""
    proof, bad, good = Proof(), run.size(1000, 30), run.size(1000, 50)
    kinds = (UNREAD, MISREAD, BROKEN)
    names = [f"{kinds[n % 3]}{n}" for n in range(bad)] + [f"person{n}" for n in range(good)]
    random.Random(run.seed).shuffle(names)  # noqa: S311 - an order, no secret
    with installed(batch_rows=100) as stores, tempfile.TemporaryDirectory() as folder:
        people.write(Path(folder, "people.csv"), names)
        pipeline.ingest(stores, Path(folder, "people.csv"), people.mapping())
        with supervised(worker_command(), {**os.environ, **as_environment(stores.settings)}, 1):
            watch(stores, proof, "before the fix")
        before = receipts.balance(stores.cluster)
        proof.claim(f"{bad} records are dead-lettered", (before.dead_lettered, unsettled(stores)) == (bad, bad))
        again(stores, proof, bad)
        proof.account(receipts.balance(stores.cluster))
        found = Counter(people.found(stores))
        proof.claim("every record is indexed, once", found == Counter(names))
        proof.claim("no dead letter is left", unsettled(stores) == 0)
        digest = pipeline.digest(stores)
        second = replay(stores, Wanted(), pace=Pace(PER_S), on_progress=lambda _done: None)
        idle = sum(stores.queue.depth().values()) == 0 and receipts.balance(stores.cluster).pending == 0
        proof.claim("a second replay changes nothing", second == Replayed() and idle)
        proof.claim("the index is as it was before the second replay", pipeline.digest(stores) == digest)
    return proof


def again(stores: Stores, proof: Proof, bad: int) -> None:
    """Replay everything with workers that have no defects, and claim that the pace was kept."""
    started, spent = time.monotonic(), []
    with workers(stores.settings, 1):
        done = replay(stores, Wanted(), pace=Pace(PER_S), on_progress=lambda done: spent.append(done.queued))
        queued_s = time.monotonic() - started
        watch(stores, proof, "after the fix")
    proof.facts |= {"queued in s": round(queued_s, 1), "arrived in s": round(time.monotonic() - started, 1)}
    proof.claim(f"{bad} letters are replayed", done.queued == bad)
    # The last object may be queued whole before its share of time has passed.
    last = spent[-1] - (spent[-2] if len(spent) > 1 else 0)
    proof.claim(f"at most {PER_S:.0f} records a second are queued", (done.queued - last) / PER_S <= queued_s)


def watch(stores: Stores, proof: Proof, when: str) -> None:
    """Follow the account until nothing is pending, and claim that it balanced at every moment."""
    seen: list[Balance] = []
    deadline = time.monotonic() + LIMIT_S
    while not seen or seen[-1].pending or not seen[-1].datasets_read:
        assert time.monotonic() < deadline, "the work does not end"
        seen.append(receipts.balance(stores.cluster))
        time.sleep(0.2)
    # While a slice of the file is being read, its objects are booked a moment before its rows.
    whole = [one for one in seen if one.datasets_read]
    proof.facts[f"accounts read {when}"] = len(whole)
    proof.claim(
        f"in = indexed + stale + dead-lettered + pending, always, {when}", all(one.is_balanced for one in whole)
    )


def unsettled(stores: Stores) -> int:
    """Return how many records lie in the dead letters."""
    return sum(one["records"] for one in tally(stores.cluster, Wanted(), by=("state",)))


if __name__ == "__main__":
    main("replay", prove)
