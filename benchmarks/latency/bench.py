"""What every command of this folder measures on: an installation, its API as a child process, and counters."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from opensearchpy import OpenSearch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from benchmarks.corpus.questions import Question, questions
from benchmarks.ingest.installed import Installed, installed
from benchmarks.latency import openloop
from benchmarks.latency.arms import Arm, Servers, sender
from benchmarks.latency.client import Client
from benchmarks.latency.openloop import Outcome, Send
from benchmarks.latency.schedule import Plan
from benchmarks.latency.serving import Api, served
from benchmarks.latency.usage import Meter, Usage, listening
from benchmarks.retrieval.machine import fingerprint
from creators.stores.session import Stores
from enrich.encoders.opened import open_encoder
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from rich.progress import TaskID

PATIENCE_S = 60.0
SPARE = 3
REPEATED = b"repeated"


class Bar:
    """Requests that are answered, of those that are planned, on stderr; silent where nobody looks."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("", total=0)

    def expect(self, what: str, requests: int) -> None:
        """Announce more requests."""
        total = (self._progress.tasks[self._task].total or 0) + requests
        self._progress.update(self._task, description=what, total=total)

    def counting(self, send: Send) -> Send:
        """Return the same with every answer counted."""

        async def counted(place: int) -> openloop.Answer:
            try:
                return await send(place)
            finally:
                self._progress.advance(self._task)

        return counted


@contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar on stderr for a block."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(show_speed=True))
    # Once a second: what the bar computes is taken from the server.
    with Progress(
        *columns, TimeRemainingColumn(), console=console, refresh_per_second=1, disable=not sys.stderr.isatty()
    ) as progress:
        yield Bar(progress)


@dataclass(frozen=True)
class Run:
    """One run of one arm: its answers without the settling, and what the whole of it cost."""

    outcome: Outcome
    usage: Usage
    requests: int


@dataclass(frozen=True)
class Bench:
    """An installation that is served."""

    installed: Installed
    api: Api
    meter: Meter
    bar: Bar
    asked: Counter[bytes] = field(default_factory=Counter)
    """Questions that were drawn; under ``REPEATED``, how many of them had been asked before."""

    @property
    def opensearch_url(self) -> str:
        """Where its OpenSearch answers."""
        return str(self.installed.settings.opensearch_url)

    @property
    def client(self) -> OpenSearch:
        """A stock client, for what is not measured."""
        return OpenSearch(hosts=[self.opensearch_url], timeout=PATIENCE_S)

    def draw(self, count: int, seed: int, mix: str) -> list[Question]:
        """Return several times as many questions of a mix as are wanted, for :meth:`unasked` to choose from."""
        return questions(self.installed.corpus, SPARE * count, seed=seed, mix=mix)

    def unasked(self, drawn: Sequence[Question], count: int) -> list[Question]:
        """Return those that nobody has asked yet, else answers would come from a cache.

        Where all are known some come again; :attr:`asked` counts both.
        """
        new: dict[bytes, Question] = {}
        for one in drawn:
            key = orjson.dumps([one.text, one.filters], option=orjson.OPT_SORT_KEYS)
            if key not in self.asked:
                new.setdefault(key, one)
        chosen = dict(list(new.items())[:count])
        self.asked.update(chosen.keys())
        again = list(drawn[: count - len(chosen)])
        self.asked[REPEATED] += len(again)
        return [*chosen.values(), *again]

    def questions(self, count: int, seed: int, mix: str) -> list[Question]:
        """Return new questions of a mix."""
        return self.unasked(self.draw(count, seed, mix), count)

    def vectors(self, asked: Sequence[Question]) -> list[list[float]]:
        """Return the vectors of questions, as a client that encodes for itself would send them."""
        encoder = open_encoder(self.installed.settings)
        return [[float(one) for one in vector] for vector in encoder.encode([one.text for one in asked])]

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Servers]:
        """Give clients of the API and of OpenSearch."""
        async with Client(self.api.url) as api, Client(self.opensearch_url) as opensearch:
            yield Servers(api, opensearch, self.installed.prefix)

    async def ask(self, servers: Servers, arm: Arm, plan: Plan, asked: Sequence[Question], settle_s: float) -> Run:
        """Send questions by one arm in open loop; those planned in the first ``settle_s`` are not in the outcome.

        What another arm made the product remember is forgotten first.
        """
        forget(self.installed)
        vectors = self.vectors(asked) if arm.needs_vector else ()
        return await self.run(sender(arm, servers, asked, vectors), plan, settle_s)

    async def run(self, send: Send, plan: Plan, settle_s: float) -> Run:
        """Send anything in open loop, and count what it costs."""
        # A collection of the client's garbage would be latency of the server.
        gc.collect()
        gc.disable()
        try:
            before = self.meter.read()
            outcome = await openloop.run(plan, self.bar.counting(send))
            usage = Usage.between(before, self.meter.read())
        finally:
            gc.enable()
        return Run(outcome.after(settle_s), usage, len(plan))

    def state(self) -> dict[str, Any]:
        """Return the machine, the engine, and the index: documents, share of deleted ones, segments, size."""
        client = self.client
        name = f"{self.installed.prefix}{CREATORS}"
        found = client.indices.stats(index=name, metric="docs,segments,store")["_all"]["primaries"]
        docs = found["docs"]
        return {
            "machine": fingerprint(client),
            "index": {
                "documents": docs["count"],
                "deleted_share": round(docs["deleted"] / max(1, docs["count"] + docs["deleted"]), 4),
                "segments": found["segments"]["count"],
                "megabytes": round(found["store"]["size_in_bytes"] / 1e6),
            },
            "budget_ms": self.installed.settings.budget_ms,
            "started_s": round(self.api.started_s, 1),
            "questions": {"asked": self.asked.total(), "repeated": self.asked[REPEATED]},
        }


@contextmanager
def opened(creators: int) -> Iterator[Bench]:
    """Serve an installation with so many creators for a block; it is made where it is not there yet."""
    with installed(creators) as place, bar() as shown:
        forget(place)
        with served(place.env) as api:
            yield Bench(place, api, meter_of(place, api), shown)


def forget(place: Installed) -> None:
    """Empty the caches of an installation: what an earlier run asked with the same seed would not be computed again."""
    redis = Stores(place.settings).queue.redis
    for key in redis.scan_iter(match=f"{place.prefix}cache:*", count=1000):
        redis.unlink(key)


def meter_of(place: Installed, api: Api) -> Meter:
    """Return the counters of the API, of this process, and of the engine where it runs on this machine."""
    engine = listening(str(place.settings.opensearch_url))
    return Meter({"server": api.pid} | ({"engine": engine} if engine else {}))
