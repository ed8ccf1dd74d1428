"""R24: two planners, one killed or stopped every few seconds; every due refresh is queued exactly once.

Targets fall due again a few seconds after each fetch. The consumer stands for the workers: it takes each job as it
comes, notes when each of its targets was due, and settles it. A target that comes before it is due was queued twice;
one that has been due for long and has not come was forgotten. The killed planner is started again, the stopped one
sleeps through its lease and goes on where it was.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.models import Platform
from creators.settings import as_environment, load_settings
from creators.stores import tasks
from creators.stores.schedule import Schedule
from creators.stores.session import Stores
from creators.stores.tasks import Task
from creators.telemetry import configure_logging
from fetchers import planner
from fetchers.settlement import Ended, Settled, settle

if TYPE_CHECKING:
    from creators.settings import Settings

LEASE_S = 1.5
TICK_S = 0.1
STOP_S = 2.5
"""Longer than the lease."""
FAULT_EVERY_S = (1.0, 6.0)
GRACE_S = 30.0
START_S = 60.0
PLANNERS = 2


def plan() -> None:
    """Plan until killed; what a worker does beside its jobs, only faster."""
    planner.LEASE_S = LEASE_S
    settings = load_settings()
    configure_logging(settings.model_copy(update={"log_level": "warning"}))
    stores = Stores(settings)
    own, counts, redis = planner.Planner(stores), _key(stores), stores.queue.redis
    while True:
        ticked = own.tick()
        redis.hincrby(counts, "ticks", 1)
        redis.hincrby(counts, f"{'led' if ticked.leads else 'followed'}:{os.getpid()}", 1)
        if ticked.leads:
            redis.hset(counts, "leader", os.getpid())
        time.sleep(TICK_S)


@dataclass(slots=True)
class Crew:
    """The planner processes, and what is done to them."""

    environment: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: int = 0
    stops: int = 0

    def start(self) -> None:
        """Start one more planner."""
        command = [sys.executable, "-m", "benchmarks.faults.planners", "plan"]
        self.running.append(subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL))

    def fault(self, leader: int, chance: random.Random) -> None:
        """Kill one planner and start another, or stop one for longer than its lease; mostly the one that leads."""
        leading = [one for one in self.running if one.pid == leader]
        victim = chance.choice(leading if leading and chance.random() < 0.8 else self.running)
        if chance.random() < 0.5:
            victim.kill()
            victim.wait(timeout=10)
            self.running.remove(victim)
            self.start()
            self.kills += 1
        else:
            victim.send_signal(signal.SIGSTOP)
            self.stops += 1

    def wake(self) -> None:
        """Let everybody go on."""
        for one in self.running:
            one.send_signal(signal.SIGCONT)


@contextmanager
def crew(settings: Settings) -> Iterator[Crew]:
    """Run planners for the block."""
    own = Crew({**os.environ, **as_environment(settings)})
    for _ in range(PLANNERS):
        own.start()
    try:
        yield own
    finally:
        for one in own.running:
            one.kill()
            one.wait(timeout=10)


@dataclass(slots=True)
class Consumer:
    """Takes jobs as they come and checks that each of their targets was due."""

    stores: Stores
    due: dict[str, datetime]
    taken: int = 0
    early: int = 0
    """Targets in a job before they were due: queued twice."""
    late_s: list[float] = field(default_factory=list)

    def take(self) -> bool:
        """Take one job, if there is one."""
        queue = self.stores.queue.queue("fetch")
        if not queue.count:
            return False
        job = queue.fetch_job(queue.pop_job_id())
        now = datetime.now(UTC)
        for target_id in job.args:
            late = (now - self.due[target_id]).total_seconds()
            self.early += late < 0
            self.late_s.append(late)
        self.taken += len(job.args)
        settle(self.stores, [Settled(target_id, Ended.FOUND) for target_id in job.args])
        for target_id, task in tasks.load(self.stores.cluster, job.args).items():
            self.due[target_id] = task.due_at or now
        job.delete()
        return True

    def overdue(self, before: datetime) -> int:
        """Return how many targets should have come by a time."""
        return sum(due < before for due in self.due.values())


def prove(run: Run) -> Proof:
    """Two planners for ten minutes, or for 20 seconds."""
    chance = random.Random(run.seed)  # noqa: S311 - a seed for repetition, not a secret
    size, length = run.size(1500, 150), run.size(600, 20)
    proof = Proof()
    with installed(refresh_min_s=4.0, refresh_max_s=12.0, fetch_batch=20) as stores:
        now = datetime.now(UTC)
        entered = [
            Task(f"profile:{chance.choice(list(Platform))}:{n}", now, now + timedelta(seconds=chance.uniform(0, 8)))
            for n in range(size)
        ]
        tasks.offer(stores.cluster, entered)
        consumer = Consumer(stores, {task.target_id: task.due_at or now for task in entered})
        with crew(stores.settings) as own:
            missed = _run(consumer, own, chance, length)
        counts = _counts(stores)
        _claims(proof, consumer, own, counts)
        proof.claim("every due refresh was queued", missed == 0)
        if not run.smoke:
            proof.claim("at least 1,000 ticks", counts["ticks"] >= 1000)
        proof.facts["left"] = Schedule(stores).depth()
    return proof


def _key(stores: Stores) -> str:
    return f"{stores.settings.index_prefix}proof"


def _counts(stores: Stores) -> dict[str, int]:
    return {key.decode(): int(count) for key, count in stores.queue.redis.hgetall(_key(stores)).items()}


def _planning(counts: dict[str, int]) -> int:
    return len({name.partition(":")[2] for name in counts if ":" in name})


def _run(consumer: Consumer, own: Crew, chance: random.Random, length: float) -> int:
    """Return how many targets were due at the end and did not come."""
    patience = time.monotonic() + START_S
    while _planning(_counts(consumer.stores)) < PLANNERS and time.monotonic() < patience:
        time.sleep(TICK_S)
    end = time.monotonic() + length
    next_fault = time.monotonic() + chance.uniform(*FAULT_EVERY_S)
    wake_at: float | None = None
    while time.monotonic() < end:
        if not consumer.take():
            time.sleep(0.02)
        if wake_at is not None and time.monotonic() > wake_at:
            own.wake()
            wake_at = None
        elif wake_at is None and time.monotonic() > next_fault:
            own.fault(_counts(consumer.stores)["leader"], chance)
            wake_at = time.monotonic() + STOP_S
            next_fault = wake_at + chance.uniform(*FAULT_EVERY_S)
    own.wake()
    # What was due by now must still come; what falls due meanwhile is of no interest.
    ended, patience = datetime.now(UTC), time.monotonic() + GRACE_S
    while consumer.overdue(ended) and time.monotonic() < patience:
        if not consumer.take():
            time.sleep(0.02)
    return consumer.overdue(ended)


def _claims(proof: Proof, consumer: Consumer, own: Crew, counts: dict[str, int]) -> None:
    leaders = [name for name in counts if name.startswith("led:")]
    late = statistics.quantiles(consumer.late_s, n=100) if len(consumer.late_s) > 1 else [0.0] * 99
    proof.facts |= {
        "targets": len(consumer.due),
        "refreshes": consumer.taken,
        "ticks": counts["ticks"],
        "leaders": len(leaders),
        "kills": own.kills,
        "stops": own.stops,
        "late_s": {"p50": round(late[49], 2), "p99": round(late[98], 2), "max": round(max(consumer.late_s), 2)},
    }
    proof.claim("no due refresh was queued twice", consumer.early == 0)
    proof.claim("every target was refreshed", consumer.taken >= len(consumer.due))
    proof.claim("the lead changed hands", len(leaders) > 1)


if __name__ == "__main__":
    if sys.argv[1:] == ["plan"]:
        plan()
    else:
        main("planners", prove)
