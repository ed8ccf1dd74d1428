"""Where a value stands among creators of the same platform and size; pure.

The table comes from the index ``population``: 101 quantiles of each metric per platform and follower band, where the
indexer found enough creators to compare with (``indexers/population.py``). Nothing is claimed for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mappings.fields import FOLLOWER_BANDS

Column = NDArray[np.float64]
Places = NDArray[np.int64]

NO_GROUP = -1
POINTS = 101
PLATFORM_LABELS = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X", "github": "GitHub"}
_ORDER = tuple(name for name, _ in FOLLOWER_BANDS)
_BOUNDS = (*(least for _, least in FOLLOWER_BANDS), None)
_UNITS = ((1_000_000, "M"), (1_000, "k"))


def _short(count: int) -> str:
    return next((f"{count // size}{unit}" for size, unit in _UNITS if count >= size), str(count))


@lru_cache(maxsize=1024)
def _peer_words(platform: str, bands: tuple[str, ...], n: int) -> str:
    label = PLATFORM_LABELS.get(platform, platform)
    low, high = _BOUNDS[_ORDER.index(bands[0])] or 0, _BOUNDS[_ORDER.index(bands[-1]) + 1]
    if high is None:
        size = f"{_short(low)} or more" if low else ""
    else:
        size = f"{_short(low)}–{_short(high)}" if low else f"up to {_short(high)}"  # noqa: RUF001 - the dash of a range
    return f"{label} creators of this size ({size} followers, n={n:,})" if size else f"{label} creators (n={n:,})"


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """The creators that a value is compared with."""

    platform: str
    bands: tuple[str, ...]
    """Neighbouring follower bands, the smallest first."""
    n: int
    """How many creators of the group have the metric."""

    @property
    def words(self) -> str:
        """The group as a person says it."""
        return _peer_words(self.platform, self.bands, self.n)


class Standing(NamedTuple):
    """Values among their peers."""

    percentile: Column
    """Share of the peers below the value, between 0 and 1; NaN where no group is known."""
    group: Places
    """Index of the peer group in the table; ``NO_GROUP`` where none is known."""

    def take(self, order: Places) -> Standing:
        """Return the same standings in another order."""
        return Standing(self.percentile[order], self.group[order])


@dataclass(frozen=True, slots=True)
class PercentileTable:
    """Quantiles of the population; an empty one knows nobody."""

    groups: tuple[PeerGroup, ...] = ()
    rows: Mapping[str, Mapping[tuple[str | None, str | None], int]] = field(default_factory=dict)
    """Metric → (platform, band) → row of ``quantiles`` and ``groups``."""
    quantiles: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, POINTS), dtype=np.float32))

    @classmethod
    def from_documents(cls, documents: Iterable[Mapping[str, Any]]) -> PercentileTable:
        """Return the table that documents of the index ``population`` hold, whatever their order."""
        cells = sorted(
            (doc for doc in documents if doc.get("kind") == "cell" and len(doc["quantiles"]) == POINTS),
            key=lambda doc: (doc["metric"], doc["platform"], doc["band"]),
        )
        rows: dict[str, dict[tuple[str | None, str | None], int]] = {}
        for row, doc in enumerate(cells):
            rows.setdefault(doc["metric"], {})[doc["platform"], doc["band"]] = row
        points = np.array([doc["quantiles"] for doc in cells], dtype=np.float32).reshape(len(cells), POINTS)
        return cls(
            groups=tuple(PeerGroup(doc["platform"], tuple(doc["bands"]), int(doc["n"])) for doc in cells),
            rows=rows,
            # Sketches of quantiles may step back by a rounding error; a percentile must not.
            quantiles=np.maximum.accumulate(points, axis=1),
        )

    def standing(
        self, metric: str, platforms: Sequence[str | None], bands: Sequence[str | None], values: Column
    ) -> Standing:
        """Return where each value stands among the creators of its platform and band.

        Args:
            metric: as in the index: ``engagement_rate``, ``growth_90d``, ``followers``.
            platforms: primary platform of each creator.
            bands: follower band of each creator.
            values: the metric of each creator, NaN where unknown.
        """
        rows = self.rows.get(metric, {})
        pairs = zip(platforms, bands, strict=True)
        group = np.array([rows.get(pair, NO_GROUP) for pair in pairs], dtype=np.int64)
        group[np.isnan(values)] = NO_GROUP
        percentile = np.full(len(group), np.nan)
        known = np.flatnonzero(group >= 0)
        if known.size:
            percentile[known] = _interpolated(self.quantiles[group[known]], values[known].astype(np.float32))
        return Standing(percentile, group)

    def percentile(
        self, metric: str, platforms: Sequence[str | None], bands: Sequence[str | None], values: Column
    ) -> Column:
        """Return the percentile of :meth:`standing` alone: between 0 and 1, NaN where unknown."""
        return self.standing(metric, platforms, bands, values).percentile


def _interpolated(points: NDArray[np.float32], values: NDArray[np.float32]) -> Column:
    """Return the place of ``values[i]`` in the ascending row ``points[i]``, linear between two points.

    A value that several points share stands in their middle, as ties do in a percentile rank.
    """
    column = values[:, None]
    last = points.shape[1] - 1
    rows = np.arange(len(values))
    below = _counted(points < column)
    left, right = np.clip(below - 1, 0, last), np.minimum(below, last)
    low, high = points[rows, left], points[rows, right]
    step = np.where(high > low, high - low, 1.0)
    place = np.where(below > last, last, np.where(below > 0, left + (values - low) / step, 0))
    tied = np.flatnonzero(high == values)
    if tied.size:
        up_to = _counted(points[tied] <= column[tied])
        place[tied] = (below[tied] + up_to - 1) / 2
    return np.asarray(place / last, dtype=np.float64)


def _counted(true: NDArray[np.bool_]) -> Places:
    # Counted in bytes, which hold a row's points, and faster than as numbers of eight.
    return np.asarray(np.add.reduce(true, axis=1, dtype=np.uint8), dtype=np.int64)


NOBODY = PercentileTable()
"""The population of which nothing is known."""
