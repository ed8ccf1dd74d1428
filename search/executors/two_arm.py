"""Two plain requests side by side: each is pruned, timed and given up on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from creators.errors import ClusterUnavailable
from mappings.registry import CREATORS
from search.executors.contract import ALL_FAILED, FAILURES, Found, Question, arm_body, log, read_answer
from search.plan import Plan, choose

if TYPE_CHECKING:
    from creators.errors import CreatorscopeError
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.rank.candidates import ArmHit
    from search.request import Arm

    Answer = list[ArmHit] | CreatorscopeError | None


class TwoArm:
    """The lexical and the k-NN arm as two concurrent requests over the same filter."""

    name = "two_arm"

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster = cluster

    async def retrieve(self, question: Question, plan: Plan, budget: Budget) -> Found:
        """Return the hits under ``lexical`` and ``knn``; see :class:`search.executors.contract.Executor`."""
        arms = question.asked
        if not arms:
            return {}
        asked = {arm: asyncio.create_task(self._ask(arm, question, plan, budget)) for arm in arms}
        try:
            with budget.stage("retrieve"):
                await _wait(asked.values(), budget)
        finally:
            for task in asked.values():
                task.cancel()
        found: Found = {}
        failures: list[CreatorscopeError] = []
        for arm, task in asked.items():
            answer = _result(task)
            if isinstance(answer, list):
                found[arm] = answer
            elif answer is None:
                budget.leave_out(arm)
            else:
                failures.append(answer)
        if len(failures) == len(arms):
            raise ClusterUnavailable(ALL_FAILED) from failures[0]
        return found

    async def _ask(self, arm: Arm, question: Question, plan: Plan, budget: Budget) -> Answer:
        """Return the hits of one arm, or what it failed with."""
        try:
            hits = await self._hits(arm, question, plan, budget)
            if arm == "knn" and is_short(question, plan, hits):
                hits = await self._hits(arm, question, under_the_filter(question, plan), budget)
        except FAILURES as error:
            log.warning("arm_failed", arm=arm, reason=error.detail)
            budget.leave_out(arm)
            return error
        return hits

    async def _hits(self, arm: Arm, question: Question, plan: Plan, budget: Budget) -> list[ArmHit]:
        body = arm_body(arm, question, plan, timeout_ms=budget.left_for_ms("retrieve"))
        return read_answer(arm, await self._cluster.search(CREATORS, body), budget)


async def _wait(asked: Collection[asyncio.Task[Answer]], budget: Budget) -> None:
    """Wait for the arms as long as a retrieval may take, and where none has found anything by then, for the first.

    A page without hits reads as if there were nobody, so the first arm may use the time of the stages that have
    nothing to do without candidates: all but what fetching the page needs.
    """
    _, late = await asyncio.wait(asked, timeout=budget.left_for_s("retrieve"))
    while late and not any(_has_hits(task) for task in asked):
        done, late = await asyncio.wait(
            late, timeout=budget.left_for_s("last_arm"), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            return


def _result(task: asyncio.Task[Answer]) -> Answer:
    return task.result() if task.done() and not task.cancelled() else None


def _has_hits(task: asyncio.Task[Answer]) -> bool:
    answer = _result(task)
    return isinstance(answer, list) and bool(answer)


def is_short(question: Question, plan: Plan, hits: list[ArmHit]) -> bool:
    """Return whether a filter applied afterwards left fewer hits than were wanted: fewer pass than was expected."""
    return plan.strategy == "post_filter" and len(hits) < min(question.size, plan.documents)


def under_the_filter(question: Question, plan: Plan) -> Plan:
    """Return the plan of a walk under the filter, for a question whose estimate was wrong."""
    return choose(None, plan.documents, is_filtered=True, size=question.size)
