"""Clauses with platforms: ``on tiktok``, ``instagram or youtube``, ``youtubers``, ``has github``, ``no website``.

``x`` alone is a platform only after "on" or "via", in a list of platforms, or as ``x.com``.
"""

from __future__ import annotations

from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from search.parse.clauses import Found
from search.parse.lexicon import Lexicon, lexicon
from search.parse.reader import Hit, Reader

PlatformHit = Hit[str]
_TYPO_LENGTH = 6
_X = "x"
_HAS_ADJECTIVES = frozenset(
    {"public", "business", "own", "valid", "a", "an", "their", "active", "personal", "working", "the"}
)
_NOUNS = frozenset(
    {"platform", "channel", "account", "profile", "page", "accounts", "channels", "profiles", "presence"}
)
_CONTACTS = frozenset({"email", "phone", "website"})
_OR = frozenset({"or", "o", "ou", "/"})
_SURE, _TYPO, _NOUN, _CONTACT, _ALONE = 0.95, 0.75, 0.9, 0.8, 0.7


def platform_at(reader: Reader, at: int, words: Lexicon, *, cued: bool = False) -> PlatformHit | None:
    """Return the platform named at token ``at``, or None."""
    if hit := words.names.platforms.find(reader.keys, at):
        return hit
    if reader.key(at) == _X:
        is_counted = reader.written(at) == "X" and words.numbers.metrics.find(reader.keys, at + 1) is not None
        is_cued = cued or reader.key(at - 1) in {"on", "via"}
        return Hit(_X, at + 1) if is_cued or is_counted else None
    typo = _misspelled(reader.key(at)) if reader.is_word(at) else None
    return Hit(typo, at + 1) if typo else None


def platform_list(reader: Reader, at: int, words: Lexicon, *, cued: bool = False) -> Hit[tuple[str, ...]]:
    """Return the platforms listed from token ``at`` on (``instagram, tiktok or x``); empty where there is none."""
    named: list[str] = []
    end, following = at, platform_at(reader, at, words, cued=cued)
    while following:
        named.append(following.value)
        end = reader.skip(following.end, _NOUNS)
        joint = reader.list_joint(end)
        onward = reader.skip(joint, ("on", "via", "also", "a", "an")) if joint else end
        following = platform_at(reader, onward, words, cued=True) if joint else None
    return Hit(tuple(dict.fromkeys(named)), end)


@lru_cache(maxsize=4096)
def _misspelled(key: str) -> str | None:
    """Return the platform that a word of at least six letters is one slip away from, or None."""
    if len(key) < _TYPO_LENGTH or not key.isalpha() or key in lexicon().numbers.metrics.starts():
        return None
    for name, platform in _long_names():
        if OSA.distance(key, name, score_cutoff=1) <= 1:
            return platform
    return None


@cache
def _long_names() -> tuple[tuple[str, str], ...]:
    names = lexicon().names
    known = ((name, names.platforms.value(name)) for name in sorted(names.platforms.starts()))
    return tuple(
        (name, platform) for name, platform in known if platform and len(name) >= _TYPO_LENGTH and name.isalpha()
    )


def platform(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause that names platforms at token ``at``, or None."""
    both = words.grammar.both.find(reader.keys, at)
    cue = both or words.grammar.platform_cues.find(reader.keys, at) or _portuguese_on(reader, at)
    start = cue.end if cue else at
    named = platform_list(
        reader, start, words, cued=bool(cue) and reader.key(start - 1) in {"on", "via", "from", "both"}
    )
    if not named.value:
        return _people(reader, at, words)
    values = sorted(named.value)
    if both and len(values) > 1:
        return Found("has", values, at, named.end, _SURE)
    exact = words.names.platforms.find(reader.keys, start) or reader.key(start) == _X
    return Found("platforms", values, at, named.end, _SURE if exact else _TYPO, "" if exact else "spelling corrected")


def _portuguese_on(reader: Reader, at: int) -> Hit[bool] | None:
    # "no instagram" is "on Instagram", unless the rest is English.
    return Hit(True, at + 1) if reader.key(at) in {"no", "na"} and reader.romance else None  # noqa: FBT003  # a table's value


def _people(reader: Reader, at: int, words: Lexicon) -> Found | None:
    named: list[str] = []
    end, following = at, words.names.platform_people.find(reader.keys, at)
    while following:
        named.append(following.value)
        end = following.end
        joint = reader.list_joint(end)
        following = words.names.platform_people.find(reader.keys, joint) if joint else None
    return Found("platforms", sorted(set(named)), at, end, _NOUN) if named else None


def having(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause that asks for an address, a site or an account elsewhere at token ``at``, or None."""
    cue = words.grammar.has_cues.find(reader.keys, at)
    if cue is None:
        return _alone(reader, at, words)
    values, end = _things(reader, cue.end, words)
    is_portuguese_on = reader.key(at) == "no" and reader.romance and platform_at(reader, cue.end, words)
    if not values or is_portuguese_on:
        return None
    if not cue.value:
        return _lacking(reader, values, (at, end))
    if len(set(values)) > 1 and not _OR.isdisjoint(reader.keys[cue.end : end]):
        return _any_of(sorted(set(values)), (at, end))
    return Found("has", sorted(set(values)), at, end, _certainty(reader, end))


def _certainty(reader: Reader, end: int) -> float:
    # "Contact details" need not be an email address.
    return _CONTACT if reader.key(end - 1).startswith(("contact", "info", "details", "data")) else _SURE


def _lacking(reader: Reader, values: list[str], span: tuple[int, int]) -> Found | None:
    addresses = [value for value in values if value in _CONTACTS]
    if len(addresses) not in {0, len(values)}:
        return None
    field = "exclude.has" if addresses else "exclude.platforms"
    return Found(field, sorted(set(values)), *span, _certainty(reader, span[1]))


def _any_of(values: list[str], span: tuple[int, int]) -> Found:
    """Return the clause of "with youtube or github"; of addresses only "and" can be asked for."""
    if _CONTACTS.isdisjoint(values):
        return Found("platforms", values, *span, _SURE)
    return Found("has", values, *span, _SURE, "only all of these can be asked for: say and, or one", applied=False)


def _things(reader: Reader, at: int, words: Lexicon) -> tuple[list[str], int]:
    values: list[str] = []
    end, onward = at, reader.skip(at, _HAS_ADJECTIVES)
    while thing := words.grammar.has.find(reader.keys, onward) or platform_at(reader, onward, words):
        if _is_counted(reader, thing.end, words):
            break
        values.append(thing.value)
        end = reader.skip(thing.end, _NOUNS)
        joint = reader.list_joint(end)
        if joint is None:
            break
        onward = reader.skip(joint, _HAS_ADJECTIVES | {"has", "with"})
    return values, end


def _is_counted(reader: Reader, at: int, words: Lexicon) -> bool:
    """Return whether something else is meant: "with instagram followers over 10k", "a website builder"."""
    counted = words.numbers.metrics.find(reader.keys, at) or words.numbers.comparators.find(reader.keys, at)
    return (
        counted is not None or reader.kind(at) == "number" or reader.key(at) in {"marketing", "builder", "design", ":"}
    )


def _alone(reader: Reader, at: int, words: Lexicon) -> Found | None:
    thing = words.grammar.has.find(reader.keys, at)
    if thing is None or not reader.is_alone(at, thing.end) or len(reader) == thing.end - at:
        return None
    return Found("has", [thing.value], at, thing.end, _ALONE)
