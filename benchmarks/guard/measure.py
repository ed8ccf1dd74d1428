"""What is measured: counts of work per search, and rounds in which four ways to ask take turns."""

from __future__ import annotations

import cProfile
import math
import pstats
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.guard.counting import Counter, counted
from benchmarks.latency.arms import ARMS, Servers, sender
from benchmarks.latency.client import Client
from benchmarks.latency.usage import listening
from benchmarks.load.questions import Asked
from benchmarks.retrieval.machine import EngineClock
from creators import telemetry
from creators.settings import Settings
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from enrich.encoders.text import TextEncoder
from search.request import ExecutorName, SearchRequest
from search.results import SearchPage
from search.service import CreatorSearch

PATIENT_MS = 60_000
"""Nothing is left out, however busy the machine is: the work is always the same."""
WARMING = 5
TRIES = 2
FACETS = ("platforms", "niches", "countries")
Figures = dict[str, float]
Ask = Callable[[int], Awaitable[object]]


@dataclass
class Turns:
    """What one way to ask cost in each of its turns, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Clock(EngineClock):
    """CPU time of the OpenSearch that listens at an address of this machine; NaN where it does not."""

    def __init__(self, url: str) -> None:
        pid = listening(url)
        self._tasks = Path(f"/proc/{pid}/task") if pid else None


@asynccontextmanager
async def opened(settings: Settings, encoder: TextEncoder) -> AsyncIterator[CreatorSearch]:
    """Give a search service with a cache that nobody has written to: each question is new to it."""
    cluster = AsyncCluster(settings)
    cache = Cache(settings.model_copy(update={"index_prefix": f"guard-{uuid4().hex[:8]}-"}))
    service = CreatorSearch(settings, cluster, cache, encoder)
    try:
        await service.warm()
        yield service
    finally:
        await service.close()
        await cache.close()
        await cluster.close()


def request(asked: Asked, executor: ExecutorName = "two_arm") -> SearchRequest:
    """Return the search for a question: words, filters, a page, three facets."""
    body = {"text": asked.text, "filters": asked.filters, "facets": FACETS, "budget_ms": PATIENT_MS}
    return SearchRequest.model_validate(body | {"ranking": {"executor": executor}})


async def counts(settings: Settings, encoder: TextEncoder, questions: Sequence[Asked]) -> Figures:
    """Return the work of one search on average: requests to OpenSearch, bytes fetched and answered, function calls.

    The same questions cost the same on every machine: nothing here is a time. Where Redis was late, searches compute
    what they could have looked up; then everything is counted again, and the least is returned.
    """
    found: Figures = {}
    for _ in range(TRIES):
        before = _late()
        again = await _counts(settings, encoder, questions)
        found = {name: min(value, found.get(name, value)) for name, value in again.items()}
        if _late() == before:
            break
    return found


def _late() -> float:
    """Return how many look-ups in the cache Redis did not answer in time."""
    samples = [sample for metric in telemetry.CACHE_READS.collect() for sample in metric.samples]
    return sum(one.value for one in samples if one.labels.get("result") in {"failed", "paused"})


async def _counts(settings: Settings, encoder: TextEncoder, questions: Sequence[Asked]) -> Figures:
    assert settings.opensearch_url
    calls: list[int] = []
    answered: list[int] = []
    with counted(settings.opensearch_url) as counter:
        through = settings.model_copy(update={"opensearch_url": counter.url})
        async with opened(through, encoder) as service:
            for asked in questions[:WARMING]:
                await _whole(service, request(asked))
            start = len(counter.sent)
            for asked in questions[WARMING:]:
                page, profile = await _profiled(service, request(asked))
                calls.append(profile)
                answered.append(len(page.model_dump_json().encode()))
    return _per_search(counter, start, answered) | {"calls_per_search": statistics.median(calls)}


def _per_search(counter: Counter, start: int, answered: Sequence[int]) -> Figures:
    sent = counter.searches(start)
    return {
        "requests_per_search": len(sent) / len(answered),
        "bytes_fetched_per_search": sum(one.answer_bytes for one in sent) / len(answered),
        "answer_bytes_per_search": statistics.mean(answered),
    }


async def _profiled(service: CreatorSearch, asked: SearchRequest) -> tuple[SearchPage, int]:
    profile = cProfile.Profile()
    profile.enable()
    try:
        page = await _whole(service, asked)
    finally:
        profile.disable()
    return page, pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # missing in its stubs


async def _whole(service: CreatorSearch, asked: SearchRequest) -> SearchPage:
    page = await service.run(asked)
    if page.degraded:
        detail = f"{asked.text!r} was answered without {', '.join(page.degraded)}: such a search says nothing"
        raise RuntimeError(detail)
    return page


async def ratios(settings: Settings, encoder: TextEncoder, questions: Sequence[Asked], *, rounds: int) -> Figures:
    """Return what our way costs relative to the others, in engine CPU and in time; they take turns.

    Args:
        settings: of the installation.
        encoder: of queries.
        questions: each round asks its own part of them; the first part only warms.
        rounds: that count; an even number, so that everybody is first as often as last.
    """
    assert settings.opensearch_url
    clock = Clock(settings.opensearch_url)
    async with (
        opened(settings, encoder) as ours,
        opened(settings, encoder) as native,
        Client(settings.opensearch_url) as client,
    ):
        servers = Servers(client, client, settings.index_prefix)
        vectors = [vector.tolist() for vector in encoder.encode([one.text for one in questions])]
        ways: dict[str, Ask] = {
            "ours": lambda place: _whole(ours, request(questions[place])),
            "native": lambda place: _whole(native, request(questions[place], "native_hybrid")),
            "naive": _answered(sender(ARMS["naive"], servers, questions)),
            "naive_hybrid": _answered(sender(ARMS["naive-hybrid"], servers, questions, vectors)),
        }
        turns = await in_turns(ways, clock, count=len(questions), rounds=rounds)
    return against("ours", turns)


def _answered(send: Callable[[int], Awaitable[Any]]) -> Ask:
    async def ask(place: int) -> object:
        answer = await send(place)
        if not answer.ok:
            detail = f"question {place} was answered {answer.status} {answer.why}: such a search says nothing"
            raise RuntimeError(detail)
        return answer

    return ask


async def in_turns(ways: dict[str, Ask], clock: EngineClock, *, count: int, rounds: int) -> dict[str, Turns]:
    """Return what each way cost; question ``n`` belongs to one round, and round 0 does not count."""
    turns = {name: Turns() for name in ways}
    share = count // (rounds + 1)
    for turn in range(rounds + 1):
        order = list(ways) if turn % 2 else list(ways)[::-1]
        for place in range(turn * share, (turn + 1) * share):
            for name in order:
                computed, start = clock.read_ms(), time.perf_counter()
                await ways[name](place)
                if turn:
                    turns[name].wall.append((time.perf_counter() - start) * 1000)
                    turns[name].cpu.append(clock.read_ms() - computed)
    return turns


def against(one: str, turns: dict[str, Turns]) -> Figures:
    """Return medians of CPU and time in milliseconds, and their ratio of ``one`` to everybody else."""
    found: Figures = {}
    medians = {name: (statistics.median(each.cpu), statistics.median(each.wall)) for name, each in turns.items()}
    for name, (cpu, wall) in medians.items():
        found |= {f"cpu_ms_{name}": cpu, f"wall_ms_{name}": wall}
        if name != one:
            found[f"cpu_{one}_to_{name}"] = medians[one][0] / cpu if cpu else math.nan
            found[f"wall_{one}_to_{name}"] = medians[one][1] / wall
    return found
