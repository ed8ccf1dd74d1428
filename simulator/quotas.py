"""What every credential used, what it may use, and every time that it used more.

Windows are the providers' own: fixed ones begin with the first request after the last one ended (or at midnight of a
time zone), sliding ones hold at every moment. Beside them the largest number in any window of that length is measured.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

IN_FLIGHT_S = 0.25
"""A call so soon after "not before …" was told may have been under way already."""
GENEROUS = 1_000_000
"""What the headers say where nothing is limited."""
GENEROUS_S = 900.0


class Limit(BaseModel):
    """At most ``amount`` units in ``window_s`` seconds, for each credential."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    endpoint: str = "*"
    amount: int = Field(ge=0)
    window_s: float = Field(gt=0)
    mode: Literal["fixed", "sliding"] = "fixed"
    day_of: str | None = None

    def covers(self, provider: str, endpoint: str) -> bool:
        """Return whether a call to ``endpoint`` counts."""
        return self.provider == provider and self.endpoint in {"*", endpoint}


DOCUMENTED = (
    Limit(provider="youtube", amount=10_000, window_s=86_400, day_of="America/Los_Angeles"),
    Limit(provider="x", endpoint="users", amount=300, window_s=900),
    Limit(provider="x", endpoint="tweets", amount=10_000, window_s=900),
    Limit(provider="x", endpoint="search", amount=450, window_s=900),
    Limit(provider="x", endpoint="followers", amount=15, window_s=900),
    Limit(provider="github", endpoint="core", amount=5_000, window_s=3_600),
    Limit(provider="github", endpoint="search", amount=30, window_s=60),
    Limit(provider="instagram", amount=200, window_s=3_600, mode="sliding"),
    Limit(provider="instagram", endpoint="hashtag_search", amount=30, window_s=604_800, mode="sliding"),
    Limit(provider="tiktok", amount=1_000, window_s=86_400, day_of="UTC"),
    Limit(provider="apify", amount=250_000, window_s=60),
    Limit(provider="socialdata", amount=120, window_s=60),
)
"""The limits that the providers document; of X, those of paying for what is used."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request is let in, and what the headers say about it."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: float
    """Seconds since 1970."""
    window_s: float


@dataclass(slots=True)
class _Window:
    """What one limit counts for one credential."""

    limit: Limit
    ends_at: float = 0.0
    used: int = 0
    admitted: deque[tuple[float, int]] = field(default_factory=deque)
    offered: deque[tuple[float, int]] = field(default_factory=deque)
    offered_now: int = 0
    largest: int = 0

    def roll_on(self, now: float) -> None:
        if self.limit.mode == "sliding":
            while self.admitted and self.admitted[0][0] <= now - self.limit.window_s:
                self.used -= self.admitted.popleft()[1]
            self.ends_at = self.admitted[0][0] + self.limit.window_s if self.admitted else now
        elif now >= self.ends_at:
            self.used = 0
            self.ends_at = _midnight(now, self.limit.day_of) if self.limit.day_of else now + self.limit.window_s

    def offer(self, now: float, units: int) -> None:
        self.offered.append((now, units))
        self.offered_now += units
        while self.offered[0][0] <= now - self.limit.window_s:
            self.offered_now -= self.offered.popleft()[1]
        self.largest = max(self.largest, self.offered_now)

    def admit(self, now: float, units: int) -> None:
        self.used += units
        if self.limit.mode == "sliding":
            self.admitted.append((now, units))

    def take_back(self, units: int) -> None:
        self.used -= units
        if self.admitted:
            self.admitted.pop()

    def says(self, *, allowed: bool) -> Admission:
        left = max(0, self.limit.amount - self.used)
        return Admission(allowed, self.limit.amount, left, self.ends_at, self.limit.window_s)


def _midnight(now: float, zone: str) -> float:
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    return (local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).timestamp()


@dataclass(slots=True)
class _Tally:
    """What was seen of one credential on one endpoint."""

    calls: int = 0
    units: int = 0
    limited: int = 0
    early: int = 0
    in_flight: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    told_at: float = 0.0
    not_before: float = 0.0


class Meter:
    """Counts every request and says which ones are too many."""

    def __init__(self, limits: Sequence[Limit] = (), clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tallies: dict[tuple[str, str, str], _Tally] = {}
        self._windows: dict[tuple[Limit, str], _Window] = {}
        self.limits: tuple[Limit, ...] = tuple(limits)

    def replace(self, limits: Sequence[Limit]) -> None:
        """Begin again with other limits; what was counted is forgotten."""
        self.limits = tuple(limits)
        self._tallies.clear()
        self._windows.clear()

    def admit(self, provider: str, credential: str, endpoint: str, units: int = 1) -> Admission:
        """Count one request and return whether it is let in; a refused one uses nothing up."""
        now = self._clock()
        tally = self._seen(provider, credential, endpoint, now)
        windows = [self._window(limit, credential) for limit in self.limits if limit.covers(provider, endpoint)]
        for window in windows:
            window.roll_on(now)
            window.offer(now, units)
        full = [window for window in windows if window.used + units > window.limit.amount]
        if full:
            tally.limited += 1
            return max(full, key=lambda window: window.ends_at).says(allowed=False)
        tally.units += units
        for window in windows:
            window.admit(now, units)
        if windows:
            return min(windows, key=lambda window: window.limit.amount - window.used).says(allowed=True)
        return Admission(
            allowed=True,
            limit=GENEROUS,
            remaining=GENEROUS - 1,
            resets_at=now + GENEROUS_S,
            window_s=GENEROUS_S,
        )

    def give_back(self, provider: str, credential: str, endpoint: str, units: int) -> None:
        """Take back what a request cost: some answers are free, such as 304 on GitHub."""
        self._tallies[provider, credential, endpoint].units -= units
        for limit in self.limits:
            if limit.covers(provider, endpoint):
                self._window(limit, credential).take_back(units)

    def announce(self, provider: str, credential: str, endpoint: str, not_before: float) -> None:
        """Remember that an answer told when to come again (seconds since 1970)."""
        tally = self._tallies.setdefault((provider, credential, endpoint), _Tally())
        now = self._clock()
        if now >= tally.not_before:
            tally.told_at = now
        tally.not_before = max(tally.not_before, not_before)

    def counts(self) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
        """Return provider → credential → endpoint → what was counted; ``*`` has what limits of all endpoints saw."""
        report: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        for (provider, credential, endpoint), tally in self._tallies.items():
            shown = {
                name: getattr(tally, name)
                for name in ("calls", "units", "limited", "early", "in_flight", "first_at", "last_at")
            }
            report.setdefault(provider, {}).setdefault(credential, {})[endpoint] = {**shown, "largest": {}}
        for (limit, credential), window in self._windows.items():
            endpoints = report[limit.provider][credential]
            endpoints.setdefault(limit.endpoint, {"largest": {}})["largest"][f"{limit.window_s:g}"] = window.largest
        return report

    def _seen(self, provider: str, credential: str, endpoint: str, now: float) -> _Tally:
        tally = self._tallies.setdefault((provider, credential, endpoint), _Tally(first_at=now))
        tally.first_at = tally.first_at or now
        tally.last_at = now
        tally.calls += 1
        if now < tally.not_before:
            late = now - tally.told_at > IN_FLIGHT_S
            tally.early += late
            tally.in_flight += not late
        return tally

    def _window(self, limit: Limit, credential: str) -> _Window:
        return self._windows.setdefault((limit, credential), _Window(limit))
