"""A query as tokens: words, numbers and signs, each with its place in the text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "number", "sign", "opaque"]

# What ends a word, as parts of a character class: ASCII signs, typographic signs, arrows and mathematics, CJK stops.
_ASCII_SIGNS = r"!-/:-@\[-^`{-~"
_OTHER_SIGNS = r"\u2010-\u205e\u2190-\u22ff\u2a7d\u2a7e\u3001-\u3020\u20a0-\u20bf\u00d7\u00f7"
_LATIN_SIGNS = r"\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
_FLAG_LETTER = "\U0001f1e6-\U0001f1ff"
_SIGN = rf"<=|>=|=>|=<|[{_ASCII_SIGNS}{_LATIN_SIGNS}{_OTHER_SIGNS}]"
_LETTER = rf"[^\s{_ASCII_SIGNS}{_LATIN_SIGNS}{_OTHER_SIGNS}{_FLAG_LETTER}]"
_APOSTROPHES = "'\u2019"
_QUOTATION_MARKS = '"\u201c\u201d'
_MULTIPLIER = "k|mn|mm|mio|mil|mln|m|bn|b|lakhs?|lacs?|cr"
_TOKEN = re.compile(
    rf"""
      (?P<opaque>  [@\#][^\s,;!?()\[\]{{}}{_QUOTATION_MARKS}]+ )
    | (?P<number>  (?:[0-9]{{1,3}}(?:[ ][0-9]{{3}})+ (?=[ ]*(?:{_SIGN}|[ ][^\W\d]|$)) | [0-9]+(?:[.,][0-9]+)*)
                   (?:{_MULTIPLIER})? (?!{_LETTER}) )
    | (?P<flag>    [{_FLAG_LETTER}]{{2}} )
    | (?P<word>    {_LETTER}+(?:[.{_APOSTROPHES}]{_LETTER}+)*(?:\+\+|\#)? )
    | (?P<sign>    {_SIGN} )
    | (?P<rest>    \S )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DROPPED = re.compile(f"[.`\u00b4{_APOSTROPHES}]")
_MARKS = re.compile("[\u0300-\u036f]")
_DASHES = frozenset("-\u2010\u2011\u2013\u2014")
MAX_DIGITS = 18
"""A longer row of digits is a word: no count is so large."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or sign.

    Attributes:
        text: as written.
        key: the form in which two spellings are equal.
        start, end: its place in the text, in characters.
        kind: ``opaque`` is a handle or a hashtag, which nothing looks into.
        joined: a hyphen between it and the word before was read as a blank.
    """

    text: str
    key: str
    start: int
    end: int
    kind: Kind
    joined: bool = False


def word_key(text: str) -> str:
    """Return the form that two spellings of a word share: no case, accents of Latin letters, dots, apostrophes."""
    decomposed = unicodedata.normalize("NFKD", _DROPPED.sub("", text).casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


def tokenise(text: str) -> tuple[Token, ...]:
    """Return the tokens of a cleaned text, in order and without overlap; blanks and hyphens inside words are none."""
    tokens: list[Token] = []
    hyphen: Token | None = None
    for match in _TOKEN.finditer(text):
        token = _token(match)
        if hyphen is not None:
            if token.kind == "word" and token.start == hyphen.end:
                token = Token(token.text, token.key, token.start, token.end, token.kind, joined=True)
            else:
                tokens.append(hyphen)
            hyphen = None
        inside = token.text in _DASHES and tokens and tokens[-1].kind == "word" and tokens[-1].end == token.start
        if inside:
            hyphen = token
        else:
            tokens.append(token)
    return tuple(tokens if hyphen is None else [*tokens, hyphen])


def _token(match: re.Match[str]) -> Token:
    text, group = match[0], match.lastgroup
    start, end = match.span()
    if group == "number" and sum(map(str.isdigit, text)) <= MAX_DIGITS:
        return Token(text, text.casefold(), start, end, "number")
    if group == "opaque":
        return Token(text, text.casefold(), start, end, "opaque")
    if group == "sign":
        return Token(text, "and" if text == "&" else text, start, end, "sign")
    return Token(text, word_key(text) or text, start, end, "word")
