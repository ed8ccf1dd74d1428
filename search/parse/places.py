"""Clauses with countries and languages: ``in brazil``, ``brazilian gamers``, ``outside the US``, ``in spanish``.

A country's name before a subject is the subject: "korean skincare" and "japan travel" ask for nobody's country.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.countries import country_code
from search.parse.clauses import Found
from search.parse.lexicon import Lexicon
from search.parse.reader import Hit, Reader

_AUDIENCE = frozenset(
    {
        "audience",
        "followers",
        "fans",
        "viewers",
        "viewership",
        "subscribers",
        "listeners",
        "readers",
        "fanbase",
        "demographic",
    }
)
_AUDIENCE_NOTE = "where followers come from is not known here: not applied"
_TOPIC_NOTE = "read as the subject, not as where the creator is"
_CODE_LENGTH = 2
_LANGUAGE_RATHER = frozenset({"english"})
_MOSTLY = frozenset({"mostly", "mainly", "are", "is", "based", "primarily", "located", "who"})
_CUED, _FLAG, _BARE, _PEOPLE, _AMBIGUOUS, _LANGUAGE_TOO = 0.95, 0.9, 0.85, 0.85, 0.75, 0.7


@dataclass(frozen=True, slots=True)
class Place:
    """A country or region as named.

    Attributes:
        codes: ISO 3166 codes.
        confidence: that a country is meant.
        noun: the country's own name rather than what its people are called.
        end: the token after it.
    """

    codes: tuple[str, ...]
    confidence: float
    noun: bool
    end: int


def place_at(reader: Reader, at: int, words: Lexicon, *, cued: bool) -> Place | None:
    """Return the place at token ``at``, or None; words of other meanings count only after a cue."""
    names = words.names
    region = names.regions.find(reader.keys, at)
    # "Eu" is also "I" in Portuguese.
    if region and (reader.key(at) != "eu" or cued or reader.written(at) == "EU"):
        return Place(region.value, _CUED if cued else _BARE, noun=False, end=region.end)
    if code := _code(reader, at, words, cued=cued):
        return code
    found = names.countries.find(reader.keys, at)
    if found is None:
        return None
    name = " ".join(reader.keys[at : found.end])
    if name in _LANGUAGE_RATHER and not cued:
        return None
    noun = name in names.country_nouns
    if name in names.ambiguous and not cued:
        is_people = not noun and reader.written(at)[:1].isupper() and not reader.shouts
        return Place((found.value,), _AMBIGUOUS, noun, found.end) if is_people else None
    confidence = _AMBIGUOUS if name in names.ambiguous else _CUED if cued else _BARE
    if not noun and not cued and names.languages.find(reader.keys, at):
        confidence = _LANGUAGE_TOO
    return Place((found.value,), confidence, noun, found.end)


def _code(reader: Reader, at: int, words: Lexicon, *, cued: bool) -> Place | None:
    """Return the place of a flag or of two capitals."""
    written = reader.written(at)
    if reader.kind(at) == "word" and not written.isascii() and (code := _flag(written)):
        return Place((code,), _FLAG, noun=True, end=at + 1)
    is_us = reader.key(at) == "us"
    if is_us and (_is_us(reader, at, words) or (cued and written.isupper() and not reader.shouts)):
        return Place(("US",), _CUED if cued else _BARE, noun=False, end=at + 1)
    stands_out = written.isupper() and not reader.shouts and (cued or (reader.is_alone(at, at + 1) and len(reader) > 1))
    if stands_out and not is_us and written in words.names.country_codes:
        return Place((written,), _AMBIGUOUS, noun=True, end=at + 1)
    return None


def _flag(written: str) -> str | None:
    is_flag = len(written) == _CODE_LENGTH and all("\U0001f1e6" <= c <= "\U0001f1ff" for c in written)
    return country_code(written) if is_flag else None


def _is_us(reader: Reader, at: int, words: Lexicon) -> bool:
    """Return whether "us" is a country here: in capitals, after "in the", before "-based"."""
    written = reader.written(at)
    if (written in {"US", "U.S", "U.S.", "u.s", "U.S.A"} and not reader.shouts) or reader.key(at + 1) == "based":
        return True
    after_non = reader.key(at - 1) == "non" and reader.token(at).joined
    is_cued = any((hit := words.names.us_cues.find(reader.keys, at - back)) and hit.end == at for back in (1, 2, 3, 4))
    return after_non or is_cued


def place(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause about countries that starts at token ``at``, or None."""
    if outside := words.names.outside.find(reader.keys, at):
        return _outside(reader, (at, outside.end), words)
    cue = words.names.place_cues.find(reader.keys, at) or _portuguese_in(reader, at)
    if cue is None:
        return _bare(reader, at, words)
    if reader.key(at - 1) in words.grammar.in_without_place:
        return None
    found = _places(reader, reader.skip(cue.end, ("the",)), words, cued=True)
    return _located(reader, (at, cue.end), found, words) if found else None


def _outside(reader: Reader, cue: tuple[int, int], words: Lexicon) -> Found | None:
    at, start = cue
    found = _places(reader, reader.skip(start, ("the",)), words, cued=True)
    # "not in spanish" is about the language.
    is_language = reader.key(start - 1) == "in" and words.names.languages.find(reader.keys, start)
    if found is None or is_language:
        return None
    return Found("exclude.countries", sorted(set(found.codes)), at, found.end, _CUED)


def _portuguese_in(reader: Reader, at: int) -> Hit[str] | None:
    # "no brasil" is "in Brazil", unless the rest is English.
    return Hit("in", at + 1) if reader.key(at) in {"no", "na"} and reader.romance else None


def _located(reader: Reader, cue: tuple[int, int], found: Place, words: Lexicon) -> Found | None:
    at, start = cue
    # "de" and "in" also lead to subjects: "love for food in italian kitchens".
    is_subject = not found.noun and words.grammar.country_topics.find(reader.keys, found.end)
    if is_subject:
        return None
    end = reader.skip(found.end, ("based",))
    confidence = (
        min(found.confidence, _BARE) if reader.key(start - 1) in {"de", "do", "da", "del"} else found.confidence
    )
    return Found("countries", sorted(set(found.codes)), at, end, confidence)


def _bare(reader: Reader, at: int, words: Lexicon) -> Found | None:
    first = place_at(reader, at, words, cued=False)
    if first is None:
        return _alone_in_small_letters(reader, at, words)
    topics = words.grammar.place_topics if first.noun else words.grammar.country_topics
    if reader.key(first.end) in _AUDIENCE:
        return Found(
            "audience.countries",
            sorted(first.codes),
            at,
            first.end + 1,
            first.confidence,
            _AUDIENCE_NOTE,
            applied=False,
        )
    if topics.find(reader.keys, first.end) or reader.key(
        at - 1
    ) in words.grammar.topic_leads | words.grammar.in_without_place | {"in"}:
        return Found(
            "countries", sorted(first.codes), at, first.end, first.confidence, _TOPIC_NOTE, applied=False, keep=True
        )
    found = _places(reader, at, words, cued=False)
    if found is None:
        return None
    return Found("countries", sorted(set(found.codes)), at, reader.skip(found.end, ("based",)), found.confidence)


def _alone_in_small_letters(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of an everyday word that is also a country, where it stands before "-based"."""
    found = place_at(reader, at, words, cued=True)
    if found is None or not found.noun or reader.key(found.end) != "based":
        return None
    return Found("countries", sorted(found.codes), at, found.end + 1, found.confidence)


def _places(reader: Reader, at: int, words: Lexicon, *, cued: bool) -> Place | None:
    """Return the places listed from token ``at`` on as one, or None."""
    first = place_at(reader, at, words, cued=cued)
    if first is None:
        return None
    codes, confidence, end = list(first.codes), first.confidence, first.end
    while joint := reader.list_joint(end):
        joint = reader.skip(joint, ("the", "from", "in")) if cued else joint
        following = place_at(reader, joint, words, cued=cued)
        if (
            following is None
            or following.noun != first.noun
            or words.grammar.country_topics.find(reader.keys, following.end)
        ):
            break
        codes += following.codes
        confidence, end = min(confidence, following.confidence), following.end
    return Place(tuple(codes), confidence, first.noun, end)


def audience(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause about where followers are (``with followers in germany``), which is told and not applied."""
    if reader.key(at) not in _AUDIENCE:
        return None
    cue = words.names.place_cues.find(reader.keys, reader.skip(at + 1, _MOSTLY))
    found = _places(reader, cue.end, words, cued=True) if cue else None
    if found is None:
        return None
    return Found("audience.countries", sorted(set(found.codes)), at, found.end, _CUED, _AUDIENCE_NOTE, applied=False)


def language(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause about languages that starts at token ``at``, or None."""
    cue = words.names.before_language.find(reader.keys, at)
    if cue:
        named = _languages(reader, cue.end, words)
        is_topic = named and words.grammar.country_topics.find(reader.keys, named.end)
        if named and not (is_topic or reader.key(at - 1) in words.grammar.in_without_place):
            after = words.names.after_language.find(reader.keys, named.end)
            return Found("languages", sorted(set(named.value)), at, after.end if after else named.end, _CUED)
        return None
    named = _languages(reader, at, words)
    if named is None or reader.key(at - 1) in words.grammar.topic_leads:
        return None
    if after := words.names.after_language.find(reader.keys, named.end):
        return Found("languages", sorted(set(named.value)), at, after.end, _CUED)
    return _bare_language(reader, at, named, words)


def _bare_language(reader: Reader, at: int, named: Hit[list[str]], words: Lexicon) -> Found | None:
    """Return the clause of a language's name alone, where no people is called so: ``hindi comedy``."""
    if words.grammar.country_topics.find(reader.keys, named.end):
        return None
    is_english = reader.key(at) == "english" and words.grammar.people.find(reader.keys, named.end) is not None
    if is_english:
        return Found("languages", named.value, at, named.end, _LANGUAGE_TOO)
    if words.names.countries.find(reader.keys, at):
        return None
    return Found("languages", sorted(set(named.value)), at, named.end, _BARE)


def _languages(reader: Reader, at: int, words: Lexicon) -> Hit[list[str]] | None:
    codes: list[str] = []
    end, following = at, words.names.languages.find(reader.keys, at)
    while following:
        codes.append(following.value)
        end = following.end
        joint = reader.list_joint(end)
        following = words.names.languages.find(reader.keys, joint) if joint else None
    return Hit(codes, end) if codes else None
