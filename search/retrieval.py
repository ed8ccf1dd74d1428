"""Requests around the arms: names beside them, missing scores after them, vectors and display fields of a few.

Whatever is late or broken is left out and named in the budget; the answer goes on without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search.executors.contract import FAILURES, is_whole
from search.queries import completion, named
from search.rank.candidates import ArmHit, parse_hits
from search.shown import displayed, source_filter

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.executors.contract import Found, Question
    from search.queries.filters import Clause

log = structlog.get_logger(__name__)

LATE_OR_BROKEN = (TimeoutError, *FAILURES)
"""What a part of an answer may raise without taking the answer with it."""


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
        except LATE_OR_BROKEN as error:
            log.warning("left_out", stage=stage, reason=str(error) or "late")
            answer = None
    _note(answer, parts or (stage,), budget)
    return answer


async def ask_all(
    cluster: AsyncCluster, bodies: Mapping[str, Clause], stage: str, budget: Budget, parts: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return the answers to several searches that are sent as one request, under the names of their bodies.

    What is missing or partial is named in the budget: ``parts``, else ``stage.name``; the others are answered all the
    same.
    """
    timeout = {"timeout": f"{budget.left_for_ms(stage)}ms"}
    with budget.stage(stage):
        try:
            async with budget.deadline(stage):
                answers = await cluster.msearch(CREATORS, [body | timeout for body in bodies.values()])
        except LATE_OR_BROKEN as error:
            log.warning("left_out", stage=stage, reason=str(error) or "late")
            answers = []
    found: dict[str, dict[str, Any]] = {}
    for name, answer in zip(bodies, answers, strict=False):
        if refusal := answer.get("error"):
            log.warning("left_out", stage=f"{stage}.{name}", reason=refusal["reason"])
        else:
            found[name] = answer
    for name in bodies:
        _note(found.get(name), parts or (f"{stage}.{name}",), budget)
    return found


def _note(answer: Mapping[str, Any] | None, parts: Sequence[str], budget: Budget) -> None:
    """Name the parts in the budget where the answer is missing or partial."""
    if answer is None or not is_whole(answer):
        for part in parts:
            budget.leave_out(part)


async def find_named(cluster: AsyncCluster, question: Question, budget: Budget) -> list[ArmHit]:
    """Return the creators whose handle or name the text may be; none for a text that is neither."""
    body = named.named_arm(question.text, question.filters, size=named.SIZE, timeout_ms=budget.left_ms)
    answer = await ask(cluster, body, "named", budget) if body else None
    return parse_hits(answer) if answer else []


async def complete(
    cluster: AsyncCluster, ids: Sequence[str], found: Found, question: Question, budget: Budget
) -> Found:
    """Return the hits of each arm, and after them those of candidates that the arm did not return itself."""
    bodies: dict[str, Clause] = {}
    for arm in question.asked:
        missing = sorted(set(ids) - {hit.creator_id for hit in found.get(arm, ())})
        if missing and arm == "lexical":
            bodies[arm] = completion.lexical_scores(question.text, missing)
        elif missing and question.vector is not None:
            bodies[arm] = completion.cosine_scores(question.vector, missing)
    answers = await ask_all(cluster, bodies, "complete", budget) if bodies else {}
    added = {arm: parse_hits(answer) for arm, answer in answers.items()}
    return {**found, **{arm: [*found.get(arm, ()), *hits] for arm, hits in added.items()}}


async def looks(cluster: AsyncCluster, ids: Sequence[str], budget: Budget) -> dict[str, dict[str, Any]]:
    """Return what tells near duplicates: vector, hash of the text, name; empty when that is late."""
    body = {"size": len(ids), "query": {"ids": {"values": list(ids)}}, "_source": [VECTOR, "text_hash", "name"]}
    answer = await ask(cluster, body, "diversity", budget)
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]} if answer else {}


async def fetch(
    cluster: AsyncCluster, creator_ids: Sequence[str], budget: Budget, fields: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return these display fields of a page, or all; empty when they are late."""
    if not creator_ids:
        return {}
    body = {
        "size": len(creator_ids),
        "query": {"ids": {"values": list(creator_ids)}},
        "_source": source_filter(fields),
        "track_total_hits": False,
    }
    answer = await ask(cluster, body, "fetch", budget)
    return {hit["_id"]: displayed(hit["_source"]) for hit in answer["hits"]["hits"]} if answer else {}
