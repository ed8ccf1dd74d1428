"""Strangers who look like somebody: accounts of their own, with a name or a handle that collides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase, digits

from benchmarks.resolution.people import Handle, Person
from benchmarks.resolution.shown import drawn_name
from creators.text import normalise_handle, transliterate

ATTEMPTS = 20
SYLLABLES = ("ka", "lo", "mi", "ren", "tu", "sol", "bri", "vo", "zan", "pel", "dor", "nix", "que", "fa", "ghi", "wex")
Looks = tuple[str, str]
"""Display name before it is perturbed, and handle."""


@dataclass(frozen=True, slots=True)
class Model:
    """Whom a stranger looks like, and the crowd that it takes the rest of its name from."""

    person: Person
    own: Handle
    """The account of the person that is imitated."""
    crowd: Sequence[Person]
    known: AbstractSet[str]
    """Names of the crowd, case-folded: nobody else may have one of them."""


def same_name(model: Model, random: Random) -> Looks:
    """Another person of the same name, with a handle that has nothing to do with it."""
    return drawn_name(model.person, random), _invented(random)


def handle_one_edit_away(model: Model, random: Random) -> Looks:
    """Another name; one letter of the handle is dropped, doubled, changed or swapped with the next."""
    handle = _handle_of(model)
    at = random.randrange(max(len(handle) - 1, 1))
    head, letter, tail = handle[:at], handle[at : at + 1], handle[at + 1 :]
    edited = random.choice(
        (
            head + tail,
            head + letter * 2 + tail,
            head + random.choice(ascii_lowercase) + tail,
            head + tail[:1] + letter + tail[1:],
        )
    )
    return _other_name(model, random), edited if edited not in {"", handle} else handle + random.choice(ascii_lowercase)


def handle_with_another_digit(model: Model, random: Random) -> Looks:
    """Another name; the handle ends in another digit, or in one where it had none."""
    handle = _handle_of(model)
    digit = random.choice([one for one in digits if one != handle[-1:]])
    return _other_name(model, random), (handle[:-1] if handle[-1:].isdigit() else handle) + digit


def same_given_name(model: Model, random: Random) -> Looks:
    """The same given name with another's surname, and a handle that shows it."""
    given = drawn_name(model.person, random).split()[:1]
    surname = _other_name(model, random, given=given).split()[-1:]
    return " ".join([*given, *surname]), _from_name(given, surname, random)


def same_surname(model: Model, random: Random) -> Looks:
    """The same surname with another's given name, and a handle that shows it."""
    surname = drawn_name(model.person, random).split()[-1:]
    given = _other_name(model, random, surname=surname).split()[:1]
    return " ".join([*given, *surname]), _from_name(given, surname, random)


KINDS: dict[str, Callable[[Model, Random], Looks]] = {
    "same_name": same_name,
    "handle_one_edit_away": handle_one_edit_away,
    "handle_with_another_digit": handle_with_another_digit,
    "same_given_name": same_given_name,
    "same_surname": same_surname,
}
"""In equal shares."""


def _handle_of(model: Model) -> str:
    """Return the handle to imitate: the account's, else another of the person's, else one made from the name."""
    for one in (model.own, *model.person.accounts):
        if one.handle:
            return one.handle
    return normalise_handle(transliterate("".join(model.person.names[:1]))) or "user"


def _other_name(model: Model, random: Random, *, given: Sequence[str] = (), surname: Sequence[str] = ()) -> str:
    """Return a name that nobody of the crowd has: the given name of one, the surname of another."""
    for _ in range(ATTEMPTS):
        one, another = (random.choice(model.crowd).names[0].split() for _ in range(2))
        name = " ".join([*(given or one[:1]), *(surname or another[-1:])])
        if name.casefold() not in model.known:
            return name
    invented = _invented(random).rstrip(digits).title()
    return " ".join([*given, invented]) if given else " ".join([invented, *surname])


def _from_name(given: Sequence[str], surname: Sequence[str], random: Random) -> str:
    """Return a handle as people make them from their names."""
    first, last = (normalise_handle(transliterate("".join(part))) for part in (given, surname))
    number = random.choice(("", str(random.randrange(1, 100))))
    made = random.choice(
        (f"{first}{last}", f"{first}_{last}", f"{first[:1]}{last}", f"{first}.{last[:1]}", f"{last}{first}")
    )
    return made.strip("._") + number or _invented(random)


def _invented(random: Random) -> str:
    return "".join(random.choices(SYLLABLES, k=random.randrange(3, 5))) + random.choice(
        ("", "", str(random.randrange(100)))
    )
