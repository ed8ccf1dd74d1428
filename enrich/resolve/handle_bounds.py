"""Which levels the handles of many pairs may have, by their hashes and letters; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enrich.resolve import columns as has
from enrich.resolve.columns import Ints
from enrich.resolve.handles import LONG, MIN_WORD, RUN, RUN_LETTERS, HandleLevel
from enrich.resolve.rows import LETTERS, Bools, Pairs, bits_of, inside, length, shared

SHORT_HANDLE = 4
"""A handle of so few letters can be made of initials."""
_ANY_HANDLES = bits_of(HandleLevel, "")
_NO_HANDLE = 1 << HandleLevel.UNKNOWN
_EQUAL = bits_of(HandleLevel, "SAME", "AFFIX", "DIGITS")
_BOTH_NAMED, _ONE_NAMED = bits_of(HandleLevel, "BOTH_NAMED"), bits_of(HandleLevel, "NAMED_AND")
_NEAR, _CONTAINED = bits_of(HandleLevel, "NEAR"), bits_of(HandleLevel, "CONTAINED")
_RUN = bits_of(HandleLevel, "RUN_SHARED")
_SHARED_WORD, _SHARED_NUMBER = bits_of(HandleLevel, "WORD_SHARED"), bits_of(HandleLevel, "NUMBER_SHARED")


def _shown(letters: Ints, handle: Ints) -> Bools:
    """Return whether a handle may show a name, or its initials.

    It has two words of the name, or one and nothing that is in no word, or the last one and at most three letters more;
    or it is short enough for initials alone.
    """
    count = (letters != 0).sum(axis=1)
    whole = np.bitwise_or.reduce(letters & LETTERS, axis=1)
    words = [(length(word) > 1) & inside(word, handle) for word in letters.T]
    last = letters[np.arange(len(letters)), np.maximum(count, 1) - 1]
    letters_of_all = length(handle).astype(np.int64)
    more = letters_of_all - length(last).astype(np.int64)
    begins = inside(last, handle) & (more > 0) & (more <= MIN_WORD)
    short = (letters_of_all <= SHORT_HANDLE) | (letters_of_all == count)
    one = np.any(words, axis=0) & ((handle & ~whole & LETTERS) == 0)
    shown: Bools = (np.sum(words, axis=0) > 1) | one | begins | short
    return shown


def handle_levels(pairs: Pairs) -> NDArray[np.int64]:
    """Return which levels handles may have, one bit each."""
    handles, letters = pairs.both("handle"), pairs.both("letters")
    names, more = pairs.have(has.HAS_NAME), np.logical_or(*pairs.have(has.ANY_NAME))
    # The other account's name is looked for in a handle; where only one has a name, it stands for both.
    shows = [(names[other] & _shown(letters[other], handles[own])) | more for own, other in ((0, 1), (1, 0))]
    any_shown = shows[0] | shows[1]
    both_shown = np.where(names[0] ^ names[1], any_shown, shows[0] & shows[1])
    equal = _same(pairs, "key") | _same(pairs, "plain")
    levels = np.where(equal, _ANY_HANDLES, _ANY_HANDLES & ~_EQUAL)
    levels = np.where(both_shown, levels, levels & ~_BOTH_NAMED)
    levels = np.where(any_shown, levels, levels & ~_ONE_NAMED)
    levels &= ~np.where(equal, 0, _unlike(pairs, handles))
    two = np.logical_and(*pairs.have(has.HAS_HANDLE))
    return np.where(two, levels & ~_NO_HANDLE, _ANY_HANDLES & ~(_EQUAL | _NEAR | _CONTAINED | _SHARED_WORD | _RUN))


def _same(pairs: Pairs, name: str) -> Bools:
    left, right = pairs.both(name)
    same: Bools = left == right
    return same


def _unlike(pairs: Pairs, handles: tuple[Ints, Ints]) -> NDArray[np.int64]:
    """Return the levels that two different handles cannot have, by their letters and by the words that they show."""
    left, right = handles
    one, other = length(left).astype(np.int64), length(right).astype(np.int64)
    long = np.minimum(one, other) >= LONG
    changed = np.bitwise_count((left ^ right) & LETTERS)
    near = long & (np.abs(one - other) <= 1) & (changed <= 2)  # noqa: PLR2004 - one letter for another
    contained = long & np.where(one <= other, inside(left, right), inside(right, left))
    word = shared(*pairs.both("shared")) | np.logical_or(*pairs.have(has.ANY_SHARED))
    number = np.logical_and(*pairs.have(has.HAS_NUMBER))
    run = (np.minimum(one, other) >= RUN) & (np.bitwise_count(left & right & LETTERS) >= RUN_LETTERS)
    found = [(near, _NEAR), (contained, _CONTAINED), (word, _SHARED_WORD), (number, _SHARED_NUMBER), (run, _RUN)]
    ruled_out: NDArray[np.int64] = np.bitwise_or.reduce([np.where(yes, 0, levels) for yes, levels in found])
    return ruled_out
