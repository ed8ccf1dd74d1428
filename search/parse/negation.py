"""Clauses that exclude: ``no crypto``, ``excluding politics and religion``, ``non-US``, ``-"paid promo"``.

A niche is excluded where its own name is said; a word inside a niche excludes that word only: "no bitcoin" is not
"no crypto". What no table knows becomes an excluded phrase of one or two words, unless more words follow.
"""

from __future__ import annotations

from collections.abc import Callable

from search.parse.clauses import Found
from search.parse.lexicon import Lexicon
from search.parse.places import language, place_at
from search.parse.platforms import platform_at
from search.parse.reader import Hit, Reader
from search.parse.topics import quoted_phrase

_LEADS = frozenset(
    {"on", "in", "from", "the", "about", "any", "into", "a", "an", "to", "of", "doing", "talk", "based", "for"}
)
_NOUNS = frozenset({"content", "creators", "influencers", "accounts", "videos", "posts", "topics", "stuff", "channels"})
_LONGEST_UNKNOWN = 2
_SURE, _UNKNOWN_WORDS = 0.95, 0.75
_PORTUGUESE_IN = frozenset({"exclude.countries", "exclude.platforms"})
"""After a Portuguese "no" these are where something is."""
_LIST_OR = frozenset({"or", "nor", "/", "o"})

Thing = tuple[str, object]


def negation(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause that excludes something, starting at token ``at``, or None."""
    strength = _negator(reader, at, words)
    if strength is None:
        return _free(reader, at, words)
    first = _thing(reader, reader.skip(strength.end, _LEADS), words)
    if first and reader.key(at) == "no" and reader.romance and first.value[0] in _PORTUGUESE_IN:
        return None
    if first is None:
        return None if strength.value == "soft" else _phrase(reader, at, strength.end, words)
    field, value = first.value
    values, end = [value], reader.skip(first.end, _NOUNS)
    while following := _following(reader, end, field, strength.value, words):
        values.append(following.value[1])
        end = reader.skip(following.end, _NOUNS)
    return _clause(field, values, (at, end))


def _free(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause of ``crypto-free``: a niche, or a word inside one, that is absent."""
    hit = words.names.niches.find(reader.keys, at)
    if hit is None or not hit.value.applies or reader.key(hit.end) != "free" or not reader.token(hit.end).joined:
        return None
    niche, word = ("exclude.niches", hit.value.id), ("exclude.keywords", reader.slice(at, hit.end).casefold())
    field, value = niche if hit.value.names_it else word
    return _clause(field, [value], (at, hit.end + 1))


def _clause(field: str, values: list[object], span: tuple[int, int]) -> Found:
    if field == "verified":
        return Found("verified", False, *span, _SURE)  # noqa: FBT003  # the value of the filter
    flat = [item for value in values for item in (value if isinstance(value, (list, tuple)) else [value])]
    return Found(field, sorted(set(flat)), *span, _SURE)


def _negator(reader: Reader, at: int, words: Lexicon) -> Hit[str] | None:
    hit = words.grammar.negators.find(reader.keys, at)
    if hit:
        return hit
    # A minus sign at the start of a word: "-crypto".
    is_minus = reader.kind(at) == "sign" and reader.written(at) in {"-", "−"} and at + 1 < len(reader)  # noqa: RUF001  # as typed
    if not is_minus or reader.kind(at + 1) == "number" or reader.token(at + 1).start != reader.token(at).end:
        return None
    follows_blank = at == 0 or reader.token(at - 1).end < reader.token(at).start
    return Hit("plain", at + 1) if follows_blank else None


def _following(reader: Reader, at: int, field: str, strength: str, words: Lexicon) -> Hit[Thing] | None:
    """Return the next thing of the same kind in a list that is excluded, or None where the list ends.

    "And" and "or" go on; a comma goes on after "excluding", or where the list ends in "or": not in "no crypto, gaming".
    """
    joint = reader.list_joint(at)
    if joint is None:
        return None
    thing = _thing(reader, reader.skip(joint, _LEADS | {"no", "not"}), words)
    if thing is None or thing.value[0] != field:
        return None
    between = set(reader.keys[at:joint])
    if between != {","} or strength == "strong":
        return thing
    onward = reader.list_joint(thing.end)
    is_closed = onward is not None and not _LIST_OR.isdisjoint(reader.keys[thing.end : onward])
    return thing if is_closed and _thing(reader, onward or 0, words) else None


def _thing(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    readers: tuple[Callable[[Reader, int, Lexicon], Hit[Thing] | None], ...] = (
        _quoted,
        _handle,
        _language,
        _country,
        _address,
        _platform,
        _niche,
    )
    return next((hit for read in readers if (hit := read(reader, at, words))), None)


def _quoted(reader: Reader, at: int, _words: Lexicon) -> Hit[Thing] | None:
    phrase = quoted_phrase(reader, at)
    return Hit(("exclude.keywords", phrase.value), phrase.end) if phrase else None


def _handle(reader: Reader, at: int, _words: Lexicon) -> Hit[Thing] | None:
    if reader.kind(at) != "opaque":
        return None
    written = reader.written(at)
    name = written[1:].rstrip(".:'")
    field = "exclude.handles" if written.startswith("@") else "exclude.keywords"
    return Hit((field, name.casefold()), at + 1) if name.strip("@#") else None


def _language(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    back = reader.key(at - 1) in {"in", "en"}
    found = language(reader, at - 1 if back else at, words)
    if found is None and reader.key(at) == "english":
        return Hit(("exclude.languages", ["en"]), at + 1)
    return Hit(("exclude.languages", found.value), found.end) if found and found.end > at else None


def _country(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    found = place_at(reader, at, words, cued=True)
    if found is None or words.grammar.country_topics.find(reader.keys, found.end):
        return None
    return Hit(("exclude.countries", list(found.codes)), reader.skip(found.end, ("based",)))


def _address(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    hit = words.grammar.has.find(reader.keys, at)
    if hit is None or reader.key(hit.end) in {"marketing", "builder", "design"}:
        return None
    return Hit(("exclude.has", hit.value), hit.end)


def _platform(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    hit = platform_at(reader, at, words, cued=reader.key(at - 1) == "on") or words.names.platform_people.find(
        reader.keys, at
    )
    if hit:
        return Hit(("exclude.platforms", hit.value), hit.end)
    verified = words.grammar.verified.find(reader.keys, at)
    return Hit(("verified", False), verified.end) if verified and verified.value else None


def _niche(reader: Reader, at: int, words: Lexicon) -> Hit[Thing] | None:
    hit = words.names.niches.find(reader.keys, at)
    if hit is None:
        return None
    # A longer phrase is meant as a whole: "no music production tips" is not "no music".
    if hit.value.names_it:
        return Hit(("exclude.niches", hit.value.id), hit.end) if _ends(reader, hit.end, words) else None
    return (
        Hit(("exclude.keywords", reader.slice(at, hit.end).casefold()), hit.end)
        if _ends(reader, hit.end, words)
        else None
    )


def _phrase(reader: Reader, at: int, start: int, words: Lexicon) -> Found | None:
    """Return the exclusion of one or two words that no table knows; more of them are told and not applied."""
    start = reader.skip(start, _LEADS)
    end = _unknown_end(reader, start, words)
    if end == start:
        return None
    phrases = [reader.slice(start, end).casefold()]
    if end - start > _LONGEST_UNKNOWN:
        note = "how much is excluded is not clear: put it in quotation marks"
        return Found("exclude.keywords", phrases, at, end, 0.3, note, applied=False, keep=True)
    while (joint := reader.skip(end, _LIST_OR)) > end:
        onward = _unknown_end(reader, joint, words)
        if not 0 < onward - joint <= _LONGEST_UNKNOWN or words.names.niches.find(reader.keys, joint):
            break
        phrases.append(reader.slice(joint, onward).casefold())
        end = onward
    return Found("exclude.keywords", sorted(set(phrases)), at, reader.skip(end, _NOUNS), _UNKNOWN_WORDS)


def _unknown_end(reader: Reader, at: int, words: Lexicon) -> int:
    end = at
    while reader.is_word(end) and not _ends(reader, end, words):
        end += 1
    return end


def _ends(reader: Reader, at: int, words: Lexicon) -> bool:
    """Return whether what is excluded cannot go on at token ``at``."""
    if not reader.is_word(at) or reader.key(at) in _NOUNS:
        return True
    tables = (words.grammar.connectors, words.grammar.negators, words.names.place_cues, words.grammar.has_cues)
    return any(table.find(reader.keys, at) for table in tables)
