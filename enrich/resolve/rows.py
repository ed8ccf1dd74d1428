"""Pairs of rows of the columns, and what words and handles have in common by their letters; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from enrich.resolve.columns import Columns, Ints

Bools = NDArray[np.bool_]
LETTERS = np.uint64((1 << 27) - 1)
BYTE = np.uint64(255)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two accounts each: rows of the columns."""

    columns: Columns
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def both(self, name: str) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return a column for the left and for the right accounts."""
        column = getattr(self.columns, name)
        return column[self.left], column[self.right]

    def have(self, flag: int) -> tuple[Bools, Bools]:
        """Return which of the accounts on either side have a flag."""
        left, right = self.both("has")
        return (left & np.uint64(flag)) != 0, (right & np.uint64(flag)) != 0

    def only(self, kept: Bools) -> Pairs:
        """Return those pairs that are kept."""
        return Pairs(self.columns, self.left[kept], self.right[kept])


def shared(left: Ints, right: Ints) -> Bools:
    """Return in which rows any of some hashes is on both sides."""
    found = np.zeros(len(left), dtype=np.bool_)
    for at in range(left.shape[1]):
        one = left[:, at, None]
        found |= ((one == right) & (one != 0)).any(axis=1)
    return found


def length(shapes: Ints) -> Ints:
    """Return how many letters words or handles have."""
    return (shapes >> np.uint64(32)) & BYTE


def inside(part: Ints, whole: Ints) -> Bools:
    """Return whether all letters of one occur in the other."""
    left_over: Bools = (part & ~whole & LETTERS) == 0
    return left_over


def bits_of(levels: type[IntEnum], *beginnings: str) -> int:
    """Return the levels whose names begin so, one bit each."""
    return sum(1 << level for level in levels if level.name.startswith(beginnings))
