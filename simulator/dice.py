"""Chance that is the same in every process: a value is drawn from what it is for, not from how often was drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_WORD = 8
_WORDS = 8
_SPAN = float(1 << 64)


def roll(*parts: object) -> int:
    """Return 64 bits that depend on ``parts`` alone."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=_WORD).digest(), "big")


def fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on ``parts`` alone."""
    return roll(*parts) / _SPAN


class Dice:
    """A stream of draws about one thing, named by ``parts``."""

    def __init__(self, *parts: object) -> None:
        self._about = repr(parts)
        self._drawn = 0
        self._block = b""

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        position = self._drawn % _WORDS
        if position == 0:
            self._block = blake2b(f"{self._about}{self._drawn}".encode()).digest()
        self._drawn += 1
        return int.from_bytes(self._block[position * _WORD : (position + 1) * _WORD], "big") / _SPAN

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both possible."""
        return low + int(self.fraction() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """Return true in ``share`` of all draws."""
        return self.fraction() < share

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.fraction() * len(options))]

    def log_normal(self, median: float, sigma: float) -> float:
        """Return a number around ``median``, log-normally spread (Box-Muller)."""
        radius = math.sqrt(-2 * math.log(1 - self.fraction()))
        return median * math.exp(sigma * radius * math.cos(2 * math.pi * self.fraction()))
