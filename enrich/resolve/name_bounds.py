"""Which levels the names of many pairs may have, by their hashes and letters; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrich.resolve import columns as has
from enrich.resolve.columns import Ints
from enrich.resolve.names import MIN_FUZZY, NameLevel
from enrich.resolve.rows import LETTERS, Bools, Pairs, bits_of, inside, length, shared

_TOUCH = 1e-9
# Levels are ruled out by what they need, and only then: what another version calls otherwise stays possible.
_ANY_NAMES = bits_of(NameLevel, "")
_FULL, _PART = bits_of(NameLevel, "FULL_RARE", "FULL_COMMON"), bits_of(NameLevel, "PART")
_SPLIT, _SHOWN = bits_of(NameLevel, "FULL_SPLIT"), bits_of(NameLevel, "FULL_SHOWN")
_INITIAL, _FAMILY, _CLASH = bits_of(NameLevel, "INITIAL"), bits_of(NameLevel, "FAMILY"), bits_of(NameLevel, "CLASH")
_WORD_MET = _FULL | _PART | _INITIAL | _FAMILY | bits_of(NameLevel, "GIVEN")
_ONE_WORD = bits_of(NameLevel, "ONE_WORD")
_RARE = sum(1 << level for level in NameLevel if level.name.endswith("RARE"))
_NO_NAME = 1 << NameLevel.UNKNOWN


def _maybe_one_word(left: Ints, right: Ints) -> Bools:
    """Return which words may be spellings of one, by their letters.

    Jaro-Winkler of at least 0.92 needs, with the whole bonus for a common beginning, a Jaro similarity of 0.8667, and
    that needs ``1.6 a b / (a + b)`` letters of words of ``a`` and ``b`` letters to match.
    """
    one, other = length(left).astype(np.float64), length(right).astype(np.float64)
    long = (one >= MIN_FUZZY) & (other >= MIN_FUZZY) & ((left >> np.uint64(40)) == (right >> np.uint64(40)))
    matching = np.ceil(1.6 * one * other / np.maximum(one + other, 1.0) - _TOUCH)
    missing = np.bitwise_count(left & ~right & LETTERS)
    added = np.bitwise_count(right & ~left & LETTERS)
    alike: Bools = long & (missing <= one - matching) & (added <= other - matching)
    return alike


@dataclass(frozen=True, slots=True)
class _Met:
    """Which words of two names meet."""

    left: Bools
    """Of each word of the left name, whether the right one may have it."""
    right: Bools
    at_most: NDArray[np.int64]
    """How many words may be the same."""
    surely: Bools
    """Whether one word of more than a letter is."""
    last: Bools
    """Whether the last ones may be."""


def _words_met(pairs: Pairs) -> _Met:
    names, groups, letters = pairs.both("names"), pairs.both("groups"), pairs.both("letters")
    width = names[0].shape[1]
    met = np.zeros((len(pairs.left), width, width), dtype=np.bool_)
    surely = np.zeros(len(pairs.left), dtype=np.bool_)
    for at, other in np.ndindex(width, width):
        there = (names[0][:, at] != 0) & (names[1][:, other] != 0)
        if not there.any():
            continue
        equal = there & (names[0][:, at] == names[1][:, other])
        surely |= equal & (length(letters[0][:, at]) > 1)
        alike = (groups[0][:, at] & groups[1][:, other]) != 0
        alike |= _maybe_one_word(letters[0][:, at], letters[1][:, other])
        met[:, at, other] = equal | (there & alike)
    counts = [(one != 0).sum(axis=1) for one in names]
    last = met[np.arange(len(met)), np.maximum(counts[0], 1) - 1, np.maximum(counts[1], 1) - 1]
    left, right = np.asarray(met.any(axis=2)), np.asarray(met.any(axis=1))
    return _Met(left, right, np.minimum(left.sum(axis=1), right.sum(axis=1)), surely, last)


def name_levels(pairs: Pairs) -> NDArray[np.int64]:
    """Return which levels names may have, one bit each."""
    met = _words_met(pairs)
    names, joined, letters = pairs.both("names"), pairs.both("joined"), pairs.both("letters")
    in_one = shared(names[0], joined[1]) | shared(names[1], joined[0])
    initial = (length(letters[0]) == 1).any(axis=1) | (length(letters[1]) == 1).any(axis=1)
    single = np.minimum((names[0] != 0).sum(axis=1), (names[1] != 0).sum(axis=1)) <= 1
    glued = _glued(*letters)
    split = _split(pairs, met)
    needs = (
        (met.at_most > 0, _WORD_MET & ~_PART),
        ((met.at_most > 1) | in_one, _FULL),
        # Of a name of several words one is no more than a part, unless the others are initials.
        ((met.at_most > 1) | ((met.at_most > 0) & (single | initial)) | glued | in_one, _PART),
        (initial, _INITIAL | _NO_NAME),
        (met.last, _FAMILY),
        (~met.surely, _CLASH),
        (split, _SPLIT | _SHOWN),
    )
    levels = np.full(len(pairs.left), _ANY_NAMES)
    for possible, needed in needs:
        levels = np.where(possible, levels, levels & ~needed)
    levels = np.where(np.logical_or(*pairs.have(has.ANY_NAME)), _ANY_NAMES, levels)
    levels = np.where(np.logical_or(*pairs.have(has.RARE_NAME)), levels, levels & ~_RARE)
    words = pairs.both("word")
    one_word = np.where((words[0] != 0) & (words[0] == words[1]), _ONE_WORD, 0)
    unnamed = np.where(split, _NO_NAME | _SHOWN, _NO_NAME)
    named: NDArray[np.int64] = np.where(np.logical_and(*pairs.have(has.HAS_NAME)), levels & ~_ONE_WORD, unnamed)
    return named | one_word


def _split(pairs: Pairs, met: _Met) -> Bools:
    """Return whether one account may show two words of the other's name, each in its name or in its handle."""
    letters, spelt = pairs.both("letters"), pairs.both("spelt")
    found = np.logical_or(*pairs.have(has.ANY_NAME))
    for words, known, handle in ((letters[1], met.right, spelt[0]), (letters[0], met.left, spelt[1])):
        spelt_out = inside(words, handle[:, None]) & (handle != 0)[:, None]
        found |= ((length(words) > 1) & (known | spelt_out)).sum(axis=1) > 1
    return found


def _glued(left: Ints, right: Ints) -> Bools:
    """Return whether one name may be the beginning of another that is written as one word."""
    one_word = ((left != 0).sum(axis=1) == 1) | ((right != 0).sum(axis=1) == 1)
    first = np.zeros(len(left), dtype=np.bool_)
    for at in range(left.shape[1]):
        word = left[:, at, None]
        first |= ((word >> np.uint64(40)) == (right >> np.uint64(40))).any(axis=1) & (word[:, 0] != 0)
    glued: Bools = one_word & first
    return glued
