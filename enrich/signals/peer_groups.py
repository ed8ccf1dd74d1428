"""Values of many accounts become groups of peers, each large enough to compare with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mappings.peers import MIN_PEERS

EDGES = (0, *(round(10 ** (half / 2)) for half in range(6, 19)))
"""Followers at which a band begins, half a decade each; the last one ends the last band."""
ERROR_RISK = 0.05

Sample = tuple[str, str, int, float]
"""Platform, metric, followers, value; a value is above 0."""
Split = Callable[[Sequence[int]], list[range]]
"""Accounts in each band → the bands that belong together."""


def cells(counts: Sequence[int]) -> list[range]:
    """Return bands with at least 200 accounts each, and pairs of smaller neighbours that have so many together.

    No more is put together: an account is not compared with those of ten times its size. The others have no peers.
    """
    found: list[range] = []
    band = 0
    while band < len(counts):
        width = 1 if counts[band] >= MIN_PEERS else 2
        joined = range(band, band + width)
        small = all(counts[one] < MIN_PEERS for one in joined if one < len(counts))
        if width == 1 or (joined.stop <= len(counts) and small and sum(counts[one] for one in joined) >= MIN_PEERS):
            found.append(joined)
            band = joined.stop
        else:
            band += 1
    return found


def groups_of(found: Sequence[Sample], split: Split = cells) -> list[dict[str, Any]]:
    """Return the groups that samples make, as :func:`mappings.peers.peers_of` reads them.

    Quantiles are those at 0, 1, …, 100 %, interpolated (Hyndman and Fan, type 7).
    """
    groups = []
    for platform, metric in sorted({(platform, metric) for platform, metric, _, _ in found}):
        own = [(followers, value) for p, m, followers, value in found if (p, m) == (platform, metric)]
        bands = np.searchsorted(EDGES, [followers for followers, _ in own], side="right") - 1
        for group in split(np.bincount(bands, minlength=len(EDGES) - 1).tolist()):
            values = np.array([value for band, (_, value) in zip(bands, own, strict=True) if band in group])
            logs = np.log10(values)
            groups.append(
                {
                    "platform": str(platform),
                    "metric": metric,
                    "least": EDGES[group.start],
                    "below": EDGES[group.stop],
                    "n": len(values),
                    "quantiles": [float(f"{q:.6g}") for q in np.quantile(values, np.linspace(0, 1, 101))],
                    "log_median": round(float(np.median(logs)), 6),
                    "log_mad": round(float(np.median(np.abs(logs - np.median(logs)))), 6),
                }
            )
    return groups


def off_by(n: int) -> float:
    """Return by how much percentiles of a group of ``n`` are off at most, all at once, in 95 of 100 groups; 0 to 1.

    ``sqrt(ln(2 / 0.05) / (2 n))``: the bound of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990).
    """
    return round(min(1.0, math.sqrt(math.log(2 / ERROR_RISK) / (2 * n))), 4) if n else 1.0


def positive(samples: Iterable[Sample]) -> list[Sample]:
    """Return samples whose value is above 0 and whose followers lie within the bands; logarithms need the former."""
    return [one for one in samples if one[3] > 0 and EDGES[0] <= one[2] < EDGES[-1]]
