"""What an account shows of its person: a display name, a website, a part of the bio; drawn from a seed.

The shares are what profiles look like on networks, set once and not to suit a model: most show a usual name, some a
handle (GitHub shows the login where no name is set), a given name, an emoji, Latin letters only, or no surname.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from benchmarks.resolution.people import Handle, Person
from creators.text import transliterate

NAME_SHARES = {
    "as it is": 0.60,
    "emoji": 0.12,
    "handle-like": 0.10,
    "given name only": 0.08,
    "transliterated": 0.05,
    "no surname": 0.05,
}
USUAL_NAME = 0.7
"""How often the first name of a file is drawn where it has variants that are less usual."""
OWN_HANDLE = 0.5
"""How often a display name that looks like a handle is the account's own handle."""
HALF = 0.5
EMOJI = ("✨", "🚀", "🌍", "🎥", "💻", "🔥", "🎶", "☕", "🐝", "🌸", "🏳️‍🌈", "⚡", "📚", "🎮", "🌱", "🦀")
MIN_PIECE_WORDS = 2
_CLAUSE = re.compile(r"[^.!?;,|•·\n]+")


def drawn_name(person: Person, random: Random) -> str:
    """Return one of the names of a person; the usual one mostly, any where all are equally usual."""
    if not person.names:
        return ""
    if person.equal_names or random.random() >= USUAL_NAME:
        return random.choice(person.names)
    return person.names[0]


def display_name(name: str, handle: Handle, random: Random) -> str:
    """Return ``name`` as a profile shows it: perturbed in one of the ways of ``NAME_SHARES``, or as it is."""
    return _WAYS[random.choices(list(NAME_SHARES), list(NAME_SHARES.values()))[0]](name, handle, random)


def _as_it_is(name: str, _: Handle, __: Random) -> str:
    return name


def _with_emoji(name: str, _: Handle, random: Random) -> str:
    emoji = random.choice(EMOJI)
    return random.choice((f"{name} {emoji}", f"{emoji} {name}", f"{emoji}{name}{emoji}"))


def _like_a_handle(name: str, handle: Handle, random: Random) -> str:
    if handle.handle and random.random() < OWN_HANDLE:
        return handle.handle
    return random.choice(("", "_", ".")).join(word.strip(".,").lower() for word in name.split())


def _given_only(name: str, _: Handle, __: Random) -> str:
    return "".join(name.split()[:1])


def _in_latin(name: str, _: Handle, __: Random) -> str:
    return transliterate(name).title()


def _without_surname(name: str, _: Handle, __: Random) -> str:
    words = name.split()
    return " ".join(words[:-1] or words)


_WAYS: dict[str, Callable[[str, Handle, Random], str]] = {
    "as it is": _as_it_is,
    "emoji": _with_emoji,
    "handle-like": _like_a_handle,
    "given name only": _given_only,
    "transliterated": _in_latin,
    "no surname": _without_surname,
}


def pieces(bio: str, wanted: int) -> list[str]:
    """Return at least ``wanted`` parts of a bio that have no word in common by place, or as many as it has.

    Its clauses; the longest is halved while there are too few and it has at least four words.
    """
    found = [clause.strip() for clause in _CLAUSE.findall(bio) if clause.strip()]
    while found and len(found) < wanted:
        longest = max(range(len(found)), key=lambda at: len(found[at].split()))
        words = found[longest].split()
        if len(words) < 2 * MIN_PIECE_WORDS:
            break
        middle = len(words) // 2
        found[longest : longest + 1] = [" ".join(words[:middle]), " ".join(words[middle:])]
    return found


def drawn_bios(person: Person, count: int, random: Random) -> list[str]:
    """Return for each of ``count`` accounts its part of the bio: none for one half of them, never one part twice."""
    with_bio = [at for at in range(count) if random.random() < HALF]
    # At least two parts: one account alone shows a half, too.
    parts = pieces(person.bio, max(len(with_bio), 2))
    random.shuffle(parts)
    shown = dict(zip(with_bio, parts, strict=False))
    return [shown.get(at, "") for at in range(count)]


def drawn_websites(websites: Sequence[str], count: int, random: Random) -> list[str]:
    """Return for each of ``count`` accounts the person's website, or nothing for one half of them.

    A person has one: of several that a file lists, the one that is drawn.
    """
    website = random.choice(websites) if websites else ""
    return [website if random.random() < HALF else "" for _ in range(count)]
