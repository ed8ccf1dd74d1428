"""A query in free text becomes filters, an order and the words that are left for ranking.

Rules are tried from left to right; the first that recognises something takes its words. Nothing is guessed from words
that are not there: every clause names its words, and what only might be meant is a clause that is not applied.
``docs/parser.md`` has the grammar.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

from creators.text import clean_line
from search.filters import MAX_TEXT
from search.parse import dates, negation, places, platforms, quantities, topics
from search.parse.clauses import Clause, Found, ParsedQuery
from search.parse.leftover import leftovers, longest_run
from search.parse.lexicon import Lexicon, lexicon
from search.parse.merge import merged, settle
from search.parse.quantities import ANY_ACCOUNT
from search.parse.reader import Reader
from search.request import Sort

Rule = Callable[[Reader, int, Lexicon], Found | None]
RULES: tuple[Rule, ...] = (
    topics.quoted,
    topics.verified,
    topics.stated,
    dates.recency,
    dates.joined,
    topics.order,
    topics.unknown,
    quantities.quantity,
    platforms.having,
    places.language,
    places.place,
    negation.negation,
    platforms.platform,
    topics.band,
    topics.form,
    topics.niche,
)
"""In this order, as an earlier one reads more words: "no more than 10k" is a number, "no website" is not a site."""


class Guesser(Protocol):
    """What says which niche a phrase is about (``search.parse.niches.NicheGuesser``)."""

    def guess(self, phrase: str) -> tuple[str, float, bool] | None:
        """Return the niche, its confidence, and whether that is enough to filter by; None where nothing is near."""
        ...


def parse(text: str, *, guess: Guesser | None = None) -> ParsedQuery:
    """Return what a query says. It never fails: what is not understood stays in ``text``.

    Args:
        text: free text; only its first 1000 characters are read.
        guess: where no niche is named, asked about the longest run of words that are left.
    """
    cleaned = clean_line(text)
    query = cleaned[:MAX_TEXT].rstrip()
    reader, words = Reader(query), lexicon()
    protected = _protected(reader, words)
    filters, told = merged(settle(_clauses(reader, words, protected)))
    candidates = list(leftovers(reader, told, protected, words))
    left = next((text for text in candidates if not _says_more(text, words)), candidates[-1])
    if guess is not None and not any(clause.field == "niches" for clause in told):
        told = _guessed(reader, told, protected, guess)
        filters, told = merged(told)
    clauses = tuple(_clause(reader, item) for item in sorted(told, key=lambda item: item.start))
    return ParsedQuery(
        query=query,
        filters=filters,
        text=left,
        sort=_sort(told),
        clauses=clauses,
        notes=_notes(query, clauses, is_cut=len(cleaned) > MAX_TEXT),
    )


def _says_more(text: str, words: Lexicon) -> bool:
    """Return whether words that are left would be read as a filter, now that they stand side by side."""
    reader = Reader(text)
    found = _clauses(reader, words, _protected(reader, words))
    return any(clause.applied and clause.field != "niches" for clause in found)


def _protected(reader: Reader, words: Lexicon) -> frozenset[int]:
    """Return the tokens of phrases that look like filters and are none."""
    inside: set[int] = set()
    at = 0
    while at < len(reader):
        hit = words.grammar.protected.find(reader.keys, at)
        if hit:
            inside.update(range(at, hit.end))
        at = hit.end if hit else at + 1
    return frozenset(inside)


def _clauses(reader: Reader, words: Lexicon, protected: frozenset[int]) -> list[Found]:
    found: list[Found] = []
    at = 0
    while at < len(reader):
        clause = _first(reader, at, words, protected)
        if clause:
            found.append(clause)
        at = clause.end if clause else at + 1
    return found


def _first(reader: Reader, at: int, words: Lexicon, protected: frozenset[int]) -> Found | None:
    # A niche's name of several words is read before the numbers and countries in it: "formula 1", "indian food".
    named = topics.niche(reader, at, words)
    if named and named.end - at > 1:
        return named
    if at in protected:
        return named
    for rule in RULES:
        clause = rule(reader, at, words)
        if clause and clause.end > at and protected.isdisjoint(range(at, clause.end)):
            return clause
    return None


def _guessed(reader: Reader, told: list[Found], protected: frozenset[int], guess: Guesser) -> list[Found]:
    """Return the clauses with one more for the niche that the words left over are about."""
    run = longest_run(reader, told, protected, lexicon())
    answer = guess.guess(run.value) if run.value else None
    if answer is None:
        return told
    niche, confidence, is_sure = answer
    start = run.end - len(run.tokens)
    note = "recognised by meaning" if is_sure else "perhaps: recognised by meaning, too unsure to filter by"
    return [*told, Found("niches", [niche], start, run.end, confidence, note, applied=is_sure, keep=True)]


def _sort(told: list[Found]) -> Sort | None:
    asked = [item.value for item in told if item.field == "sort" and item.applied]
    return Sort.model_validate(asked[0]) if asked else None


def _clause(reader: Reader, found: Found) -> Clause:
    first, last = reader.token(found.start), reader.token(found.end - 1)
    return Clause(
        field=found.field.replace(ANY_ACCOUNT, "accounts.any."),
        value=found.value,
        words=reader.text[first.start : last.end],
        start=first.start,
        end=last.end,
        confidence=round(found.confidence, 3),
        applied=found.applied,
        note=found.note,
    )


def _notes(query: str, clauses: tuple[Clause, ...], *, is_cut: bool) -> tuple[str, ...]:
    notes = [clause.note for clause in clauses if clause.note and not clause.applied]
    for first, second in pairwise(clauses):
        if first.field != second.field and query[first.end : second.start].strip().casefold() in {"or", "o", "ou"}:
            notes.append(f"{second.words!r} holds too: between different conditions, or is read as and")
    if is_cut:
        notes.append(f"only the first {MAX_TEXT} characters were read")
    return tuple(dict.fromkeys(notes))
