"""Sudden jumps in a series of counts, and how much of a jump was given back.

A day is a jump where the modified z-score of its log growth, ``0.6745 (x - median) / MAD`` over 90 days, is above 3.5
(Iglewicz and Hoaglin; NIST/SEMATECH e-Handbook 1.3.5.17) and the day alone adds at least 1 % (our own: quiet accounts
have a MAD near zero, where a dozen followers would stand out). The MAD is never below what the counts can show.
Jumps on neighbouring days are one burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from enrich.signals.series import Floats, Point, daily, log_rates

WINDOW_DAYS = 90
Z_THRESHOLD = 3.5
MIN_JUMP = 0.01
"""Of the audience, in one day."""
MIN_RATES = 30
"""Daily rates that must be known."""
MIN_SNAPSHOTS = 12
GIVEN_BACK_DAYS = 14
_NORMAL = 0.6745
"""0.75 quantile of the standard normal distribution: makes a MAD comparable with a standard deviation."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Neighbouring days on which a count jumped.

    Attributes:
        start: time just before the jump.
        end: time just after it.
        before: the count at ``start``.
        gained: what the jump added.
        z: largest modified z-score of the burst.
        given_back: largest loss from ``end`` within 14 days / ``gained``, 0 and up.
    """

    start: datetime
    end: datetime
    before: float
    gained: float
    z: float
    given_back: float

    @property
    def severity(self) -> float:
        """``1 - 3.5 / z``: 0 at the threshold, 0.5 at twice it, towards 1 beyond."""
        return 1 - Z_THRESHOLD / self.z


def modified_z(values: Floats, least_mad: float) -> Floats:
    """Return ``0.6745 (x - median) / MAD`` of each value, of the same shape; NaN stays NaN.

    Args:
        values: in any unit; at least one is known.
        least_mad: the MAD is taken to be at least this, above 0 and in the same unit.
    """
    known = values[~np.isnan(values)]
    middle = np.median(known)
    mad = max(float(np.median(np.abs(known - middle))), least_mad)
    result: Floats = _NORMAL * (values - middle) / mad
    return result


def bursts(points: Sequence[Point], step: float) -> tuple[Burst, ...] | None:
    """Return the bursts of the last 90 days, oldest first; None where snapshots are too few to tell.

    Args:
        points: counts over time, oldest first; at least 12 snapshots and 30 known daily rates are needed.
        step: the smallest change that the counts can show.
    """
    counts = daily(points, WINDOW_DAYS)
    rates = log_rates(counts)
    recent = [at for at, _ in points if at >= points[-1][0] - timedelta(days=WINDOW_DAYS)]
    if len(recent) < MIN_SNAPSHOTS or int((~np.isnan(rates)).sum()) < MIN_RATES:
        return None
    z = modified_z(rates, float(np.log1p(step / np.median(counts[counts > 0]))))
    jumped = (z > Z_THRESHOLD) & (rates >= np.log1p(MIN_JUMP))
    days = np.flatnonzero(jumped)
    runs = np.split(days, np.flatnonzero(np.diff(days) > 1) + 1) if len(days) else []
    return tuple(_burst(points[-1][0], counts, z, (int(run[0]), int(run[-1]) + 1)) for run in runs)


def _burst(newest: datetime, counts: Floats, z: Floats, span: tuple[int, int]) -> Burst:
    first, last = span
    after = counts[last : last + GIVEN_BACK_DAYS + 1]
    gained = float(counts[last] - counts[first])
    return Burst(
        start=newest - timedelta(days=WINDOW_DAYS - first),
        end=newest - timedelta(days=WINDOW_DAYS - last),
        before=float(counts[first]),
        gained=gained,
        z=float(z[first:last].max()),
        given_back=max(float(counts[last] - np.nanmin(after)), 0.0) / gained,
    )


def swings(counts: Floats, least: float) -> tuple[int, float]:
    """Return how many times a series rose by ``least`` and fell by it again, and its movement in all.

    Args:
        counts: over time; NaN is unknown and skipped.
        least: what counts as a rise or a fall, from the last low or high, in the unit of ``counts``.

    The movement is ``Σ |difference|`` of neighbouring known values, in the same unit.
    """
    known = counts[~np.isnan(counts)]
    if not len(known):
        return 0, 0.0
    cycles, rising, extreme = 0, False, float(known[0])
    for value in known.tolist():
        if rising:
            if extreme - value >= least:
                cycles, rising, extreme = cycles + 1, False, value
            extreme = max(extreme, value)
        elif value - extreme >= least:
            rising, extreme = True, value
        else:
            extreme = min(extreme, value)
    return cycles, float(np.abs(np.diff(known)).sum())
