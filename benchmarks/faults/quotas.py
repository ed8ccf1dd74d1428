"""``python -m benchmarks.faults.quotas``: no window of a source sees more calls than it allows, and few are wasted.

Eight processes with clocks up to 5 s apart share four credentials. Each may call so many times in any window; a server
counts by its own clock. In the middle Redis is killed and comes back with what it had on disk.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from benchmarks.faults.own_redis import own_redis
from benchmarks.faults.plain import Plain, counting
from benchmarks.faults.report import Proof, Run, main
from creators.errors import QueueUnavailable, SourceError
from creators.settings import Settings, SourceSettings
from creators.stores.allowances import Allowances
from creators.stores.cache import Cache
from creators.stores.queue import connect
from creators.stores.scripts import Shared
from fetchers.call import ANSWERS, Lines, SourceCall
from fetchers.contract import Allowance, Ask
from fetchers.limits import Limits, pool_of, utc_now

PROCESSES, CREDENTIALS, LANES = 8, 4, 3
SKEW_S = 5.0
SETTLE_S = 3.0


@dataclass(frozen=True)
class Plan:
    """What one process is told."""

    redis_url: str
    base_url: str
    amount: int
    window_s: float
    seconds: float
    seed: int
    credentials: int = CREDENTIALS


def work(plan: Plan, number: int) -> None:
    """Call as often as allowed until the time is over: one process."""
    asyncio.run(_work(plan, random.Random(plan.seed * 100 + number)))  # noqa: S311 - a seed


async def _work(plan: Plan, dice: random.Random) -> None:
    keys = ",".join(f"credential-{n}" for n in range(plan.credentials))
    settings = Settings(redis_url=SecretStr(plan.redis_url), redis_timeout_s=2, source_timeout_s=5)
    source = Plain((Allowance("users", plan.amount, plan.window_s),))
    pool = pool_of(source, SourceSettings(keys=SecretStr(keys), base_url=plan.base_url))
    skew = timedelta(seconds=dice.uniform(-SKEW_S, SKEW_S))
    until = time.monotonic() + plan.seconds
    cache = Cache(settings)
    limits = Limits(Allowances(Shared(connect(settings), "q-")), clock=lambda: utc_now() + skew)
    async with Lines(settings) as lines, limits:

        async def lane() -> None:
            while (left := until - time.monotonic()) > 0:
                call = SourceCall(source, pool, limits, lines, cache.shelf(ANSWERS), patience_s=left)
                try:
                    await call.send(Ask("users", "users/1"))
                except (SourceError, QueueUnavailable):
                    await asyncio.sleep(0.05)

        await asyncio.gather(*(lane() for _ in range(LANES)))
    await cache.close()


async def _measure(run: Run, proof: Proof) -> None:
    seconds, window_s = run.size(600, 20), float(run.size(10, 5))
    amount = run.size(100, 40)
    with own_redis() as redis:
        async with counting() as server:
            plan = Plan(redis.url, server.url, amount, window_s, seconds, run.seed)
            context = multiprocessing.get_context("spawn")
            crew = [context.Process(target=work, args=(plan, number)) for number in range(PROCESSES)]
            for process in crew:
                process.start()
            await asyncio.wait_for(server.called.wait(), 240)
            await asyncio.sleep(seconds / 2)
            down = time.monotonic()
            redis.kill()
            await asyncio.to_thread(redis.start)
            down_s = time.monotonic() - down
            for process in crew:
                await asyncio.to_thread(process.join, seconds + 60)
            failed = [process.exitcode for process in crew if process.exitcode != 0]
            span = max(times[-1] for times in server.arrivals.values()) - min(t[0] for t in server.arrivals.values())
            most, calls = server.most_in(window_s), server.calls
    allowed = CREDENTIALS * amount * span / window_s
    usable = CREDENTIALS * amount * (span - down_s - SETTLE_S) / window_s
    proof.facts |= {
        "processes": PROCESSES,
        "credentials": CREDENTIALS,
        "amount": amount,
        "window_s": window_s,
        "seconds": round(span, 1),
        "calls": calls,
        "most_in_any_window": most,
        "used_of_allowance": round(calls / allowed, 4),
        "used_without_the_restart": round(calls / usable, 4),
        "redis_down_s": round(down_s, 2),
        "clock_skew_s": SKEW_S,
    }
    proof.claim("every process ended well", not failed)
    proof.claim(f"no window of any credential saw more than {amount} calls", most <= amount)
    used = calls / (usable if run.smoke else allowed)
    proof.claim("at least 95 % of the allowance was used", used >= 0.95)


def prove(run: Run) -> Proof:
    """Run it."""
    proof = Proof()
    asyncio.run(_measure(run, proof))
    return proof


if __name__ == "__main__":
    main("quotas", prove)
