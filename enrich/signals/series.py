"""Counters of one account over time: clean points, counts on a daily grid, and what a rounded count can resolve.

Snapshots come when they come. Between two of them a count is interpolated linearly where they are at most 10 days
apart; across a wider gap nothing is known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from creators.models import Account, Averages, Observation, Platform
from enrich.signals.facts import CreatorFacts

MAX_GAP = timedelta(days=10)
EXACT_BELOW = 1_000
"""YouTube shows three leading digits of a subscriber count from here on."""
_DAY_S = 86_400.0

Counter = Literal["followers", "following", "views"]
Point = tuple[datetime, int]
Floats = NDArray[np.float64]


def history_of(facts: CreatorFacts, account: Account) -> tuple[Observation, ...]:
    """Return every known observation of an account, its present one included, in no particular order."""
    return (*facts.observations.get(account.account_id, ()), *account.history, account.observation)


def history_inputs(facts: CreatorFacts) -> dict[str, list[str]]:
    """Return account id → its counters over time as text, in an order that does not depend on that of arrival."""
    return {
        account.account_id: sorted(
            {f"{o.at.isoformat()} {o.followers} {o.following} {o.views}" for o in history_of(facts, account)}
        )
        for account in facts.accounts
    }


def post_inputs(facts: CreatorFacts) -> list[str]:
    """Return what is counted about every post as text, in an order that does not depend on that of arrival."""
    counted = {"native_id", "account_id", "kind", "is_sponsored", "posted_at", "fetched_at"} | set(
        Averages.model_fields
    )
    return sorted(post.model_dump_json(include=counted) for post in facts.posts)


def points_of(observations: Iterable[Observation], counter: Counter = "followers") -> list[Point]:
    """Return the known values of one counter, oldest first, one for each time."""
    # Of two counts at one time the larger is kept, whatever order they arrive in.
    ordered = sorted((seen.at, count) for seen in observations if (count := getattr(seen, counter)) is not None)
    return list(dict(ordered).items())


def is_rounded(platform: Platform, followers: float) -> bool:
    """Return whether the platform shows only the leading digits of a follower count of this size."""
    return platform is Platform.YOUTUBE and followers >= EXACT_BELOW


def step_of(platform: Platform, followers: float) -> int:
    """Return the smallest change that a follower count of this size can show, in followers.

    YouTube truncates to three leading digits above 1,000: ``10 ** (floor(log10 F) - 2)`` (ppc.land, "YouTube starts to
    abbreviate public subscriber counts"); every other count is exact to one.
    """
    return int(10 ** (len(str(int(followers))) - 3)) if is_rounded(platform, followers) else 1


def daily(points: Sequence[Point], days: int) -> Floats:
    """Return the counts ``days`` days ago to now, one a day and now last, of shape (days + 1,); NaN where unknown.

    Now is the time of the newest point. Values between points are interpolated linearly across at most 10 days.
    """
    grid = np.arange(-days, 1, dtype=np.float64)
    if not points:
        return np.full(grid.shape, np.nan)
    newest = points[-1][0]
    first = bisect_right(points, newest - timedelta(days=days), key=lambda point: point[0])
    near = points[max(first - 1, 0) :]
    at = np.array([(moment - newest).total_seconds() / _DAY_S for moment, _ in near])
    counts = np.array([count for _, count in near], dtype=np.float64)
    values: Floats = np.interp(grid, at, counts, left=np.nan)
    right = np.searchsorted(at, grid)
    gaps = at[right] - at[np.maximum(right - 1, 0)]
    values[(at[right] != grid) & (gaps > MAX_GAP / timedelta(days=1))] = np.nan
    return values


def log_rates(counts: Floats) -> Floats:
    """Return ``ln(F_d / F_{d-1})`` of a daily series, one shorter than it; NaN where a count is unknown or zero."""
    logs = np.log(counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return np.diff(logs)
