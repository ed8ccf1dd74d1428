"""A position in a query: what stands there, what follows, what lies between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from search.parse.tokens import Token, tokenise

V = TypeVar("V")
_ROMANCE = frozenset(
    {
        "con",
        "criadores",
        "das",
        "de",
        "dos",
        "em",
        "en",
        "encontre",
        "entre",
        "hasta",
        "influenciadores",
        "mais",
        "mas",
        "menos",
        "na",
        "que",
        "seguidores",
        "sem",
        "sin",
        "suscriptores",
        "inscritos",
        "tenha",
        "y",
    }
)
_NO_BOUNDARY = frozenset({"and", "'", "/", "%", "\u00b7"})
_LIST_SIGNS = frozenset({",", "/", "and", "or", "|", "y", "o", "e", "nor", "plus", "+"})


@dataclass(frozen=True, slots=True)
class Hit(Generic[V]):
    """A phrase that was found: what it means and the token after it."""

    value: V
    end: int


class PhraseTable(Generic[V]):
    """Phrases with what they mean; of several that start at one word the longest is found."""

    def __init__(self, phrases: Iterable[tuple[str, V]]) -> None:
        """Keep the first meaning of a phrase that is given twice."""
        known: dict[tuple[str, ...], V] = {}
        for phrase, value in phrases:
            known.setdefault(tuple(token.key for token in tokenise(phrase)), value)
        self._known = known
        self._by_first: dict[str, list[tuple[tuple[str, ...], V]]] = {}
        for keys in sorted(filter(None, known), key=len, reverse=True):
            self._by_first.setdefault(keys[0], []).append((keys, known[keys]))

    def find(self, keys: tuple[str, ...], at: int) -> Hit[V] | None:
        """Return the longest phrase that starts at ``at``, or None."""
        if not 0 <= at < len(keys):
            return None
        for phrase, value in self._by_first.get(keys[at], ()):
            if keys[at : at + len(phrase)] == phrase:
                return Hit(value, at + len(phrase))
        return None

    def value(self, key: str) -> V | None:
        """Return what one word means, or None."""
        return self._known.get((key,))

    def starts(self) -> frozenset[str]:
        """Return the words that phrases start with."""
        return frozenset(self._by_first)

    @classmethod
    def of(cls, meanings: Mapping[V, Iterable[str]]) -> PhraseTable[V]:
        """Return the table of ``meaning → phrases``."""
        return cls((phrase, meaning) for meaning, phrases in meanings.items() for phrase in phrases)


class Reader:
    """The tokens of one query.

    Attributes:
        text: the cleaned query.
        tokens: its tokens.
        keys: their keys.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenise(text)
        self.keys = tuple(token.key for token in self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def key(self, at: int) -> str:
        """Return the key at a position, "" before and after the query."""
        return self.keys[at] if 0 <= at < len(self.keys) else ""

    def kind(self, at: int) -> str:
        """Return the kind of token at a position, "" before and after the query."""
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else ""

    def written(self, at: int) -> str:
        """Return the token as written, "" before and after the query."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def token(self, at: int) -> Token:
        """Return the token at a position of the query."""
        return self.tokens[at]

    def slice(self, start: int, end: int) -> str:
        """Return the text from token ``start`` up to, not including, token ``end``."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""

    def skip(self, at: int, words: Iterable[str]) -> int:
        """Return the first position from ``at`` on that is none of these words."""
        wanted = frozenset(words)
        while self.key(at) in wanted and at < len(self):
            at += 1
        return at

    def is_word(self, at: int) -> bool:
        """Return whether a word stands there."""
        return self.kind(at) == "word"

    def is_boundary(self, at: int) -> bool:
        """Return whether the query or one of its parts ends before this position."""
        return at < 0 or at >= len(self) or (self.kind(at) == "sign" and self.key(at) not in _NO_BOUNDARY)

    def is_alone(self, start: int, end: int) -> bool:
        """Return whether the tokens stand alone between commas or at the ends."""
        return self.is_boundary(start - 1) and self.is_boundary(end)

    def list_joint(self, at: int) -> int | None:
        """Return the position after a comma, slash, "and" or "or", or None where there is none."""
        end = self.skip(at, _LIST_SIGNS)
        return end if at < end <= at + 2 else None

    @cached_property
    def shouts(self) -> bool:
        """Whether everything is in capitals, so that capitals say nothing."""
        return self.text.isupper()

    @cached_property
    def romance(self) -> bool:
        """Whether there are Spanish or Portuguese function words."""
        return not _ROMANCE.isdisjoint(self.keys)
