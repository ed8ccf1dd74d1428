"""How the data of one day differs from that of the days before: formulas on counts and vectors; pure.

Two days of the same kind of creators differ by chance, the more the fewer there are. Every measure therefore comes with
what chance alone makes of it, and a day is ``shifted`` only beyond both that and a bound of practice.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from enrich.signals.series import Floats
from enrich.signals.spikes import modified_z

PSI_SHIFTED = 0.2
"""Rule of thumb above which a distribution counts as another: 0.2 to 0.25 (Siddiqi, Credit Risk Scorecards, 2006)."""
CENTROID_SHIFTED = 0.02
"""Our own: 1 - cosine 0.02 is an angle of 11.5 degrees between the mean vectors of two days."""
CHANCE_FACTOR = 4.0
"""Our own: so many times the mean by chance; of a sum of squares that are many, chance reaches it almost never."""
CHANCE = 0.999
"""Quantile of the PSI by chance that a shift exceeds."""
PRIOR = 0.5
"""Added to every count (Jeffreys), so that an empty class is rare rather than impossible."""
LEAST_EXPECTED = 5
"""Classes with fewer on both days together are one class: the chi-square bound needs some in each."""
REST = "(rest)"

PROJECTIONS = 8
BINS = 10
_EDGES = [NormalDist().inv_cdf(place / BINS) for place in range(1, BINS)]

OUTLIER_Z = 3.5
"""Modified z-score from which a count is off (Iglewicz and Hoaglin; NIST/SEMATECH e-Handbook 1.3.5.17)."""
OUTLIER_JUMP = 0.01
"""Least change, as part of the count, that is off; our own: the MAD of a quiet account is next to nothing."""
MIN_POINTS = 8
"""Counts of an account before one more can be off."""
_LEAST_MAD = 1e-4


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one day lies from those before.

    Attributes:
        value: of the measure, 0 and up; 0 is no difference.
        chance: what it stays below where only chance is at work.
        shifted: whether it is beyond chance and the bound of practice.
    """

    value: float
    chance: float
    shifted: bool


def psi(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the population stability index ``Σ (a - b) ln(a / b)`` of two histograms, in nats, 0 and up.

    ``a`` and ``b`` are the shares of a class, with :data:`PRIOR` added to its count; the index is symmetric
    (Kullback and Leibler's divergence J; Siddiqi 2006).

    Raises:
        ValueError: the histograms have not the same classes.
    """
    b, a = (np.asarray(counts, dtype=np.float64) + PRIOR for counts in (before, after))
    if a.shape != b.shape:
        detail = f"histograms of {len(b)} and {len(a)} classes cannot be compared"
        raise ValueError(detail)
    a, b = a / a.sum(), b / b.sum()
    return float(((a - b) * np.log(a / b)).sum())


def psi_by_chance(classes: int, before: float, after: float) -> float:
    """Return the :data:`CHANCE` quantile of the PSI of two samples of one population, ``(1/n + 1/m) χ²(k - 1)``.

    Yurdakul, Statistical Properties of Population Stability Index (2018); the quantile of chi-square by Wilson and
    Hilferty (1931). Infinite without samples.

    Args:
        classes: of the histogram, k.
        before: size of one sample, n.
        after: size of the other, m.
    """
    if not before or not after:
        return math.inf
    free = classes - 1
    if free < 1:
        return 0.0
    third = 2 / (9 * free)
    quantile = free * (1 - third + NormalDist().inv_cdf(CHANCE) * math.sqrt(third)) ** 3
    return (1 / before + 1 / after) * quantile


def histogram_shift(before: Sequence[float], after: Sequence[float]) -> Shift:
    """Return how far a histogram lies from another one of the same classes."""
    value, chance = psi(before, after), psi_by_chance(len(before), sum(before), sum(after))
    return Shift(round(value, 6), round(chance, 6), value > max(PSI_SHIFTED, chance))


def classes_shift(before: Mapping[str, float], after: Mapping[str, float]) -> Shift:
    """Return how far counts by class (niches, languages) lie from others; what is rare on both days is one class."""
    names = sorted(before.keys() | after.keys())
    common = [name for name in names if before.get(name, 0) + after.get(name, 0) >= LEAST_EXPECTED]
    kept = [[day.get(name, 0) for name in common] for day in (before, after)]
    rest = [sum(day.values()) - sum(counts) for day, counts in zip((before, after), kept, strict=True)]
    if any(rest):
        kept = [[*counts, left] for counts, left in zip(kept, rest, strict=True)]
    return histogram_shift(*kept)


def centroid_shift(before: Floats, after: Floats, n: float, m: float) -> Shift:
    """Return ``1 - cos`` between the mean unit vectors of two days, 0 to 2, with what chance makes of it.

    A mean of n unit vectors whose true mean has length r is off by ``(1 - r²) / n`` in square, so that the angle of two
    such means is ``(1 - r²) / r² (1/n + 1/m)`` in square and ``1 - cos`` half of that; the bound is
    :data:`CHANCE_FACTOR` times it, and 2 where a mean is nothing.

    Args:
        before: mean vector of the days before, of shape (dimension,).
        after: mean vector of the day, of the same shape.
        n: creators in the one.
        m: creators in the other.
    """
    lengths = float(np.linalg.norm(before)), float(np.linalg.norm(after))
    if not all(lengths) or not n or not m:
        return Shift(0.0, 2.0, shifted=False)
    cosine = float(before @ after) / (lengths[0] * lengths[1])
    value = min(2.0, max(0.0, 1 - cosine))
    square = min(1.0, lengths[0] * lengths[1])
    chance = CHANCE_FACTOR * (1 - square) / (2 * square) * (1 / n + 1 / m)
    return Shift(round(value, 6), round(chance, 6), value > max(CENTROID_SHIFTED, chance))


@cache
def _directions(dimension: int) -> Floats:
    # From a hash and not from a generator: the same directions in every version of every library.
    rows = []
    for row in range(PROJECTIONS):
        blocks = (hashlib.sha256(f"{row}:{block}".encode()).digest() for block in range(dimension // 256 + 1))
        bits = np.unpackbits(np.frombuffer(b"".join(blocks), dtype=np.uint8))[:dimension]
        rows.append((bits.astype(np.float64) * 2 - 1) / math.sqrt(dimension))
    return np.array(rows)


def projected(vectors: Floats) -> list[list[int]]:
    """Return histograms of unit vectors along fixed directions: :data:`PROJECTIONS` lists of :data:`BINS` counts.

    The edges are the deciles that directions drawn evenly from the sphere would have, ``N(0, 1/dimension)``: they never
    move, so that the counts of several days add up.
    """
    dimension = vectors.shape[1]
    edges = np.array(_EDGES) / math.sqrt(dimension)
    places = np.searchsorted(edges, vectors @ _directions(dimension).T)
    return [np.bincount(column, minlength=BINS).tolist() for column in places.T]


def is_off(counts: Sequence[tuple[float, int]]) -> bool | None:
    """Return whether the newest count of an account is off its own past; None where there is too little of that.

    It is where its change, as ``ln(new / old)`` a day, has a modified z-score ``0.6745 |x - median| / MAD`` above
    :data:`OUTLIER_Z` among all its changes, and is at least :data:`OUTLIER_JUMP` of the count.

    Args:
        counts: (days, count), oldest first, of different days.
    """
    known = [(at, count) for at, count in counts if count > 0]
    if len(known) <= MIN_POINTS:
        return None
    at, log = (np.array(values, dtype=np.float64) for values in zip(*known, strict=True))
    log = np.log(log)
    rates = np.diff(log) / np.diff(at)
    z = modified_z(rates, _LEAST_MAD)
    return bool(abs(z[-1]) > OUTLIER_Z and abs(log[-1] - log[-2]) >= OUTLIER_JUMP)
