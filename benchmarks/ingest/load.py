"""Load a corpus into an installation by the product's own bulk writer, phase by phase."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.ingest import engine
from creators.errors import CreatorscopeError
from creators.stores import bulk
from indexers import population
from indexers.documents import FLOAT_DIGITS
from mappings.fields import VECTOR
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

    from benchmarks.corpus.store import Corpus
    from creators.stores.session import Stores

PART = 500
"""Creators of one call of the bulk writer."""
IN_FLIGHT = 2
VERSION = 1
"""External version of every document: loading again writes the same ones."""
Phases = dict[str, float]


@dataclass(slots=True)
class Loaded:
    """What a load took.

    Attributes:
        creators: that were written by this run.
        seconds: by phase: ``write``, ``refresh``, ``merge``, ``population``.
        engine_cpu_s: processor seconds of OpenSearch, by phase.
        client_cpu_s: processor seconds of this process in ``write``.
    """

    creators: int = 0
    seconds: Phases = field(default_factory=dict)
    engine_cpu_s: Phases = field(default_factory=dict)
    client_cpu_s: float = 0.0

    def stated(self) -> dict[str, Any]:
        """Return it as JSON values, with rates."""
        whole = sum(self.seconds.values())
        return {
            "creators": self.creators,
            "documents_per_s_written": round(self.creators / max(self.seconds["write"], 1e-9), 1),
            "documents_per_s_whole": round(self.creators / max(whole, 1e-9), 1),
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()} | {"whole": round(whole, 2)},
            "engine_cpu_s": {name: round(value, 2) for name, value in self.engine_cpu_s.items()},
            "client_cpu_s": round(self.client_cpu_s, 2),
        }


def documents(corpus: Corpus, start: int, stop: int) -> Iterator[bulk.Action]:
    """Yield the writes of creators with their vectors."""
    rounded = np.round(corpus.vectors[start:stop], FLOAT_DIGITS)
    for document, vector in zip(corpus.documents(start, stop), rounded, strict=True):
        document[VECTOR] = vector
        yield bulk.Action(CREATORS, document["creator_id"], document, VERSION)


def load(stores: Stores, client: OpenSearch, corpus: Corpus, *, start: int = 0, notes: Callable[[int], None]) -> Loaded:
    """Write the creators from ``start`` on, merge the index to one segment and measure the population.

    Args:
        stores: of an installation whose indices exist.
        client: of the same engine.
        corpus: what is loaded.
        start: creators before it are there already.
        notes: is told how many creators are there for sure.

    Raises:
        CreatorscopeError: a document was refused, or the engine does not answer.
    """
    loaded = Loaded(corpus.size - start)
    clock = engine.EngineClock(client)
    with engine.loading(client, stores.cluster, threads=IN_FLIGHT), _bar(corpus.size, start) as (tell, say):
        computed = time.process_time()
        with _phase(loaded, "write", clock):
            _write(stores, corpus, start, (tell, notes))
        loaded.client_cpu_s = time.process_time() - computed
        say("refreshing")
        with _phase(loaded, "refresh", clock):
            stores.cluster.refresh(CREATORS)
        say("merging")
        with _phase(loaded, "merge", clock):
            engine.merge(client, stores.cluster.name(CREATORS))
    with _phase(loaded, "population", clock):
        population.measure(stores)
    return loaded


def _write(stores: Stores, corpus: Corpus, start: int, told: tuple[Callable[[int], None], ...]) -> None:
    """Write part after part, two at once; a part counts when it and all before it are there."""
    parts = iter(range(start, corpus.size, PART))
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        running = deque((at, pool.submit(_send, stores, corpus, at)) for at in islice(parts, IN_FLIGHT + 1))
        while running:
            at, sent = running.popleft()
            sent.result()
            for tell in told:
                tell(min(at + PART, corpus.size))
            running.extend((following, pool.submit(_send, stores, corpus, following)) for following in islice(parts, 1))


def _send(stores: Stores, corpus: Corpus, start: int) -> None:
    outcome = bulk.write(stores.cluster, documents(corpus, start, start + PART))
    if outcome.refused:
        detail = f"a document was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)


@contextmanager
def _phase(loaded: Loaded, name: str, clock: engine.EngineClock) -> Iterator[None]:
    begun, computed = time.perf_counter(), clock.seconds()
    yield
    loaded.seconds[name] = loaded.seconds.get(name, 0.0) + time.perf_counter() - begun
    loaded.engine_cpu_s[name] = loaded.engine_cpu_s.get(name, 0.0) + clock.seconds() - computed


@contextmanager
def _bar(total: int, start: int) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Give two functions: one is told how many are written, one what is done now."""
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*shown, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("writing creators", total=total, completed=start, rate="")
        begun = time.perf_counter()

        def tell(done: int) -> None:
            rate = (done - start) / (time.perf_counter() - begun)
            bar.update(task, completed=done, rate=f"{rate:,.0f}/s")

        yield tell, lambda what: bar.update(task, description=what)
