"""Names and handles become words that two spellings share; pure functions of text."""

from __future__ import annotations

import re
from functools import lru_cache

from creators.text import clean_line, normalise_handle, transliterate

MIN_WORD = 2
MIN_KEY = 3
# What networks, offices and fans put around a name: it says nothing about who it is.
AFFIXES = frozenset(
    [
        "rep",
        "repr",
        "representative",
        "sen",
        "senator",
        "senate",
        "del",
        "delegate",
        "congressman",
        "congresswoman",
        "assemblyman",
        "assemblywoman",
        "assemblymember",
        "councilman",
        "gov",
        "mayor",
        "judge",
        "official",
        "officially",
        "real",
        "the",
        "its",
        "iam",
        "im",
        "hey",
        "hi",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "sir",
        "hq",
        "tv",
        "yt",
        "dev",
        "codes",
        "coder",
        "code",
        "official",
        "page",
        "channel",
        "music",
        "vt",
        "ch",
        "live",
        "online",
        "ig",
        "tiktok",
        "twitter",
        "github",
        "insta",
        "vote",
        "elect",
        "for",
        "team",
        "friends",
        "official",
        "us",
        "usa",
        "web",
        "blog",
    ]
)
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "sir",
        "madam",
        "rep",
        "representative",
        "sen",
        "senator",
        "hon",
        "honorable",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
        "esq",
        "mba",
        "congressman",
        "congresswoman",
        "delegate",
        "assemblyman",
        "assemblywoman",
        "assemblymember",
        "official",
    ]
)
_CHANNEL = re.compile(r"^UC[\w-]{22}$")
_NUMBER = re.compile(r"^\d{5,}$")
_PATH_WORDS = frozenset({"channel", "user", "c", "pages", "people", "pg", "in", "pub", "profile", "category", "groups"})
_SERIAL = re.compile(r"[-_.]+(?=[0-9a-f]*\d)[0-9a-f]{5,}$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_LETTERS = re.compile(r"[^a-z]+")
_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile("['\u2019]")
_INSIDE = re.compile("['\u2019-]")
_LEET = str.maketrans("01357", "oiest")
_LEET_INSIDE = re.compile(r"(?<=[a-z])[01357](?=[a-z])")
_SHARED_SUFFIXES = (".bsky.social", ".tumblr.com", ".hashnode.dev", ".medium.com", ".substack.com")


def plain_handle(value: str | None) -> str | None:
    """Return the handle that a source's spelling stands for (``https://ruby.social/@jane`` → ``jane``), or None.

    None is a channel id or a number: what a platform gave, not what a person chose.
    """
    text = clean_line(value or "").strip("/ ")
    parts = [part for part in re.split(r"[/?#]", text.partition("://")[2] or text) if part]
    if "://" in text and len(parts) > 1:
        parts = parts[1:]
    while len(parts) > 1 and (parts[0].lower() in _PATH_WORDS or _NUMBER.match(parts[-1])):
        parts = parts[1:] if parts[0].lower() in _PATH_WORDS else parts[:-1]
    handle = parts[0] if parts else ""
    handle = handle.lstrip("@").partition("@")[0]
    for suffix in _SHARED_SUFFIXES:
        handle = handle.removesuffix(suffix)
    return None if not handle or _CHANNEL.match(handle) or _NUMBER.match(handle) else handle


def handle_words(handle: str) -> tuple[str, ...]:
    """Return the words that a handle shows by separators, capitals and digits (``SenJaneDoe4`` → sen, jane, doe, 4)."""
    spaced = _CAMEL.sub(" ", handle) if not handle.isupper() else handle
    text = _SERIAL.sub("", transliterate(spaced))
    return tuple(word for word in _SPLIT.split(text) if word)


def compact(handle: str) -> str:
    """Return the handle in lower-case ASCII letters and digits: its separators and capitals are taste."""
    return "".join(_WORD.findall(transliterate(normalise_handle(handle))))


def skeleton(handle: str) -> str:
    """Return what stays of a handle on another network: no affix, no digit around it, ``1337`` spelling undone.

    A part of less than three letters is too little to go by: then the handle in full.
    """
    words = handle_words(_LEET_INSIDE.sub(lambda found: found.group().translate(_LEET), handle))
    kept = [word for word in words if word not in AFFIXES and not word.isdigit()]
    whole = "".join(kept)
    if len(whole) < MIN_KEY:
        whole = "".join(words) if len("".join(words)) >= MIN_KEY else compact(handle)
    letters = _LETTERS.sub("", whole)
    return _without_affix(letters) if len(letters) >= MIN_KEY else whole


_PREFIXES = (
    "representative",
    "official",
    "senator",
    "therealr",
    "thereal",
    "real",
    "the",
    "its",
    "iam",
    "rep",
    "sen",
    "del",
    "mr",
    "dr",
)
_SUFFIXES = ("official", "hq", "tv", "yt", "dev", "codes", "code", "music", "vt", "ch")
_MIN_LEFT = 5


def _without_affix(letters: str) -> str:
    for prefix in _PREFIXES:
        if letters.startswith(prefix) and len(letters) - len(prefix) >= _MIN_LEFT:
            letters = letters[len(prefix) :]
            break
    for suffix in _SUFFIXES:
        if letters.endswith(suffix) and len(letters) - len(suffix) >= _MIN_LEFT:
            return letters[: -len(suffix)]
    return letters


@lru_cache(maxsize=65536)
def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a display name in ASCII, without titles, emoji and repeats (``Dr. Jáne DOE`` → jane, doe)."""
    text = clean_line(name)
    if "," in text:
        family, _, given = text.partition(",")
        if " " not in family.strip() and given.strip():
            text = f"{given} {family}"
    text = re.sub(r"\(.*?\)|\|.*$", " ", text) if re.match(r"\s*\w", text) else text
    bare = "".join(char for char in text if char.isalnum() or char in " -_.'\u2019@")
    # Capitals and hyphens inside one word part it (`JaneDoe`); in a name of several they belong to it (`Jane McRae`).
    several = " " in bare.strip()
    spaced = bare if several or bare.isupper() else _CAMEL.sub(" ", bare)
    joined = (_INSIDE if several else _APOSTROPHE).sub("", transliterate(spaced))
    words = [word for word in _LETTERS.split(joined) if word]
    kept = [word for word in words if word not in _TITLES] or words
    return tuple(dict.fromkeys(kept))
