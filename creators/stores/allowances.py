"""What is left of every allowance, counted in Redis for all processes together, by Redis' clock.

A window is kept exactly, as a log of what was granted: no stretch of ``window_ms`` ever holds more than ``amount``
units. A calendar day is a counter. Which credential a call gets is decided in the same step.

Redis writes its log to disk once a second, so a restart may forget the last grants. Who holds one keeps it in memory,
and :meth:`Allowances.replay` books it again, once, by its id. For three seconds after a restart nothing is granted, so
that everybody has booked before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from creators.stores.scripts import Shared, script

MICRO_USD = 1_000_000
RUN_KEY = "allow:run"

Why = Literal["limit", "parked", "quota", "daily_calls", "settling", "never"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``amount`` units of one endpoint (``*``: of all together) in any window, or between two midnights."""

    endpoint: str
    amount: int
    window_ms: int
    midnights_ms: tuple[int, ...] = ()
    """Ascending, around now; given where the source counts by calendar day."""
    margin_ms: int = 0
    """How long before and after such a midnight nothing is granted."""

    @property
    def fields(self) -> dict[str, Any]:
        """As the script reads it."""
        if self.midnights_ms:
            return {"e": self.endpoint, "a": self.amount, "d": self.midnights_ms, "m": self.margin_ms}
        return {"e": self.endpoint, "a": self.amount, "w": self.window_ms}


@dataclass(frozen=True, slots=True)
class Request:
    """What one call needs."""

    id: str
    endpoint: str
    units: int
    credentials: tuple[str, ...]
    """Names of credentials, never the credentials themselves; of equal ones the first is taken."""
    limits: tuple[Limit, ...]
    """Those that count for this endpoint."""
    days_ms: tuple[int, ...]
    """UTC midnights around now: the budget's days."""
    daily_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to send one call."""

    id: str
    credential: str
    at_ms: int
    request: Request
    run: str
    """The run of Redis that gave it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is left now."""

    until_ms: int | None
    """By Redis' clock; None: never, the limit is smaller than what the call costs."""
    now_ms: int
    why: Why
    run: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What an answer said is left."""

    endpoint: str
    remaining: int
    resets_in_ms: int


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one limit for one credential."""

    credential: str
    endpoint: str
    amount: int
    left: int
    parked_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of every limit of a source, and what was used today (UTC)."""

    limits: tuple[Left, ...]
    calls: int
    usd: float


class Allowances:
    """Gateway to the allowances of all sources of one installation.

    Every method raises :class:`~creators.errors.QueueUnavailable` where Redis does not answer: what cannot be counted
    is not called.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def take(self, source: str, request: Request) -> Grant | Wait:
        """Book one call with the credential that has most left, or say when to ask again."""
        answer = self._do(source, "take", _of_request(request))
        if "credential" in answer:
            return Grant(answer["id"], answer["credential"], int(answer["at"]), request, answer["run"])
        until = answer.get("wait")
        return Wait(None if until is None else int(until), int(answer["now"]), answer["why"], answer["run"])

    def replay(self, source: str, grants: Sequence[Grant]) -> str:
        """Book grants that are not booked; returns the run of Redis."""
        answer = self._do(source, "replay", {"grants": [_of_grant(grant) for grant in grants]})
        return str(answer["run"])

    def refund(self, source: str, grant: Grant) -> bool:
        """Give back the grant of a call that never left; returns False where it is too old, or was given back."""
        return bool(self._do(source, "refund", _of_grant(grant))["refunded"])

    def late(self, source: str, grant: Grant) -> Grant:
        """Count a call from now on that was longer under way than the margin; returns the grant as it is booked now."""
        return replace(grant, at_ms=int(self._do(source, "late", _of_grant(grant))["at"]))

    def park(self, source: str, credential: str, endpoint: str, *, for_ms: int) -> int:
        """Grant nothing for a credential on an endpoint (``*``: on any) for so long; returns the end in Redis' ms."""
        return int(self._do(source, "park", {"credential": credential, "endpoint": endpoint, "ms": for_ms})["wait"])

    def observe(self, source: str, credential: str, seen: Sequence[Observed]) -> None:
        """Lower what is thought to be left to what the source says; within one window it is never raised."""
        quotas = [{"endpoint": q.endpoint, "remaining": q.remaining, "ms": q.resets_in_ms} for q in seen]
        self._do(source, "observe", {"credential": credential, "quotas": quotas})

    def spend(self, source: str, usd: float, *, most: float | None, days_ms: Sequence[int]) -> int | None:
        """Book what a target costs unless the day's budget lacks it; returns None, or when there is another budget.

        Args:
            source: whose budget.
            usd: the cost; a negative amount takes back what was booked too much.
            most: the budget of a day, None: no bound.
            days_ms: UTC midnights around now.
        """
        micro = round(usd * MICRO_USD)
        bound = -1 if most is None else round(most * MICRO_USD)
        answer = self._do(source, "spend", {"micro": micro, "most": bound, "days": list(days_ms)})
        return int(answer["wait"]) if "wait" in answer else None

    def left(
        self, source: str, credentials: Sequence[str], limits: Sequence[Limit], *, days_ms: Sequence[int]
    ) -> Usage:
        """Return what is left of each limit for each credential."""
        answer = self._do(
            source,
            "left",
            {"credentials": list(credentials), "limits": [limit.fields for limit in limits], "days": list(days_ms)},
        )
        # An empty table of Lua is an object in JSON.
        found = tuple(
            Left(e["credential"], e["endpoint"], int(e["amount"]), int(e["left"]), int(e["parked"]) or None)
            for e in answer["limits"] or ()
        )
        return Usage(found, int(answer["calls"]), answer["usd"] / MICRO_USD)

    def _do(self, source: str, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        # The braces keep all keys of a source on one node of a Redis cluster.
        keys = [f"allow:{{{source}}}", RUN_KEY]
        answer: dict[str, Any] = self._shared.run_json(script("allowance"), keys, command, json.dumps(arguments))
        return answer


def _of_request(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "endpoint": request.endpoint,
        "units": request.units,
        "credentials": list(request.credentials),
        "limits": [limit.fields for limit in request.limits],
        "days": list(request.days_ms),
        "calls": -1 if request.daily_calls is None else request.daily_calls,
    }


def _of_grant(grant: Grant) -> dict[str, Any]:
    request = grant.request
    return {
        "id": grant.id,
        "credential": grant.credential,
        "at": grant.at_ms,
        "units": request.units,
        "endpoint": request.endpoint,
        "limits": [limit.fields for limit in request.limits],
        "days": list(request.days_ms),
    }
