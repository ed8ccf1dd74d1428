"""What is cheap to know of every account of a population, as columns of numbers; pure.

Enough to say of millions of pairs at once what they cannot be (:mod:`enrich.resolve.bounds`). Words are known by 64-bit
hashes, letters by one bit each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from string import ascii_lowercase
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.resolve import nicknames
from enrich.resolve.comparisons import RARE_BIO
from enrich.resolve.evidence import MAX_LABELS, Evidence
from enrich.resolve.handles import MIN_HANDLE
from enrich.resolve.names import RARE, shown_name
from enrich.resolve.naming import is_one_word
from enrich.resolve.rarity import Rarity

WORDS, NODES, LINKS, PLACES, SHARED = 4, 3, 4, 3, 3
LABELS = MAX_LABELS
"""Words of a name, nodes, links, pages or domains, and words of a handle that fit into a row; where there are more,
the row says that anything is possible."""
BIO_BITS = 256
_CELLS = BIO_BITS // 64
_MASK = (1 << 64) - 1
_ZEROS = (0,) * 8
_BIT_OF = {letter: 1 << place for place, letter in enumerate(ascii_lowercase)}
Ints = NDArray[np.uint64]


def _hash(text: str) -> int:
    """Return 64 bits for a text, of this process and its children; where two texts meet, more is possible than is."""
    return hash(text) & _MASK


class Word(NamedTuple):
    """One word of a name."""

    hashed: int
    nicknames: int
    """One bit for each group of given names that it is in, of 64."""
    letters: int
    """Bits 0 to 25 the letters that occur, 32 to 39 its length, 40 to 47 its first letter."""


@lru_cache(maxsize=1 << 18)
def word_of(text: str) -> Word:
    """Return what is known of a word."""
    groups = 0
    for group in nicknames.groups_of(text):
        groups |= 1 << _hash(group) % 64
    return Word(_hash(text), groups, letters_of(text) | min(len(text), 255) << 32 | (ord(text[0]) & 255) << 40)


def letters_of(text: str) -> int:
    """Return which of the letters a to z occur, one bit each; bit 26 stands for all else."""
    bits = 0
    for char in text:
        bits |= _BIT_OF.get(char, 1 << 26)
    return bits


@dataclass(frozen=True, slots=True)
class Columns:
    """One row an account; 0 is unknown in every column but ``followers``, where NaN is."""

    platform: Ints
    country: Ints
    language: Ints
    followers: NDArray[np.float64]
    """Base-10 logarithm of one more than they are."""
    avatar: Ints
    has: Ints
    """Flags, see ``HAS_…``."""
    email: Ints
    """Bits of the hashes, one of 64 each."""
    places: Ints
    nodes: Ints
    links: Ints
    bio: Ints
    """Bits of the rare words, one of ``BIO_BITS`` each."""
    names: Ints
    """Hashes of the words."""
    groups: Ints
    letters: Ints
    joined: Ints
    """Hashes of what a name is in one word."""
    word: Ints
    """Hash of the name where it is one word that few have."""
    labels: Ints
    """Hashes of what the website is called."""
    plain: Ints
    key: Ints
    handle: Ints
    """Letters of the handle's skeleton, and its length."""
    spelt: Ints
    """Letters of the handle in full."""
    shared: Ints

    @classmethod
    def joined_of(cls, parts: Sequence[Columns]) -> Columns:
        """Return the rows of several in one."""
        return cls(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)})


HAS_AVATAR, HAS_BIO, HAS_EMAIL, HAS_PLACE, HAS_NAME, HAS_HANDLE = 1, 2, 4, 8, 16, 32
HAS_NUMBER, ANY_NAME, ANY_LINK, ANY_SHARED, RARE_NAME = 64, 128, 256, 512, 1024
"""``ANY_…``: there is more than the row holds. ``RARE_NAME``: few have one of the words of the name."""


def columns_of(evidences: Iterable[Evidence], rarity: Rarity) -> Columns:
    """Return the rows of accounts, in their order."""
    rows = [_row(one, rarity) for one in evidences]
    made: dict[str, Any] = {}
    for at, one in enumerate(fields(Columns)):
        kind = np.float64 if one.name == "followers" else np.uint64
        values = [row[at] for row in rows]
        empty = (0, _WIDTHS[one.name]) if one.name in _WIDTHS else (0,)
        made[one.name] = np.array(values, dtype=kind) if values else np.empty(empty, dtype=kind)
    return Columns(**made)


_WIDTHS = {
    "places": PLACES,
    "nodes": NODES,
    "links": LINKS,
    "bio": _CELLS,
    "names": WORDS,
    "groups": WORDS,
    "letters": WORDS,
    "joined": 3,
    "labels": LABELS,
    "shared": SHARED,
}


def _row(one: Evidence, rarity: Rarity) -> tuple[object, ...]:
    name = shown_name(one)
    words = [word_of(text) for text in name[:WORDS]]
    shared = sorted({word for word in one.handle_words if len(word) >= MIN_HANDLE})
    places = {*one.domains, one.website} - {None}
    return (
        _hash(one.platform),
        _hash(one.country) if one.country else 0,
        _hash(one.language) if one.language else 0,
        math.nan if one.followers is None else math.log10(one.followers + 1),
        int(one.avatar_hash, 16) if one.avatar_hash else 0,
        _flags(one, name, shared, rarity),
        _bits(one.email_hashes, 1)[0],
        _hashes(places, PLACES),
        _hashes(one.nodes, NODES),
        _hashes(one.links, LINKS),
        _bits((word for word in one.bio_words if rarity.bios.get(word, 0) <= RARE_BIO), _CELLS),
        _padded([word.hashed for word in words], WORDS),
        _padded([word.nicknames for word in words], WORDS),
        _padded([word.letters for word in words], WORDS),
        _hashes(_in_one(name), 3),
        _hash(one.name_words[0]) if is_one_word(one, rarity) else 0,
        _hashes(one.labels, LABELS),
        _hash(one.handle_plain) if one.handle_key else 0,
        _hash(one.handle_key) if one.handle_key else 0,
        letters_of(one.handle_key) | min(len(one.handle_key), 255) << 32,
        letters_of(one.handle_plain),
        _hashes(shared, SHARED),
    )


def _flags(one: Evidence, name: tuple[str, ...], shared: Sequence[str], rarity: Rarity) -> int:
    facts = (
        one.avatar_hash,
        one.bio_words,
        one.email_hashes,
        one.website or one.domains,
        name,
        one.handle_key,
        one.handle_plain and not one.handle_plain.isalpha(),
        len(name) > WORDS,
        len(one.links) > LINKS or len(one.nodes) > NODES,
        len(shared) > SHARED,
        any(rarity.words.get(word, 0) <= RARE for word in name),
    )
    return sum(1 << at for at, fact in enumerate(facts) if fact)


def _in_one(name: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a name of several words is as one, as :func:`enrich.resolve.names.name_level` allows."""
    return ("".join(name), "".join(reversed(name)), name[0] + name[-1]) if len(name) > 1 else ()


def _hashes(texts: Iterable[str | None], width: int) -> list[int]:
    return _padded([_hash(text) for text in texts if text], width)


def _padded(values: list[int], width: int) -> list[int]:
    return [*values, *_ZEROS[len(values) : width]][:width]


def _bits(texts: Iterable[str], cells: int) -> list[int]:
    found = [0] * cells
    for text in texts:
        place = _hash(text) % (cells * 64)
        found[place // 64] |= 1 << place % 64
    return found
