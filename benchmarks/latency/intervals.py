"""How sure a percentile is, whether one is truly smaller than another, and whether a run had settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REPLICATES = 500
LEVEL = 95.0
WINDOWS = 5
DRIFT = 0.15
"""Change over the last windows that still counts as none, as a share of their median."""

Latencies = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and where it lies with 95 % probability."""

    value: float
    low: float
    high: float

    def rounded(self, digits: int = 2) -> list[float]:
        """Return value, low and high for a result file."""
        return [round(one, digits) for one in (self.value, self.low, self.high)]


def percentile(runs: Sequence[Latencies], share: float, *, seed: int = 1) -> Interval:
    """Return a percentile over all runs, in milliseconds.

    Hierarchical bootstrap: runs are drawn with replacement, and inside each circular blocks of neighbours, because
    requests in one queue are slow together (Politis and Romano 1992, "A circular block-resampling procedure").

    Args:
        runs: seconds by run.
        share: 0 to 100.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    drawn = [_at(_drawn(runs, chosen, random), share) * 1000 for chosen in _runs(len(runs), REPLICATES, random)]
    return _interval(_at(np.concatenate(runs), share) * 1000, drawn)


def ratio(ours: Sequence[Latencies], other: Sequence[Latencies], share: float, *, seed: int = 1) -> Interval:
    """Return how many times longer the other one's percentile is.

    Runs at the same place went side by side, so both are drawn from the same places.
    """
    random = np.random.default_rng(seed)
    drawn = []
    for chosen in _runs(min(len(ours), len(other)), REPLICATES, random):
        first, second = _drawn(ours, chosen, random), _drawn(other, chosen, random)
        drawn.append(_at(second, share) / _at(first, share))
    return _interval(_at(np.concatenate(other), share) / _at(np.concatenate(ours), share), drawn)


def drift(medians: Sequence[float]) -> float:
    """Return the change over the last five windows as a share of their median: Theil and Sen's slope times four.

    Positive is slower; fewer than five windows have none.
    """
    last = np.asarray(medians[-WINDOWS:], dtype=np.float64)
    if len(last) < WINDOWS or not np.all(np.isfinite(last)) or not np.median(last):
        return 0.0
    slopes = [(last[j] - last[i]) / (j - i) for i in range(len(last)) for j in range(i + 1, len(last))]
    return float(np.median(slopes) * (len(last) - 1) / np.median(last))


def is_steady(medians: Sequence[float]) -> bool:
    """Return whether there are five windows and they go neither up nor down."""
    return len(medians) >= WINDOWS and abs(drift(medians)) <= DRIFT


def _runs(count: int, replicates: int, random: np.random.Generator) -> Iterator[list[int]]:
    for _ in range(replicates):
        yield [int(one) for one in random.integers(count, size=count)]


def _drawn(runs: Sequence[Latencies], chosen: Sequence[int], random: np.random.Generator) -> Latencies:
    return np.concatenate([_blocks(runs[place], random) for place in chosen])


def _blocks(values: Latencies, random: np.random.Generator) -> Latencies:
    size = max(1, round(len(values) ** 0.5))
    starts = random.integers(len(values), size=-(-len(values) // size))
    places = (starts[:, None] + np.arange(size)[None, :]).ravel()[: len(values)] % len(values)
    drawn: Latencies = values[places]
    return drawn


def _at(values: Latencies, share: float) -> float:
    """Return a percentile that is one of the values, as that of a histogram is."""
    return float(np.percentile(values, share, method="inverted_cdf"))


def _interval(value: float, drawn: Sequence[float]) -> Interval:
    low, high = np.percentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
