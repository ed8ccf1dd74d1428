"""How two display names relate, as levels; pure.

The order of words, titles, emoji, short forms, initials, transliteration and a missing surname are allowed for.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler

from enrich.resolve.evidence import Evidence
from enrich.resolve.nicknames import same_given_name
from enrich.resolve.rarity import Rarity

RARE = 12
"""A word or handle that more accounts have is common."""
CLOSE = 0.92
"""Jaro-Winkler similarity from which two words are one word spelt in two ways."""
MIN_FUZZY = 5
"""Letters of a word from which a spelling may differ: in shorter ones another spelling is another word."""
MIN_GLUED = 4
Name = tuple[str, ...]


class NameLevel(IntEnum):
    """What two display names say of each other."""

    UNKNOWN = 0
    FULL_RARE = 1
    FULL_COMMON = 2
    FULL_SPLIT = 3
    FULL_SHOWN = 4
    INITIAL_RARE = 5
    INITIAL_COMMON = 6
    PART_RARE = 7
    PART_COMMON = 8
    FAMILY_ONLY = 9
    GIVEN_ONLY = 10
    CLASH = 11
    ONE_WORD = 12

    @property
    def says(self) -> str:
        """The level in words."""
        return _NAME_SAYS[self]


_NAME_SAYS = {
    NameLevel.UNKNOWN: "a name is missing, or only repeats the handle",
    NameLevel.FULL_RARE: "the full names agree, and few have such a name",
    NameLevel.FULL_COMMON: "the full names agree, but many have such a name",
    NameLevel.FULL_SPLIT: "the name and the handle of one together show the full name of the other",
    NameLevel.FULL_SHOWN: "the handle of one, which shows no name, shows the full name of the other",
    NameLevel.INITIAL_RARE: "a rare part of the names agrees, another by its initial",
    NameLevel.INITIAL_COMMON: "a common part of the names agrees, another by its initial",
    NameLevel.PART_RARE: "one name is a part of the other, and few have it",
    NameLevel.PART_COMMON: "one name is a part of the other, but many have it",
    NameLevel.FAMILY_ONLY: "the surnames agree, the given names do not",
    NameLevel.GIVEN_ONLY: "a given name agrees, the rest does not",
    NameLevel.CLASH: "the names have nothing in common",
    NameLevel.ONE_WORD: "both show one word as their name, the same, which few have and which is the handle of one",
}


def shown_name(evidence: Evidence) -> Name:
    """Return the words of the display name; nothing where it only repeats the handle in one word."""
    words = evidence.name_words
    repeated = evidence.handle_plain and "".join(words) == "".join(c for c in evidence.handle_plain if c.isalpha())
    return () if repeated and len(words) == 1 else words


@lru_cache(maxsize=1 << 18)
def same_word(left: str, right: str) -> bool:
    """Return whether two words are one: equal, a short form of a given name, or nearly equal and long."""
    if left == right or same_given_name(left, right):
        return True
    long = min(len(left), len(right)) >= MIN_FUZZY
    return long and left[0] == right[0] and JaroWinkler.similarity(left, right) >= CLOSE


def _initial(left: str, right: str) -> bool:
    return (len(left) == 1) != (len(right) == 1) and left[0] == right[0]


def _matched(short: Name, long: Name) -> tuple[list[str], int]:
    """Return the words of ``short`` that ``long`` has, too, and how many more agree by their initial."""
    left = list(long)
    whole, rest = [], []
    for word in short:
        found = next((other for other in left if same_word(word, other)), None)
        if found is None:
            rest.append(word)
        else:
            left.remove(found)
            whole.append(word)
    initials = 0
    for word in rest:
        found = next((other for other in left if _initial(word, other)), None)
        if found is not None:
            left.remove(found)
            initials += 1
    return whole, initials


def name_level(left: Name, right: Name, rarity: Rarity) -> NameLevel:
    """Return how two names relate; the same for ``(right, left)``."""
    if not left or not right:
        return NameLevel.UNKNOWN
    short, long = sorted((left, right), key=lambda words: (len(words), words))
    if _joined(short, long):
        return _banded(long, rarity, NameLevel.FULL_RARE, NameLevel.FULL_COMMON)
    whole, initials = _matched(short, long)
    telling = [word for word in whole if len(word) > 1]
    if not telling:
        return NameLevel.UNKNOWN if whole or initials else _glued(short, long, rarity)
    if len(telling) > 1:
        return _banded(telling, rarity, NameLevel.FULL_RARE, NameLevel.FULL_COMMON)
    # A middle initial is not the initial of another given name: Martha M. Roe is not Meg Roe.
    other = initials and telling[0] not in {short[0], long[0]} and min(len(short[0]), len(long[0])) > 1
    if other or len(whole) + initials < len(short):
        return NameLevel.FAMILY_ONLY if same_word(left[-1], right[-1]) else NameLevel.GIVEN_ONLY
    return _partial(telling, rarity, initial=initials > 0, family=telling[0] in {short[-1], long[-1]})


def _partial(telling: list[str], rarity: Rarity, *, initial: bool, family: bool) -> NameLevel:
    """Return the level of names of which one word agrees, and nothing disagrees."""
    if not initial:
        return _banded(telling, rarity, NameLevel.PART_RARE, NameLevel.PART_COMMON)
    # The initial of a surname beside a given name says less than the initial of a given name beside a surname.
    rare = NameLevel.INITIAL_RARE if family else NameLevel.INITIAL_COMMON
    return _banded(telling, rarity, rare, NameLevel.INITIAL_COMMON)


def _joined(short: Name, long: Name) -> bool:
    """Whether one name is the other written as one word (``janedoe``)."""
    if len(short) == 1 and len(long) > 1:
        return short[0] in {"".join(long), "".join(reversed(long)), long[0] + long[-1]}
    return False


def _glued(short: Name, long: Name, rarity: Rarity) -> NameLevel:
    """Where no word agrees, one may still be inside a name that is written as one word (``janedoe``)."""
    for one, others in ((short, long), (long, short)):
        whole = "".join(one)
        found = [word for word in others if whole == word or (len(word) >= MIN_GLUED and whole.startswith(word))]
        if found and (len(one) == 1 or len(others) == 1 or whole in others):
            return _banded(found, rarity, NameLevel.PART_RARE, NameLevel.PART_COMMON)
    return NameLevel.CLASH


def _banded(words: list[str] | Name, rarity: Rarity, rare: NameLevel, common: NameLevel) -> NameLevel:
    return rare if min(rarity.words.get(word, 0) for word in words) <= RARE else common
