"""Country names, demonyms and flags in several languages become ISO 3166-1 alpha-2 codes (``data/countries.toml``)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources

from creators.errors import SetupError
from creators.text import clean_line

_NOISE = re.compile(r"[^\w\s]+|_+")
_FLAG = re.compile("^[\U0001f1e6-\U0001f1ff]{2}$")
_FIRST_FLAG_LETTER = 0x1F1E6
# After a comma these are rather states of the USA ("Atlanta, Georgia").
_NOT_AFTER_COMMA = frozenset({"georgia"})


def country_code(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code that ``text`` names, or None.

    Known are codes in capitals (``TW``), names and demonyms in any case (``España``, ``spanish``), flags, and a place
    that ends in a country name (``Madrid, Spain``). A code after a comma is not read: ``San Jose, CA`` is not Canada.
    """
    whole = clean_line(text)
    if _FLAG.match(whole):
        whole = "".join(chr(ord("A") + ord(letter) - _FIRST_FLAG_LETTER) for letter in whole)
    if whole in country_names():
        return whole
    if code := _codes().get(_key(whole)):
        return code
    _, comma, last = whole.rpartition(",")
    key = _key(last)
    return _codes().get(key) if comma and key not in _NOT_AFTER_COMMA else None


@cache
def country_names() -> dict[str, str]:
    """Return code → English name of every country."""
    return {code: names[0] for code, names in _table().items()}


def country_spellings() -> dict[str, list[str]]:
    """Return code → every name and demonym, the English name first."""
    return _table()


@cache
def _table() -> dict[str, list[str]]:
    data = resources.files("mappings") / "data" / "countries.toml"
    return tomllib.loads(data.read_text(encoding="utf-8"))


@cache
def _codes() -> dict[str, str]:
    known: dict[str, str] = {}
    for code, names in _table().items():
        for name in names:
            owner = known.setdefault(_key(name), code)
            if owner != code:
                detail = f"countries.toml gives the name {name!r} to both {owner} and {code}; keep one"
                raise SetupError(detail)
    return known


def _key(name: str) -> str:
    # Accents of Latin letters go; the marks of other scripts are letters and stay.
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    return " ".join(_NOISE.sub("", unicodedata.normalize("NFC", bare).replace("-", " ")).split())
