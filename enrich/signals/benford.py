"""How far the first digits of a sample of counts are from Benford's law; supporting evidence, never more."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

MIN_COUNTS = 300
"""Fewer counts deviate by chance."""
NONCONFORMING = 0.015
"""Mean absolute deviation from which on Nigrini ("Benford's Law", 2012, table 7.1) calls a sample nonconforming."""
EXPECTED = tuple(math.log10(1 + 1 / digit) for digit in range(1, 10))


def benford_deviation(counts: Iterable[int]) -> float | None:
    """Return the mean absolute deviation of the shares of first digits from ``log10(1 + 1/d)``, 0 to about 0.19.

    Meant for the follower counts of an account's followers, whose first digits follow the law in grown networks
    (Golbeck, PLoS ONE 10(8) e0135169). None with fewer than 300 counts above zero.
    """
    digits = Counter(int(str(count)[0]) for count in counts if count > 0)
    total = digits.total()
    if total < MIN_COUNTS:
        return None
    return sum(abs(digits[digit] / total - share) for digit, share in enumerate(EXPECTED, start=1)) / len(EXPECTED)
