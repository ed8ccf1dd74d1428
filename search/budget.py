"""The latency budget of one request: what each stage took, what is left, what was left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

FLOOR_S = 0.02
"""Least time that a stage is given, so that a spent budget degrades an answer but does not empty it."""


class Budget:
    """Time of one request in seconds; stages are measured with :meth:`stage`."""

    def __init__(self, budget_ms: int) -> None:
        self._start = time.perf_counter()
        self._limit_s = budget_ms / 1000
        self.took_ms: dict[str, float] = {}
        self.degraded: list[str] = []

    @property
    def left_s(self) -> float:
        """Seconds left, at least ``FLOOR_S``."""
        return max(FLOOR_S, self._limit_s - (time.perf_counter() - self._start))

    @property
    def left_ms(self) -> int:
        """Milliseconds left, at least ``FLOOR_S``."""
        return max(1, int(self.left_s * 1000))

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
