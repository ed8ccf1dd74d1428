"""The frozen reference of peers: how a metric is spread over accounts of one platform and size.

Percentiles that belong to a creator come from it and not from the creators at hand, so that they do not depend on when
they were computed. ``python -m benchmarks.signals.peers`` writes the shipped one (``data/peers.json``) from the bundled
table; an installation measures one of its own when somebody says so (:mod:`enrich.peers`).
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

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


class Peers(NamedTuple):
    """A reference: its groups, and a version that changes when they do."""

    groups: tuple[PeerGroup, ...]
    version: str

    def group(self, platform: str, metric: str, followers: int | None) -> PeerGroup | None:
        """Return the peers of an account of this platform and size; None where there are too few of them.

        Of several groups for the same accounts the first counts.
        """
        if followers is None:
            return None
        return next(
            (
                one
                for one in self.groups
                if (one.platform, one.metric) == (platform, metric) and one.least <= followers < one.below
            ),
            None,
        )

    def over(self, other: Peers) -> Peers:
        """Return these groups, and where they have none those of another reference."""
        return Peers((*self.groups, *other.groups), f"{self.version}.{other.version}")


def peers_of(entries: Iterable[Mapping[str, Any]], content: bytes) -> Peers:
    """Return the reference of the groups that a file or an object lists; ``content`` is all of it."""
    groups = (PeerGroup(**{**entry, "quantiles": tuple(entry["quantiles"])}) for entry in entries)
    return Peers(tuple(groups), hashlib.sha256(content).hexdigest()[:12])


@cache
def reference() -> Peers:
    """Return the shipped reference."""
    content = (resources.files("mappings") / "data" / "peers.json").read_bytes()
    return peers_of(json.loads(content)["groups"], content)
