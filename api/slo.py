"""Rolling latency of searches against their objective: at least 90 of 100 within their budget.

Latencies are counted in buckets that grow by 5 %, anew every 10 s. A window adds up the counts of its time, so that a
percentile is that of all its searches (percentiles are never averaged), within 2.5 % of the true one; counts, the
largest latency and the share within budget are exact. Memory is bounded: at most 0.5 MB for each of ``MAX_STAGES``
stages.

All of it is of this process. Several processes are summed by Prometheus, from the histogram
``creatorscope_http_request_seconds``, which has a bound at the default budget.
"""

from __future__ import annotations

import math
import threading
import time
from array import array
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creators import telemetry

SLOT_S = 10
WINDOWS = {"5m": 300, "60m": 3600}
"""Name and length in seconds; a window is up to one slot longer, the one that is being filled."""
SLOTS = max(WINDOWS.values()) // SLOT_S + 1
LEAST_MS = 0.01
MOST_MS = 120_000.0
GROWTH = 1.05
BUCKETS = math.ceil(math.log(MOST_MS / LEAST_MS) / math.log(GROWTH)) + 1
OBJECTIVE = 0.9
"""Share of searches that are to be answered within their budget."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
MAX_STAGES = 32
SEARCH_ROUTES = frozenset({"/v1/creators/search", "/v1/creators/similar", "/v1/creators/{creator_id}/similar"})
_TOO_MANY = 429
_BROKEN = 500


def bucket_of(ms: float) -> int:
    """Return the bucket of a latency; the first and the last take what is beyond them."""
    if ms <= LEAST_MS:
        return 0
    return min(BUCKETS - 1, math.ceil(math.log(ms / LEAST_MS) / math.log(GROWTH)))


def middle_of(bucket: int) -> float:
    """Return the geometric middle of a bucket in ms: its bounds are as far from it, in proportion."""
    return LEAST_MS * GROWTH ** (bucket - 0.5) if bucket else LEAST_MS


@dataclass(frozen=True)
class Distribution:
    """The latencies of one window."""

    counts: NDArray[np.int64]
    max_ms: float

    @property
    def count(self) -> int:
        """How many latencies there are."""
        return int(self.counts.sum())

    def quantile_ms(self, q: float) -> float | None:
        """Return the latency that a share ``q`` does not exceed (nearest rank), within 2.5 %; None without any."""
        if not self.count:
            return None
        rank = max(1, math.ceil(q * self.count))
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min(middle_of(bucket), self.max_ms)

    def as_json(self) -> dict[str, Any]:
        """Return count, percentiles and the largest latency, in ms; null without any."""
        found = {f"{name}_ms": _rounded(self.quantile_ms(q)) for name, q in QUANTILES.items()}
        return {"count": self.count, **found, "max_ms": _rounded(self.max_ms if self.count else None)}


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


@dataclass(slots=True)
class Slot:
    """The latencies of ten seconds: how many in each bucket, and the largest."""

    number: int
    counts: array[int] = field(default_factory=lambda: array("I", bytes(4 * BUCKETS)))
    max_ms: float = 0.0


class Series:
    """One kind of latency over the last hour; not safe between threads by itself."""

    def __init__(self) -> None:
        self._slots: list[Slot] = [Slot(-1, array("I"))] * SLOTS

    def add(self, ms: float, number: int) -> None:
        """Count a latency in the slot with this running number; numbers do not go back."""
        slot = self._slots[number % SLOTS]
        if slot.number != number:
            slot = self._slots[number % SLOTS] = Slot(number)
        slot.counts[bucket_of(ms)] += 1
        slot.max_ms = max(slot.max_ms, ms)

    def window(self, number: int, seconds: int) -> Distribution:
        """Return the latencies of the window that ends with this slot."""
        slots = [slot for slot in self._slots if number - seconds // SLOT_S <= slot.number <= number]
        counts = np.frombuffer(b"".join(slot.counts for slot in slots), dtype=np.uint32).reshape(-1, BUCKETS)
        return Distribution(counts.sum(axis=0, dtype=np.int64), max((slot.max_ms for slot in slots), default=0.0))


@dataclass
class Measured:
    """What a route says of the search that it answered."""

    budget_ms: int | None = None
    took_ms: Mapping[str, float] = field(default_factory=dict)


_MEASURED: ContextVar[Measured] = ContextVar("measured")


def begin() -> Measured:
    """Return what the route that serves this request will fill in by :func:`note`."""
    measured = Measured()
    _MEASURED.set(measured)
    return measured


def note(took_ms: Mapping[str, float], budget_ms: int) -> None:
    """Note the stages and the budget of the search that is being answered; without a request around it, nothing."""
    measured = _MEASURED.get(None)
    if measured is not None:
        measured.took_ms, measured.budget_ms = took_ms, budget_ms


class Objective:
    """Latencies of a process's searches, as the API's edge sees them, with their stages; safe between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._edge, self._within, self._failed = Series(), Series(), Series()
        self._stages: dict[str, Series] = {}

    def _slot(self) -> int:
        return int(self._clock() // SLOT_S)

    def observe(self, route: str, status: int, seconds: float, measured: Measured) -> None:
        """Count the answer of a search; those of other routes, and of wrong requests, do not count."""
        if route not in SEARCH_ROUTES:
            return
        ms, slot = seconds * 1000, self._slot()
        with self._lock:
            if status == _TOO_MANY or status >= _BROKEN:
                self._failed.add(ms, slot)
            elif measured.budget_ms is not None:
                self._edge.add(ms, slot)
                if ms <= measured.budget_ms:
                    self._within.add(ms, slot)
                for stage, took in measured.took_ms.items():
                    self._stage(stage).add(took, slot)

    def _stage(self, name: str) -> Series:
        if name not in self._stages and len(self._stages) >= MAX_STAGES:
            name = "other"
        return self._stages.setdefault(name, Series())

    def report(self, budget_ms: int) -> dict[str, Any]:
        """Return the objective and, for every window, how it is kept; ``budget_ms`` is the default budget."""
        slot = self._slot()
        with self._lock:
            windows = {name: self._report(slot, seconds) for name, seconds in WINDOWS.items()}
        return {"objective": {"share_within_budget": OBJECTIVE, "budget_ms": budget_ms}, "windows": windows}

    def _report(self, slot: int, seconds: int) -> dict[str, Any]:
        edge, within = self._edge.window(slot, seconds), self._within.window(slot, seconds)
        share = within.count / edge.count if edge.count else None
        stages = {name: series.window(slot, seconds) for name, series in sorted(self._stages.items())}
        return {
            "seconds": seconds,
            **edge.as_json(),
            "failed": self._failed.window(slot, seconds).count,
            "share_within_budget": None if share is None else round(share, 4),
            "met": None if share is None else share >= OBJECTIVE,
            "stages": {name: one.as_json() for name, one in stages.items() if one.count},
        }

    def export(self) -> None:
        """Set the gauges of ``/metrics``; a window without searches has none."""
        slot = self._slot()
        with self._lock:
            edges = {name: self._edge.window(slot, seconds) for name, seconds in WINDOWS.items()}
        telemetry.SEARCH_LATENCY.clear()
        for name, edge in edges.items():
            for q in (*QUANTILES.values(), 1):
                ms = edge.max_ms if q == 1 else edge.quantile_ms(q)
                if edge.count and ms is not None:
                    telemetry.SEARCH_LATENCY.labels(name, str(q)).set(ms / 1000)
