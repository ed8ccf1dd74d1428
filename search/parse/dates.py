"""Clauses with times: ``active in the last 30 days``, ``posted this month``, ``joined before 2015``; no clock."""

from __future__ import annotations

from search.parse.clauses import Found
from search.parse.lexicon import Dates, Lexicon
from search.parse.platforms import PlatformHit, platform_at
from search.parse.reader import Hit, Reader

GROWTH_FIELDS = {30: "growth_30d", 31: "growth_30d", 90: "growth_90d", 180: "growth_180d"}
_RATES = frozenset(
    {
        "weekly",
        "monthly",
        "a",
        "per",
        "each",
        "every",
        "quarterly",
        "half",
        "yearly",
        "annually",
        "month",
        "year",
        "week",
    }
)
_FIRST_YEAR, _LAST_YEAR = 1995, 2099
_MAX_DAYS = 3650
_SURE, _VAGUE, _BARE = 0.95, 0.7, 0.5


def read_period(reader: Reader, at: int, dates: Dates) -> Hit[int] | None:
    """Return the days of the period at token ``at`` (``in the last 6 months``, ``monthly``, ``30-day``), or None."""
    if named := dates.periods.find(reader.keys, at):
        return named
    lead = dates.leads.find(reader.keys, at)
    start = lead.end if lead else at
    if reader.kind(start) != "number" or not reader.key(start).isdigit():
        return None
    # "30-day" keeps its hyphen: what stands before it is a number.
    unit = dates.units.find(reader.keys, reader.skip(start + 1, ("-",)))
    days = int(reader.key(start)) * unit.value if unit else 0
    return Hit(days, unit.end) if unit and 1 <= days <= _MAX_DAYS else None


def recency(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause about the last post at token ``at``, or None."""
    dates = words.dates
    if recent := dates.recent.find(reader.keys, at):
        scope = _on_platform(reader, recent.end, words)
        note = "a time in words: the number of days is ours, edit it"
        return _posted(recent.value, (at, scope.end if scope else recent.end), scope, (_VAGUE, note))
    posted = dates.posted.find(reader.keys, at)
    if posted is None:
        return None
    scope = _on_platform(reader, posted.end, words)
    start = scope.end if scope else posted.end
    start = reader.skip(start, ("at", "least", "once"))
    period = read_period(reader, start, dates)
    if period is None or reader.key(start) in _RATES or reader.kind(start) == "number":
        return None
    after = scope or _on_platform(reader, period.end, words)
    return _posted(period.value, (at, max(period.end, after.end if after else 0)), after, (_SURE, ""))


def _posted(days: int, span: tuple[int, int], scope: PlatformHit | None, said: tuple[float, str]) -> Found:
    field = f"accounts.{scope.value}.last_posted_days" if scope else "last_posted_days"
    return Found(field, days, *span, *said)


def _on_platform(reader: Reader, at: int, words: Lexicon) -> PlatformHit | None:
    return platform_at(reader, at + 1, words, cued=True) if reader.key(at) in {"on", "to", "en"} else None


def joined(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause about when accounts were made at token ``at``, or None."""
    dates = words.dates
    if since := dates.active_since.find(reader.keys, at):
        return _active_since(reader, (at, since.end), None)
    on_platform = _on_platform(reader, at, words)
    if on_platform and reader.key(on_platform.end) == "since":
        return _active_since(reader, (at, on_platform.end + 1), on_platform)
    verb = dates.joined.find(reader.keys, at)
    if verb is None:
        return _since(reader, at)
    start = reader.skip(verb.end, ("on", "their", "channel", "account"))
    scope = platform_at(reader, start, words, cued=True)
    span = _years(reader, scope.end if scope else verb.end, dates)
    if span is None:
        return None
    field = f"accounts.{scope.value}.joined" if scope else "joined"
    return Found(field, span.value, at, span.end, _SURE)


def _since(reader: Reader, at: int) -> Found | None:
    year = _year(reader, at + 1)
    if reader.key(at) != "since" or year is None:
        return None
    return Found("joined", {"min": f"{year}-01-01"}, at, at + 2, _BARE, "read as: joined since")


def _active_since(reader: Reader, span: tuple[int, int], scope: PlatformHit | None) -> Found | None:
    start, end = span
    year = _year(reader, end)
    if year is None:
        return None
    field = f"accounts.{scope.value}.joined" if scope else "joined"
    return Found(
        field, {"max": f"{year}-12-31"}, start, end + 1, _VAGUE, "there since then: joined in that year or before"
    )


def _years(reader: Reader, at: int, dates: Dates) -> Hit[dict[str, str]] | None:
    """Return the days between which ``since 2020``, ``between 2018 and 2020`` and so on lie, or None."""
    if reader.key(at) in {"between", "from"}:
        first, second = _year(reader, at + 1), _year(reader, at + 3)
        if first and second and reader.key(at + 2) in {"and", "to", "-"}:
            first, second = min(first, second), max(first, second)
            return Hit({"min": f"{first}-01-01", "max": f"{second}-12-31"}, at + 4)
    bound = dates.bounds.find(reader.keys, at)
    year = _year(reader, bound.end) if bound else None
    if bound is None or year is None:
        return None
    days = {
        "since": {"min": f"{year}-01-01"},
        "after": {"min": f"{year + 1}-01-01"},
        "before": {"max": f"{year - 1}-12-31"},
        "until": {"max": f"{year}-12-31"},
        "in": {"min": f"{year}-01-01", "max": f"{year}-12-31"},
    }
    return Hit(days[bound.value], bound.end + 1)


def _year(reader: Reader, at: int) -> int | None:
    key = reader.key(at)
    is_year = reader.kind(at) == "number" and key.isdigit() and _FIRST_YEAR <= int(key) <= _LAST_YEAR
    return int(key) if is_year else None
