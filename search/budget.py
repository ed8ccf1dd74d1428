"""The latency budget of one request: what each stage took, how long each may take, what was left out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

FLOOR_S = 0.02
"""Least time that a stage is given, so that a spent budget degrades an answer but does not empty it."""
USUAL_BUDGET_MS = 500
RESERVE_MS = {
    "check": 350,
    "parse": 320,
    "encode": 280,
    "seeds": 250,
    "named": 120,
    "retrieve": 120,
    "complete": 80,
    "last_arm": 50,
    "diversity": 70,
    "fetch": 10,
    "count": 10,
}
"""What a stage must leave of a budget of ``USUAL_BUDGET_MS`` to those after it: a retrieval that takes all there is
starves the fetch, and hits without a name help nobody. ``last_arm`` is for the first arm to come where none came in the
time of ``retrieve``: without candidates, only the fetch has anything to do. Other budgets are shared out in the same
proportion: who gives more time has a slower machine. Other stages leave nothing."""


class Budget:
    """Time of one request in seconds; stages are measured with :meth:`stage` and stopped by :meth:`deadline`."""

    def __init__(self, budget_ms: int) -> None:
        self._start = time.perf_counter()
        self._limit_s = budget_ms / 1000
        self._scale = budget_ms / USUAL_BUDGET_MS
        self.took_ms: dict[str, float] = {}
        self.degraded: list[str] = []

    @property
    def left_s(self) -> float:
        """Seconds left, at least ``FLOOR_S``."""
        return self._less(0.0)

    @property
    def left_ms(self) -> int:
        """Milliseconds left, at least ``FLOOR_S``."""
        return max(1, int(self.left_s * 1000))

    def left_for_s(self, stage: str) -> float:
        """Return the seconds that a stage may take from now on, at least ``FLOOR_S``.

        Args:
            stage: a name of ``RESERVE_MS``; what follows a dot (``complete.knn``) makes no difference.
        """
        return self._less(RESERVE_MS.get(stage.partition(".")[0], 0) * self._scale / 1000)

    def left_for_ms(self, stage: str) -> int:
        """Return the milliseconds that a stage may take from now on, for OpenSearch's own time limit."""
        return max(1, int(self.left_for_s(stage) * 1000))

    def deadline(self, stage: str) -> asyncio.Timeout:
        """Return the block that ends with :class:`TimeoutError` once the stage has had its time."""
        return asyncio.timeout(self.left_for_s(stage))

    def _less(self, reserve_s: float) -> float:
        return max(FLOOR_S, self._limit_s - (time.perf_counter() - self._start) - reserve_s)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.took_ms[name] = self.took_ms.get(name, 0.0) + (time.perf_counter() - start) * 1000

    def leave_out(self, what: str) -> None:
        """Note that a part of the answer is missing for lack of time or of a working arm."""
        if what not in self.degraded:
            self.degraded.append(what)

    def summary(self) -> dict[str, float]:
        """Return milliseconds per stage, and in total."""
        total = (time.perf_counter() - self._start) * 1000
        return {name: round(ms, 2) for name, ms in {**self.took_ms, "total": total}.items()}
