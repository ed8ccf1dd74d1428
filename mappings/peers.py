"""The frozen reference of peers: how a metric is spread over accounts of one platform and size (``data/peers.json``).

Percentiles that belong to a creator come from it and not from the creators at hand, so that they do not depend on when
they were computed. ``python -m benchmarks.signals.peers`` writes the file from the bundled table.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from importlib import resources

MIN_PEERS = 200
"""Fewer accounts are nobody to compare with: with 200, one per cent is two of them."""


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """The accounts of one platform between two sizes that have a metric.

    Attributes:
        platform: of the accounts.
        metric: what was measured.
        least: followers from which on an account belongs here.
        below: followers from which on it does not any more.
        n: accounts.
        quantiles: 101 of them, 0 % to 100 %, of the metric.
        log_median: median of log10 of the metric.
        log_mad: median absolute deviation from it, unscaled.
    """

    platform: str
    metric: str
    least: int
    below: int
    n: int
    quantiles: tuple[float, ...]
    log_median: float
    log_mad: float

    def percentile(self, value: float) -> float:
        """Return the share of the peers below ``value``, 0 to 1; interpolated, and the middle of equal ones."""
        low, high = bisect_left(self.quantiles, value), bisect_right(self.quantiles, value)
        last = len(self.quantiles) - 1
        if low < high:
            return (low + high - 1) / 2 / last
        if low in {0, last + 1}:
            return 0.0 if low == 0 else 1.0
        left, right = self.quantiles[low - 1], self.quantiles[low]
        return (low - 1 + (value - left) / (right - left)) / last


@cache
def reference() -> tuple[tuple[PeerGroup, ...], str]:
    """Return every group of the shipped reference, and a hash of it that changes when it does."""
    content = (resources.files("mappings") / "data" / "peers.json").read_bytes()
    groups = (PeerGroup(**{**entry, "quantiles": tuple(entry["quantiles"])}) for entry in json.loads(content)["groups"])
    return tuple(groups), hashlib.sha256(content).hexdigest()[:12]


def peer_group(platform: str, metric: str, followers: int | None) -> PeerGroup | None:
    """Return the peers of an account of this platform and size; None where the reference has too few of them."""
    if followers is None:
        return None
    return next(
        (
            group
            for group in reference()[0]
            if (group.platform, group.metric) == (platform, metric) and group.least <= followers < group.below
        ),
        None,
    )
