"""Clauses with numbers: ``10k-50k followers``, ``youtube engagement over 3 %``, ``growing 10 % in 90 days``.

A number belongs to the platform that stands directly before or after it; without one it is a condition on the person
(followers: of the largest account). A bare ``10k`` counts followers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from rapidfuzz.distance import OSA

from search.filters import MAX_COUNT
from search.parse.clauses import Found
from search.parse.dates import GROWTH_FIELDS, read_period
from search.parse.lexicon import Lexicon, Metric
from search.parse.numbers import Amount, bounded_after, read_amount
from search.parse.platforms import PlatformHit, platform_at, platform_list
from search.parse.reader import Hit, Reader

ANY_ACCOUNT = "accounts.*."
"""How the field of a clause starts that asks for a fact of one account and names no platform."""
_LINKS = frozenset({"of", "is", "are", ":", "=", "at", "rate", "count", "that", "was", "by", "-", "de", "has", "a"})
_ADJECTIVES = frozenset(
    {"total", "real", "active", "organic", "loyal", "engaged", "combined", "of", "new", "plus", "average", "avg"}
)
_RESOLUTIONS = frozenset({2.0, 4.0, 5.0, 8.0})
_FRACTION_BELOW = 0.2
_LARGE = 1000.0
_YEARS = range(1900, 2101)
_PER = frozenset({"per", "a", "each"})
_SURE, _UNCOMPARED, _TOTAL_VIEWS, _UNIT_GUESSED, _VAGUE, _BARE = 0.95, 0.8, 0.7, 0.7, 0.6, 0.6
_GROWTH_DAYS = 90
_TYPO_LENGTH = 7
_LONG_WORDS = (
    ("followers", "followers"),
    ("subscribers", "followers"),
    ("seguidores", "followers"),
    ("suscriptores", "followers"),
    ("engagement", "engagement_rate"),
)


def quantity(reader: Reader, at: int, words: Lexicon) -> Found | None:
    """Return the clause with a number that starts at token ``at``, or None."""
    return (
        _platform_first(reader, at, words)
        or _metric_first(reader, at, words)
        or _vague(reader, at, words)
        or _amount_first(reader, at, words)
    )


def _platform_first(reader: Reader, at: int, words: Lexicon) -> Found | None:
    platform = platform_at(reader, reader.skip(at, ("on",)), words)
    if platform is None:
        return None
    after = reader.skip(platform.end, (":",))
    found = _metric_first(reader, after, words) or _vague(reader, after, words)
    if found is None and read_amount(reader, after, words.numbers):
        found = _amount_first(reader, after, words)
    if found is None or not found.field.startswith((ANY_ACCOUNT, "followers", "engagement_rate")):
        return None
    return _on(replace(found, start=at), platform.value)


def _on(found: Found, platform: str) -> Found:
    name = found.field.removeprefix(ANY_ACCOUNT)
    return replace(found, field=f"accounts.{platform}.{name}")


def _metric_first(reader: Reader, at: int, words: Lexicon) -> Found | None:
    start = _after_average(reader, at, words)
    metric = _metric(reader, start, words, average=start != at)
    if metric is None:
        return _monthly_growth(reader, at, words)
    scope = _scope(reader, metric.end, words, needs_cue=True)
    after = scope.end if scope else metric.end
    amount = _linked_amount(reader, after, words)
    if amount is None or not _fits(amount, metric.value):
        return None
    says_so = amount.compared or amount.large or amount.percent or reader.key(after) in {":", "="}
    if not says_so or _is_claimed(reader, amount, words):
        return None
    return _finish(reader, at, (metric.value, amount), scope, words)


def _monthly_growth(reader: Reader, at: int, words: Lexicon) -> Found | None:
    period = read_period(reader, at, words.dates)
    metric = words.numbers.metrics.find(reader.keys, period.end) if period else None
    if period is None or metric is None or metric.value.name != "growth":
        return None
    amount = _linked_amount(reader, metric.end, words)
    if amount is None or not _fits(amount, metric.value):
        return None
    return _growth(Hit(amount, amount.end), (at, period.value), stated=True)


def _linked_amount(reader: Reader, at: int, words: Lexicon) -> Amount | None:
    """Return the amount after "of", "is", ":" and the like, or None."""
    amount = read_amount(reader, at, words.numbers)
    # One word at a time: "at" may be a link or the start of "at least".
    while amount is None and reader.key(at) in _LINKS:
        at += 1
        amount = read_amount(reader, at, words.numbers)
    return amount


def _after_average(reader: Reader, at: int, words: Lexicon) -> int:
    average = words.numbers.average_of.find(reader.keys, at)
    return reader.skip(average.end, ("of", ".")) if average else at


def _metric(reader: Reader, at: int, words: Lexicon, *, average: bool) -> Hit[Metric] | None:
    plain = words.numbers.metrics.find(reader.keys, at)
    per_post = words.numbers.averages.find(reader.keys, at)
    plain = plain or _misspelled(reader, at, words)
    if per_post and (average or plain is None or per_post.end > plain.end):
        return per_post
    if plain is None:
        return None
    # "100k views on average", "100k views per clip"
    trailing = words.numbers.average_of.find(reader.keys, plain.end)
    if trailing and per_post:
        return Hit(per_post.value, trailing.end)
    if plain.value.name == "views" and reader.key(plain.end) in _PER and reader.is_word(plain.end + 1):
        return None
    return plain


def _misspelled(reader: Reader, at: int, words: Lexicon) -> Hit[Metric] | None:
    name = nearest_metric(reader.key(at)) if reader.is_word(at) else None
    return Hit(words.numbers.metric[name], at + 1) if name else None


@lru_cache(maxsize=4096)
def nearest_metric(key: str) -> str | None:
    """Return what a long word with one slip counts ("folowers"), or None."""
    if len(key) < _TYPO_LENGTH:
        return None
    return next((name for word, name in _LONG_WORDS if OSA.distance(key, word, score_cutoff=1) <= 1), None)


def _fits(amount: Amount, metric: Metric) -> bool:
    return not amount.large if metric.is_rate else not amount.percent


def _scope(reader: Reader, at: int, words: Lexicon, *, needs_cue: bool) -> PlatformHit | None:
    """Return the one platform that a clause ending before ``at`` is about, or None."""
    cued = reader.skip(at, ("on", "en", "em", "no", "na") if reader.romance else ("on",))
    if cued > at + 1 or (needs_cue and cued == at):
        return None
    platform = platform_at(reader, cued, words, cued=cued > at)
    if platform is None or len(platform_list(reader, cued, words, cued=cued > at).value) > 1:
        return None
    if cued == at and (_starts_quantity(reader, platform.end, words) or words.grammar.people.find(reader.keys, at)):
        return None
    return platform


def _starts_quantity(reader: Reader, at: int, words: Lexicon) -> bool:
    after = reader.skip(at, (":",))
    metric = words.numbers.metrics.find(reader.keys, after)
    if metric and _linked_amount(reader, metric.end, words):
        return True
    return read_amount(reader, after, words.numbers) is not None or bool(words.numbers.vague.find(reader.keys, after))


def _vague(reader: Reader, at: int, words: Lexicon) -> Found | None:
    hit = words.numbers.vague.find(reader.keys, at)
    if hit is None:
        return None
    end = reader.skip(hit.end, ("rate", "rates"))
    vague = hit.value
    if vague.metric.name == "growth":
        period = read_period(reader, end, words.dates)
        field = GROWTH_FIELDS.get(period.value if period else 30, "growth_30d")
        return Found(field, _range(vague.least, vague.most), at, period.end if period else end, _VAGUE, _vague_note())
    scope = _scope(reader, end, words, needs_cue=True)
    found = Found(vague.metric.name, _range(vague.least, vague.most), at, end, _VAGUE, _vague_note())
    return _on(replace(found, end=scope.end), scope.value) if scope else found


def _vague_note() -> str:
    return "a size in words: the threshold is ours, edit it"


def _amount_first(reader: Reader, at: int, words: Lexicon) -> Found | None:
    start = _after_average(reader, at, words)
    amount = read_amount(reader, start, words.numbers)
    if amount is None:
        return None
    after = reader.skip(amount.end, _ADJECTIVES)
    is_average = start != at or bool({"average", "avg"} & set(reader.keys[amount.end : after]))
    platform = platform_at(reader, after, words)
    metric = _metric(reader, platform.end if platform else after, words, average=is_average)
    if metric is None and platform is not None:
        platform = None
    if metric and _fits(amount, metric.value):
        amount = bounded_after(reader, replace(amount, end=metric.end), words.numbers)
        scope = platform or _scope(reader, amount.end, words, needs_cue=False)
        return _finish(reader, at, (metric.value, amount), scope, words)
    return None if is_average else _bare(reader, at, amount, words)


def _bare(reader: Reader, at: int, amount: Amount, words: Lexicon) -> Found | None:
    """Return the clause of an amount that names nothing: followers, where it can only be those."""
    scope = _scope(reader, amount.end, words, needs_cue=False)
    is_count = amount.large or (amount.compared and _is_large_count(amount))
    if amount.percent or not is_count or _is_claimed(reader, amount, words):
        return None
    value = amount.least if amount.least is not None else amount.most
    is_resolution = not amount.compared and value in {1000 * number for number in _RESOLUTIONS}
    is_followed = reader.is_word(amount.end) and not scope
    if not amount.compared and (not amount.large or (is_resolution and is_followed)):
        return None
    if not amount.compared and not _has_unit(reader, amount):
        return None
    followers = words.numbers.metric["followers"]
    end = scope.end if scope else amount.end
    found = _finish(reader, at, (followers, replace(amount, end=end)), scope, words)
    return found and replace(found, confidence=_BARE, note="a number alone counts followers")


def _has_unit(reader: Reader, amount: Amount) -> bool:
    return any(character.isalpha() for character in reader.key(amount.end - 1))


def _is_large_count(amount: Amount) -> bool:
    ends = [end for end in (amount.least, amount.most) if end is not None]
    return all(end >= _LARGE and int(end) not in _YEARS for end in ends)


def _is_claimed(reader: Reader, amount: Amount, words: Lexicon) -> bool:
    is_money = words.numbers.money.find(reader.keys, amount.end) is not None
    return is_money or reader.key(amount.end) in words.numbers.claimed_by


def _finish(
    reader: Reader, at: int, quantity_: tuple[Metric, Amount], scope: PlatformHit | None, words: Lexicon
) -> Found | None:
    metric, amount = quantity_
    end = max(amount.end, scope.end if scope else 0)
    if scope is None:
        scope = _scope(reader, end, words, needs_cue=False)
        end = scope.end if scope else end
    if metric.name == "growth":
        period = read_period(reader, end, words.dates)
        days = period.value if period else _GROWTH_DAYS
        return _growth(Hit(amount, period.end if period else end), (at, days), stated=period is not None)
    confidence = _SURE if amount.compared else _UNCOMPARED
    note = "" if amount.compared else "read as at least"
    if metric.name == "views":
        confidence, note = min(confidence, _TOTAL_VIEWS), "all views together; say average views for those of one post"
    if metric.is_rate and not amount.percent:
        confidence = min(confidence, _UNIT_GUESSED)
    value = _range(*_rates(amount)) if metric.is_rate else _range(*_counts(amount))
    if scope and metric.account:
        return Found(f"accounts.{scope.value}.{metric.account}", value, at, end, confidence, note)
    field = metric.field or f"{ANY_ACCOUNT}{metric.account}"
    if not metric.field and len(metric.platforms) == 1:
        field = f"accounts.{metric.platforms[0]}.{metric.account}"
    return Found(field, value, at, end, confidence, note, platforms=metric.platforms)


def _growth(amount: Hit[Amount], span: tuple[int, int], *, stated: bool) -> Found:
    start, days = span
    field = GROWTH_FIELDS.get(days)
    value = _range(*_rates(amount.value))
    if field is None:
        note = "growth is known over 30, 90 and 180 days: name one of these"
        return Found("growth", value, start, amount.end, _SURE, note, applied=False)
    note = "" if stated else "no time was named: over 90 days"
    return Found(field, value, start, amount.end, _SURE if stated else _UNIT_GUESSED, note)


def _rates(amount: Amount) -> tuple[float | None, float | None]:
    ends = [end for end in (amount.least, amount.most) if end is not None]
    is_fraction = not amount.percent and max(ends) < _FRACTION_BELOW
    least, most = (end if end is None or is_fraction else round(end / 100, 6) for end in (amount.least, amount.most))
    return least, most


def _counts(amount: Amount) -> tuple[int | None, int | None]:
    least = None if amount.least is None else min(math.ceil(amount.least), MAX_COUNT)
    most = None if amount.most is None else min(math.floor(amount.most), MAX_COUNT)
    return least, None if most is None else max(most, least or 0)


def _range(least: float | None, most: float | None) -> dict[str, float]:
    return {name: end for name, end in (("min", least), ("max", most)) if end is not None}
