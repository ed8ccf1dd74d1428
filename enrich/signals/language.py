"""The language of a bio, among those of ``mappings.languages``, with a confidence.

Lingua runs in its low-accuracy mode: ``benchmarks/encoder`` measures both modes. Models load at first use, once per
process, and a process that forks afterwards keeps them.
"""

from __future__ import annotations

import re
from functools import cache

from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

from creators.text import clean
from mappings.languages import LANGUAGES

MIN_CONFIDENCE = 0.8
MIN_LETTERS = 12
MAX_CHARACTERS = 1_000
"""A bio is rarely longer, and more text does not change the answer."""
_WEIGHT_OF_DENSE_LETTER = 3  # a syllable or word in one letter: four of them are enough
_NOT_LANGUAGE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\S+|[@#][\w.]+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|me|tv|be|gg|co|app|link)\b\S*",
    re.IGNORECASE,
)
_DENSE = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_NOT_LETTERS = re.compile(r"[^\w\s'.,;:!?-]+|[\d_]+")


def detect_language(text: str) -> tuple[str | None, float | None]:
    """Return the ISO 639-1 code and its confidence (0 to 1), or ``(None, None)`` where the text does not tell.

    Addresses, mentions, hashtags, digits and emoji are ignored. A text of fewer than 12 letters (4 in a script that
    writes syllables or words) or a confidence under 0.8 gives no answer.
    """
    words = language_text(text)
    letters = sum(letter.isalpha() for letter in words) + (_WEIGHT_OF_DENSE_LETTER - 1) * len(_DENSE.findall(words))
    if letters < MIN_LETTERS:
        return None, None
    best = _detector().compute_language_confidence_values(words)[0]
    if best.value < MIN_CONFIDENCE:
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
