"""Whether a query is somebody's handle or name, and how nearly; pure.

A topic is often somebody's handle too (``music``, ``chess``). Read as a handle it would put one account before all who
are about it, so :func:`reading` tells the two apart by the words of our own vocabulary; ``@music`` always is a handle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, Literal

import numpy as np
from rapidfuzz.distance import OSA

from creators.models import Platform
from creators.text import clean_line, normalise_handle, transliterate
from mappings.countries import country_spellings
from mappings.languages import language_spellings
from mappings.niches import NICHES
from search.rank.percentiles import Column

HANDLES, NAME, NAMES_ASCII = "handles", "name.exact", "names_ascii.exact"
NAME_FIELDS = (HANDLES, NAME, NAMES_ASCII)
"""Doc values of a candidate that :func:`name_match` reads."""

SAME_HANDLE = 1.0
SAME_SKELETON = 0.97
SAME_NAME = 0.96
SAME_NAME_ASCII = 0.95
MOST_ALIKE = 0.9
"""Most that a match has which is not one; a handle that differs by digits at its end has it."""
ONE_EDIT, TWO_EDITS = 4, 8
"""Letters from which on one edit, and two, are a typing error: below them another word is as likely."""
MAX_WORDS = 6
MAX_CHARS = 100

Reading = Literal["name", "exact name", "topic"]

_GAPS = re.compile(r"^[@\s._-]+|[\s._-]+")
_WORDS = re.compile(r"[^\W_]+")
_LAST_DIGITS = re.compile(r"(?<=\D)\d+$")


def skeleton(handle: str) -> str:
    """Return a handle or name in small ASCII letters without blanks and ``.``, ``_``, ``-``."""
    return _GAPS.sub("", transliterate(handle))


def reading(text: str) -> Reading:
    """Return what a text is read as.

    ``topic``: a word of the vocabulary, or one of its phrases, or nothing that a person is called.
    ``exact name``: several words, all of the vocabulary (``real python``), or more than ``MAX_WORDS``: only who is
    called exactly so is meant.
    ``name``: anything else, and whatever begins with ``@``.
    """
    words = _words(text)
    if not words or len(text) > MAX_CHARS:
        return "topic"
    if text.lstrip().startswith("@"):
        return "name"
    phrases, single = _vocabulary()
    if " ".join(words) in phrases:
        return "topic"
    if len(text.split()) <= MAX_WORDS and any(word not in single for word in words):
        return "name"
    return "exact name" if len(words) > 1 else "topic"


def edits_allowed(length: int) -> int:
    """Return the typing errors that a text of this many letters may have."""
    return (length >= ONE_EDIT) + (length >= TWO_EDITS)


def name_match(text: str, called: Sequence[Mapping[str, Any]]) -> Column:
    """Return how much ``text`` is the handle or name of each candidate, shape ``(n,)``, between 0 and 1.

    1 is the handle; 0.97 the handle but for blanks, ``.``, ``_`` and ``-``; 0.96 the name; 0.95 the name in Latin
    letters; 0.9 the handle but for digits at its end. Less is likeness, ``0.9 · √(1 - edits / length)``: edits are
    those of optimal string alignment (Levenshtein with swapped neighbours, as OpenSearch counts), and the length is
    that of the longer one. More edits than :func:`edits_allowed` give 0, so that a topic is like nobody.

    Args:
        text: the query.
        called: doc values ``NAME_FIELDS`` of each candidate, lists but for the name; what is absent matches nothing.
    """
    meant = reading(text)
    if meant == "topic":
        return np.zeros(len(called))
    asked = _Asked(text, is_strict=meant == "exact name")
    return np.array([asked.match(one) for one in called], dtype=np.float64)


class _Asked:
    """A query in the forms that handles and names are compared in."""

    def __init__(self, text: str, *, is_strict: bool) -> None:
        # Words of the vocabulary with a blank between them are a topic, though somebody wrote them in one as a handle.
        self._handle = None if is_strict and len(text.split()) > 1 else normalise_handle(text)
        self._skeleton = skeleton(text)
        self._name = clean_line(text).lstrip("@ ").casefold()
        self._ascii = transliterate(text.lstrip("@ "))
        self._is_strict = is_strict

    def match(self, called: Mapping[str, Any]) -> float:
        skeletons = {skeleton(handle) for handle in called.get(HANDLES, ())}
        if same := self._same(called, skeletons):
            return same
        if self._is_strict:
            return 0.0
        if len(self._skeleton) >= ONE_EDIT and any(_LAST_DIGITS.sub("", one) == self._skeleton for one in skeletons):
            return MOST_ALIKE
        return max(map(self._likeness, skeletons | set(map(skeleton, called.get(NAMES_ASCII, ())))), default=0.0)

    def _same(self, called: Mapping[str, Any], skeletons: AbstractSet[str]) -> float:
        if self._handle and self._handle in map(normalise_handle, called.get(HANDLES, ())):
            return SAME_HANDLE
        if not self._is_strict and self._skeleton in skeletons:
            return SAME_SKELETON
        if self._name == str(called.get(NAME, "")).casefold():
            return SAME_NAME
        return SAME_NAME_ASCII if self._ascii in called.get(NAMES_ASCII, ()) else 0.0

    def _likeness(self, other: str) -> float:
        allowed = edits_allowed(len(self._skeleton))
        edits = OSA.distance(self._skeleton, other, score_cutoff=allowed)
        if edits > allowed:
            return 0.0
        return MOST_ALIKE * float(np.sqrt(1.0 - edits / max(len(self._skeleton), len(other), 1)))


def _words(text: str) -> list[str]:
    return _WORDS.findall(transliterate(text))


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Return the phrases that name a topic, a place, a language or a platform, and the words that they consist of."""
    phrases = {" ".join(words) for phrase in _named_things() if (words := _words(phrase))}
    # Singular and plural of one word are one topic.
    phrases |= {f"{one}s" for one in phrases} | {one[:-1] for one in phrases if len(one) > ONE_EDIT and one[-1] == "s"}
    return frozenset(phrases), frozenset(word for phrase in phrases for word in phrase.split())


def _named_things() -> Iterator[str]:
    for niche in NICHES:
        yield from (niche.id, niche.label, *niche.aliases)
    for spellings in country_spellings().values():
        yield from spellings
    yield from language_spellings()
    yield from map(str, Platform)
