"""From a question to the ranked window: arms, fusion, features, variety."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search import retrieval
from search.executors.contract import Question, read_answer
from search.executors.native_hybrid import NativeHybrid
from search.executors.two_arm import TwoArm
from search.fusion import fuse
from search.plan import Plan
from search.population import Population
from search.queries import ordered
from search.queries.filters import filter_clause
from search.rank.candidates import ArmHit, collect, facts_of
from search.rank.diversity import Traits, diversify
from search.rank.features import Wish
from search.rank.model import Ranked, rank_by
from search.rank.named import name_match
from search.request import WINDOW

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.encoding import Vector
    from search.executors.contract import Executor, Found
    from search.filters import Filters
    from search.planner import Planner
    from search.request import Ranking
    from search.topics import Topics

NEEDED = frozenset({"lexical", "knn", "hybrid", "browse", "named", "complete.lexical", "complete.knn", "diversity"})
"""Parts without which a window is not what it would be with more time; it is not kept for others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, and how it is to be ordered."""

    text: str
    vector: Vector | None
    filters: Filters
    ranking: Ranking


@dataclass(frozen=True, slots=True)
class Window:
    """The ranked candidates, and how they were found; ``plan`` is None where no vector was looked for."""

    ranked: Ranked
    plan: Plan | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the window as JSON values."""
        return {"ranked": self.ranked.as_json(), "plan": asdict(self.plan) if self.plan else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Window:
        """Return the window that :meth:`as_json` wrote."""
        return cls(Ranked.from_json(value["ranked"]), Plan(**value["plan"]) if value["plan"] else None)


class Ranker:
    """Finds and ranks; one per process."""

    def __init__(self, cluster: AsyncCluster, planner: Planner, topics: Topics) -> None:
        self._cluster, self._planner, self._topics = cluster, planner, topics
        self.population = Population(cluster)
        executors: tuple[Executor, ...] = (TwoArm(cluster), NativeHybrid(cluster))
        self._executors = {executor.name: executor for executor in executors}

    async def window(self, wanted: Wanted, budget: Budget) -> Window:
        """Return the best candidates in order, at most ``WINDOW``.

        Raises:
            ClusterUnavailable: no arm answers.
        """
        clause = filter_clause(wanted.filters)
        question = Question(wanted.text, wanted.vector, clause, wanted.ranking.arms, WINDOW)
        if not question.asked:
            found, plan = await self._browse(question, budget), None
        else:
            is_off_topic = self._topics.is_left_out(wanted.vector, wanted.filters.niches)
            plan = self._planner.plan(wanted.filters, clause, size=WINDOW, is_off_topic=is_off_topic)
            found = await self._retrieve(question, plan, wanted.ranking, budget)
        with budget.stage("fuse"):
            ids = _candidates(found)
        found = await retrieval.complete(self._cluster, ids, found, question, budget)
        with budget.stage("rank"):
            ranked = self._rank(ids, found, wanted)
        ranked = await self._diversify(ranked, found, wanted, budget)
        return Window(ranked, plan if "knn" in question.asked else None)

    async def _retrieve(self, question: Question, plan: Plan, ranking: Ranking, budget: Budget) -> Found:
        executor = self._executors[ranking.executor]
        asked = executor.retrieve(question, plan, budget)
        if "lexical" not in question.asked:
            return await asked
        found, called = await asyncio.gather(asked, retrieval.find_named(self._cluster, question, budget))
        return {**found, "named": called}

    async def _browse(self, question: Question, budget: Budget) -> Found:
        body = ordered.browse_arm(question.filters, size=question.size, timeout_ms=budget.left_ms)
        with budget.stage("browse"):
            try:
                async with budget.deadline("last_arm"):
                    answer = await self._cluster.search(CREATORS, body)
            except TimeoutError:
                budget.leave_out("browse")
                return {}
        return {"browse": read_answer("browse", answer, budget)}

    def _rank(self, ids: Sequence[str], found: Found, wanted: Wanted) -> Ranked:
        others = [hit for arm in ("browse", "hybrid", "named") for hit in found.get(arm, ())]
        candidates = collect(
            ids,
            found.get("lexical", ()),
            found.get("knn", ()),
            now_ms=int(time.time() * 1000),
            others=others,
        ).among(self.population.current())
        if found.get("named"):
            called = {hit.creator_id: hit.values for hit in found["named"]}
            candidates = candidates.called(name_match(wanted.text, [called.get(one, {}) for one in ids]))
        band = wanted.filters.followers
        wish = Wish(band.min if band else None, band.max if band else None, frozenset(wanted.filters.niches))
        return rank_by(candidates, wanted.ranking.profile, wanted.ranking.weights, wish)

    async def _diversify(self, ranked: Ranked, found: Found, wanted: Wanted, budget: Budget) -> Ranked:
        wish = wanted.ranking.diversity
        if wish.is_off or not ranked.ids:
            return ranked
        facts = facts_of(*found.values())
        group = "primary_platform" if wish.spread == "platform" else "primary_niche"
        known = await retrieval.looks(self._cluster, ranked.ids, budget) if wish.suppress_duplicates else {}
        looks = [known.get(one, {}) for one in ranked.ids]
        traits = Traits(
            labels=tuple(look.get("name", one) for one, look in zip(ranked.ids, looks, strict=True)),
            keys=tuple(look.get("text_hash") for look in looks),
            vectors=_vectors(looks),
            groups=tuple(facts.get(one, {}).get(group) for one in ranked.ids),
        )
        with budget.stage("diversify"):
            return diversify(ranked, traits, wish)


def _vectors(looks: Sequence[Mapping[str, Any]]) -> NDArray[np.float32] | None:
    """Return a row for each, zeros where the vector is not known; None where none is."""
    known = [look[VECTOR] for look in looks if VECTOR in look]
    if not known:
        return None
    nothing = [0.0] * len(known[0])
    return np.array([look.get(VECTOR, nothing) for look in looks], dtype=np.float32)


def _candidates(found: Mapping[str, Sequence[ArmHit]]) -> list[str]:
    """Return who is ranked: those who may be called so, then the arms' best by fused rank."""
    called = [hit.creator_id for hit in found.get("named", ())]
    fused = fuse([[hit.creator_id for hit in hits] for arm, hits in found.items() if arm != "named"], limit=WINDOW)
    return list(dict.fromkeys([*called, *fused]))[:WINDOW]
