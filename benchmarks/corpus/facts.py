"""Numbers of accounts: audiences, engagement, growth and when the last post was; each by a formula that is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from creators.models import Averages, Platform

NOW = datetime(2026, 11, 21, tzinfo=UTC)
"""The day of the corpus: everything is dated before it."""
LEAST_FOLLOWERS, MOST_FOLLOWERS = 30, 600_000_000
_AUDIENCE = {
    Platform.INSTAGRAM: (4.3, 0.85),
    Platform.TIKTOK: (4.4, 0.9),
    Platform.YOUTUBE: (4.0, 1.0),
    Platform.X: (3.9, 0.9),
    Platform.GITHUB: (2.4, 0.8),
}
"""Mean and deviation of log10 of followers. Our own: the real tables at hand are lists of the largest accounts."""
_ENGAGEMENT = {
    Platform.INSTAGRAM: (-1.156, -0.132, 0.54),
    Platform.TIKTOK: (-0.211, -0.346, 0.83),
    Platform.YOUTUBE: (-1.2, -0.1, 0.45),
    Platform.X: (-1.5, -0.2, 0.5),
}
"""``log10 rate = a + b * log10 followers``, and the deviation from it.

The first two are least squares on 1,442 and 247 real accounts (``benchmarks.corpus check`` prints them again), the
others our own.
"""
MOST_RATE = 0.8


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is counted of one account; None is what its source does not say."""

    followers: int | None
    following: int
    posts: int
    views: int | None
    rate: float | None
    averages: Averages
    verified: bool
    joined_on: date | None
    last_posted_at: datetime | None


def audience(platform: Platform, random: Random) -> int:
    """Return followers: log-normal."""
    mean, spread = _AUDIENCE[platform]
    return max(LEAST_FOLLOWERS, min(MOST_FOLLOWERS, int(10 ** random.gauss(mean, spread))))


def numbers(platform: Platform, followers: int, random: Random) -> Numbers:
    """Return the counts of an account with an audience of this size."""
    rate = _rate(platform, followers, random)
    active_days = min(int(random.lognormvariate(1.8, 1.6)), 2_500)
    joined = date(2026, 10, 1) - timedelta(days=random.randint(60, 5_500))
    video = platform in {Platform.YOUTUBE, Platform.TIKTOK}
    posts = int(random.lognormvariate(5.3, 1.2))
    likes = rate and round(rate * followers * 0.96, 1)
    reach = random.lognormvariate(-1.0, 0.8)
    return Numbers(
        followers=followers if random.random() < 0.985 else None,
        following=int(random.lognormvariate(5.5, 1.2)),
        posts=posts,
        views=int(followers * reach * posts) if platform is Platform.YOUTUBE else None,
        rate=rate,
        averages=Averages(
            views=round(followers * reach, 1) if video else None,
            likes=likes,
            comments=rate and round(rate * followers * 0.04, 1),
        ),
        verified=random.random() < 1 / (1 + math.exp(-2.2 * (math.log10(followers) - 6.2))),
        joined_on=joined if random.random() < 0.6 else None,
        last_posted_at=NOW - timedelta(days=active_days, seconds=random.randrange(86_400))
        if random.random() < 0.85
        else None,
    )


def _rate(platform: Platform, followers: int, random: Random) -> float | None:
    """Return an engagement rate, falling with size."""
    if platform not in _ENGAGEMENT or random.random() < 0.12:
        return None
    level, slope, spread = _ENGAGEMENT[platform]
    return round(min(MOST_RATE, 10 ** (level + slope * math.log10(followers) + random.gauss(0, spread))), 6)


def growth_a_day(followers: int, random: Random) -> float:
    """Return the daily logarithmic growth: small accounts move faster, and more unevenly."""
    small = max(0.0, 6.5 - math.log10(followers)) / 6.5
    return random.gauss(0.0004 + 0.0006 * small, 0.0006 + 0.0012 * small)
