"""What became of a target: the record that the controller hands on and that the log keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from creators.models import Tier
    from creators.targets import Target
    from fetchers.contract import Found
    from fetchers.router import Decision

Kind = Literal["found", "gone", "limited", "failed"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One source that was asked, and how that ended."""

    source: str
    tier: Tier
    kind: Kind | Literal["refused"]
    is_sure: bool = False
    """Whether a source that sees every account of its platform says that there is none."""
    error: str | None = None
    """Code of the error."""
    detail: str = ""
    retry_at: datetime | None = None
    latency_ms: float = 0.0
    calls: int = 0
    units: int = 0
    cost_usd: float = 0.0
    records: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run of one target; nothing here is raised, the schedule asks again."""

    target: Target
    kind: Kind
    at: datetime
    decision: Decision
    attempts: tuple[Attempt, ...] = ()
    found: Found | None = None
    source: str | None = None
    """Which source found it, or knows that it is gone."""
    tier: Tier | None = None
    error: str | None = None
    retry_at: datetime | None = None
    """When asking again makes sense, where that is known."""
    served_by_lower_tier: bool = False
    """A better source serves such targets and was not able to: its records are flagged ``degraded``."""

    @property
    def was_not_asked(self) -> bool:
        """Whether no source was called and some can be at ``retry_at``, such as behind an open breaker."""
        return self.kind in {"failed", "limited"} and self.calls == 0 and self.retry_at is not None

    @property
    def calls(self) -> int:
        """Requests that were sent."""
        return sum(attempt.calls for attempt in self.attempts)

    @property
    def units(self) -> int:
        """Units of allowances that were used."""
        return sum(attempt.units for attempt in self.attempts)

    @property
    def cost_usd(self) -> float:
        """What all attempts cost, in USD."""
        return sum(attempt.cost_usd for attempt in self.attempts)

    @property
    def latency_ms(self) -> float:
        """What all attempts took, in ms."""
        return sum(attempt.latency_ms for attempt in self.attempts)

    @property
    def detail(self) -> str:
        """Why nothing was found, in words."""
        return "; ".join(f"{a.source}: {a.detail}" for a in self.attempts if a.detail) or self.decision.reason
