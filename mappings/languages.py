"""The languages that bios are recognised in: ISO 639-1 codes and English names."""

from __future__ import annotations

from creators.text import clean_line

LANGUAGES: dict[str, str] = {
    "ar": "Arabic",
    "bn": "Bengali",
    "cs": "Czech",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""Code → English name of every language that :mod:`enrich.signals.language` can return."""

_VARIANTS = {
    "castellano": "es",
    "español": "es",
    "farsi": "fa",
    "français": "fr",
    "deutsch": "de",
    "italiano": "it",
    "português": "pt",
    "bahasa": "id",
    "mandarin": "zh",
    "cantonese": "zh",
    "brazilian portuguese": "pt",
    "日本語": "ja",
    "中文": "zh",
    "한국어": "ko",
    "русский": "ru",
    "العربية": "ar",
    "türkçe": "tr",
}


def language_code(text: str) -> str | None:
    """Return the ISO 639-1 code that ``text`` names (``es``, ``es-MX``, ``Spanish``, ``español``), or None."""
    key = clean_line(text).casefold()
    if key in _VARIANTS:
        return _VARIANTS[key]
    primary = key.replace("_", "-").partition("-")[0]
    return primary if primary in LANGUAGES else _by_name().get(key)


def language_spellings() -> dict[str, str]:
    """Return every name that a language is known by, in small letters → its code."""
    return _VARIANTS | _by_name()


def _by_name() -> dict[str, str]:
    return {name.casefold(): code for code, name in LANGUAGES.items()}
