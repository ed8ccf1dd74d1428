"""One hybrid query, fused by OpenSearch: on 3.6 its lexical arm is not pruned (``docs/decisions/0014``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creators.errors import ClusterUnavailable
from mappings.registry import CREATORS, HYBRID_PIPELINE, pipeline_name
from search.executors.contract import ALL_FAILED, FAILURES, Found, Question, arm_body, log, read_answer
from search.queries.hybrid import hybrid_arm

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.plan import Plan

ARM = "hybrid"


class NativeHybrid:
    """Both arms in one hybrid query; the hits come in fused order, their scores are those of the fusion."""

    name = "native_hybrid"

    def __init__(self, cluster: AsyncCluster, pipeline: str = HYBRID_PIPELINE) -> None:
        self._cluster = cluster
        self._pipeline = cluster.name(pipeline_name(pipeline))

    async def retrieve(self, question: Question, plan: Plan, budget: Budget) -> Found:
        """Return the hits under ``hybrid``; see :class:`search.executors.contract.Executor`."""
        if not question.asked:
            return {}
        # The one request that there is: without it nothing else has anything to do.
        left_ms = budget.left_for_ms("last_arm")
        queries = [arm_body(arm, question, plan, timeout_ms=left_ms)["query"] for arm in question.asked]
        body = hybrid_arm(queries, size=question.size, timeout_ms=left_ms)
        with budget.stage("retrieve"):
            try:
                async with budget.deadline("last_arm"):
                    answer = await self._cluster.search(CREATORS, body, params={"search_pipeline": self._pipeline})
            except TimeoutError:
                budget.leave_out(ARM)
                return {}
            except FAILURES as error:
                log.warning("arm_failed", arm=ARM, reason=error.detail)
                raise ClusterUnavailable(ALL_FAILED) from error
        return {ARM: read_answer(ARM, answer, budget)}
