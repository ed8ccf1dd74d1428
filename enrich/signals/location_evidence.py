"""Hints at a country in one account: what is stated, flags, places, telephone prefixes, domains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from creators.models import Account
from creators.profiles import is_on_network
from creators.signals.content import PlaceEvidence
from creators.text import clean, clean_line
from enrich.signals.said import host_of
from mappings.countries import country_names, country_spellings
from mappings.places import place_table, place_words
from mappings.wording import Phrases, Wording

PlaceSort = Literal["place_stated", "place_named", "people_named"]
MAX_CHARACTERS = 2_000
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FIRST_FLAG_LETTER = 0x1F1E6
_MAX_FLAGS = 4
"""With more of them a bio lists where somebody has been."""
_PHONE = re.compile(r"\[phone ([A-Z]{2})\]")
_SEGMENTS = re.compile(
    "[\\n|\u2022\u00b7\u30fb;/,()\\[\\]]|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+| [-\u2013\u2014] "
)
_CUE_REACH = 24
_ELSEWHERE_REACH = 30


class Seen(NamedTuple):
    """One hint.

    Attributes:
        sort: by which it is weighed: its kind, or for places how they are named.
        kind: as it is shown.
        country: ISO 3166-1 alpha-2.
        account_id: where.
        detail: what was read.
    """

    sort: str
    kind: PlaceEvidence
    country: str
    account_id: str
    detail: str


def seen_in(account: Account) -> Iterator[Seen]:
    """Yield the hints of one account, but for its language."""
    about = account.account_id
    if account.country:
        yield Seen("declared", "declared", account.country, about, account.country)
    text = "" if account.bio_composed else clean((account.bio or "")[:MAX_CHARACTERS])
    for country in _flags(f"{account.name or ''} {text}"):
        yield Seen("flag", "flag", country, about, country)
    for match in _PHONE.finditer(text):
        yield Seen("phone", "phone", match[1], about, match[1])
    for place, country, sort in places_in(text):
        yield Seen(sort, "place", country, about, place)
    for place, country, sort in places_in(clean_line(account.location or "")):
        # The field is for nothing else, so what is named there is stated.
        yield Seen("people_named" if sort == "people_named" else "place_stated", "place", country, about, place)
    owner = domain_country(account.website) if account.website else None
    if owner is not None:
        yield Seen("domain", "domain", owner, about, owner)


def _flags(text: str) -> list[str]:
    codes = (
        "".join(chr(ord("A") + ord(letter) - _FIRST_FLAG_LETTER) for letter in flag) for flag in _FLAG.findall(text)
    )
    distinct = list(dict.fromkeys(code for code in codes if code in country_names()))
    return distinct if len(distinct) <= _MAX_FLAGS else []


def domain_country(url: str) -> str | None:
    """Return the country of an address's ending; None for a network, and for endings bought for their sound."""
    host = host_of(url)
    ending = host.rpartition(".")[2]
    words = place_words()["domains"]
    if is_on_network(url) or ending in words["generic"] or host.removeprefix("www.") in words["hosts"]:
        return None
    code = "GB" if ending == "uk" else ending.upper()
    return code if code in country_names() else None


def places_in(text: str) -> Iterator[tuple[str, str, PlaceSort]]:
    """Yield each place of a text: its name, its country, and how it is named.

    ``place_stated`` where the text says that somebody is there, ``people_named`` where it names the people of a
    country, else ``place_named``. A text says so with a word or sign before the place (``based in Berlin``,
    ``📍Berlin``) or by giving it a line or a part of its own (``Photographer | Berlin, Germany``). A place that is
    travelled to, cooked after or shipped to is none.
    """
    small = text.casefold()
    if len(small) != len(text):  # a letter that grows in small letters would shift every place
        text = small
    table = place_table()
    for wording in table.phrases.find(text):
        country = table.countries.get(wording.phrase)
        if country is None or text[wording.start - 1 : wording.start] == "@" or _is_elsewhere(text, wording):
            continue
        ambiguous, people = wording.phrase in table.ambiguous, wording.phrase in table.peoples
        stated = not people and (_is_cued(text, wording) or (_is_alone(text, wording) and not ambiguous))
        if stated:
            yield wording.phrase, country, "place_stated"
        elif not (ambiguous or text[wording.start].islower()):
            yield wording.phrase, country, "people_named" if people else "place_named"


def _is_cued(text: str, wording: Wording) -> bool:
    before = text[max(0, wording.start - _CUE_REACH) : wording.start].rstrip(" :")
    if before.endswith(tuple(place_words()["cues"]["strong_signs"])):
        return True
    if text[wording.start].islower() and wording.phrase not in _countries():
        # Written small, "in nice places" names no city: only the longer cues count.
        return f" {before}".casefold().endswith(_long_cues())
    return any(found.end == len(before) for found in _cues().find(before))


def _is_alone(text: str, wording: Wording) -> bool:
    """Return whether the part of the text that a place stands in holds nothing but places and their country."""
    start = max((match.end() for match in _SEGMENTS.finditer(text, 0, wording.start)), default=0)
    following = _SEGMENTS.search(text, wording.end)
    end = following.start() if following else len(text)
    return text[start : wording.start].strip(" .:") == "" and text[wording.end : end].strip(" .!") == ""


def _is_elsewhere(text: str, wording: Wording) -> bool:
    around = text[max(0, wording.start - _ELSEWHERE_REACH) : wording.end + _ELSEWHERE_REACH // 2]
    return any(True for _ in _elsewhere().find(around))


@cache
def _cues() -> Phrases:
    return Phrases(place_words()["cues"]["words"])


@cache
def _countries() -> frozenset[str]:
    return frozenset(name.casefold() for names in country_spellings().values() for name in names)


@cache
def _long_cues() -> tuple[str, ...]:
    return tuple(f" {cue}" for cue in place_words()["cues"]["words"] if " " in cue or cue in {"from", "based"})


@cache
def _elsewhere() -> Phrases:
    return Phrases(place_words()["elsewhere"]["words"])
