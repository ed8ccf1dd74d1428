"""Rounds in turns: the kernel's count of what the API, OpenSearch and Redis computed for the same questions.

Wall times of a machine that others use say little; processor time moves less, and the ratio of two states that take
turns within a minute least of all. The first searches of each state are not counted. Every question of a round is new
to both, and what is kept in Redis is deleted before each turn: no state profits from the other's work.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from opensearchpy import OpenSearch
from redis import Redis
from rich.console import Console
from rich.progress import Progress

from benchmarks.corpus.questions import questions
from benchmarks.ingest.engine import connect, machine
from benchmarks.latency.serving import served
from benchmarks.latency.usage import Meter, Usage, listening

if TYPE_CHECKING:
    from benchmarks.ingest.installed import Installed

SEARCH = "/v1/creators/search"
HERE, THERE = "here", "against"
WARM_UP = 60
TIMEOUT_S = 60.0
BUDGET_MS = 10_000
"""Nothing is left out on a busy machine: both states do all of their work."""
EVERY_FACETED, EVERY_EXPLAINED = 3, 5
DIGITS = 4
"""Scores are compared so: one feature looks at the clock, and both states cannot look at once."""

Body = dict[str, Any]
Page = tuple[list[str], list[float], int | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: the code here against that in the folder ``against``."""

    against: Path
    rounds: int
    searches: int
    seed: int


@dataclass(slots=True)
class Arm:
    """One state of the code, served, and what was measured of it, one entry a round."""

    name: str
    client: httpx2.Client
    meter: Meter
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    shard_queries: list[float] = field(default_factory=list)
    answer_kb: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    degraded: int = 0

    def summary(self) -> dict[str, Any]:
        """Return medians over the rounds, per search."""
        return {
            "cpu_ms_per_search": {name: _rounded(values) for name, values in self.cpu_ms.items()},
            "cpu_ms_per_search_by_round": {name: [round(v, 2) for v in row] for name, row in self.cpu_ms.items()},
            "shard_queries_per_search": _rounded(self.shard_queries),
            "answer_kb": _rounded(self.answer_kb),
            "stage_wall_ms_p50": {name: _rounded(values) for name, values in sorted(self.stages.items())},
            "degraded_answers": self.degraded,
        }


def run(made: Installed, plan: Plan) -> dict[str, Any]:
    """Return what both states cost, and whether they gave the same answers."""
    with ExitStack() as stack:
        engine = connect(made.settings.opensearch_url or "")
        arms = [stack.enter_context(_served(made, name, plan)) for name in (HERE, THERE)]
        progress = stack.enter_context(Progress(console=Console(stderr=True)))
        task = progress.add_task("searches", total=2 * (WARM_UP + plan.rounds * plan.searches))
        for arm in arms:
            for body in _bodies(made, WARM_UP, plan.seed - 1):
                _ask(arm, body)
                progress.advance(task)
        for number in range(plan.rounds):
            asked = _bodies(made, plan.searches, plan.seed + number)
            for arm in arms if number % 2 else reversed(arms):
                _forget(made)
                _round(arm, asked, engine, made.prefix)
                progress.advance(task, len(asked))
        return {
            "creators": made.corpus.size,
            "corpus": made.corpus.fingerprint,
            "seed": plan.seed,
            "rounds": plan.rounds,
            "searches_per_round": plan.searches,
            "machine": machine(engine),
            "arms": {arm.name: arm.summary() for arm in arms},
            "cpu_ratio": _ratios(*arms),
            "answers": _compared(*arms),
        }


@contextmanager
def _served(made: Installed, name: str, plan: Plan) -> Iterator[Arm]:
    env = dict(made.env)
    if name == THERE:
        # Not the folder that this runs in: the other state's.
        env |= {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(plan.against)}
    redis = made.settings.redis_url
    engines = {"opensearch": made.settings.opensearch_url, "redis": redis.get_secret_value() if redis else ""}
    found = {engine: listening(url or "") for engine, url in engines.items()}
    with served(env) as api, httpx2.Client(base_url=api.url, timeout=TIMEOUT_S) as client:
        pids = {"api": api.pid, **{engine: pid for engine, pid in found.items() if pid}}
        yield Arm(name, client, Meter(pids))


def _bodies(made: Installed, count: int, seed: int) -> list[Body]:
    return [
        {
            "text": one.text,
            "filters": one.filters,
            "facets": ["niches", "platforms", "countries"] if place % EVERY_FACETED == 0 else [],
            "explain": place % EVERY_EXPLAINED == 0,
            "budget_ms": BUDGET_MS,
        }
        for place, one in enumerate(questions(made.corpus, count, seed=seed))
    ]


def _ask(arm: Arm, body: Body) -> tuple[dict[str, Any], int]:
    answer = arm.client.post(SEARCH, json=body)
    answer.raise_for_status()
    return answer.json(), len(answer.content)


def _round(arm: Arm, asked: Sequence[Body], engine: OpenSearch, prefix: str) -> None:
    queries, first = _shard_queries(engine, prefix), arm.meter.read()
    answers = [_ask(arm, body) for body in asked]
    used = Usage.between(first, arm.meter.read())
    arm.shard_queries.append((_shard_queries(engine, prefix) - queries) / len(asked))
    for name, seconds in used.cpu_s.items():
        arm.cpu_ms.setdefault(name, []).append(seconds * 1000 / len(asked))
    arm.answer_kb.append(statistics.mean(size for _, size in answers) / 1024)
    for page, _ in answers:
        arm.degraded += bool(page["degraded"])
        arm.pages.append(_page(page))
        for stage, took in page["took_ms"].items():
            arm.stages.setdefault(stage, []).append(took)


def _page(page: Mapping[str, Any]) -> Page:
    hits = page["hits"]
    total = page["total"]["value"] if page["total"] else None
    return [hit["creator_id"] for hit in hits], [round(hit["score"], DIGITS) for hit in hits], total


def _shard_queries(engine: OpenSearch, prefix: str) -> int:
    stats = engine.indices.stats(index=f"{prefix}creators", metric="search")
    return int(stats["_all"]["total"]["search"]["query_total"])


def _forget(made: Installed) -> None:
    address = made.settings.redis_url
    with Redis.from_url(address.get_secret_value() if address else "", socket_timeout=TIMEOUT_S) as redis:
        if keys := list(redis.scan_iter(match=f"{made.prefix}cache:*", count=1000)):
            redis.delete(*keys)


def _ratios(here: Arm, there: Arm) -> dict[str, float]:
    """Return the median of the rounds' ratios: the two turns of a round are nearest to each other in time."""
    return {
        name: round(
            statistics.median(a / b for a, b in zip(here.cpu_ms[name], there.cpu_ms[name], strict=True) if b), 3
        )
        for name in here.cpu_ms
        if name != "client"
    }


def _compared(here: Arm, there: Arm) -> dict[str, int]:
    pairs = list(zip(here.pages, there.pages, strict=True))
    return {
        "compared": len(pairs),
        "same_ids": sum(a[0] == b[0] for a, b in pairs),
        "same_ids_and_scores": sum(a[:2] == b[:2] for a, b in pairs),
        "same_totals": sum(a[2] == b[2] for a, b in pairs),
    }


def _rounded(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)
