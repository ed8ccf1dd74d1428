"""How the names and the handles of two accounts relate together; pure.

A name and a handle often say the same thing (``Jane Doe``, ``@janedoe``): two accounts that agree on both agree once,
not twice. So a handle is compared in the light of the names, and the model weighs the two levels jointly.
"""

from __future__ import annotations

from enrich.resolve.evidence import Evidence
from enrich.resolve.handles import MIN_WORD, HandleLevel, handle_level
from enrich.resolve.names import MIN_GLUED, RARE, Name, NameLevel, name_level, same_word, shown_name
from enrich.resolve.rarity import Rarity

FULL = 2
"""Words of a full name."""
_OPEN = frozenset(
    {NameLevel.UNKNOWN, NameLevel.INITIAL_RARE, NameLevel.INITIAL_COMMON, NameLevel.PART_RARE, NameLevel.PART_COMMON}
)

_CONFIRMED = frozenset(
    {
        NameLevel.FULL_RARE,
        NameLevel.FULL_COMMON,
        NameLevel.FULL_SPLIT,
        NameLevel.FULL_SHOWN,
        NameLevel.INITIAL_RARE,
        NameLevel.INITIAL_COMMON,
    }
)


def naming_levels(left: Evidence, right: Evidence, rarity: Rarity) -> tuple[NameLevel, HandleLevel]:
    """Return how the names and the handles of two accounts relate; the same for ``(right, left)``."""
    names = (shown_name(left), shown_name(right))
    name = name_level(*names, rarity)
    if name is NameLevel.UNKNOWN and is_one_word(left, rarity) and left.name_words == right.name_words:
        return NameLevel.ONE_WORD, handle_level(left, right, (left.name_words,) * 2, rarity)
    if name in _OPEN and (_completes(left, *names) or _completes(right, names[1], names[0])):
        name = NameLevel.FULL_SPLIT if name else NameLevel.FULL_SHOWN
    if name in _CONFIRMED:
        # The fuller name is known to be the name of both: each handle is held against it.
        names = (max(names, key=lambda words: (sum(map(len, words)), words)),) * 2
    return name, handle_level(left, right, names, rarity)


def is_one_word(evidence: Evidence, rarity: Rarity) -> bool:
    """Return whether an account shows one word as its name, which few have."""
    words = evidence.name_words
    return len(words) == 1 and len(words[0]) >= MIN_GLUED and rarity.words.get(words[0], 0) <= RARE


def _completes(one: Evidence, own: Name, other: Name) -> bool:
    """Whether the first and the last word of the other's full name are in the name or in the handle of ``one``.

    A name that is full itself lacks nothing that its handle could tell.
    """
    words, mine = ([word for word in name if len(word) > 1] for name in (other, own))
    if len(words) < FULL or len(mine) >= FULL or not one.handle_plain:
        return False
    rest = [word for word in (words[0], words[-1]) if not any(same_word(word, known) for known in mine)]
    # What shows the known word shows no other: `mani` is not in `manishty` where `manish` is known.
    left = one.handle_plain
    for known in mine if rest else ():
        left = left.replace(known, " ", 1)
    return all(len(word) >= MIN_WORD and word in left for word in rest)
