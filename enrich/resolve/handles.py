"""How two handles relate in the light of the names of both accounts, as levels; pure."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from enrich.resolve.evidence import Evidence
from enrich.resolve.names import RARE, Name
from enrich.resolve.rarity import Rarity

MIN_WORD = 3
MIN_HANDLE = 4
NEAR = 1
"""Letters (dropped, added, changed or swapped) by which two long handles may differ and be near."""
LONG = 5
RUN, RUN_LETTERS = 4, 3
"""Letters in a row that two handles have in common, and how many different ones of them make it no matter of chance."""


class HandleLevel(IntEnum):
    """What two handles say of each other, given the names of both accounts."""

    UNKNOWN = 0
    SAME_RARE = 1
    SAME_COMMON = 2
    AFFIX_DIFFERS = 3
    DIGITS_ADDED = 4
    DIGITS_CLASH = 5
    NUMBER_SHARED = 6
    BOTH_NAMED = 7
    NEAR = 8
    CONTAINED = 9
    WORD_SHARED = 10
    NAMED_AND_PART = 11
    NAMED_AND_HINT = 12
    NAMED_AND_NOT = 13
    BOTH_PARTLY = 14
    PARTLY_AND_NOT = 15
    UNRELATED = 16
    RUN_SHARED = 17
    PART_AND_HINT = 18

    @property
    def says(self) -> str:
        """The level in words."""
        return _HANDLE_SAYS[self]


_HANDLE_SAYS = {
    HandleLevel.UNKNOWN: "nothing can be said about the handles",
    HandleLevel.SAME_RARE: "the handles are the same, and few have one like it",
    HandleLevel.SAME_COMMON: "the handles are the same, but short or common",
    HandleLevel.AFFIX_DIFFERS: "the handles are the same but for what is put around them",
    HandleLevel.DIGITS_ADDED: "the handles are the same but for digits that one of them has",
    HandleLevel.DIGITS_CLASH: "the handles are the same but for their digits, which differ",
    HandleLevel.NUMBER_SHARED: "the handles share a number",
    HandleLevel.BOTH_NAMED: "each handle is made of the other's name",
    HandleLevel.NEAR: "the handles differ by one letter",
    HandleLevel.CONTAINED: "one handle is a part of the other",
    HandleLevel.WORD_SHARED: "the handles share a rare word",
    HandleLevel.NAMED_AND_PART: "one handle is made of the name, the other shows a part of it",
    HandleLevel.NAMED_AND_HINT: "one handle is made of the name, the other may hint at it",
    HandleLevel.NAMED_AND_NOT: "one handle is made of the name, the other shows nothing of it",
    HandleLevel.BOTH_PARTLY: "the handles show a part of the name",
    HandleLevel.PARTLY_AND_NOT: "one handle shows a part of the name, the other nothing of it",
    HandleLevel.UNRELATED: "the handles have nothing in common with each other or with the names",
    HandleLevel.PART_AND_HINT: "one handle shows a part of the name, the other may hint at it",
    HandleLevel.RUN_SHARED: "the handles share letters in a row that say more than the names",
}


class Fit(IntEnum):
    """How much of a name a handle shows."""

    NONE = 0
    HINT = 1
    PART = 2
    INITIALS = 3
    FULL = 4


@lru_cache(maxsize=1 << 17)
def fit(words: Name, handle: str) -> Fit:
    """Return how much of a name the letters of a handle show (``jdoe`` shows the initials of Jane Doe)."""
    names = [word for word in words if len(word) > 1]
    if not names or not handle:
        return Fit.NONE
    if len(names) > 1 and sum(word in handle for word in names) > 1:
        return Fit.FULL
    if len(names) > 1 and _abbreviated(words, handle):
        return Fit.INITIALS
    if any(word in handle for word in names if len(word) >= MIN_WORD):
        return Fit.FULL if handle == "".join(names) else Fit.PART
    if any(word[:MIN_HANDLE] in handle for word in names if len(word) > MIN_HANDLE):
        return Fit.PART
    return Fit.HINT if _hints(names, handle) else Fit.NONE


def _abbreviated(words: Name, handle: str) -> bool:
    """Whether a handle is the surname with the beginning of the given name, or another usual short form of a name."""
    first, last = words[0], words[-1]
    short = {first[:length] + last for length in (1, 2, 3)} | {last + first[:length] for length in (1, 2)}
    short |= {first + last[:1], last[:1] + first, "".join(word[0] for word in words)}
    short |= {first[:1] + word[:1] + last for word in words[1:-1]}
    return handle in short or (len(last) >= MIN_HANDLE and last in handle and _with_initial(handle, first, last))


def _hints(names: list[str], handle: str) -> bool:
    """Whether a handle has three first letters of a name, begins with two, or has the initials at an end."""
    if any(word[:MIN_WORD] in handle for word in names if len(word) >= MIN_WORD):
        return True
    initials = "".join(word[0] for word in names)
    starts = (initials, initials[::-1], *(word[:2] for word in names))
    return handle.startswith(starts) or (len(initials) > 1 and handle.endswith(initials))


def _with_initial(handle: str, first: str, last: str) -> bool:
    """Whether what a handle has besides the surname is at most three letters that begin as the given name does."""
    rest = handle.replace(last, "", 1)
    return 0 < len(rest) <= MIN_WORD and rest[0] == first[0]


def handle_level(left: Evidence, right: Evidence, names: tuple[Name, Name], rarity: Rarity) -> HandleLevel:
    """Return how two handles relate; where they are not alike, whether they are made of the names.

    The same for ``(right, left)`` with the names the other way round.
    """
    if not left.handle_key or not right.handle_key:
        return _lone(left, right, names)
    same = _same(left, right, rarity)
    if same is not None:
        return same
    fits = _fits(left, right, names)
    if min(fits) >= Fit.INITIALS:
        return HandleLevel.BOTH_NAMED
    close = _close(left, right, rarity)
    if close is None and _share_a_run(left.handle_key, right.handle_key, names if min(fits) >= Fit.PART else ()):
        return HandleLevel.RUN_SHARED
    return close or _BY_FIT[min(fits), min(max(fits), Fit.INITIALS)]


_BY_FIT = {
    (Fit.PART, Fit.INITIALS): HandleLevel.NAMED_AND_PART,
    (Fit.HINT, Fit.INITIALS): HandleLevel.NAMED_AND_HINT,
    (Fit.NONE, Fit.INITIALS): HandleLevel.NAMED_AND_NOT,
    (Fit.PART, Fit.PART): HandleLevel.BOTH_PARTLY,
    (Fit.HINT, Fit.PART): HandleLevel.PART_AND_HINT,
    (Fit.NONE, Fit.PART): HandleLevel.PARTLY_AND_NOT,
    (Fit.HINT, Fit.HINT): HandleLevel.PARTLY_AND_NOT,
    (Fit.NONE, Fit.HINT): HandleLevel.UNRELATED,
    (Fit.NONE, Fit.NONE): HandleLevel.UNRELATED,
}


def _fits(left: Evidence, right: Evidence, names: tuple[Name, Name]) -> tuple[Fit, Fit]:
    """Return how the other account's name is shown by the left and by the right handle; one name stands for both."""
    found = [fit(name, one.handle_key) for name, one in ((names[1], left), (names[0], right)) if name]
    return (found[0], found[-1]) if found else (Fit.NONE, Fit.NONE)


def _lone(left: Evidence, right: Evidence, names: tuple[Name, Name]) -> HandleLevel:
    """Where one account has no handle, the other's handle is held against its name."""
    one, other_name = (left, names[1]) if left.handle_key else (right, names[0])
    if not one.handle_key or not other_name:
        return HandleLevel.UNKNOWN
    found = fit(other_name, one.handle_key)
    if found >= Fit.INITIALS:
        return HandleLevel.BOTH_NAMED
    return HandleLevel.BOTH_PARTLY if found == Fit.PART else HandleLevel.UNRELATED


def _same(left: Evidence, right: Evidence, rarity: Rarity) -> HandleLevel | None:
    if left.handle_plain == right.handle_plain:
        rare = rarity.handles.get(left.handle_key, 0) <= RARE and rarity.words.get(left.handle_key, 0) <= RARE
        return HandleLevel.SAME_RARE if rare and len(left.handle_plain) >= MIN_HANDLE else HandleLevel.SAME_COMMON
    if left.handle_key != right.handle_key:
        return None
    digits = {"".join(c for c in one.handle_plain if c.isdigit()) for one in (left, right)}
    # A number that a network put behind the handle of one (`jane-doe-6a888521b`) is nothing that anybody added.
    chosen = {word for one in (left, right) for word in one.handle_words if word.isdigit()}
    if len(digits) == 1 or ("" in digits and not chosen):
        return HandleLevel.AFFIX_DIFFERS
    return HandleLevel.DIGITS_ADDED if "" in digits else HandleLevel.DIGITS_CLASH


def _close(left: Evidence, right: Evidence, rarity: Rarity) -> HandleLevel | None:
    if _numbers(left) & _numbers(right):
        return HandleLevel.NUMBER_SHARED
    one, other = sorted((left.handle_key, right.handle_key), key=lambda key: (len(key), key))
    if len(one) >= LONG and DamerauLevenshtein.distance(one, other, score_cutoff=NEAR) <= NEAR:
        return HandleLevel.NEAR
    if len(one) >= LONG and one in other and rarity.words.get(one, 0) <= 1:
        return HandleLevel.CONTAINED
    shared = set(left.handle_words) & set(right.handle_words)
    if any(len(word) >= MIN_HANDLE and rarity.handles.get(word, 0) <= RARE for word in shared):
        return HandleLevel.WORD_SHARED
    return None


@lru_cache(maxsize=1 << 17)
def _runs(handle: str) -> frozenset[str]:
    found = (handle[at : at + RUN] for at in range(len(handle) - RUN + 1))
    return frozenset(run for run in found if run.isalpha() and len({*run}) >= RUN_LETTERS)


def _share_a_run(left: str, right: str, names: tuple[Name, ...]) -> bool:
    """Whether two handles share letters in a row, other than what the names have, too."""
    known = [word for name in names for word in ("".join(name), "".join(reversed(name)))]
    return any(not any(run in word for word in known) for run in _runs(left) & _runs(right))


def _numbers(evidence: Evidence) -> set[str]:
    return {word for word in evidence.handle_words if len(word) >= MIN_WORD and word.isdigit()}
