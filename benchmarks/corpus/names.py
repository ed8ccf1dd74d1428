"""What creators are called: names by culture, pen names by subject, and the handles that go with them."""

from __future__ import annotations

from random import Random

from benchmarks.corpus.tables import Culture
from creators.text import transliterate

OWN_SCRIPT = {"russian": 0.7, "japanese": 0.7, "arabic": 0.55, "indian": 0.15}
"""Share of names in the culture's own script."""
RARE_FAMILY = 0.4
"""Share of family names that are made of syllables: the long tail that every list of names cuts off."""
PEN_NAME = 0.3
NUMBERED = 0.5
"""Share of handles that end in a number, which makes them unique; of the others some meet, as on no network."""
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def word(random: Random, culture: Culture, least: int = 2) -> str:
    """Return a word that nobody has used, as companies and coupons are called."""
    return "".join(random.choice(culture.syllables) for _ in range(random.randint(least, 3))).capitalize()


def person(random: Random, culture: Culture, name: str) -> str:
    """Return a person's name; ``name`` is that of the culture."""
    if culture.native is not None and random.random() < OWN_SCRIPT.get(name, 0.0):
        return culture.native.draw(random)
    family = word(random, culture) if random.random() < RARE_FAMILY else culture.family.draw(random)
    return f"{culture.given.draw(random)} {family}"


def shown(random: Random, own_name: str, culture: Culture, subject: str) -> str:
    """Return the name that an account shows: the person's own, or a pen name with the subject in it."""
    if random.random() >= PEN_NAME:
        return own_name
    given, made = own_name.partition(" ")[0], word(random, culture)
    return random.choice(
        (f"{subject.title()} with {given}", f"{given} {subject.title()}", f"The {made} {subject.title()}", made, given)
    )


def handle(random: Random, own_name: str, shown_name: str, creator: int) -> str:
    """Return a handle: small Latin letters, figures, dots and underscores, at most 30 characters."""
    parts = _latin(shown_name if random.random() < 0.5 else own_name).split() or ["user"]
    first, rest = parts[0], parts[-1] if len(parts) > 1 else ""
    made = random.choice(
        (
            f"{first}{rest}",
            f"{first}.{rest}",
            f"{first}_{rest}",
            f"its{first}{rest}",
            f"{rest}{first}",
            f"{first}{rest}_",
        )
    ).strip(".")[:22]
    if random.random() < NUMBERED:
        return made + (str(creator) if random.random() < 0.5 else _base36(creator))
    return made if random.random() < 0.5 else f"{made}{random.randint(1, 99):02d}"


def _latin(name: str) -> str:
    return "".join(letter if letter.isalnum() else " " for letter in transliterate(name).lower() if letter.isascii())


def _base36(number: int) -> str:
    figures = ""
    while number:
        number, last = divmod(number, 36)
        figures = _ALPHABET[last] + figures
    return figures or "0"
