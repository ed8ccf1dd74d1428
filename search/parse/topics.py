"""Clauses with niches, sizes in words, forms of content, verification, phrases, order, and facts that nobody knows."""

from __future__ import annotations

from dataclasses import replace

from search.parse import places
from search.parse.clauses import Found
from search.parse.lexicon import Lexicon
from search.parse.numbers import read_amount
from search.parse.platforms import platform_at
from search.parse.reader import Hit, Reader

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}
_MAX_PHRASE = 100
_MONEY = frozenset("$€£₹")
_PRICE_LEADS = frozenset({"budget", "price", "priced", "fee", "fees", "cost", "costs", "of", ":"})
_MOST_LISTED = 1000
_AGE_BEFORE = frozenset({"aged", "age", "ages"})
_SUPERLATIVES = frozenset({"biggest", "largest", "smallest"})
_DIRECTIONS = {"asc": "asc", "ascending": "asc", "desc": "desc", "descending": "desc"}
_NEAR = 3
_SURE, _OWN_NAME, _ALIAS, _BAND, _BAND_ALONE, _SORT_GUESS, _READ = 0.95, 0.95, 0.85, 0.9, 0.7, 0.7, 0.6


def niche(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of a niche's name at token ``at``, or None; its words rank as well."""
    hit = words.names.niches.find(reader.keys, at)
    if hit is None or not hit.value.applies:
        return None
    confidence = _OWN_NAME if hit.value.names_it or hit.end - at > 1 else _ALIAS
    return Found("niches", [hit.value.id], at, hit.end, confidence, keep=True)


def band(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of a size such as ``micro influencers``, or None: "macro photography" has none."""
    bands: list[str] = []
    end, following = at, words.names.bands.find(reader.keys, at)
    while following:
        bands += following.value
        end = following.end
        joint = reader.list_joint(end)
        following = words.names.bands.find(reader.keys, joint) if joint else None
    if not bands:
        return None
    who = _people_near(reader, end, words)
    if who is None and not (reader.is_alone(at, end) and len(reader) > end - at):
        return None
    is_celebrity = reader.key(at) == "celebrity"
    if is_celebrity and who != end:
        return None
    return Found("follower_bands", sorted(set(bands)), at, end, _BAND if who is not None else _BAND_ALONE)


def _people_near(reader: Reader, at: int, words: Lexicon) -> int | None:
    """Return where it is said who is looked for, with niches, places and platforms at most between."""
    if reader.key(at) in {"followers", "tier", "sized"}:
        return at
    names = words.names
    between = (names.niches, names.countries, names.regions, names.platforms, names.languages)
    for _ in range(_NEAR):
        if words.grammar.people.find(reader.keys, at) or names.platform_people.find(reader.keys, at):
            return at
        known = next((hit for table in between if (hit := table.find(reader.keys, at))), None)
        if known is None:
            return None
        at = known.end
    return at if words.grammar.people.find(reader.keys, at) else None


def form(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of a form of content (``short-form``), or None."""
    hit = words.names.domains.find(reader.keys, at)
    return Found("domains", [hit.value], at, hit.end, _SURE) if hit else None


def verified(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of ``verified`` and its opposites, for one platform where that follows, or None."""
    hit = words.grammar.verified.find(reader.keys, at)
    if hit is None:
        return None
    scope = platform_at(reader, hit.end + 1, words, cued=True) if reader.key(hit.end) == "on" else None
    if scope:
        return Found(f"accounts.{scope.value}.verified", hit.value, at, scope.end, _SURE)
    return Found("verified", hit.value, at, hit.end, _SURE)


def stated(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of a fact that is said in fixed words (``brand safe``, ``posts daily``), or None."""
    hit = words.grammar.stated.find(reader.keys, at)
    if hit is None:
        return None
    found = hit.value
    return Found(found.field, found.value, at, hit.end, _READ if found.note else _SURE, found.note)


def quoted(reader: Reader, at: int, _words: Lexicon) -> Found | None:
    """Return the clause of a phrase in quotation marks, or None."""
    phrase = quoted_phrase(reader, at)
    return Found("keywords", [phrase.value], at, phrase.end, _SURE) if phrase else None


def quoted_phrase(reader: Reader, at: int) -> Hit[str] | None:
    """Return the words between the quotation marks that open at token ``at``, or None."""
    closing = _QUOTES.get(reader.key(at))
    if closing is None or reader.kind(at) != "sign":
        return None
    end = next((i for i in range(at + 1, len(reader)) if reader.key(i) in {closing, '"'}), None)
    phrase = reader.text[reader.token(at).end : reader.token(end).start].strip() if end else ""
    has_words = end is not None and any(reader.kind(i) != "sign" for i in range(at + 1, end))
    return Hit(phrase, end + 1) if end and has_words and len(phrase) <= _MAX_PHRASE else None


def order(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of an order (``most followed``, ``sorted by engagement``), or None."""
    lead = words.grammar.sort_leads.find(reader.keys, at)
    hit = words.grammar.sorts.find(reader.keys, lead.end if lead else at)
    if hit is None:
        return None
    field, direction = hit.value
    end = hit.end
    if reader.key(end) in _DIRECTIONS:
        direction, end = _DIRECTIONS[reader.key(end)], end + 1
    if reader.key(hit.end - 1) in _SUPERLATIVES and not _is_about_size(reader, end, words):
        return None
    confidence = _SURE if lead or hit.end - at > 1 else _SORT_GUESS
    return Found("sort", {"field": field, "order": direction}, at, end, confidence)


def _is_about_size(reader: Reader, at: int, words: Lexicon) -> bool:
    """Return whether creators are compared: "biggest gaming channels", not "biggest loser" or "smallest dogs"."""
    return _people_near(reader, at, words) is not None


def unknown(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of something that no source tells us; it is told and not applied."""
    share = read_amount(reader, at, words.numbers)
    # A share of the followers is told with them: "50% female audience".
    start = reader.skip(share.end, ("of", "their", "the")) if share and share.percent else at
    if audience := places.audience(reader, start, words):
        return replace(audience, start=at)
    if hit := words.grammar.unknown.find(reader.keys, start):
        said = reader.slice(at, hit.end)
        note = hit.value.note.replace("{words}", f"{said!r}")
        return Found(hit.value.field, said.casefold(), at, hit.end, _SURE, note, applied=False, keep=not hit.value.drop)
    return _price(reader, at, words) or _age(reader, at, words) or _how_many(reader, at, words)


def _how_many(reader: Reader, at: int, words: Lexicon) -> Found | None:
    key = reader.key(at)
    is_count = reader.kind(at) == "number" and key.isdigit() and int(key) <= _MOST_LISTED
    if not is_count or not words.grammar.people.find(reader.keys, at + 1):
        return None
    note = "how many are returned is the limit of the search: not applied"
    return Found("limit", int(key), at, at + 1, _SURE, note, applied=False)


def _price(reader: Reader, at: int, words: Lexicon) -> Found | None:
    start = reader.skip(at, _PRICE_LEADS)
    comparator = words.numbers.comparators.find(reader.keys, start)
    sign = comparator.end if comparator else start
    is_signed = reader.key(sign) in _MONEY
    amount = read_amount(reader, sign + 1 if is_signed else start, words.numbers)
    unit = words.numbers.money.find(reader.keys, amount.end) if amount else None
    if amount is None or amount.percent or not (is_signed or unit):
        return None
    end = unit.end if unit else amount.end
    end = end + 2 if reader.key(end) in {"per", "a", "for"} and reader.is_word(end + 1) else end
    note = "what creators charge is not known here: not applied"
    return Found("price", reader.slice(at, end), at, end, _SURE, note, applied=False)


def _age(reader: Reader, at: int, words: Lexicon) -> Found | None:
    before = reader.key(at) in _AGE_BEFORE
    amount = read_amount(reader, at + 1 if before else at, words.numbers)
    if amount is None or amount.large or amount.percent:
        return None
    end = reader.skip(amount.end, ("-", "years", "year", "yrs", "yo", "old", "olds", "y", "/", "o"))
    said_after = reader.keys[amount.end : end][-1:] and reader.keys[end - 1] in {"old", "olds", "yo", "o"}
    if not (before or said_after):
        return None
    note = "the age of creators is not known here: not applied"
    return Found("age", reader.slice(at, end), at, end, _SURE, note, applied=False)
