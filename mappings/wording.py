"""Phrases of many languages found in a text in one pass, by whole words where a script separates words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from creators.text import MARKS

_TOKEN = re.compile(rf"[#$+]?[\w'\u2019{MARKS}]+\+?")
# Chinese, Japanese, Thai and Korean: no blanks between words, or endings that grow onto them.
_DENSE = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrase where it stands in a text."""

    phrase: str
    start: int
    end: int


class Phrases:
    """A set of phrases; compared in small letters, any blank or sign between their words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._dense: dict[str, list[tuple[str, str]]] = {}
        for phrase in dict.fromkeys(phrases):
            small = phrase.casefold()
            tokens = tuple(_plain(token) for token in _TOKEN.findall(small))
            if _DENSE.search(small):
                self._dense.setdefault(small[0], []).append((small, phrase))
            elif tokens:
                self._by_first.setdefault(tokens[0], []).append((tokens, phrase))
        # The longest first: at each place only one is found; of equal ones the same, whatever order they came in.
        for known in self._by_first.values():
            known.sort(key=lambda entry: (-len(entry[0]), entry))
        for written in self._dense.values():
            written.sort(key=lambda entry: (-len(entry[0]), entry))

    def find(self, text: str) -> Iterator[Wording]:
        """Yield the phrases that stand in ``text``, the longest at each place; offsets are of its small letters."""
        small = text.casefold()
        tokens = [(_plain(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(small)]
        free = 0
        for place, (first, start, _) in enumerate(tokens):
            for wanted, phrase in self._by_first.get(first, ()) if place >= free else ():
                last = place + len(wanted)
                if tuple(token for token, _, _ in tokens[place:last]) == wanted:
                    free = last
                    yield Wording(phrase, start, tokens[last - 1][2])
                    break
        if self._dense and _DENSE.search(small):
            yield from self._find_dense(small)

    def _find_dense(self, small: str) -> Iterator[Wording]:
        for start, letter in enumerate(small):
            for wanted, phrase in self._dense.get(letter, ()):
                if small.startswith(wanted, start):
                    yield Wording(phrase, start, start + len(wanted))
                    break


def _plain(token: str) -> str:
    return token.replace("\u2019", "'").strip("'")
