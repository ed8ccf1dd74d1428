"""What a run saw: latencies in histograms that add up without loss, failures and degraded answers beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.latency.histogram import Histogram
from benchmarks.load.phases import HOLD, ORDER

SEARCHES = frozenset({"search", "wide", "refine"})
"""Kinds of step whose latency the budget is about."""
PERCENTILES = (50, 90, 99)
MOST_PROBLEMS = 20
Json = dict[str, Any]


@dataclass
class Row:
    """What was seen of one step in one phase; failures have their latency too."""

    latency: Histogram = field(default_factory=Histogram)
    failed: int = 0
    degraded: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many requests there were."""
        return len(self.latency)

    def add(self, other: Row) -> None:
        """Add what another process saw."""
        self.latency.merge([other.latency])
        self.failed += other.failed
        self.degraded += other.degraded
        self.problems.update(other.problems)

    def summary(self) -> Json:
        """Return count, failures, degraded answers, and latencies in milliseconds."""
        found: Json = {"count": self.count, "failed": self.failed, "degraded": self.degraded}
        for share in PERCENTILES:
            found[f"p{share}_ms"] = self.percentile_ms(share)
        found["max_ms"] = round(self.latency.max_ms, 2) if self.count else None
        return found | ({"problems": dict(self.problems.most_common(MOST_PROBLEMS))} if self.problems else {})

    def percentile_ms(self, share: float) -> float | None:
        """Return a percentile; None where nothing was asked."""
        return round(self.latency.percentile_ms(share), 2) if self.count else None


class Figures:
    """All rows of a run, by phase and name of the step."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}

    def __iter__(self) -> Iterator[tuple[str, str, Row]]:
        for (phase, name), row in sorted(self._rows.items()):
            yield phase, name, row

    def record(
        self, key: tuple[str, str], seconds: float, *, problem: str | None = None, degraded: bool = False
    ) -> None:
        """Note one answer: ``key`` is the phase and the name of the step."""
        row = self._rows.setdefault(key, Row())
        row.latency.record(seconds)
        row.degraded += degraded
        if problem:
            row.failed += 1
            row.problems[problem] += 1

    def over(self, *, phases: Iterable[str] | None = None, kinds: Iterable[str] | None = None) -> Row:
        """Return the sum of the rows of some phases and kinds of step; None means all."""
        found = Row()
        wanted, asked = (set(one) if one is not None else None for one in (phases, kinds))
        for phase, name, row in self:
            if (wanted is None or phase in wanted) and (asked is None or kind_of(name) in asked):
                found.add(row)
        return found

    def searches_while_held(self) -> Row:
        """Return what the gate and every comparison is about."""
        return self.over(phases=[HOLD], kinds=SEARCHES)

    def rows(self) -> list[Json]:
        """Return all rows in a form that travels."""
        return [
            {
                "phase": phase,
                "name": name,
                "latency": row.latency.encoded(),
                "failed": row.failed,
                "degraded": row.degraded,
                "problems": dict(row.problems),
            }
            for phase, name, row in self
        ]

    def take(self) -> list[Json]:
        """Return all rows as :meth:`rows` does, and begin anew."""
        rows = self.rows()
        self.clear()
        return rows

    def merge(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows that :meth:`rows` gave in another process."""
        for one in rows:
            latency = Histogram.decoded(one["latency"])
            row = Row(latency, one["failed"], one["degraded"], Counter(one["problems"]))
            self._rows.setdefault((one["phase"], one["name"]), Row()).add(row)

    def clear(self) -> None:
        """Forget everything: a new run begins."""
        self._rows.clear()

    def summary(self) -> Json:
        """Return, by phase, the summary of each step and of all searches together."""
        found: Json = {}
        for phase, name, row in self:
            found.setdefault(phase, {"steps": {}})["steps"][name] = row.summary()
        for phase, entry in found.items():
            entry["searches"] = self.over(phases=[phase], kinds=SEARCHES).summary()
        return {phase: found[phase] for phase in ORDER if phase in found}


def kind_of(name: str) -> str:
    """Return the kind of step that a row's name ends with."""
    return name.rpartition(" ")[2]
