"""How many creators pass a filter, worked out from counts per value that are taken once an hour; pure.

Clauses are taken as independent of each other. That can be wrong by a factor of two or three, which changes the cost of
a search and never its answer; the true number of a filter that was asked before is remembered by the planner.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Self

from elasticsearch_dsl import Search

from search.filters import AccountFilter, CountRange, DateRange, Exclusions, Filters, RateRange
from search.queries.filters import Clause

VALUES = 1_000
"""Values counted of each field; a rarer one counts as often as the rarest of these."""
PERCENTS = tuple(range(0, 101, 5))
_COUNTED = {
    "platforms": "platforms",
    "domains": "domain",
    "niches": "niches",
    "countries": "countries",
    "languages": "languages",
    "topics": "topics",
    "categories": "categories",
    "follower_bands": "follower_band",
    "sources": "sources",
    "has": "has",
}
"""Filter and the field whose values are counted for it."""
_FLAGS = ("verified", "degraded")
_RANGES = ("followers", "engagement_rate", "growth_30d", "growth_90d", "growth_180d", "account_count")
_DATES = ("joined_on", "last_posted_at", "as_of")
_ACCOUNT_RANGE_SHARE = 0.3
"""Guess for a range of one platform's fact, which is not counted."""
_PHRASE_SHARE = 0.02
"""Guess for a word or phrase that must occur."""
_MS_PER_DAY = 86_400_000

Range = CountRange | RateRange | DateRange


@dataclass(frozen=True)
class Spread:
    """Percentiles of a field; ``known`` creators have a value."""

    known: int
    points: tuple[float, ...]

    def share_below(self, value: float) -> float:
        """Return the share of known values below ``value``, straight between two percentiles."""
        if not self.points or value < self.points[0]:
            return 0.0
        if value >= self.points[-1]:
            return 1.0
        place = bisect.bisect_right(self.points, value)
        low, high = self.points[place - 1], self.points[place]
        part = (value - low) / (high - low) if high > low else 1.0
        return (PERCENTS[place - 1] + part * (PERCENTS[place] - PERCENTS[place - 1])) / 100


@dataclass(frozen=True)
class CountTable:
    """Counts of one moment.

    Attributes:
        documents: creators in the index.
        values: field → value → creators that have it.
        spreads: field → its percentiles.
    """

    documents: int
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the table that :meth:`as_json` wrote."""
        spreads = {name: Spread(one["known"], tuple(one["points"])) for name, one in value["spreads"].items()}
        return cls(value["documents"], value["values"], spreads)


def table_request() -> Clause:
    """Return the request whose answer :func:`read_table` reads."""
    search = Search().extra(size=0, track_total_hits=True)
    for name in (*_COUNTED.values(), *_FLAGS):
        search.aggs.bucket(f"values:{name}", "terms", field=name, size=VALUES)
    for name in (*_RANGES, *_DATES):
        search.aggs.metric(f"known:{name}", "value_count", field=name)
        search.aggs.metric(f"points:{name}", "percentiles", field=name, percents=list(PERCENTS), keyed=False)
    body: Clause = search.to_dict()
    return body


def read_table(answer: Mapping[str, Any]) -> CountTable:
    """Return the table from the answer to :func:`table_request`."""
    found = answer["aggregations"]
    return CountTable(
        documents=answer["hits"]["total"]["value"],
        values={
            name: {
                str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"]
                for bucket in found[f"values:{name}"]["buckets"]
            }
            for name in (*_COUNTED.values(), *_FLAGS)
        },
        spreads={
            name: Spread(
                int(found[f"known:{name}"]["value"]),
                tuple(point["value"] for point in found[f"points:{name}"]["values"] if point["value"] is not None),
            )
            for name in (*_RANGES, *_DATES)
        },
    )


def estimate(filters: Filters, table: CountTable, *, now_ms: int) -> float:
    """Return the share of creators that pass, 0 to 1.

    Args:
        filters: what must hold.
        table: the counts.
        now_ms: the time of the request, for conditions such as "active in the last 30 days".
    """
    if not table.documents:
        return 0.0
    return _Estimate(table, now_ms).share(filters)


@dataclass(frozen=True)
class _Estimate:
    table: CountTable
    now_ms: int

    def share(self, filters: Filters) -> float:
        share = self._lists(filters) * self._facts(filters) * self._excluded(filters.exclude)
        share *= math.prod(self._account(str(platform), one) for platform, one in filters.accounts.items())
        share *= math.prod(self.share(group) for group in filters.all)
        share *= math.prod(1 - self.share(group) for group in filters.none)
        if filters.any:
            share *= 1 - math.prod(1 - self.share(group) for group in filters.any)
        return min(1.0, max(0.0, share))

    def _lists(self, filters: Filters) -> float:
        share = math.prod(
            self._any_of(name, getattr(filters, name)) for name in _COUNTED if name != "has" and getattr(filters, name)
        )
        share *= math.prod(self._any_of("has", (value,)) for value in filters.has)
        return share * self._ids(filters.creator_ids) if filters.creator_ids else share

    def _facts(self, filters: Filters) -> float:
        share = math.prod(self._range(name, getattr(filters, name)) for name in _RANGES)
        share *= self._range("joined_on", filters.joined)
        share *= self._since("last_posted_at", filters.last_posted_days) * self._since("as_of", filters.max_age_days)
        share *= math.prod(self._flag(name, wanted=getattr(filters, name)) for name in _FLAGS)
        return share * _PHRASE_SHARE ** len({*filters.keywords, *filters.bio})

    def _excluded(self, exclude: Exclusions) -> float:
        listed = [(name, getattr(exclude, name)) for name in _COUNTED if hasattr(exclude, name)]
        share = math.prod(1 - self._any_of(name, values) for name, values in listed if values)
        share *= 1 - self._ids((*exclude.creator_ids, *exclude.handles))
        return share * (1 - _PHRASE_SHARE) ** len(exclude.keywords)

    def _account(self, platform: str, wanted: AccountFilter) -> float:
        given = [getattr(wanted, name) for name in AccountFilter.model_fields]
        ranges = sum(1 for value in given if value not in (None, True, False))
        flag = self._flag("verified", wanted=wanted.verified)
        return self._any_of("platforms", (platform,)) * flag * _ACCOUNT_RANGE_SHARE**ranges

    def _ids(self, ids: Sequence[str]) -> float:
        return min(1.0, len(ids) / self.table.documents)

    def _any_of(self, name: str, values: Sequence[Any]) -> float:
        """A creator may have several values, so their shares do not simply add up; a single-valued field's do."""
        counts = self.table.values.get(_COUNTED[name], {})
        rarest = min(counts.values()) if len(counts) >= VALUES else 0
        shares = [min(1.0, counts.get(str(value), rarest) / self.table.documents) for value in values]
        if name in ("domains", "follower_bands"):
            return min(1.0, sum(shares))
        return 1 - math.prod(1 - share for share in shares)

    def _flag(self, name: str, *, wanted: bool | None) -> float:
        if wanted is None:
            return 1.0
        held = min(1.0, self.table.values.get(name, {}).get("true", 0) / self.table.documents)
        return held if wanted else 1 - held

    def _range(self, name: str, wanted: Range | None) -> float:
        if wanted is None:
            return 1.0
        spread = self.table.spreads.get(name, Spread(0, ()))
        low = 0.0 if wanted.min is None else spread.share_below(_number(wanted.min))
        high = 1.0 if wanted.max is None else spread.share_below(_number(wanted.max))
        # At the very least one creator: a range is never known to be empty from percentiles.
        known = min(1.0, spread.known / self.table.documents)
        return max(1 / self.table.documents, known * max(0.0, high - low))

    def _since(self, name: str, days: int | None) -> float:
        if days is None:
            return 1.0
        spread = self.table.spreads.get(name, Spread(0, ()))
        known = min(1.0, spread.known / self.table.documents)
        return known * (1 - spread.share_below(self.now_ms - days * _MS_PER_DAY))


def _number(value: float | date) -> float:
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    return float(value)
