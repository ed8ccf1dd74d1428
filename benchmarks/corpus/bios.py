"""Bios: the clauses of a content, filled with what belongs to one person, until they are as long as bios are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from benchmarks.corpus.content import Content, bio_length
from benchmarks.corpus.names import word
from benchmarks.corpus.tables import ENGLISH, clauses, cultures, terms
from creators.models import Platform

OWN_CLAUSE = 0.35
"""Share of clauses that are drawn for the person and not taken from the content."""
SAME_SUBJECTS = 8
"""Clauses after the first that speak of the same subjects; later ones of any of the niche."""
ANOTHER_SUBJECT = 0.3
FIRST_YEAR, LAST_YEAR = 2008, 2026
_BETWEEN = (" | ", " • ", ". ", " · ", " ✨ ", "\n", ", ")


@dataclass(frozen=True, slots=True)
class Person:
    """What of a person gets into bios."""

    town: str
    other_town: str
    brand: str
    word: str
    handle: str
    year: int
    count: int

    def fill(self, template: str, subjects: tuple[str, str]) -> str:
        """Return a clause with everything in its place."""
        return template.format(
            a=subjects[0],
            b=subjects[1],
            place=self.town,
            place2=self.other_town,
            brand=self.brand,
            word=self.word,
            handle=self.handle,
            year=self.year,
            count=self.count,
        )


def person_of(content: Content, handle: str, random: Random) -> Person:
    """Return one person who has a content."""
    culture, towns = cultures()[content.country.culture], content.country.towns
    return Person(
        town=towns.draw(random),
        other_town=towns.draw(random),
        brand=word(random, culture),
        word=word(random, culture),
        handle=handle,
        year=random.randint(FIRST_YEAR, LAST_YEAR),
        count=random.randint(2, 5),
    )


def bio(content: Content, person: Person, platform: Platform, random: Random) -> str:
    """Return a bio as people write them on a platform; long ones speak of more than one subject."""
    wanted = bio_length(platform, random)
    between = random.choice(_BETWEEN)
    parts = [person.fill(random.choice(content.own), content.subjects)]
    length, known = len(parts[0]), terms()[content.niche]
    own_terms = known.get(content.language) or known[ENGLISH]
    for place in range(wanted // 12):
        subjects = content.subjects if place < SAME_SUBJECTS else (random.choice(own_terms), random.choice(own_terms))
        part = person.fill(_template(content, place, random), subjects)
        if length + len(between) + len(part) <= wanted and part not in parts:
            parts.append(part)
            length += len(between) + len(part)
    return _cut(between.join(parts), wanted)


def _template(content: Content, place: int, random: Random) -> str:
    if place < len(content.more) and random.random() >= OWN_CLAUSE:
        return content.more[place]
    said = clauses()[content.language]
    return (said.own if random.random() < ANOTHER_SUBJECT else said.more).draw(random)


def _cut(text: str, wanted: int) -> str:
    """Return the text without the words that do not fit any more."""
    if len(text) <= wanted:
        return text
    words = text[:wanted].rsplit(" ", 1)
    return (words[0] if len(words) > 1 else text[:wanted]).rstrip()
