"""Requests around the arms: names beside them, the scores of fused hits, vectors and display fields of a few.

Whatever is late or broken is left out and named in the budget; the answer goes on without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from creators.errors import ClusterRefused, ClusterUnavailable, NotFound
from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search.queries import completion, named
from search.rank.candidates import ArmHit, parse_hits
from search.results import HIDDEN, displayed

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.executors.contract import Question
    from search.queries.filters import Clause

log = structlog.get_logger(__name__)


async def ask(
    cluster: AsyncCluster, body: Clause, stage: str, budget: Budget, parts: Sequence[str] = ()
) -> dict[str, Any] | None:
    """Return the answer to one request, or None when it is late or fails.

    What is missing then, or when the answer is partial, is named in the budget: ``parts``, else the stage.
    """
    timed = body | {"timeout": f"{budget.left_for_ms(stage)}ms"}
    with budget.stage(stage):
        try:
            async with budget.deadline(stage):
                answer = await cluster.search(CREATORS, timed)
        except (TimeoutError, ClusterUnavailable, ClusterRefused, NotFound) as error:
            log.warning("left_out", stage=stage, reason=str(error) or "late")
            answer = None
    if answer is None or answer["timed_out"] or answer["_shards"]["failed"]:
        for part in parts or (stage,):
            budget.leave_out(part)
    return answer


async def find_named(cluster: AsyncCluster, question: Question, budget: Budget) -> list[ArmHit]:
    """Return the creators whose handle or name the text may be; none for a text that is neither."""
    body = named.named_arm(question.text, question.filters, size=named.SIZE, timeout_ms=budget.left_ms)
    answer = await ask(cluster, body, "named", budget) if body else None
    return parse_hits(answer) if answer else []


async def complete(
    cluster: AsyncCluster, ids: Sequence[str], question: Question, budget: Budget
) -> dict[str, list[ArmHit]]:
    """Return the candidates' hits in each arm, with its score."""
    bodies: dict[str, Clause] = {}
    for arm in question.asked if ids else ():
        if arm == "lexical":
            bodies[arm] = completion.lexical_scores(question.text, ids)
        elif question.vector is not None:
            bodies[arm] = completion.cosine_scores(question.vector, ids)
    answers = await asyncio.gather(*(ask(cluster, body, f"complete.{arm}", budget) for arm, body in bodies.items()))
    return {arm: parse_hits(answer) for arm, answer in zip(bodies, answers, strict=True) if answer}


async def vectors(cluster: AsyncCluster, ids: Sequence[str], budget: Budget) -> dict[str, Sequence[float]]:
    """Return the vectors of creators; empty when they are late."""
    body = {"size": 2 * len(ids), "query": {"ids": {"values": list(ids)}}, "_source": [VECTOR]}
    answer = await ask(cluster, body, "diversity", budget)
    return {hit["_id"]: hit["_source"][VECTOR] for hit in answer["hits"]["hits"]} if answer else {}


async def fetch(cluster: AsyncCluster, creator_ids: Sequence[str], budget: Budget) -> dict[str, dict[str, Any]]:
    """Return the display fields of a page; empty when they are late."""
    if not creator_ids:
        return {}
    body = {
        "size": 2 * len(creator_ids),
        "query": {"ids": {"values": list(creator_ids)}},
        "_source": {"excludes": list(HIDDEN)},
        "track_total_hits": False,
    }
    answer = await ask(cluster, body, "fetch", budget)
    return {hit["_id"]: displayed(hit["_source"]) for hit in answer["hits"]["hits"]} if answer else {}
