"""``python -m benchmarks.faults.retry_after``: what a source asks to be left alone for, it is left alone for.

Every answer is a 429 with ``Retry-After``, in seconds or as a date by a clock that is up to 5 s off; a call before that
time is early. Then a quota of a day is used up, by our own count and by the word of the source: no call until midnight.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from benchmarks.faults.own_redis import OwnRedis, own_redis
from benchmarks.faults.plain import Plain, Said, counting
from benchmarks.faults.quotas import SKEW_S, Plan, work
from benchmarks.faults.report import Proof, Run, main
from creators.errors import SourceLimited
from creators.settings import Settings, SourceSettings
from creators.stores.allowances import Allowances
from creators.stores.cache import Cache
from creators.stores.queue import connect
from creators.stores.scripts import Shared
from fetchers.call import ANSWERS, Lines, SourceCall
from fetchers.contract import Allowance, Ask
from fetchers.limits import Limits, pool_of, utc_now

PROCESSES = 4
SPACING_S = 3.0
"""At most one call of a credential in this time: it is under way alone."""


@dataclass
class Limiting:
    """A source that answers nothing but 429."""

    dice: random.Random
    not_before: dict[str, float] = field(default_factory=dict)
    early: int = 0
    dates: int = 0

    def answer(self, credential: str, at: float) -> Said:
        """Return the next refusal and book whether this call should not have come."""
        if at < self.not_before.get(credential, 0.0):
            self.early += 1
        seconds = self.dice.randint(1, 3)
        skewed = utc_now() + timedelta(seconds=self.dice.uniform(-SKEW_S, SKEW_S))
        if self.dice.random() < 0.5:
            self.not_before[credential] = time.monotonic() + seconds
            return Said(429, {"retry-after": str(seconds), "date": format_datetime(skewed, usegmt=True)})
        self.dates += 1
        until = (skewed + timedelta(seconds=seconds)).replace(microsecond=0)
        self.not_before[credential] = time.monotonic() + (until - skewed).total_seconds()
        told = format_datetime(until, usegmt=True)
        return Said(429, {"retry-after": told, "date": format_datetime(skewed, usegmt=True)})


async def _refused(run: Run, proof: Proof, redis: OwnRedis) -> None:
    wanted, credentials = run.size(1000, 150), run.size(150, 90)
    limiting = Limiting(random.Random(run.seed))  # noqa: S311 - a seed
    async with counting(limiting.answer) as server:
        plan = Plan(redis.url, server.url, 1, SPACING_S, run.size(60, 10), run.seed, credentials)
        context = multiprocessing.get_context("spawn")
        crew = [context.Process(target=work, args=(plan, number)) for number in range(PROCESSES)]
        for process in crew:
            process.start()
        for process in crew:
            await asyncio.to_thread(process.join, plan.seconds + 60)
        replies = server.calls
    proof.facts |= {"replies": replies, "as_dates": limiting.dates, "early": limiting.early}
    proof.claim(f"at least {wanted} replies with Retry-After", replies >= wanted)
    proof.claim("both forms were among them", 0 < limiting.dates < replies)
    proof.claim("no call came before it was allowed", limiting.early == 0)


def _zone_at_noon() -> str:
    """Return a time zone in which it is about noon: no midnight comes while this runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def _midnight(zone: str) -> datetime:
    tomorrow = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
    return datetime.combine(tomorrow, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)


async def _exhausted(proof: Proof, redis: OwnRedis, *, told: bool) -> None:
    """Use up a day's quota: by our count, or (``told``) earlier, by the word of the source."""
    zone, amount = _zone_at_noon(), 20
    midnight = _midnight(zone)
    settings = Settings(redis_url=SecretStr(redis.url))
    source = Plain((Allowance("*", amount, 86_400, day_of=zone),), name="told" if told else "counted")
    cache, retry_at = Cache(settings), []
    async with counting() as server, Lines(settings) as lines:
        if told:
            wait = str(int((midnight - utc_now()).total_seconds()) + 1)
            server.answer = lambda *_: Said(429, {"retry-after": wait}) if server.calls > 5 else Said()
        pool = pool_of(source, SourceSettings(keys=SecretStr("one"), base_url=server.url))
        async with Limits(Allowances(Shared(connect(settings), "r-"))) as limits:
            for _ in range(200):
                call = SourceCall(source, pool, limits, lines, cache.shelf(ANSWERS))
                try:
                    await call.send(Ask("users", "users/1"))
                except SourceLimited as error:
                    retry_at.append(error.retry_at)
        calls = server.calls
    await cache.close()
    how = "the source says" if told else "our count"
    proof.facts[f"calls of 200 until {how} that the day is used up"] = calls
    proof.claim(f"{how}: no call after the day was used up", calls == (6 if told else amount))
    near = [at for at in retry_at if at is not None and timedelta(0) <= at - midnight < timedelta(seconds=10)]
    proof.claim(f"{how}: parked until the reset", len(near) == 200 - (5 if told else amount))


async def _measure(run: Run, proof: Proof) -> None:
    with own_redis() as redis:
        await _refused(run, proof, redis)
        await _exhausted(proof, redis, told=False)
        await _exhausted(proof, redis, told=True)


def prove(run: Run) -> Proof:
    """Run it."""
    proof = Proof()
    asyncio.run(_measure(run, proof))
    return proof


if __name__ == "__main__":
    main("retry_after", prove)
