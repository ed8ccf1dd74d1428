"""Workers and Redis are killed again and again while a file is brought in: nothing lost, nothing twice, the same end.

R1 (workers) and R3 (Redis, whose log is written once a second) in one run, as in life they come together.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from benchmarks.faults import people
from benchmarks.faults.installed import installed
from benchmarks.faults.own_redis import OwnRedis, own_redis
from benchmarks.faults.report import Proof, Run, main
from creators.errors import CreatorscopeError
from creators.settings import as_environment
from creators.stores import receipts
from indexers import pipeline

if TYPE_CHECKING:
    from creators.stores.session import Stores

WORKERS = 2
BATCH_ROWS = 50
PAUSE_S = (1.0, 4.0)
DOWN_S = (0.1, 2.0)
SILENCE_S = 90.0
DEADLINE_S = 1800.0


class Crew:
    """Workers that are killed and followed by others."""

    def __init__(self, stores: Stores) -> None:
        self._environment = {**os.environ, **as_environment(stores.settings)}
        self._running = [self._start() for _ in range(WORKERS)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "api.cli", "worker"]
        return subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL, start_new_session=True)

    def kill(self, dice: random.Random) -> None:
        """Kill one without a word and start another."""
        victim = self._running.pop(dice.randrange(WORKERS))
        victim.kill()
        victim.wait()
        self._running.append(self._start())

    def look_after(self) -> None:
        """Start another for each that has ended by itself."""
        self._running = [one if one.poll() is None else self._start() for one in self._running]

    def end(self) -> None:
        """End all of them."""
        for one in self._running:
            one.kill()
            one.wait()


@contextmanager
def crew_of(stores: Stores) -> Iterator[Crew]:
    """Give workers for a block."""
    crew = Crew(stores)
    try:
        yield crew
    finally:
        crew.end()


def bring_in(stores: Stores, names: list[str]) -> None:
    """Register a file with one row for each name, and queue it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        people.write(file, names)
        pipeline.ingest(stores, file, people.mapping())


def ended(stores: Stores, rows: int) -> tuple[bool, int]:
    """Return whether all rows have ended, and how many have."""
    try:
        found = receipts.balance(stores.cluster)
    except CreatorscopeError:
        return False, -1
    is_done = found.rows_in == rows and found.pending == 0 and found.unresolved == 0
    return is_done, found.rows_in - found.pending


def undisturbed(names: list[str]) -> str:
    """Return the digest at the end of a run in which nothing happens."""
    with installed(batch_rows=BATCH_ROWS) as stores:
        bring_in(stores, names)
        with crew_of(stores):
            while not ended(stores, len(names))[0]:
                time.sleep(0.5)
        return pipeline.digest(stores).checksum


def prove(run: Run) -> Proof:
    """Return what the kills have done."""
    dice = random.Random(run.seed)  # noqa: S311 - reproducible, not secret
    rows, kills, outages = run.size(5000, 200), run.size(50, 3), run.size(10, 1)
    names = [f"person{number}" for number in range(rows)]
    proof = Proof()
    expected = undisturbed(names)
    with own_redis() as redis, installed(batch_rows=BATCH_ROWS, redis_url=SecretStr(redis.url)) as stores:
        bring_in(stores, names)
        plan = ["worker"] * kills + ["redis"] * outages
        dice.shuffle(plan)
        with crew_of(stores) as crew:
            silence, done = _disturb(stores, crew, redis, (plan, dice, rows))
        proof.facts |= {"rows": rows, "workers": WORKERS, "longest silence, s": round(silence, 1)}
        proof.facts |= {"workers killed": kills - plan.count("worker"), "Redis killed": outages - plan.count("redis")}
        found = people.found(stores)
        proof.claim("all of it came to its end", done)
        proof.claim("nobody is lost, nobody is there twice", sorted(found) == sorted(names))
        proof.claim(
            "the same documents as in a run that nothing disturbed", pipeline.digest(stores).checksum == expected
        )
        proof.claim(f"never silent for more than {SILENCE_S:.0f} s", silence <= SILENCE_S)
        proof.account(receipts.balance(stores.cluster))
    return proof


def _disturb(
    stores: Stores, crew: Crew, redis: OwnRedis, how: tuple[list[str], random.Random, int]
) -> tuple[float, bool]:
    """Follow the plan until the work is done; returns the longest time without progress, and whether it was done."""
    plan, dice, rows = how
    longest, last, since = 0.0, -1, time.monotonic()
    deadline, next_at = time.monotonic() + DEADLINE_S, time.monotonic()
    done = False
    while not done and time.monotonic() < deadline:
        if plan and time.monotonic() >= next_at:
            if plan.pop() == "worker":
                crew.kill(dice)
            else:
                redis.kill()
                time.sleep(dice.uniform(*DOWN_S))
                redis.start()
            next_at = time.monotonic() + dice.uniform(*PAUSE_S)
        crew.look_after()
        done, count = ended(stores, rows)
        if count > last:
            last, since = count, time.monotonic()
        longest = max(longest, time.monotonic() - since)
        time.sleep(0.2)
    return longest, done


if __name__ == "__main__":
    main("kills", prove)
