"""The words that no clause took, in their order, without those that say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from search.parse.clauses import Found
from search.parse.lexicon import Lexicon
from search.parse.reader import Reader

_GLUE = re.compile(r"[-/&'.+#]{1,2}")
_APART = " \u00b7 "
"""Stands between words that were apart and would be read as one phrase."""
_ACRONYMS = frozenset({"IT", "US"})


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words that no clause took.

    Attributes:
        value: the words.
        tokens: their positions, with the connectors between them.
        end: the position after the last.
    """

    value: str
    tokens: range
    end: int


def leftovers(reader: Reader, found: Iterable[Found], protected: frozenset[int], words: Lexicon) -> Iterator[str]:
    """Yield the words that rank: with blanks, with a dot where something was between two, with a dot between all.

    The second and third are for words that would say something new side by side. Where nothing was understood and only
    connectors are there, it is the whole query.
    """
    found = tuple(found)
    kept = _kept(reader, found, protected, words)
    has_words = any(token.kind != "sign" for token in reader.tokens)
    if not kept and not found and has_words:
        yield reader.text
        return
    yield _joined(reader, kept, " ")
    yield _joined(reader, kept, _APART)
    yield _APART.join(reader.written(position) for position in kept)


def longest_run(reader: Reader, found: Iterable[Found], protected: frozenset[int], words: Lexicon) -> Run:
    """Return the longest stretch of words that no clause took, from its first to its last word that says something."""
    found = tuple(found)
    kept = set(_kept(reader, found, protected, words))
    taken = {at for clause in found for at in range(clause.start, clause.end)}
    runs: list[list[int]] = [[]]
    for at in range(len(reader)):
        if at in taken or reader.is_boundary(at):
            runs.append([])
        elif at in kept:
            runs[-1].append(at)
    best = max(runs, key=len)
    if not best:
        return Run("", range(0), 0)
    return Run(_joined(reader, best, " "), range(best[0], best[-1] + 1), best[-1] + 1)


def _kept(reader: Reader, found: tuple[Found, ...], protected: frozenset[int], words: Lexicon) -> list[int]:
    verbatim = {at for clause in found if clause.keep for at in range(clause.start, clause.end)} | protected
    # "history of brazil" without its "of" would be about a country.
    verbatim |= {clause.start - 1 for clause in found if clause.keep and _is_led(reader, clause, words)}
    taken = {at for clause in found if not clause.keep for at in range(clause.start, clause.end)}
    connectors = words.grammar.romance_connectors if reader.romance else words.grammar.connectors
    kept: list[int] = []
    at = 0
    while at < len(reader):
        connector = connectors.find(reader.keys, at)
        is_free = at not in taken and at not in verbatim
        if connector and is_free and _is_dropped(reader, (at, connector.end), verbatim | taken):
            at = connector.end
            continue
        if at in verbatim or (is_free and (reader.kind(at) != "sign" or _is_of_a_number(reader, at))):
            kept.append(at)
        at += 1
    return kept


def _is_led(reader: Reader, clause: Found, words: Lexicon) -> bool:
    leads = words.grammar.topic_leads | {"in"}
    return not clause.applied and clause.start > 0 and reader.key(clause.start - 1) in leads


def _is_dropped(reader: Reader, span: tuple[int, int], others: set[int]) -> bool:
    start, end = span
    return others.isdisjoint(range(start, end)) and not _is_word_of_its_own(reader, start)


def _is_of_a_number(reader: Reader, at: int) -> bool:
    """Return whether a sign makes a number what it is: "50%", "18+", "$20"."""
    follows = reader.key(at) in {"%", "+"} and reader.kind(at - 1) == "number"
    return follows or (reader.key(at) in {"$", "€", "£", "₹"} and reader.kind(at + 1) == "number")


def _is_word_of_its_own(reader: Reader, at: int) -> bool:
    """Return whether a connector is more than that: "IT", or "to" in "9 to 5"."""
    if reader.kind(at - 1) == reader.kind(at + 1) == "number":
        return True
    return reader.written(at) in _ACRONYMS and not reader.shouts


def _joined(reader: Reader, positions: list[int], gap: str) -> str:
    """Return the words as written; a hyphen or slash between two of them stays, ``gap`` stands for what was between."""
    parts: list[str] = []
    last = -1
    for position in positions:
        token = reader.token(position)
        if last >= 0:
            between = reader.text[reader.token(last).end : token.start]
            glued = not between or _GLUE.fullmatch(between) is not None
            parts.append(between if glued else " " if position == last + 1 else gap)
        parts.append(token.text)
        last = position
    return "".join(parts).strip()
