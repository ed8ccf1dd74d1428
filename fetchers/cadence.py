"""When a target is fetched again: pure, from who it is, how fast it changes and how the last fetch went.

An account's *urgency* is 0 to 1; its interval falls geometrically with it from the longest to the shortest that the
settings allow::

    urgency  = 0.4 priority + 0.4 change / (change + 0.01) + 0.2 * 2 ** (-days since its last post / 14)
    interval = longest * (shortest / longest) ** urgency

``change`` is the relative change of its counters in a day: at 1 % a day half of the term counts. What is unknown adds
nothing, but for a change rate that nobody could measure yet, which counts as 0.2 % a day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from creators.ids import content_hash
from creators.models import Observation

PRIORITY_WEIGHT, CHANGE_WEIGHT, RECENCY_WEIGHT = 0.4, 0.4, 0.2
HALF_CHANGE = 0.01
UNKNOWN_CHANGE = 0.002
RECENCY_DAYS = 14
RATE_DAYS = 7
"""After so many days a measured change counts half."""
MOST_FOLLOWERS = 1e8
FEWEST_POSTS = 20
"""Of an account with fewer posts, one more is no great change."""
JITTER = 0.1
FIRST_BACKOFF_S = 30.0
"""A fault that passes, such as a slow line, is soon over; one that does not is met half as often each time."""
LIMITED_S = 300.0
"""How long a target waits whose source does not say when it has something left."""
LAST_BACKOFF_S = 86_400.0
GONE_CONFIRMATIONS = 3
"""So many answers in a row that there is no such account end it."""
GONE_AGAIN_S = 86_400.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The shortest and the longest time between two fetches of an account, in seconds."""

    shortest_s: float
    longest_s: float

    def keep(self, seconds: float) -> float:
        """Return the time within the bounds that is nearest."""
        return min(max(seconds, self.shortest_s), max(self.shortest_s, self.longest_s))


def priority_of(followers: int | None) -> float:
    """Return how much an account matters, 0 to 1: the logarithm of its followers, 1 at 100 million."""
    return min(1.0, math.log1p(followers or 0) / math.log1p(MOST_FOLLOWERS))


def change_rate(history: Sequence[Observation]) -> float | None:
    """Return the relative change in a day of an account's followers or posts, whichever is larger.

    An exponentially weighted mean over the steps between observations, with a half-life of ``RATE_DAYS`` days.

    Args:
        history: of one account, in any order.

    Returns:
        None where no two observations at different times name the same counter.
    """
    mean: float | None = None
    points = sorted(history, key=lambda point: point.at)
    for before, after in pairwise(points):
        days = (after.at - before.at).total_seconds() / _DAY_S
        step = _step(before, after)
        if step is None or days <= 0:
            continue
        weight = 1 - 2 ** (-days / RATE_DAYS)
        mean = step / days if mean is None else mean + weight * (step / days - mean)
    return mean


def _step(before: Observation, after: Observation) -> float | None:
    changes = []
    if before.followers is not None and after.followers is not None:
        changes.append(abs(after.followers - before.followers) / max(1, before.followers))
    if before.posts is not None and after.posts is not None:
        changes.append(abs(after.posts - before.posts) / max(FEWEST_POSTS, before.posts))
    return max(changes, default=None)


def urgency(priority: float, rate: float | None, idle_days: float | None) -> float:
    """Return how soon an account is worth a look, 0 to 1.

    Args:
        priority: 0 to 1.
        rate: relative change in a day; None where it is not known.
        idle_days: days since its last post; None where it is not known.
    """
    change = max(0.0, UNKNOWN_CHANGE if rate is None else rate)
    moving = 1.0 if math.isinf(change) else change / (change + HALF_CHANGE)
    recent = 0.0 if idle_days is None else 2.0 ** (-max(0.0, idle_days) / RECENCY_DAYS)
    total = PRIORITY_WEIGHT * min(1.0, max(0.0, priority)) + CHANGE_WEIGHT * moving + RECENCY_WEIGHT * recent
    return min(1.0, total)


def interval_s(how_urgent: float, bounds: Bounds) -> float:
    """Return the time until the next fetch, in seconds, within the bounds."""
    ratio = bounds.shortest_s / max(bounds.longest_s, bounds.shortest_s)
    return bounds.keep(bounds.longest_s * ratio**how_urgent)


def jittered_s(seconds: float, target_id: str, bounds: Bounds) -> float:
    """Return a time up to 10 % off, always the same for a target, so that what came together does not stay together.

    What would leave the bounds is reflected by them: at a bound, too, targets are spread.
    """
    share = int(content_hash(target_id.encode())[:8], 16) / 0xFFFFFFFF
    moved = seconds * (1 + JITTER * (2 * share - 1))
    if moved > bounds.longest_s:
        moved = 2 * bounds.longest_s - moved
    elif moved < bounds.shortest_s:
        moved = 2 * bounds.shortest_s - moved
    return bounds.keep(moved)


def backoff_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row, in seconds: twice as long each time, up to a day."""
    return float(min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(max(0, failures - 1), 30)))


def next_due(at: datetime, seconds: float, target_id: str, bounds: Bounds) -> datetime:
    """Return when a target that was fetched ``at`` a time is due again."""
    return at + timedelta(seconds=jittered_s(seconds, target_id, bounds))
