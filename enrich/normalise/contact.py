"""E-mail addresses and telephone numbers in what an account says; nothing readable of them leaves the normaliser.

An address is kept until its record is sealed (:func:`seal`), then as a keyed hash; a number never is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import phonenumbers

from creators.models import Account
from creators.text import clean

MAX_EMAILS = 10
"""Addresses of one account that are kept, the first ones: more is a list of other people's."""
MAX_SCANNED = 30_000
"""Characters of a text that are looked through."""
_MAX_NUMBERS = 20
_LEAST_NATIONAL = 8
"""Digits of a number without its country: a shorter one beside "tel" may be anything."""
# Every repetition is bounded, because a pattern that rescans a megabyte of letters from each of them does not end.
_NAME = r"[\w+%-](?:[\w.+%-]{0,62}[\w+%-])?"
_HOST = r"[\w-]{1,63}"
_PLAIN = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_WORD_DOT = r"(?:\s?[(\[{]\s?(?:dot|punto|ponto|point|punkt|\.)\s?[)\]}]\s?|\s(?:dot|punto|ponto|punkt)\s)"
_DOT = rf"(?:{_WORD_DOT}|\.)"
_BRACKETED_AT = r"\s?[(\[{<]\s?(?:at|arroba|@|ät|chez)\s?[)\]}>]\s?"
_OBFUSCATED = re.compile(
    # With "(at)" a plain dot will do; a bare "at" is a word of English unless the dot is spelled, too.
    rf"(?<![\w.])(?P<a>{_NAME}){_BRACKETED_AT}(?P<ah>{_HOST}(?:{_DOT}{_HOST}){{0,2}}{_DOT}[a-z]{{2,12}})(?!\w)"
    rf"|(?<![\w.])(?P<b>{_NAME})\s(?:at|arroba)\s(?P<bh>{_HOST}{_WORD_DOT}[a-z]{{2,12}})(?!\w)"
    rf"|(?<![\w.])(?P<c>{_NAME})@(?P<ch>{_HOST}{_WORD_DOT}[a-z]{{2,12}})(?!\w)"
    # Beside blanks an @ starts a mention; only a host that is a mail service says otherwise.
    rf"|(?<![\w.])(?P<d>{_NAME})\s?@\s?"
    r"(?P<dh>(?:gmail|googlemail|hotmail|yahoo|outlook|icloud|proton|protonmail|gmx|naver)\s?\.\s?[a-z]{2,3})(?!\w)",
    re.IGNORECASE,
)
_SPELLED_DOT = re.compile(_WORD_DOT, re.IGNORECASE)
_INTERNATIONAL = re.compile(r"(?:\+|(?<![\w+])00(?=[1-9]))[\s(.]{0,2}\d(?:[\s().\u2010-\u2013/-]{0,3}\d){6,16}(?!\d)")
_NATIONAL = re.compile(
    r"(?:(?<!\[)\b(?:tel|tél|tlf|telf|telefon|teléfono|telefone|telephone|téléphone|phone|mobile?|cell|handy|call|text|sms|"
    r"whats ?app|wa|wpp|hp|тел|телефон)\b|[\u260e\U0001f4de\U0001f4f1\U0001f4f2])[^\w\n+]{0,6}"
    r"(?P<number>\(?\d(?:[\s().-]{0,3}\d){6,13})(?!\d)",
    re.IGNORECASE,
)
_FOLDED_HOSTS = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Found:
    """A way of contact in a text: where it stands, and what may be shown instead."""

    start: int
    end: int
    mask: str
    address: str | None = None
    """The e-mail address, plain; None for a number."""


def found_in(text: str) -> list[Found]:
    """Return every e-mail address and telephone number of a cleaned text, in its order, never overlapping.

    What is left between them is read again by itself, as a reader of the masked text will see it.
    """
    chosen: list[Found] = []
    for one in sorted((*_emails(text), *_numbers(text)), key=lambda one: (one.start, -one.end)):
        if not chosen or one.start >= chosen[-1].end:
            chosen.append(one)
    if not chosen:
        return []
    starts = (0, *(one.end for one in chosen))
    ends = (*(one.start for one in chosen), len(text))
    between = (
        replace(one, start=one.start + start, end=one.end + start)
        for start, end in zip(starts, ends, strict=True)
        for one in found_in(text[start:end])
    )
    return sorted((*chosen, *between), key=lambda one: one.start)


def contact_facts(*texts: str | None, email: str | None = None, has_email: bool | None = None) -> dict[str, Any]:
    """Return the fields ``has_email``, ``has_phone`` and ``emails`` of an account.

    Args:
        texts: the account's own words, as its source has them.
        email: an address that the source declares.
        has_email: whether the source says that there is one; None where it does not say.
    """
    found = [one for text in (email, *texts) if text for one in found_in(clean(text[:MAX_SCANNED]))]
    emails = tuple(dict.fromkeys(one.address for one in found if one.address is not None))[:MAX_EMAILS]
    # A text without an address does not say that there is none.
    phone = True if any(one.address is None for one in found) else None
    return {"has_email": True if emails else has_email, "has_phone": phone, "emails": emails}


def normal_email(address: str) -> str:
    """Return the form that two spellings of one address share: small letters; of Gmail without dots and ``+tag``."""
    name, _, host = clean(address).casefold().rpartition("@")
    if host in _FOLDED_HOSTS:
        return f"{name.partition('+')[0].replace('.', '')}@gmail.com"
    return f"{name}@{host}"


def seal(account: Account, key: bytes) -> Account:
    """Return the account with its addresses as HMAC-SHA-256 (64 hex digits, sorted) and no readable one left."""
    if not account.emails:
        return account
    sealed = {hmac.new(key, normal_email(one).encode(), hashlib.sha256).hexdigest() for one in account.emails}
    return account.model_copy(update={"emails": (), "email_hashes": tuple(sorted({*account.email_hashes, *sealed}))})


def _emails(text: str) -> Iterator[Found]:
    if "@" in text:
        yield from (Found(*match.span(), "[email]", match[0]) for match in _PLAIN.finditer(text))
    for match in _OBFUSCATED.finditer(text):
        name = next(filter(None, (match[one] for one in "abcd")))
        host = next(filter(None, (match[f"{one}h"] for one in "abcd")))
        address = f"{name}@{''.join(_SPELLED_DOT.sub('.', host).split())}"
        yield Found(*match.span(), "[email]", address)


def _numbers(text: str) -> Iterator[Found]:
    matches = [match for _, match in zip(range(_MAX_NUMBERS), _INTERNATIONAL.finditer(text), strict=False)]
    for match in matches:
        if (found := _international(match)) is not None:
            yield found
    for _, match in zip(range(_MAX_NUMBERS), _NATIONAL.finditer(text), strict=False):
        if sum(letter.isdigit() for letter in match["number"]) >= _LEAST_NATIONAL:
            yield Found(*match.span("number"), "[phone]")


def _international(match: re.Match[str]) -> Found | None:
    """Return the longest beginning of a match that is a number somewhere; what follows belongs to the sentence."""
    written = match[0]
    while written:
        digits = "+" + re.sub(r"\D", "", written.removeprefix("00"))
        try:
            number = phonenumbers.parse(digits)
        except phonenumbers.NumberParseException:
            return None
        if phonenumbers.is_valid_number(number):
            region = phonenumbers.region_code_for_number(number)
            known = region and region != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
            mask = f"[phone {region}]" if known else "[phone]"
            return Found(match.start(), match.start() + len(written), mask)
        written = re.sub(r"\W*\d+$", "", written)
    return None
