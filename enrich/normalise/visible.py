"""Counters that a page shows to its readers: ``12.3K Followers``, ``1.234 Abonnenten``, ``2,5 mil seguidores``.

A number is read only where there is one way to read it. Without a unit a sign between digits groups them, for nobody
has half a follower; before a unit it is the decimal sign, for nobody writes ``1,234K``. Anything else is unknown.
"""

from __future__ import annotations

import re
from decimal import Decimal

# Words of the counter, as the five networks show them in English, German, Spanish, French, Portuguese, Italian,
# Japanese and Korean. A word that one language uses for another counter is left out.
_WORDS: dict[str, tuple[str, ...]] = {
    "followers": (
        "followers?",
        "subscribers?",
        "abonnent(?:en|innen)?",
        "seguidor(?:es)?",
        "suscriptor(?:es)?",
        "inscritos?",
        "abonnés?",
        "iscritti",
        "フォロワー",
        "팔로워",
    ),
    "following": ("following", "gefolgt", "seguidos", "seguindo", "suivi\\(e\\)s", "seguiti", "フォロー中", "팔로잉"),
    "posts": ("posts?", "beiträge", "publicaciones", "publications", "publicações", "videos?", "vídeos", "vidéos"),
}
_UNITS: dict[str, int] = {
    "k": 10**3,
    "tsd.": 10**3,
    "mil": 10**3,
    "m": 10**6,
    "mio.": 10**6,
    "mi": 10**6,
    "mill.": 10**6,
    "mln": 10**6,
    "b": 10**9,
    "mrd.": 10**9,
    "万": 10**4,
    "만": 10**4,
    "億": 10**8,
}
_SPACES = "[ \u00a0\u202f]"
_NUMBER = rf"\d{{1,15}}(?:[.,'\u2019]\d{{1,3}}|{_SPACES}\d{{3}}(?!\d))*"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_GROUPED = re.compile(rf"\d{{1,3}}(?:([.,'\u2019]|{_SPACES})\d{{3}})(?:\1\d{{3}})*")
_DECIMAL = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?")
_SHOWN = {
    counter: re.compile(
        rf"(?<![\w.,])(?<!\d{_SPACES})({_NUMBER})\s{{0,3}}(?:({_UNIT})(?![^\W\d_]))?\s{{0,3}}(?:de\s|d['\u2019])?\s{{0,2}}"
        rf"(?:{'|'.join(words)})(?!\w)",
        re.IGNORECASE,
    )
    for counter, words in _WORDS.items()
}
_SCANNED = 4_000
"""Characters of a page that are looked through: its head shows the account, what follows may show others."""


def read_counter(number: str, unit: str | None = None) -> int | None:
    """Return the count that a number with its unit shows, or None where it can be read in two ways."""
    if unit is None:
        plain = number if number.isascii() and number.isdigit() else None
        return int(plain) if plain else int(re.sub(r"\D", "", number)) if _GROUPED.fullmatch(number) else None
    if not _DECIMAL.fullmatch(number):
        return None
    return int(Decimal(number.replace(",", ".")) * _UNITS[unit.casefold()])


def counters_in(text: str) -> dict[str, int]:
    """Return ``followers``, ``following`` and ``posts`` as far as a text shows them; the first of each counts.

    Numbers with a unit are rounded by the page: ``12.3K`` is 12,300.
    """
    head = text[:_SCANNED]
    found: dict[str, int] = {}
    for counter, pattern in _SHOWN.items():
        match = pattern.search(head)
        count = read_counter(match[1], match[2]) if match else None
        if count is not None:
            found[counter] = count
    return found
