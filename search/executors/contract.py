"""What an executor is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from creators.errors import ClusterRefused, ClusterUnavailable, NotFound
from search.budget import Budget
from search.plan import Plan
from search.queries import knn, lexical
from search.queries.filters import Clause
from search.rank.candidates import ArmHit, parse_hits
from search.request import Arm

log = structlog.get_logger(__name__)

Found = dict[str, list[ArmHit]]
FAILURES = (ClusterUnavailable, ClusterRefused, NotFound)
"""What one arm may raise without taking the other with it."""
ALL_FAILED = "every arm of the search failed: OpenSearch cannot answer now"


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the arms see it.

    Attributes:
        text: what the lexical arm looks for.
        vector: what the k-NN arm looks for; None leaves that arm out.
        filters: the canonical filter clause; None when nothing is filtered.
        arms: which arms are asked.
        size: hits wanted of each.
    """

    text: str
    vector: tuple[float, ...] | None
    filters: Clause | None
    arms: tuple[Arm, ...]
    size: int

    @property
    def asked(self) -> tuple[Arm, ...]:
        """The arms that can be asked: each has what it looks for."""
        usable = {"lexical": bool(self.text), "knn": self.vector is not None}
        return tuple(arm for arm in self.arms if usable[arm])


class Executor(Protocol):
    """One way to send the arms."""

    name: str

    async def retrieve(self, question: Question, plan: Plan, budget: Budget) -> Found:
        """Return the hits of each arm; one that fails or is late is left out and named in the budget.

        Raises:
            ClusterUnavailable: every arm failed.
        """
        ...


def arm_body(arm: Arm, question: Question, plan: Plan, *, timeout_ms: int) -> Clause:
    """Return the request body of one arm."""
    size, filters = question.size, question.filters
    if arm == "lexical":
        return lexical.lexical_arm(question.text, filters, size=size, timeout_ms=timeout_ms)
    return knn.knn_arm(question.vector or (), filters, size=size, timeout_ms=timeout_ms, plan=plan)


def is_whole(answer: Mapping[str, Any]) -> bool:
    """Return whether every shard answered, and in time."""
    return not (answer["timed_out"] or answer["_shards"]["failed"])


def read_answer(name: str, answer: Mapping[str, Any], budget: Budget) -> list[ArmHit]:
    """Return the hits of one answer, note its time, and name it when it is partial."""
    if not is_whole(answer):
        budget.leave_out(name)
    budget.took_ms[f"retrieve.{name}"] = float(answer["took"])
    return parse_hits(answer)
