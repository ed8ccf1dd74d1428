"""Whether probabilities mean what they say: of the pairs given 0.9, nine in ten belong together; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99)
"""Lower ends; closer where decisions are made."""
DIGITS = 4


def calibration(probabilities: Sequence[float], belong: Sequence[bool]) -> dict[str, Any] | None:
    """Return Brier score, expected calibration error and the reliability table; None without pairs.

    Brier: mean of ``(p - y)²`` (Brier 1950). Error: mean over pairs of ``|mean p - mean y|`` of the pair's bin.
    """
    pairs = list(zip(probabilities, belong, strict=True))
    if not pairs:
        return None
    ends = (*BINS[1:], float("inf"))
    bins = []
    for low, high in zip(BINS, ends, strict=True):
        inside = [(probability, same) for probability, same in pairs if low <= probability < high]
        if inside:
            said, was = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            bins.append({"from": low, "pairs": len(inside), "said": round(said, DIGITS), "was": round(was, DIGITS)})
    return {
        "pairs": len(pairs),
        "brier": round(sum((probability - same) ** 2 for probability, same in pairs) / len(pairs), DIGITS),
        "error": round(sum(one["pairs"] * abs(one["said"] - one["was"]) for one in bins) / len(pairs), DIGITS),
        "bins": bins,
    }
