"""What each kind of request of a search costs OpenSearch and the client: recorded in process, then sent again in turns.

Kinds are told apart by their bodies. A request that is sent again is warmer than the first time, so the sum is less
than what a search costs; what it shows is which kind to look at.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from benchmarks.corpus.questions import questions
from benchmarks.ingest.engine import connect, machine
from benchmarks.latency.usage import Meter, Usage, listening
from creators.errors import SetupError
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from enrich.encoders.opened import open_encoder
from mappings.registry import CREATORS
from search.request import SearchRequest
from search.service import CreatorSearch

if TYPE_CHECKING:
    from benchmarks.ingest.installed import Installed
    from creators.settings import Settings

BUDGET_MS = 30_000
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, and how large its answer was."""

    bodies: tuple[Json, ...]
    answer_kb: float
    is_together: bool = False
    """Whether it was sent as one of several, whatever their number."""


class Recording(AsyncCluster):
    """The gateway of the serving path; notes what is asked of creators."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.sent: dict[str, list[Sent]] = defaultdict(list)

    async def search(
        self, logical: str, body: Json, *, timeout_s: float | None = None, params: Json | None = None
    ) -> Json:
        """Run one search and note it."""
        answer = await super().search(logical, body, timeout_s=timeout_s, params=params)
        if logical == CREATORS:
            self.sent[_kind(body)].append(Sent((body,), len(json.dumps(answer)) / 1024))
        return answer

    async def msearch(self, logical: str, bodies: Sequence[Json], *, timeout_s: float | None = None) -> list[Json]:
        """Run several and note them."""
        answers = await super().msearch(logical, bodies, timeout_s=timeout_s)
        if logical == CREATORS:
            kind = "count" if bodies[0].get("size") == 0 else "complete"
            self.sent[kind].append(Sent(tuple(bodies), len(json.dumps(answers)) / 1024, is_together=True))
        return answers

    async def send(self, one: Sent) -> None:
        """Send a request again, unnoted."""
        if one.is_together:
            await super().msearch(CREATORS, one.bodies)
        else:
            await super().search(CREATORS, one.bodies[0])


def _kind(body: Mapping[str, Any]) -> str:
    text = json.dumps(body)
    if isinstance(body.get("_source"), dict):
        return "fetch"
    if '"embedding"' in text:
        return "knn"
    return "lexical" if '"multi_match"' in text else "named" if '"constant_score"' in text else "other"


@dataclass(slots=True)
class Cost:
    """Milliseconds of processor time of one request of a kind, one entry a round."""

    engine: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)


async def requests(made: Installed, *, searches: int, rounds: int, seed: int) -> Json:
    """Return, by kind: how many a search sends, how large the answers are, and what OpenSearch and the client compute.

    Raises:
        SetupError: OpenSearch is not a process of this machine, whose time the kernel counts.
    """
    pid = listening(made.settings.opensearch_url or "")
    if pid is None:
        detail = "OpenSearch is not a process of this machine: set CREATORSCOPE_OPENSEARCH_URL to one that is"
        raise SetupError(detail, field="opensearch_url")
    cluster, cache = Recording(made.settings), Cache(made.settings)
    service = CreatorSearch(made.settings, cluster, cache, await asyncio.to_thread(open_encoder, made.settings))
    try:
        await service.warm()
        cluster.sent.clear()
        for one in questions(made.corpus, searches, seed=seed):
            asked = {"text": one.text, "filters": one.filters, "budget_ms": BUDGET_MS}
            await service.run(SearchRequest.model_validate(asked))
        costs: dict[str, Cost] = defaultdict(Cost)
        for _ in track(range(rounds), "rounds", console=Console(stderr=True)):
            for kind, sent in cluster.sent.items():
                await _again(cluster, sent, Meter({"opensearch": pid}), costs[kind])
        engine = connect(made.settings.opensearch_url or "")
        return {
            "creators": made.corpus.size,
            "seed": seed,
            "searches": searches,
            "rounds": rounds,
            "machine": machine(engine),
            "kinds": {kind: _row(sent, costs[kind], searches) for kind, sent in sorted(cluster.sent.items())},
        }
    finally:
        await service.close()
        await cache.close()
        await cluster.close()


async def _again(cluster: Recording, sent: Sequence[Sent], meter: Meter, cost: Cost) -> None:
    first, own = meter.read(), time.thread_time()
    for one in sent:
        await cluster.send(one)
    cost.client.append((time.thread_time() - own) * 1000 / len(sent))
    cost.engine.append(Usage.between(first, meter.read()).cpu_s["opensearch"] * 1000 / len(sent))


def _row(sent: Sequence[Sent], cost: Cost, searches: int) -> Json:
    return {
        "per_search": round(len(sent) / searches, 2),
        "answer_kb": round(statistics.mean(one.answer_kb for one in sent), 1),
        "engine_cpu_ms_p50": round(statistics.median(cost.engine), 2),
        "client_cpu_ms_p50": round(statistics.median(cost.client), 2),
    }
