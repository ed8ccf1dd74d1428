"""The country that a creator is in, with the evidence for and against it.

Evidence: the country that a source states, flags, names of places, the country of a telephone number, the ending of a
domain, the language. Each kind counts once for each country with a weight ``w`` in log-odds that was measured
(``mappings/data/location_weights.toml``); kinds that name several countries share it out. Then
``P(c) = exp(s_c) / (exp(s_other) + sum of exp(s))``. No country comes from the language alone, nor
from the name of a people alone (``Italian recipes``), nor from anything whose probability is under 0.5.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from creators.models import Account
from creators.signals.content import CountryEvidence, Location
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.language import detect_language
from enrich.signals.location_evidence import Seen, seen_in
from enrich.signals.said import as_of, captions, newest_posts
from mappings.location_weights import location_weights
from mappings.places import place_words
from mappings.versions import data_version

METHOD = "weighed_evidence"
LEAST_CONFIDENCE = 0.5
MAX_CONFIDENCE = 0.99
"""What is inferred is never certain."""
MAX_POSTS = 10
MAX_EVIDENCE = 12
_WEAK = frozenset({"language", "people_named"})


class Weighed(NamedTuple):
    """A country with the probability that it is the right one."""

    country: str
    probability: float


class LocationSignal:
    """The country of a creator."""

    name = "location"
    version = f"2.{data_version('places.toml', 'countries.toml', 'location_weights.toml')}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return what the evidence is read from."""
        posts = newest_posts(facts, MAX_POSTS)
        read = [_read(account) for account in by_audience(facts.accounts)]
        return [read, [said.text for said in captions(posts)], as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Location | None]:
        """Return the country of each creator; None where the evidence is missing, weak, or of two minds."""
        return [_location(facts) for facts in batch]


def _read(account: Account) -> list[Any]:
    bio = None if account.bio_composed else account.bio
    return [account.account_id, account.country, account.name, bio, account.website, account.language, account.location]


def _location(facts: CreatorFacts) -> Location | None:
    posts = newest_posts(facts, MAX_POSTS)
    evidence = evidence_of(facts, [said.text for said in captions(posts)])
    best = weigh(evidence)
    if best is None or best.probability < LEAST_CONFIDENCE:
        return None
    weights = location_weights()
    shown = sorted(evidence, key=lambda seen: (seen.country != best.country, -weights.of(seen.sort), seen))
    return Location(
        country=best.country,
        evidence=tuple(
            CountryEvidence(kind=seen.kind, country=seen.country, account_id=seen.account_id, detail=seen.detail)
            for seen in shown[:MAX_EVIDENCE]
        ),
        confidence=best.probability,
        method=f"{METHOD}_{weights.version}",
        as_of=as_of(facts, posts),
        sample_size=len(evidence),
    )


def evidence_of(facts: CreatorFacts, posts: Sequence[str] = ()) -> list[Seen]:
    """Return every hint at a country in the accounts of a creator, with the language of bios and ``posts``."""
    ordered = by_audience(facts.accounts)
    found = [seen for account in ordered for seen in seen_in(account)]
    bios = [account.bio for account in ordered if account.bio and not account.bio_composed]
    language, _ = detect_language("\n".join((*bios, *posts)))
    country = place_words()["languages"].get(language or "")
    if country is not None and ordered:
        found.append(Seen("language", "language", country, ordered[0].account_id, str(language)))
    return found


def weigh(evidence: Iterable[Seen]) -> Weighed | None:
    """Return the likeliest country with its probability, 0 to 1; None where all evidence is weak.

    The order of the evidence does not matter, nor how often one kind says the same.
    """
    weights = location_weights()
    named: defaultdict[str, set[str]] = defaultdict(set)
    for seen in evidence:
        named[seen.sort].add(seen.country)
    scores: defaultdict[str, float] = defaultdict(float)
    for sort, countries in sorted(named.items()):
        for country in countries:
            scores[country] += weights.of(sort) / len(countries)
    strong = {country for sort, countries in named.items() if sort not in _WEAK for country in countries}
    if len({sort for sort in named if sort in _WEAK}) == len(_WEAK):
        # Two weak hints of different kinds that agree are one strong hint.
        strong |= set.intersection(*(named[sort] for sort in _WEAK))
    if not strong:
        return None
    total = math.exp(weights.other) + sum(math.exp(score) for score in scores.values())
    country = min(strong, key=lambda one: (-scores[one], one))
    return Weighed(country, min(MAX_CONFIDENCE, round(math.exp(scores[country]) / total, 4)))
