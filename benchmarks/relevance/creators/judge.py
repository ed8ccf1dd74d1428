"""Rules and facts become judgements; ``python -m benchmarks.relevance.creators.judge`` writes ``qrels.tsv``."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from benchmarks.relevance.creators.facts import HERE, Facts, read_facts
from creators.models import Frozen
from search.filters import Filters

QUERIES, RULES = HERE / "queries.jsonl", HERE / "rules.toml"
OVERRIDES, QRELS = HERE / "overrides.tsv", HERE / "qrels.tsv"
FILTERS_JUDGED = frozenset({"platforms", "countries", "languages", "followers"})
"""Filters whose meaning the judge knows; a query with another one is refused."""
RELEVANT, MENTIONED, NEIGHBOUR = 3, 2, 1

Judgements = dict[str, dict[str, int]]
"""Query id → key of the creator → grade above 0."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Values = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Query(Frozen):
    """One question of the collection."""

    query_id: str = Field(alias="_id")
    intent: str
    """The kind of question, for the figures of each kind."""
    text: str
    filters: Filters = Filters()


class Condition(Frozen):
    """What must be known of a creator; every part that is given has to hold, ``rules.toml`` explains them."""

    subject: Values = ()
    also: Values = ()
    category: Values = ()
    topic: Values = ()
    platform: Values = ()
    country: Values = ()
    language: Values = ()
    source: Values = ()
    account: Values = ()
    name: str | None = None
    bio: str | None = None
    followers_min: int | None = None
    followers_max: int | None = None

    def holds(self, facts: Facts) -> bool:
        """Return whether every part holds."""
        return self._labels_hold(facts) and self._texts_hold(facts) and self._size_holds(facts)

    @cached_property
    def _wanted(self) -> dict[str, frozenset[str]]:
        kinds = ("subject", "also", "category", "topic", "platform", "country", "language", "source")
        given = {kind: frozenset(one.casefold() for one in getattr(self, kind)) for kind in kinds}
        return {kind: values for kind, values in given.items() if values}

    def _labels_hold(self, facts: Facts) -> bool:
        # An empty value stands for "the tables do not say".
        met = (values & (facts.labels[kind] or {""}) for kind, values in self._wanted.items())
        return all(met) and (not self.account or not facts.accounts.isdisjoint(self.account))

    def _texts_hold(self, facts: Facts) -> bool:
        if self.bio is not None and not re.search(self.bio, facts.bio, re.IGNORECASE):
            return False
        return self.name is None or any(re.search(self.name, name, re.IGNORECASE) for name in facts.names)

    def _size_holds(self, facts: Facts) -> bool:
        if self.followers_min is None and self.followers_max is None:
            return True
        if facts.followers is None:
            return False
        return (self.followers_min or 0) <= facts.followers <= (self.followers_max or facts.followers)


Conditions = tuple[Condition, ...]


class Rule(Frozen):
    """Who answers one query, and how well."""

    about: Values = ()
    grade3: Conditions = ()
    grade2: Conditions = ()
    grade1: Conditions = ()
    within: Condition = Condition()
    outside: int = 0
    """The most that a creator can get who is not ``within``."""

    def grade(self, facts: Facts, neighbours: frozenset[str]) -> int:
        """Return the grade of a creator, 0 to 3.

        Args:
            facts: of the creator.
            neighbours: subjects beside those of ``about``.
        """
        found = max(self._by_subject(facts, neighbours), self._by_conditions(facts))
        return found if self.within.holds(facts) else min(found, self.outside)

    def _by_subject(self, facts: Facts, neighbours: frozenset[str]) -> int:
        if facts.labels["subject"].intersection(self.about):
            return RELEVANT
        if facts.labels["also"].intersection(self.about):
            return MENTIONED
        return NEIGHBOUR if facts.labels["subject"] & neighbours else 0

    def _by_conditions(self, facts: Facts) -> int:
        graded = ((3, self.grade3), (2, self.grade2), (1, self.grade1))
        return next((grade for grade, any_of in graded if any(one.holds(facts) for one in any_of)), 0)


class Rulebook(Frozen):
    """All rules."""

    neighbours: tuple[frozenset[str], ...]
    rules: Mapping[str, Rule]
    """Rule by query id."""

    def beside(self, subjects: Sequence[str]) -> frozenset[str]:
        """Return the subjects that share a group with one of these, without these."""
        groups = (group for group in self.neighbours if not group.isdisjoint(subjects))
        return frozenset[str]().union(*groups).difference(subjects)


def read_queries(path: Path = QUERIES) -> list[Query]:
    """Return the questions in the order of the file."""
    return [Query.model_validate(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def read_rules(path: Path = RULES) -> Rulebook:
    """Return the rules; raises ``ValueError`` that names the query whose rule cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    neighbours = table.pop("neighbours")
    try:
        return Rulebook(neighbours=neighbours, rules=table)
    except ValidationError as error:
        first = error.errors()[0]
        detail = f"{path.name}, {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ValueError(detail) from error


def read_overrides(path: Path = OVERRIDES) -> dict[tuple[str, str], int]:
    """Return the grades given by hand, by query and key of the creator."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {(row["query"], row["creator"]): int(row["grade"]) for row in rows}


def judge(queries: Iterable[Query], creators: Sequence[Facts], rulebook: Rulebook) -> Judgements:
    """Return what the rules say about every creator and every query; a query without a rule is a ``KeyError``."""
    found: Judgements = {}
    for query in queries:
        rule, passing = rulebook.rules[query.query_id], _passing(query)
        neighbours = rulebook.beside(rule.about)
        grades = {one.key: rule.grade(one, neighbours) for one in creators if passing.holds(one)}
        found[query.query_id] = {key: grade for key, grade in grades.items() if grade}
    return found


def _passing(query: Query) -> Condition:
    asked = query.filters.model_dump(exclude_defaults=True)
    unknown = sorted(asked.keys() - FILTERS_JUDGED)
    if unknown:
        detail = f"{query.query_id}: the judge does not know the filter {unknown[0]}: use {sorted(FILTERS_JUDGED)}"
        raise ValueError(detail)
    followers = query.filters.followers
    return Condition(
        platform=tuple(query.filters.platforms),
        country=tuple(query.filters.countries),
        language=tuple(query.filters.languages),
        followers_min=followers.min if followers else None,
        followers_max=followers.max if followers else None,
    )


def corrected(by_rules: Judgements, creators: Iterable[Facts], overrides: Mapping[tuple[str, str], int]) -> Judgements:
    """Return the judgements with the grades given by hand; ``ValueError`` for one of nobody known."""
    found, keys = {query: dict(grades) for query, grades in by_rules.items()}, {one.key for one in creators}
    for (query, key), grade in overrides.items():
        if query not in found or key not in keys:
            detail = f"{OVERRIDES.name}: {query} {key}: no such query or creator"
            raise ValueError(detail)
        found[query].pop(key, None)
        if grade:
            found[query][key] = grade
    return found


def judgements() -> Judgements:
    """Return the judgements of the collection: rules, then overrides."""
    creators = read_facts()
    return corrected(judge(read_queries(), creators, read_rules()), creators, read_overrides())


def as_text(found: Judgements) -> str:
    """Return judgements as BEIR writes them: a header, then query, creator and grade, separated by tabs."""
    lines = [f"{query}\t{key}\t{grade}" for query, grades in found.items() for key, grade in sorted(grades.items())]
    return "\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n"


def read_qrels(path: Path = QRELS) -> Judgements:
    """Return the committed judgements."""
    found: Judgements = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, key, grade = line.split("\t")
        found.setdefault(query, {})[key] = int(grade)
    return found


if __name__ == "__main__":
    QRELS.write_text(as_text(judgements()), encoding="utf-8")
