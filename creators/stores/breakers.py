"""The circuit breaker of each source, one for all processes, and what the router knows about how the source does.

Closed, calls go through and their last 20 of at most 60 s are weighed. From 5 of them on, half failed opens it: nobody
calls for 30 s. Then one process at a time holds the lease for one probe; a good one counts, a bad one opens it again,
the second good one closes it. A person may force it open or closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from creators.stores.scripts import Shared, script

State = Literal["closed", "open", "half_open"]
NUMBERS: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}
"""The states as a metric shows them."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When a breaker opens and closes."""

    calls: int = 20
    """Most fetches that are weighed."""
    window_ms: int = 60_000
    """Age of the oldest that is weighed."""
    least: int = 5
    """Fewer say nothing."""
    share: float = 0.5
    """Share of failed ones (or failed and slow ones) that opens it."""
    slow_ms: int = 30_000
    """A fetch, of several calls perhaps, that takes so long is as bad as a failed one."""
    open_ms: int = 30_000
    probe_ms: int = 30_000
    """Shortest time between two probes."""
    good: int = 2
    """Good probes that close it."""
    weight: float = 0.1
    """Of the newest fetch in the rolling rates."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Whether a source may be called now."""

    allowed: bool
    state: State
    probe: str
    """Not empty where this is the one probe of an open breaker."""
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a source does; rates are None until it has answered."""

    state: State
    forced: bool
    reason: str
    since: datetime | None
    retry_at: datetime | None
    recent: int
    """Fetches that are weighed now."""
    failed: int
    success: float | None
    latency_ms: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """How one fetch ended; a limit or an account that is gone is no failure."""

    ok: bool
    latency_ms: float
    cost_usd: float = 0.0
    probe: str = ""


class Breakers:
    """Gateway to the breakers of one installation; every method raises ``QueueUnavailable`` where Redis is away."""

    def __init__(self, shared: Shared, rules: Rules | None = None) -> None:
        self._shared = shared
        self._rules = asdict(rules or Rules())

    def permit(self, source: str) -> Pass:
        """Return whether a source may be called, and whether that is the probe."""
        answer = self._do(source, "permit", token=uuid4().hex)
        return Pass(answer["allowed"], answer["state"], answer["probe"], _instant(answer["retry_at"]))

    def record(self, source: str, result: Result) -> State:
        """Book how a fetch ended; returns the state after it."""
        state: State = self._do(
            source,
            "record",
            ok=int(result.ok),
            ms=round(result.latency_ms),
            cost_usd=result.cost_usd,
            probe=result.probe,
        )["state"]
        return state

    def force(self, source: str, to: Literal["open", "closed"] | None) -> Breaker:
        """Hold a breaker open or closed until None lets it go again."""
        return _breaker(self._do(source, "force", to=to or ""))

    def reset(self, source: str) -> Breaker:
        """Close a breaker and forget why it was open."""
        return _breaker(self._do(source, "reset"))

    def states(self, sources: Iterable[str]) -> dict[str, Breaker]:
        """Return the breakers of sources."""
        return {source: _breaker(self._do(source, "state")) for source in sources}

    def _do(self, source: str, command: str, **arguments: Any) -> dict[str, Any]:
        text = json.dumps({**self._rules, **arguments})
        answer: dict[str, Any] = self._shared.run_json(script("breaker"), [f"breaker:{{{source}}}"], command, text)
        return answer


def _breaker(answer: dict[str, Any]) -> Breaker:
    return Breaker(
        state=answer["state"],
        forced=bool(answer["forced"]),
        reason=answer["reason"],
        since=_instant(answer["since"]),
        retry_at=_instant(answer["retry_at"]),
        recent=int(answer["total"]),
        failed=int(answer["bad"]),
        success=_known(answer["success"]),
        latency_ms=_known(answer["latency_ms"]),
        cost_usd=_known(answer["cost_usd"]),
    )


def _known(value: float) -> float | None:
    return None if value < 0 else float(value)


def _instant(ms: float) -> datetime | None:
    return None if ms < 0 else datetime.fromtimestamp(ms / 1000, UTC)
