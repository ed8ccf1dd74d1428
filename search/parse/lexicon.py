"""The tables of the parser, built once from ``mappings``: what each phrase of a query can mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from mappings.countries import country_spellings
from mappings.languages import language_spellings
from mappings.niches import NICHES, category_key
from mappings.phrases import phrases
from search.parse.reader import PhraseTable
from search.parse.tokens import word_key

_SHORTEST_COUNTRY = 3
_KNOWN_SHORT = frozenset({"uk"})
_SHORTEST_LANGUAGE = 4
_SHORTEST_PLURAL = 4


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is counted.

    Attributes:
        name: as in the table.
        field: the filter of a person, or None where only accounts have it.
        account: the filter of one account, or None where only persons have it.
        platforms: where it exists; empty means everywhere.
    """

    name: str
    field: str | None
    account: str | None
    platforms: tuple[str, ...]

    @property
    def is_rate(self) -> bool:
        """Whether it is a share, said in percent."""
        return self.name in {"engagement_rate", "growth"}


@dataclass(frozen=True, slots=True)
class Vague:
    """A size said in words: ``high engagement``."""

    metric: Metric
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that no source tells us."""

    field: str
    note: str
    drop: bool


@dataclass(frozen=True, slots=True)
class Stated:
    """A filter that fixed words ask for; ``note`` where more should be said than the words do."""

    field: str
    value: Any
    note: str


@dataclass(frozen=True, slots=True)
class NicheWord:
    """A phrase that asks for a niche; ``names_it`` where it is the niche's own name and not something inside it."""

    id: str
    names_it: bool
    applies: bool
    broad: bool


class Numbers:
    """Words of numbers, comparisons and what is counted."""

    def __init__(self, data: dict[str, Any]) -> None:
        numbers, after = data["numbers"], data["after_number"]
        self.multipliers = PhraseTable.of({float(value): words for value, words in data["multipliers"].items()})
        self.numerals = PhraseTable.of({float(value): words for value, words in data["numerals"].items()})
        self.comparators = PhraseTable.of(data["comparators"])
        self.after_number = PhraseTable.of(after)
        self.percent = PhraseTable.of({"percent": numbers["percent"]})
        self.between = PhraseTable.of({"between": numbers["between"]})
        joints = numbers["between_and"]
        self.between_and = PhraseTable((word, "and" if word in {"and", "y", "e", "&"} else "to") for word in joints)
        self.money = PhraseTable.of({"money": numbers["money"]})
        self.claimed_by = frozenset(map(word_key, numbers["claimed_by"]))
        named = {name: _metric(name, entry) for name, entry in data["metrics"].items()}
        self.metric = named
        self.metrics = PhraseTable(
            (word, named[name]) for name, entry in data["metrics"].items() for word in entry["words"]
        )
        averages = [name for name in named if name.startswith("average_")]
        self.averages = PhraseTable((word, named[name]) for name in averages for word in data["metrics"][name]["words"])
        self.average_of = PhraseTable.of({"average": data["average_of"]["words"]})
        self.vague = PhraseTable(
            (word, Vague(named[entry["metric"]], entry.get("min"), entry.get("max")))
            for entry in data["vague"]
            for word in entry["words"]
        )


class Names:
    """Words of places, languages, platforms, niches and bands."""

    def __init__(self, data: dict[str, Any]) -> None:
        countries, languages = data["countries"], data["languages"]
        self.ambiguous = frozenset(" ".join(_keys(name)) for name in countries["ambiguous"])
        self.countries = PhraseTable(_countries())
        self.country_nouns = frozenset(" ".join(_keys(name)) for name in _country_nouns())
        self.country_codes = frozenset(countries["codes"])
        self.regions = PhraseTable.of(
            {tuple(data["regions"][region]): names for region, names in data["region_names"].items()}
        )
        self.us_cues = PhraseTable.of({"us": countries["us_cues"]})
        self.place_cues = PhraseTable.of({"in": data["place_cues"]})
        self.outside = PhraseTable.of({"outside": data["outside_cues"]})
        spelled = language_spellings().items()
        self.languages = PhraseTable(
            (name, code) for name, code in spelled if len(name) >= _SHORTEST_LANGUAGE or not name.isascii()
        )
        self.before_language = PhraseTable.of({"in": languages["before"]})
        self.after_language = PhraseTable.of({"speaking": languages["after"]})
        self.platforms = PhraseTable.of(data["platforms"])
        self.platform_people = PhraseTable.of(data["platform_people"])
        self.niches = PhraseTable(_niches(data))
        self.bands = PhraseTable.of({tuple(bands.split()): words for bands, words in data["bands"].items()})
        self.domains = PhraseTable.of(data["domains"])


class Grammar:
    """Words that hold the others together."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.connectors = _set(data["connectors"])
        self.romance_connectors = _set([*data["connectors"], *data["romance_connectors"]])
        self.people = _set(data["people"])
        self.protected = _set(data["protected"])
        self.country_topics = _set(data["topics_of_a_country"])
        self.place_topics = _set([*data["topics_of_a_country"], *data["topics_of_a_place"]])
        self.topic_leads = frozenset(data["topic_leads"])
        self.in_without_place = frozenset(data["in_without_place"])
        self.platform_cues = _set(data["platform_cues"])
        self.both = _set(data["both_cues"])
        self.has = PhraseTable.of(data["has"])
        self.has_cues = PhraseTable.of({True: data["has_cues"]["with"], False: data["has_cues"]["without"]})
        self.negators = PhraseTable.of(data["negation"])
        self.verified = PhraseTable.of({True: data["verified"]["yes"], False: data["verified"]["no"]})
        self.stated = PhraseTable(
            (word, Stated(entry["field"], entry["value"], entry.get("note", "")))
            for entry in data["stated"]
            for word in entry["words"]
        )
        self.sorts = PhraseTable(
            (word, (entry["field"], entry.get("order", "desc"))) for entry in data["sort"] for word in entry["words"]
        )
        self.sort_leads = _set(data["sort_leads"]["words"])
        self.unknown = PhraseTable(
            (word, Unknown(entry["field"], entry["note"], entry.get("drop", False)))
            for entry in data["unknown"]
            for word in entry["words"]
        )


class Dates:
    """Words of times."""

    def __init__(self, data: dict[str, Any]) -> None:
        joined = data["joined"]
        self.posted = _set(data["posted"]["words"])
        self.periods = PhraseTable.of({int(days): words for days, words in data["periods"].items()})
        self.units = PhraseTable.of({int(days): words for days, words in data["period_units"].items()})
        self.leads = _set(data["period_leads"]["words"])
        self.recent = PhraseTable.of({entry["days"]: entry["words"] for entry in data["recent"]})
        self.joined = _set(joined["words"])
        self.active_since = _set(joined["active_since"])
        self.bounds = PhraseTable.of({name: joined[name] for name in ("since", "after", "before", "until", "in")})


@dataclass(frozen=True)
class Lexicon:
    """Every table, by what it is about."""

    numbers: Numbers
    names: Names
    grammar: Grammar
    dates: Dates


@cache
def lexicon() -> Lexicon:
    """Return the tables; built at the first call."""
    data = phrases()
    return Lexicon(Numbers(data), Names(data), Grammar(data), Dates(data))


def _set(words: Iterable[str]) -> PhraseTable[bool]:
    return PhraseTable((word, True) for word in words)


def _keys(phrase: str) -> list[str]:
    return [word_key(word) for word in phrase.replace("-", " ").split()]


def _metric(name: str, entry: dict[str, Any]) -> Metric:
    return Metric(name, entry.get("field"), entry.get("account"), tuple(entry.get("platforms", ())))


def _countries() -> Iterator[tuple[str, str]]:
    for code, names in country_spellings().items():
        for name in names:
            key = word_key(name)
            if len(key) >= _SHORTEST_COUNTRY or not key.isascii() or key in _KNOWN_SHORT:
                yield name, code


def _country_nouns() -> Iterator[str]:
    for names in country_spellings().values():
        yield names[0]
    yield from (
        "USA",
        "UK",
        "UAE",
        "America",
        "England",
        "Scotland",
        "Wales",
        "Holland",
        "Korea",
        "Dubai",
        "Brasil",
        "Britain",
    )


def _niches(data: dict[str, Any]) -> Iterator[tuple[str, NicheWord]]:
    only_rank = frozenset(category_key(word) for word in data["niches"]["only_rank"])
    broad = {niche.id: niche.broad for niche in NICHES}
    # Written in the parser's own table, a word applies whatever the taxonomy's aliases do.
    for niche, words in data["niche_words"].items():
        yield from ((word, NicheWord(niche, names_it=False, applies=True, broad=broad[niche])) for word in words)
    for niche in NICHES:
        own = {category_key(name) for name in (niche.id, niche.label, *niche.label.replace("&", ",").split(","))}
        for name in (*sorted(own), *niche.aliases):
            key = category_key(name)
            word = NicheWord(niche.id, key in own, key not in only_rank or key == niche.id, niche.broad)
            yield name, word
    for niche in NICHES:
        for name in niche.aliases:
            key = category_key(name)
            if len(key) >= _SHORTEST_PLURAL and key.isalpha() and not key.endswith("s") and key not in only_rank:
                yield f"{name}s", NicheWord(niche.id, names_it=False, applies=True, broad=niche.broad)
