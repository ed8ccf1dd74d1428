"""Candidates of one request as columns: what the arms returned, ready for vectorised features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from search.rank.percentiles import NOBODY, Column, PercentileTable

Words = tuple[str | None, ...]
Lists = tuple[tuple[str, ...], ...]

MANY = frozenset({"niches", "handles", "names_ascii.exact"})
"""Doc values of which a creator has several; of the others the only one is taken."""
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Candidates:
    """``n`` candidates; every column has ``n`` entries, an unknown number is NaN, an unknown word None."""

    ids: tuple[str, ...]
    lexical: Column
    """BM25 score; NaN where it is not known."""
    cosine: Column
    """Cosine of text and query vector; NaN where it is not known."""
    named: Column
    """How much the query is the candidate's handle or name, 0 to 1; NaN where nobody looked."""
    followers: Column
    engagement_rate: Column
    growth_90d: Column
    age_days: Column
    """Days since the newest fact was observed."""
    platforms: Words
    """Primary platform."""
    bands: Words
    """Follower band of the largest account."""
    primary_niches: Words
    niches: Lists
    risks: Words
    """Level of what was read of the creator that brands avoid."""
    population: PercentileTable = NOBODY
    """Whom the candidates are compared with."""

    @classmethod
    def of(cls, ids: Sequence[str], numbers: Mapping[str, Column], words: Mapping[str, Any]) -> Candidates:
        """Return candidates of which the given columns are known, and no other."""
        count = len(ids)
        unknown = np.full(count, np.nan)
        none = (None,) * count
        return cls(
            ids=tuple(ids),
            lexical=numbers.get("lexical", unknown),
            cosine=numbers.get("cosine", unknown),
            named=numbers.get("named", unknown),
            followers=numbers.get("followers", unknown),
            engagement_rate=numbers.get("engagement_rate", unknown),
            growth_90d=numbers.get("growth_90d", unknown),
            age_days=numbers.get("age_days", unknown),
            platforms=tuple(words.get("platforms", none)),
            bands=tuple(words.get("bands", none)),
            primary_niches=tuple(words.get("primary_niches", none)),
            niches=tuple(words.get("niches", ((),) * count)),
            risks=tuple(words.get("risks", none)),
        )

    def among(self, population: PercentileTable) -> Candidates:
        """Return the same candidates, compared with a population."""
        return replace(self, population=population)

    def called(self, named: Column) -> Candidates:
        """Return the same candidates, with how much the query is their handle or name."""
        return replace(self, named=named)


class ArmHit(NamedTuple):
    """One hit of one arm; hundreds are made in every search, and a tuple is made fastest."""

    creator_id: str
    score: float
    values: Mapping[str, Any]
    """Doc values: one word or number each, a list for the fields in ``MANY``."""


def parse_hits(answer: Mapping[str, Any]) -> list[ArmHit]:
    """Return an arm's hits with their doc values."""
    found: list[ArmHit] = []
    for hit in answer["hits"]["hits"]:
        columns = hit["fields"]
        values = {name: column[0] for name, column in columns.items()}
        for name in MANY & columns.keys():
            values[name] = columns[name]
        found.append(ArmHit(values["creator_id"], hit["_score"] or 0.0, values))
    return found


def _column(values: Sequence[Any]) -> Column:
    # None becomes NaN, and milliseconds in a string, as dates come, a number.
    return np.array(values, dtype=np.float64)


def cosine_of(scores: Column) -> Column:
    """Return the cosines behind Lucene ``cosinesimil`` scores, which are ``(1 + cosine) / 2``."""
    return 2.0 * scores - 1.0


def _scores(ids: Sequence[str], hits: Sequence[ArmHit]) -> Column:
    # Of two hits of one creator the first stands: later ones complete a list, they do not correct it.
    known = {hit.creator_id: hit.score for hit in reversed(hits)}
    return _column([known.get(one) for one in ids])


def facts_of(*arms: Sequence[ArmHit]) -> dict[str, Mapping[str, Any]]:
    """Return creator id → doc values, those of the first hit that carries more than its id."""
    return {hit.creator_id: hit.values for hits in reversed(arms) for hit in reversed(hits) if len(hit.values) > 1}


def collect(
    ids: Sequence[str],
    lexical: Sequence[ArmHit],
    knn: Sequence[ArmHit],
    *,
    now_ms: int,
    others: Sequence[ArmHit] = (),
) -> Candidates:
    """Return the candidates ``ids`` as columns.

    Args:
        ids: the candidates, in order.
        lexical: hits whose score is BM25.
        knn: hits whose score is that of the k-NN arm.
        now_ms: the time of the request.
        others: hits whose score means nothing here (browsing, names): their facts are used.
    """
    facts = facts_of(lexical, knn, others)
    values = [facts.get(one, {}) for one in ids]
    seen = _column([v.get("as_of") for v in values])
    numbers = {name: _column([v.get(name) for v in values]) for name in ("followers", "engagement_rate", "growth_90d")}
    return Candidates.of(
        ids,
        {
            "lexical": _scores(ids, lexical),
            "cosine": cosine_of(_scores(ids, knn)),
            "age_days": np.maximum(0.0, (now_ms - seen) / _MS_PER_DAY),
            **numbers,
        },
        {
            "platforms": [v.get("primary_platform") for v in values],
            "bands": [v.get("follower_band") for v in values],
            "primary_niches": [v.get("primary_niche") for v in values],
            "niches": [tuple(v.get("niches", ())) for v in values],
            "risks": [v.get("brand_risk") for v in values],
        },
    )
