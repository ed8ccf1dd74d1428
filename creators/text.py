"""Text as scraped becomes text that every store accepts; used by the index and by the query alike.

``clean`` is idempotent: ``clean(clean(x)) == clean(x)`` (property-tested).
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

MAX_HANDLE = 100
# Zero-width characters, joiners, soft hyphen and the bidirectional controls: invisible, and a way to forge names.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_SCRIPTS = (*range(0x300, 0x3100), *range(0xA620, 0xAC00), *range(0xFE20, 0xFE30))
MARKS = "".join(letter for letter in map(chr, _SCRIPTS) if unicodedata.category(letter) in {"Mn", "Mc"})
r"""Vowel signs, tones and accents: parts of a word that ``\w`` does not know; for a class of characters beside it."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[\s]*")
_HANDLE_NOISE = re.compile(r"\s+")
# What stands for a soft sign or an ayin: nobody types it, and inside a word it would hide the word.
_SIGNS = re.compile("['`\"]")


def replace_lone_surrogates(value: str) -> str:
    """Return ``value`` with surrogate pairs joined and lone surrogates as U+FFFD."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _strip(value: str) -> str:
    return _CONTROL.sub(" ", _INVISIBLE.sub("", value))


def clean(value: str) -> str:
    """Return ``value`` in NFKC without invisible or control characters, blanks collapsed, line breaks kept."""
    if value.isascii() and value.isprintable():
        return " ".join(value.split())  # most texts, and all that can be said of them
    text = replace_lone_surrogates(value).replace("\r\n", "\n").replace("\r", "\n")
    # NFKC may compose across a character just removed, and may produce one to remove: repeat until it holds.
    previous = None
    while text != previous:
        previous = text
        text = unicodedata.normalize("NFKC", _strip(text))
        text = _BREAKS.sub("\n", _BLANKS.sub(" ", text)).strip()
    return text


def clean_line(value: str) -> str:
    """Return ``clean(value)`` on one line."""
    return " ".join(clean(value).split())


def normalise_handle(value: str) -> str:
    """Return the handle without ``@`` and blanks, case-folded: the form that two spellings share."""
    handle, previous = value, None
    # A blank between a letter and its accent goes, and the two become one letter: repeat until it holds.
    while handle != previous:
        previous = handle
        handle = _HANDLE_NOISE.sub("", clean(handle)).lstrip("@").casefold()
    return handle


def transliterate(value: str) -> str:
    """Return ``value`` in ASCII letters, lower case (``Ольга`` → ``olga``)."""
    text = clean(value)
    if text.isascii():
        return " ".join(text.lower().split())
    letters = (_SIGNS.sub("", anyascii(c)) if c.isalpha() and not c.isascii() else anyascii(c) for c in text)
    return " ".join("".join(letters).lower().split())
