"""A crowd of any size: people with names of realistic frequency, who show themselves on one to four networks, seeded.

No name is anybody's: given names and surnames are made of syllables, and their frequencies fall with their rank as
those of real ones do (Zipf with an offset, the most frequent given name at 1.6 %, the most frequent surname at 0.5 %).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from creators.models import Link
from enrich.resolve.evidence import Profile

GIVEN, SURNAMES, WORDS = 4_000, 150_000, 30_000
PLATFORMS = ("instagram", "tiktok", "youtube", "x", "github")
SHARES = (0.30, 0.24, 0.18, 0.18, 0.10)
ACCOUNTS_EACH = (1, 1, 2, 2, 2, 3, 3, 4)
"""What people are drawn from: 2.25 accounts each."""
COUNTRIES = ("US", "GB", "IN", "BR", "DE", "FR", "ES", "NG", "JP", "MX")
LANGUAGES = ("en", "en", "en", "pt", "de", "fr", "es", "en", "ja", "es")
_STARTS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "sh",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "y",
    "z",
]
_MIDDLES = ["a", "e", "i", "o", "u", "ai", "ea", "ie", "ou"]
_ENDS = ["", "", "n", "r", "l", "s", "m", "k", "nd", "rt", "x"]
_HANDLES = ("{g}{s}", "{g}_{s}", "{g}.{s}", "{i}{s}", "{s}{g}", "{g}{n}", "{g}{s}{n}", "{w}{v}", "{w}_{v}", "the{g}{s}")
_HOSTS = ("linktr.ee/{}", "medium.com/@{}", "{}.example.com")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by rank, and their cumulated frequencies."""

    words: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def made(cls, count: int, offset: float, seed: str) -> Lexicon:
        """Return so many different words; the frequency of rank ``r`` is proportional to ``1 / (r + offset)``."""
        rng = random.Random(seed)  # noqa: S311 - a seeded benchmark
        words: dict[str, None] = {}
        while len(words) < count:
            syllables = (
                rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_ENDS) for _ in range(rng.choice((2, 2, 3)))
            )
            words["".join(syllables)] = None
        return cls(tuple(words), tuple(accumulate(1 / (rank + offset) for rank in range(count))))

    def draw(self, rng: random.Random, count: int = 1) -> list[str]:
        """Return words by their frequency."""
        return rng.choices(self.words, cum_weights=self.shares, k=count)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The crowd of one seed; its parts can be made apart."""

    seed: int
    given: Lexicon
    surnames: Lexicon
    words: Lexicon

    @classmethod
    def of(cls, seed: int) -> Crowd:
        """Return the crowd of a seed."""
        return cls(
            seed,
            Lexicon.made(GIVEN, 10, f"given {seed}"),
            Lexicon.made(SURNAMES, 25, f"surnames {seed}"),
            Lexicon.made(WORDS, 20, f"words {seed}"),
        )

    def part(self, number: int, accounts: int) -> Iterator[tuple[int, Profile]]:
        """Yield so many accounts of one part, each with the number of its person in this part."""
        rng = random.Random(f"part {self.seed} {number}")  # noqa: S311 - as above
        made = person = 0
        while made < accounts:
            for profile in self._person(rng, f"{number}-{person}")[: accounts - made]:
                yield person, profile
                made += 1
            person += 1

    def _person(self, rng: random.Random, key: str) -> list[Profile]:
        (given,), (surname,) = self.given.draw(rng), self.surnames.draw(rng)
        usual = self._handle(rng, given, surname)
        place = rng.randrange(len(COUNTRIES))
        loves = self.words.draw(rng, 4)
        site = self._site(rng, given, surname, usual)
        size = rng.lognormvariate(8, 2)
        count = rng.choice(ACCOUNTS_EACH)
        platforms = list(dict.fromkeys(rng.choices(PLATFORMS, SHARES, k=3 * count)))[:count]
        handles = [usual if rng.random() < 0.65 else self._handle(rng, given, surname) for _ in platforms]
        return [
            Profile(
                account_id=f"{platform}:{key}",
                platform=platform,
                native_id=key,
                handle=handle,
                name=self._name(rng, given, surname, handle),
                bio=" ".join([*self.words.draw(rng, rng.randint(4, 10)), *rng.sample(loves, 2)])
                if chance(rng, 0.6)
                else None,
                website=site if chance(rng, 0.5) else None,
                links=self._links(rng, platforms, handles, platform),
                country=COUNTRIES[place] if chance(rng, 0.6) else None,
                language=LANGUAGES[place] if chance(rng, 0.8) else None,
                followers=int(size * rng.lognormvariate(0, 1)) if chance(rng, 0.9) else None,
            )
            for platform, handle in zip(platforms, handles, strict=True)
        ]

    def _handle(self, rng: random.Random, given: str, surname: str) -> str:
        first, second = self.words.draw(rng, 2)
        parts = {"g": given, "s": surname, "i": given[0], "n": str(rng.randint(1, 99)), "w": first, "v": second}
        return rng.choice(_HANDLES).format(**parts)

    @staticmethod
    def _name(rng: random.Random, given: str, surname: str, handle: str) -> str:
        full = f"{given.title()} {surname.title()}"
        return rng.choices((full, given.title(), handle, f"{full} 🚀"), (80, 8, 5, 7))[0]

    @staticmethod
    def _site(rng: random.Random, given: str, surname: str, handle: str) -> str | None:
        kind = rng.random()
        if kind < 0.2:
            return f"https://{given}{surname}{rng.randint(1, 9)}.dev"
        return f"https://{rng.choice(_HOSTS).format(handle)}" if kind < 0.4 else None

    @staticmethod
    def _links(rng: random.Random, platforms: list[str], handles: list[str], own: str) -> tuple[Link, ...]:
        others = [Link(platform=p, handle=h) for p, h in zip(platforms, handles, strict=True) if p != own]
        return (rng.choice(others),) if others and chance(rng, 0.2) else ()


def chance(rng: random.Random, share: float) -> bool:
    """Return true in so many cases."""
    return rng.random() < share
