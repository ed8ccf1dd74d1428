"""Executors against each other: same index, same questions, same fusion."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.retrieval.machine import EngineClock
from benchmarks.retrieval.questions import Asked, Breadth, of_breadth
from creators.settings import Settings
from creators.stores.cluster import AsyncCluster
from enrich.encoders.text import TextEncoder
from mappings.registry import CREATORS
from search.budget import Budget
from search.executors.contract import Executor, Found, Question, arm_body, read_answer
from search.executors.native_hybrid import NativeHybrid
from search.executors.two_arm import TwoArm
from search.filters import Filters
from search.fusion import fuse
from search.plan import Plan, choose
from search.queries.filters import filter_clause

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 200
COMPARED = 100
BREADTHS: tuple[Breadth, ...] = ("rare", "medium", "broad")
FILTERED = {"everybody": Filters(), "third": Filters(platforms=("youtube",))}
PATIENCE_MS = 60_000
SHORT_MS = 100
Json = dict[str, Any]


class OneRequest:
    """Both arms in one ``_msearch``: what lost, kept to be measured again."""

    name = "one_msearch"

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster = cluster

    async def retrieve(self, question: Question, plan: Plan, budget: Budget) -> Found:
        """Return the hits of both arms, or none when the slower of them is late."""
        bodies = [arm_body(arm, question, plan, timeout_ms=budget.left_ms) for arm in question.asked]
        try:
            async with budget.deadline("retrieve"):
                answers = await self._cluster.msearch(CREATORS, bodies)
        except TimeoutError:
            return {}
        return {arm: read_answer(arm, answer, budget) for arm, answer in zip(question.asked, answers, strict=True)}


async def compare(settings: Settings, encoder: TextEncoder, clock: EngineClock, *, count: int, rounds: int) -> Json:
    """Return milliseconds of every executor by breadth of the text and filter, and how much their candidates agree."""
    cluster = AsyncCluster(settings)
    try:
        executors: list[Executor] = [TwoArm(cluster), OneRequest(cluster), NativeHybrid(cluster)]
        rows = []
        for breadth in BREADTHS:
            asked = of_breadth(encoder, breadth, count)
            for name, filters in FILTERED.items():
                rows.append({"text": breadth, "filter": name} | await _cell(executors, clock, asked, filters, rounds))
        return {"cells": rows, "one_slow_arm": await _slow_arm(executors[:2], of_breadth(encoder, "medium", count))}
    finally:
        await cluster.close()


async def _cell(
    executors: Sequence[Executor], clock: EngineClock, asked: Sequence[Asked], filters: Filters, rounds: int
) -> Json:
    clause = filter_clause(filters)
    plan = choose(None, 0, is_filtered=clause is not None, size=SIZE)
    wall: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in asked])
    cpu: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in asked])
    fused: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for turn in range(rounds + 1):
        # There and back again: whoever follows the slowest one is not always the same.
        order = list(executors) if turn % 2 else list(executors)[::-1]
        for place, one in enumerate(asked):
            question = Question(one.text, one.vector, clause, ("lexical", "knn"), SIZE)
            for executor in order:
                computed, start = clock.read_ms(), time.perf_counter()
                found = await executor.retrieve(question, plan, Budget(PATIENCE_MS))
                if turn:
                    wall[executor.name][place].append((time.perf_counter() - start) * 1000)
                    cpu[executor.name][place].append(clock.read_ms() - computed)
                fused[executor.name][place] = fuse(
                    [[h.creator_id for h in hits] for hits in found.values()], limit=SIZE
                )
    first = executors[0].name
    return {
        name: {
            **_percentiles("wall", wall[name]),
            **_percentiles("cpu", cpu[name]),
            f"overlap_{COMPARED}": _overlap(fused[first], fused[name]),
        }
        for name in wall
    }


async def _slow_arm(executors: Sequence[Executor], asked: Sequence[Asked]) -> Json:
    """Return how many answers still have the words' hits when the k-NN arm scans everybody and the time is short."""
    scan = Plan("exact", 1.0, 0, "", SIZE, 0)
    kept = dict.fromkeys((executor.name for executor in executors), 0)
    for one in asked:
        question = Question(one.text, one.vector, None, ("lexical", "knn"), SIZE)
        for executor in executors:
            kept[executor.name] += "lexical" in await executor.retrieve(question, scan, Budget(SHORT_MS))
    return {"budget_ms": SHORT_MS, "questions": len(asked), "answers_with_the_words": kept}


def _percentiles(name: str, times: Sequence[Sequence[float]]) -> Json:
    medians = [np.median(one) for one in times]
    return {f"{name}_p{share}_ms": round(float(np.percentile(medians, share)), 2) for share in (50, 90)}


def _overlap(one: dict[int, list[str]], other: dict[int, list[str]]) -> float:
    shares = []
    for place, ids in one.items():
        first, second = set(ids[:COMPARED]), set(other[place][:COMPARED])
        shares.append(len(first & second) / max(1, min(len(first), len(second))))
    return round(float(np.mean(shares)), 4)
