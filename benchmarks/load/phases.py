"""How many users there are at what time: they come one after the other, stay, and become more."""

from __future__ import annotations

import math
from dataclasses import dataclass

RAMP, HOLD, STEP = ORDER = ("ramp", "hold", "step")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a moment of a run is for, how many users there are, and how many come a second."""

    phase: str
    users: int
    spawn_rate: float


@dataclass(frozen=True, slots=True)
class Phases:
    """A run: a fifth of it users come, half of it they stay (the figures), the rest there are half as many more.

    Attributes:
        users: of the hold; the gate judges what they saw.
        seconds: of the whole run.
    """

    users: int
    seconds: float
    ramp_share: float = 0.2
    hold_share: float = 0.5
    step_factor: float = 1.5

    def __post_init__(self) -> None:
        if self.users < 1 or self.seconds <= 0:
            detail = f"{self.users} users for {self.seconds} s: both must be positive"
            raise ValueError(detail)

    @property
    def hold_s(self) -> float:
        """Seconds of the hold."""
        return self.hold_share * self.seconds

    def at(self, elapsed_s: float) -> Moment | None:
        """Return the moment so long after the start; None once the run is over."""
        if elapsed_s >= self.seconds:
            return None
        ramp_s = self.ramp_share * self.seconds
        rate = max(1.0, self.users / ramp_s)
        if elapsed_s < ramp_s:
            return Moment(RAMP, self.users, rate)
        if elapsed_s < ramp_s + self.hold_s:
            return Moment(HOLD, self.users, rate)
        return Moment(STEP, math.ceil(self.users * self.step_factor), rate)
