"""What the word lists of brand risk find in one text, with denials and informing contexts taken into account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from mappings.brand_risk import LEVELS, Level, risk_vocabulary
from mappings.wording import Phrases

MAX_CHARACTERS = 3_000
NEGATION_REACH = 24
"""Characters before a word in which a denial belongs to it: about three words."""


@dataclass(frozen=True, slots=True)
class WordFinding:
    """The worst that the words of one category say in a text.

    Attributes:
        level: after denials and context.
        plain: as the words mean it by themselves.
        count: distinct words.
    """

    level: Level
    plain: Level
    count: int


def word_findings(text: str) -> dict[str, WordFinding]:
    """Return category → what its words say; hashtags count as words."""
    spaced = text[:MAX_CHARACTERS].replace("#", " ")
    informing = any(True for _ in _informing().find(spaced))
    meant: dict[str, list[tuple[Level, Level, str]]] = {}
    for wording in _phrases().find(spaced):
        denied = informing or _is_denied(spaced[max(0, wording.start - NEGATION_REACH) : wording.start])
        for category, plain in _owners().get(wording.phrase, ()):
            meant.setdefault(category, []).append(("low" if denied else plain, plain, wording.phrase))
    return {
        category: WordFinding(
            level=worst([level for level, _, _ in hits]),
            plain=worst([plain for _, plain, _ in hits]),
            count=len({phrase for _, _, phrase in hits}),
        )
        for category, hits in meant.items()
    }


def worst(levels: list[Level]) -> Level:
    """Return the worst of at least one level."""
    return max(levels, key=LEVELS.index)


def informs(text: str) -> bool:
    """Return whether a text uses words of news, help or teaching."""
    return any(True for _ in _informing().find(text[:MAX_CHARACTERS].replace("#", " ")))


def _is_denied(before: str) -> bool:
    # A sentence that ended before the word denies something else.
    return any(True for _ in _negations().find(before.replace("!", ".").rpartition(".")[2]))


@cache
def _owners() -> dict[str, list[tuple[str, Level]]]:
    owners: dict[str, list[tuple[str, Level]]] = {}
    for category in risk_vocabulary().categories:
        for word, level in category.words.items():
            owners.setdefault(word, []).append((category.id, level))
    return owners


@cache
def _phrases() -> Phrases:
    return Phrases((*_owners(), *risk_vocabulary().harmless))


@cache
def _negations() -> Phrases:
    return Phrases(risk_vocabulary().negations)


@cache
def _informing() -> Phrases:
    return Phrases(risk_vocabulary().informing)
