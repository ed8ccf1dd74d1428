"""The order in which sources are asked for a target, with the reason for each; pure.

Tiers come first: an official interface before a provider, a provider before a browser. A lower tier is asked only where
every better one is not able (its breaker is open, its allowance or budget is used up, it may not be called) or has just
failed. Within a tier the higher utility is asked first::

    utility = w_success · success + w_latency · 1/(1 + latency/1 s) + w_cost · 1/(1 + cost/0.001 USD) + w_room · room

``success`` and ``latency`` are rolling means over the fetches of all processes, ``cost`` the mean of what a target has
cost, else the list price, ``room`` the share of the day's budget that is left. What is not known yet is taken to be
good (``UNKNOWN``), so that a new source is tried. The weights are those of :data:`WEIGHTS` and add up to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from creators.models import Tier

if TYPE_CHECKING:
    from creators.targets import Target

Strategy = Literal["balanced", "cheapest", "fastest", "official_only"]


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; the sum is 1."""

    success: float
    latency: float
    cost: float
    room: float


WEIGHTS: dict[Strategy, Weights] = {
    "balanced": Weights(success=0.5, latency=0.2, cost=0.2, room=0.1),
    "cheapest": Weights(success=0.2, latency=0.0, cost=0.7, room=0.1),
    "fastest": Weights(success=0.2, latency=0.7, cost=0.0, room=0.1),
    "official_only": Weights(success=0.5, latency=0.2, cost=0.2, room=0.1),
}
OFFICIAL = frozenset({"official", "website"})
"""Kinds that ``official_only`` asks: a page is told about by nobody but its owner."""
LATENCY_UNIT_MS = 1000.0
COST_UNIT_USD = 0.001


@dataclass(frozen=True, slots=True)
class Measured:
    """How a source does; None: not known yet."""

    success: float | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None


UNKNOWN = Measured(success=0.9, latency_ms=500.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source that serves targets of this kind."""

    source: str
    tier: Tier
    kind: str
    price_usd: float
    """List price of this target."""
    measured: Measured = Measured()
    room: float = 1.0
    """Share of the day's budget that is left, 0 to 1."""
    unable: str | None = None
    """Why it cannot be asked now; None: it can."""


@dataclass(frozen=True, slots=True)
class Considered:
    """What became of one candidate, in words."""

    source: str
    tier: Tier
    score: float | None
    """Its utility, None where it cannot be asked."""
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The order to ask in, best first, and why."""

    strategy: Strategy
    weights: Weights
    order: tuple[str, ...]
    considered: tuple[Considered, ...]
    """All candidates: those of the order first, in its order."""

    @property
    def reason(self) -> str:
        """The decision in one sentence per candidate."""
        return "; ".join(f"{one.source}: {one.reason}" for one in self.considered) or "no source serves such targets"


def utility(candidate: Candidate, weights: Weights) -> float:
    """Return the utility of a candidate, 0 to 1; see the head of this module."""
    known = candidate.measured
    success = UNKNOWN.success if known.success is None else known.success
    latency = UNKNOWN.latency_ms if known.latency_ms is None else known.latency_ms
    cost = candidate.price_usd if known.cost_usd is None else known.cost_usd
    return (
        weights.success * (success or 0.0)
        + weights.latency / (1 + (latency or 0.0) / LATENCY_UNIT_MS)
        + weights.cost / (1 + cost / COST_UNIT_USD)
        + weights.room * candidate.room
    )


def route(target: Target, candidates: Sequence[Candidate], strategy: Strategy) -> Decision:
    """Return which sources to ask for a target, in order; the same candidates in any order give the same decision."""
    weights = WEIGHTS[strategy]
    able: list[tuple[Candidate, float]] = []
    out: list[Considered] = []
    for candidate in sorted(candidates, key=lambda one: (one.tier, one.source)):
        why = candidate.unable
        if why is None and strategy == "official_only" and candidate.kind not in OFFICIAL:
            why = "is not official, and the strategy is official_only"
        if why is None:
            able.append((candidate, utility(candidate, weights)))
        else:
            out.append(Considered(candidate.source, candidate.tier, None, why))
    able.sort(key=lambda pair: (pair[0].tier, -pair[1], pair[0].source))
    chosen = [
        Considered(one.source, one.tier, round(score, 4), _words(one, place, target))
        for place, (one, score) in enumerate(able, start=1)
    ]
    return Decision(strategy, weights, tuple(one.source for one in chosen), (*chosen, *out))


def _words(candidate: Candidate, place: int, target: Target) -> str:
    known = candidate.measured
    success = "success not known yet" if known.success is None else f"{known.success:.0%} success"
    latency = "latency not known yet" if known.latency_ms is None else f"{known.latency_ms:.0f} ms"
    cost = candidate.price_usd if known.cost_usd is None else known.cost_usd
    return f"asked as number {place} for a {target.kind}: tier {candidate.tier}, {success}, {latency}, {cost:.5f} USD"
