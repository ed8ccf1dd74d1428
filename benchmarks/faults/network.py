"""R11: seven bad networks before the providers, Redis and OpenSearch, one after the other.

First the client of the sources alone: no request outlives its deadline, each ends in an answer or in an unavailable
source. Then the whole path: workers reach the engines and the simulated providers through proxies, work is asked for
while a network is bad, and more once it is well. Claims: no job runs past its deadline, no worker dies, new work is
done within 60 s of the cure, and the account balances at the end.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr

from api.installation import workers
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from benchmarks.faults.toxics import TOXICS, ToxicProxy
from creators.errors import SourceUnavailable
from creators.settings import Settings, SourceSettings
from creators.stores import receipts, tasks
from creators.stores.queue import QUEUES
from creators.targets import parse_target
from fetchers import frontier
from fetchers.http import Http
from simulator.server import Simulator

if TYPE_CHECKING:
    from api.supervisor import Supervised
    from creators.stores.session import Stores

WORKERS = 2
DEADLINE_S = 3.0
GRACE_S = 1.0
JOB_S = 60
JOB_GRACE_S = 5.0
BACK_S = 60.0
GIVE_UP_S = 240.0
POLL_S = 0.5
EACH = 5
"""Accounts that are asked for at a time."""


async def _asked(url: str, times: int) -> list[tuple[float, str]]:
    """Time and end of requests made side by side."""

    async def one(http: Http) -> tuple[float, str]:
        started = time.monotonic()
        try:
            reply = await http.send("GET", url)
            end = str(reply.status)
        except SourceUnavailable:
            end = "unavailable"
        return time.monotonic() - started, end

    async with Http(timeout_s=DEADLINE_S, max_bytes=1_000_000) as http:
        return await asyncio.gather(*(one(http) for _ in range(times)))


def _client(proof: Proof, provider: ToxicProxy, times: int) -> None:
    url = f"{provider.url}/_control/seeds?count=2000"
    for name, toxic in TOXICS.items():
        with provider.poisoned(toxic):
            ended = asyncio.run(_asked(url, times))
        slowest = max(seconds for seconds, _ in ended)
        after = asyncio.run(_asked(url, 1))
        ends = sorted({end for _, end in ended})
        proof.facts[f"client, {name}"] = {"slowest_s": round(slowest, 2), "ends": ends}
        proof.claim(f"client, {name}: no request outlives its deadline", slowest <= DEADLINE_S + GRACE_S)
        proof.claim(f"client, {name}: the next request is answered", after[0][1] == "200")


@dataclass
class Watch:
    """What is seen of the jobs from the side, past the proxies."""

    stores: Stores
    overdue: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Note jobs that have run longer than they may, until told to stop."""
        while not self.over.wait(POLL_S):
            for name in QUEUES:
                queue = self.stores.queue.queue(name)
                for job_id in queue.started_job_registry.get_job_ids(cleanup=False):
                    job = queue.fetch_job(job_id)
                    began = job.started_at.timestamp() if job and job.started_at else time.time()
                    if time.time() - began > JOB_S + JOB_GRACE_S:
                        self.overdue.add(job_id)


@contextmanager
def _watched(stores: Stores) -> Iterator[Watch]:
    watch = Watch(stores)
    thread = threading.Thread(target=watch.look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.over.set()
        thread.join()


def _through(settings: Settings, proxies: dict[str, ToxicProxy]) -> Settings:
    return settings.model_copy(
        update={"opensearch_url": proxies["opensearch"].url, "redis_url": SecretStr(proxies["redis"].url)}
    )


def _ask_for(stores: Stores, targets: Iterator[str]) -> list[str]:
    """Ask for the next accounts; returns their targets."""
    chosen = list(itertools.islice(targets, EACH))
    frontier.seed(stores, [parse_target(one) for one in chosen])
    return chosen


def _done_s(stores: Stores, asked: Sequence[str]) -> float:
    """Seconds until all that was asked for is fetched or gone and indexed; at most ``GIVE_UP_S``."""
    started = time.monotonic()
    while (took := time.monotonic() - started) < GIVE_UP_S:
        stores.cluster.refresh("tasks")
        known = tasks.load(stores.cluster, asked)
        fetched = all(one.fetched_at is not None or one.state != "waiting" for one in known.values())
        if fetched and receipts.balance(stores.cluster).pending == 0:
            break
        time.sleep(POLL_S)
    return took


def _cycle(stores: Stores, proxy: ToxicProxy, name: str, plan: tuple[float, Iterator[str]]) -> float:
    """Ask for work, hold the network bad for a while, cure it; returns how long new work takes after that."""
    ill_s, targets = plan
    with proxy.poisoned(TOXICS[name]):
        _ask_for(stores, targets)
        time.sleep(ill_s)
    return _done_s(stores, _ask_for(stores, targets))


def _whole_path(run: Run, proof: Proof, stores: Stores, plan: tuple[dict[str, ToxicProxy], Iterator[str]]) -> None:
    proxies, targets = plan
    pairs = list(itertools.product(proxies, TOXICS))
    chosen = random.Random(run.seed).sample(pairs, run.size(len(pairs), 2))  # noqa: S311 - a seed is wanted
    with _watched(stores) as watch, workers(_through(stores.settings, proxies), WORKERS) as crew:
        proof.facts["first work, s"] = round(_done_s(stores, _ask_for(stores, targets)), 1)
        for link, name in chosen:
            back_s = _cycle(stores, proxies[link], name, (float(run.size(8, 3)), targets))
            print(f"  {link}, {name}: {back_s:.1f} s", file=sys.stderr, flush=True)
            proof.facts[f"{link}, {name}: new work done after, s"] = round(back_s, 1)
            proof.claim(f"{link}, {name}: normal within {BACK_S:g} s", back_s <= BACK_S)
        _survived(proof, crew, watch)
    proof.account(receipts.balance(stores.cluster))


def _survived(proof: Proof, crew: Sequence[Supervised], watch: Watch) -> None:
    proof.facts["workers started again"] = sum(one.restarts for one in crew)
    proof.facts["jobs past their deadline"] = len(watch.overdue)
    proof.claim("no worker died", all(one.poll() is None and one.restarts == 0 for one in crew))
    proof.claim("no job ran past its deadline", not watch.overdue)


def prove(run: Run) -> Proof:
    """Return what bad networks have shown."""
    proof = Proof()
    with ExitStack() as stack:
        world = stack.enter_context(Simulator(people=600, seed=run.seed))
        provider = stack.enter_context(closing(ToxicProxy(world.url)))
        _client(proof, provider, run.size(16, 4))
        sources = {
            name: SourceSettings(**{**fields, "base_url": fields["base_url"].replace(world.url, provider.url)})
            for name, fields in world.sources().items()
        }
        stores = stack.enter_context(installed(sources=sources, job_timeout_s=JOB_S))
        settings = stores.settings
        proxies = {"provider": provider}
        for name, url in (("redis", settings.redis_url), ("opensearch", settings.opensearch_url)):
            address = url.get_secret_value() if isinstance(url, SecretStr) else str(url)
            proxies[name] = stack.enter_context(closing(ToxicProxy(address)))
        _whole_path(run, proof, stores, (proxies, iter(world.control.seeds(500))))
    return proof


if __name__ == "__main__":
    main("network", prove)
