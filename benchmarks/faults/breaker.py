"""``python -m benchmarks.faults.breaker``: a source that fails is left alone, another one serves, and it comes back.

Four processes ask for targets at a steady pace. The better of two sources fails every call for a while. Its server
counts what still reaches it: few calls until the breaker opens, one probe in its time, two good ones until it closes.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass, replace
from multiprocessing.queues import SimpleQueue

from pydantic import SecretStr

from benchmarks.faults.own_redis import own_redis
from benchmarks.faults.plain import POLICY, Counting, Plain, Said, counting
from benchmarks.faults.report import Proof, Run, main
from creators.models import Platform
from creators.settings import Settings, SourceSettings
from creators.stores.breakers import Breakers, Rules
from creators.stores.queue import connect
from creators.stores.scripts import Shared
from creators.stores.session import Stores
from creators.targets import Target, TaskKind
from fetchers.controller import Controller

PROCESSES, LANES = 4, 2
PAUSE_S = 0.1
HEALTHY_S = 3.0
PROVIDER = replace(POLICY, kind="provider", sees_all=False)
SOURCES = {"plain": Plain(), "second": Plain(name="second", tier=2, policy=PROVIDER)}


@dataclass(frozen=True)
class Plan:
    """What one process is told."""

    redis_url: str
    first_url: str
    second_url: str
    seconds: float
    rules: Rules

    @property
    def settings(self) -> Settings:
        """The settings of every process."""
        sources = {
            "plain": SourceSettings(base_url=self.first_url, keys=SecretStr("one")),
            "second": SourceSettings(base_url=self.second_url, keys=SecretStr("one")),
        }
        return Settings(redis_url=SecretStr(self.redis_url), index_prefix="b-", sources=sources)


def work(plan: Plan, results: SimpleQueue[Counter[str]]) -> None:
    """Ask for targets until the time is over; hands back how they ended."""
    results.put(asyncio.run(_work(plan)))


async def _work(plan: Plan) -> Counter[str]:
    stores, ended, numbers = Stores(plan.settings), Counter[str](), itertools.count()
    breakers = Breakers(Shared(stores.queue.redis, plan.settings.index_prefix), plan.rules)
    until = time.monotonic() + plan.seconds
    async with Controller(stores, SOURCES, breakers=breakers) as controller:

        async def lane() -> None:
            while time.monotonic() < until:
                outcome = await controller.run(Target(TaskKind.PROFILE, Platform.X, str(next(numbers))))
                ended["targets"] += 1
                ended[f"{outcome.kind} {outcome.source}"] += 1
                flagged = outcome.found is not None and all(record.degraded for record in outcome.found.records)
                ended[f"{'flagged' if flagged else 'plain'} by {outcome.source}"] += 1
                await asyncio.sleep(PAUSE_S)

        await asyncio.gather(*(lane() for _ in range(LANES)))
    return ended


@dataclass
class Course:
    """When what happened, by the clock of the server."""

    failed: float = 0.0
    opened: float = 0.0
    healed: float = 0.0
    closed: float = 0.0


async def _until(breakers: Breakers, states: set[str], limit_s: float) -> float:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = await asyncio.to_thread(breakers.states, ["plain"])
        if found["plain"].state in states:
            break
        await asyncio.sleep(0.01)
    return time.monotonic()


async def _drive(server: Counting, breakers: Breakers, rules: Rules) -> Course:
    """Let the first source fail for three probes and heal; returns when the breaker moved."""
    course = Course()
    await asyncio.wait_for(server.called.wait(), 240)
    await asyncio.sleep(HEALTHY_S)
    course.failed, server.answer = time.monotonic(), lambda *_: Said(503)
    course.opened = await _until(breakers, {"open"}, 30)
    await asyncio.sleep(3.3 * rules.probe_ms / 1000)
    course.healed, server.answer = time.monotonic(), lambda *_: Said()
    course.closed = await _until(breakers, {"closed"}, 5 * rules.probe_ms / 1000)
    return course


async def _measure(run: Run, proof: Proof) -> None:
    rules = Rules() if not run.smoke else Rules(open_ms=1500, probe_ms=1500)
    with own_redis() as redis:
        async with counting() as first, counting() as second:
            plan = Plan(redis.url, first.url, second.url, HEALTHY_S + 8.5 * rules.probe_ms / 1000, rules)
            context = multiprocessing.get_context("spawn")
            results: SimpleQueue[Counter[str]] = context.SimpleQueue()
            crew = [context.Process(target=work, args=(plan, results)) for _ in range(PROCESSES)]
            for process in crew:
                process.start()
            breakers = Breakers(Shared(connect(plan.settings), plan.settings.index_prefix), rules)
            course = await _drive(first, breakers, rules)
            for process in crew:
                await asyncio.to_thread(process.join, plan.seconds + 60)
            ended = sum((results.get() for process in crew if process.exitcode == 0), Counter[str]())
            _judge(proof, course, rules, ended, (first, second))


def _judge(proof: Proof, course: Course, rules: Rules, ended: Counter[str], servers: tuple[Counting, Counting]) -> None:
    first, second = servers
    times = first.arrivals["one"]
    # What was under way when it opened still arrives.
    burst = [at for at in times if course.failed <= at < course.opened + 0.5]
    probes = [at for at in times if course.opened + 0.5 <= at < course.closed]
    gaps = [after - before for before, after in itertools.pairwise(probes)]
    good = [at for at in probes if at >= course.healed]
    calls, demand = first.calls + second.calls, ended["targets"]
    proof.facts |= {
        "targets": demand,
        "calls": calls,
        "calls_per_target": round(calls / max(1, demand), 4),
        "calls_until_open": len(burst),
        "seconds_until_open": round(course.opened - course.failed, 2),
        "probes": len(probes),
        "shortest_between_probes_s": round(min(gaps, default=0.0), 2),
        "good_probes_until_closed": len(good),
        "ended": dict(sorted(ended.items())),
    }
    proof.claim("open after at most 20 calls or 10 s", len(burst) <= 20 or course.opened - course.failed <= 10)
    proof.claim("at most one probe in its time", len(gaps) > 1 and min(gaps) >= 0.98 * rules.probe_ms / 1000)
    proof.claim("closed after at most two good probes", 1 <= len(good) <= 2)
    proof.claim("every target was found", ended["found plain"] + ended["found second"] == demand > 0)
    proof.claim("the second source served while the first did not", ended["found second"] > 0)
    proof.claim("its records are flagged, the others are not", ended["flagged by second"] == ended["found second"])
    proof.claim("no record of the first is flagged", ended["flagged by plain"] == 0)
    proof.claim("at most 1.2 calls a target", calls <= 1.2 * demand)
    late = [at for at in times if at > course.closed + 0.5]
    proof.claim("the first source serves again", len(late) > 0)


def prove(run: Run) -> Proof:
    """Run it."""
    proof = Proof()
    asyncio.run(_measure(run, proof))
    return proof


if __name__ == "__main__":
    main("breaker", prove)
