"""Queues and tails: how long work waits for a core, and how late the slowest of many is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

NORMAL = NormalDist()
FULL = 0.999
"""Load at and above which a queue is taken to grow without end."""


def wait_ms(load: float, cores: int, service_ms: float, variability: float) -> float:
    """Return the mean wait for one of the cores.

    Sakasegawa, "An approximation formula Lq = alpha rho^beta / (1 - rho)", 1977, in the form of Hopp and Spearman,
    "Factory Physics", section 8.6: ``(Ca² + Cs²) / 2 * rho ** (sqrt(2 (c + 1)) - 1) / (c (1 - rho)) * service``.

    Args:
        load: part of the cores' time that is taken, 0 to 1.
        cores: how many.
        service_ms: of one task.
        variability: ``(Ca² + Cs²) / 2``.
    """
    if load >= FULL:
        return math.inf
    return variability * _waiting(load, cores) / (cores * (1 - load)) * service_ms


def wait_at_ms(part: float, load: float, cores: int, mean_ms: float) -> float:
    """Return the wait that the given part of the tasks does not exceed: nothing, or an exponential tail.

    The part that waits at all is Sakasegawa's ``rho ** (sqrt(2 (c + 1)) - 1)``, the mean of all waits is kept.
    """
    waiting = _waiting(load, cores)
    if not math.isfinite(mean_ms) or waiting <= 1 - part:
        return mean_ms if not math.isfinite(mean_ms) else 0.0
    return mean_ms / waiting * math.log(waiting / (1 - part))


def _waiting(load: float, cores: int) -> float:
    return math.pow(load, math.sqrt(2 * (cores + 1)) - 1)


def slowest(part: float, many: float) -> float:
    """Return the quantile of one that the slowest of many independent ones must keep: ``part ** (1 / many)``."""
    return math.pow(part, 1 / max(many, 1.0))


def stretch(part: float, scv: float) -> float:
    """Return a quantile of a log-normal time of mean 1 with the squared coefficient of variation ``scv``."""
    sigma = math.sqrt(math.log1p(scv))
    return math.exp(sigma * NORMAL.inv_cdf(part) - sigma**2 / 2)


def percentile(part: float, ordered: Sequence[tuple[float, float]]) -> float:
    """Return a quantile of ``(value, weight)`` samples, in ascending order."""
    wanted, seen = part * sum(weight for _, weight in ordered), 0.0
    for value, weight in ordered:
        seen += weight
        if seen >= wanted * (1 - 1e-12):
            return value
    return ordered[-1][0]
