"""The languages that a creator writes in, among those of ``mappings.languages``, with a confidence.

Lingua runs in its low-accuracy mode: ``benchmarks/encoder`` measures both modes. Models load at first use, once per
process, and a process that forks afterwards keeps them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

from creators.signals.content import LanguageShare, LanguageUse
from creators.text import clean
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import as_of, bios, captions, newest_posts
from mappings.languages import LANGUAGES

MIN_CONFIDENCE = 0.8
MIN_LETTERS = 12
SHORT_LETTERS = 25
MIN_CONFIDENCE_SHORT = 0.97
"""Of a text with fewer letters: "Watercolours of harbours" is French at 0.95."""
MAX_CHARACTERS = 1_000
"""A bio is rarely longer, and more text does not change the answer."""
MAX_POSTS = 10
"""Posts that are read, the newest."""
METHOD = "lingua_low_accuracy"
_WEIGHT_OF_DENSE_LETTER = 3  # a syllable or word in one letter: four of them are enough
_NOT_LANGUAGE = re.compile(
    r"\[(?:email|phone)[^\]]{0,5}\]|https?://\S+|www\.\S+|\S+@\S+\.\S+|[@#][\w.]+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|me|tv|be|gg|co|app|link)\b\S*",
    re.IGNORECASE,
)
_DENSE = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
# Vowel signs of the scripts from Hebrew to Thai are no letters to "\w", and words fall apart without them.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0dff\u0e31-\u0e4e"
_NOT_LETTERS = re.compile(rf"[^\w\s'.,;:!?{_SIGNS}-]+|[\d_]+")
_SIGN = re.compile(f"[{_SIGNS}]")


class LanguageSignal:
    """The language of the bios, else of the newest posts, else as a source states it; and how much each is used."""

    name = "language"
    version = "3"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the texts, and what the sources state."""
        posts = newest_posts(facts, MAX_POSTS)
        declared = [account.language for account in by_audience(facts.accounts)]
        words = [[said.text for said in bios(facts)], [said.text for said in captions(posts)]]
        return [words, declared, as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[LanguageUse | None]:
        """Return the language of each creator; None where nothing tells."""
        return [_language_use(facts) for facts in batch]


def _language_use(facts: CreatorFacts) -> LanguageUse | None:
    posts = newest_posts(facts, MAX_POSTS)
    described, posted = ([said.text for said in texts] for texts in (bios(facts), captions(posts)))
    found = [code for text in (*described, *posted) if (code := detect_language(text)[0]) is not None]
    used = _shares(found)
    about = {"as_of": as_of(facts, posts), "sample_size": len(found), "used": used}
    # Joined, because short texts that tell nothing one by one often do together.
    for where, words in (("bio", described), ("posts", posted)):
        language, confidence = detect_language("\n".join(words))
        if language:
            return LanguageUse(language=language, confidence=confidence, read_from=where, method=METHOD, **about)
    if used:
        return LanguageUse(language=used[0].language, read_from="posts", method=METHOD, **about)
    declared = next((account.language for account in by_audience(facts.accounts) if account.language), None)
    return LanguageUse(language=declared, read_from="declared", method="declared", **about) if declared else None


def _shares(found: Sequence[str]) -> tuple[LanguageShare, ...]:
    ordered = sorted(Counter(found).items(), key=lambda item: (-item[1], item[0]))
    return tuple(LanguageShare(language=code, share=round(count / len(found), 4)) for code, count in ordered)


def detect_language(text: str) -> tuple[str | None, float | None]:
    """Return the ISO 639-1 code and its confidence (0 to 1), or ``(None, None)`` where the text does not tell.

    Addresses, mentions, hashtags, digits and emoji are ignored. A text of fewer than 12 letters (4 in a script that
    writes syllables or words) or a confidence under 0.8 gives no answer, nor does one of fewer than 25 under 0.97.
    """
    words = language_text(text)
    letters = sum(letter.isalpha() or _SIGN.match(letter) is not None for letter in words)
    letters += (_WEIGHT_OF_DENSE_LETTER - 1) * len(_DENSE.findall(words))
    if letters < MIN_LETTERS:
        return None, None
    best = _detector().compute_language_confidence_values(words)[0]
    if best.value < (MIN_CONFIDENCE_SHORT if letters < SHORT_LETTERS else MIN_CONFIDENCE):
        return None, None
    return best.language.iso_code_639_1.name.lower(), round(best.value, 4)


def language_text(text: str) -> str:
    """Return the part of ``text`` that is language: no addresses, mentions, hashtags, digits or emoji."""
    bare = _NOT_LANGUAGE.sub(" ", clean(text[:MAX_CHARACTERS]))
    return " ".join(_NOT_LETTERS.sub(" ", bare).split())


@cache
def _detector() -> LanguageDetector:
    languages = [Language.from_iso_code_639_1(IsoCode639_1.from_str(code)) for code in LANGUAGES]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
