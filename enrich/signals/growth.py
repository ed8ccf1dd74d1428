"""Follower growth over fixed windows, from irregular snapshots of one account.

``rate = (F_t - F_{t-w}) / F_{t-w}``. ``F_{t-w}`` is interpolated linearly between the two snapshots around ``t - w``
where these are at most ``max(10 days, w / 2)`` apart. Where they are farther apart, the snapshot nearest to ``t - w``
stands in if it lies within a quarter of the window (a 30-day window takes one that is 23 to 37 days old): monthly
snapshots give monthly growth, and two snapshots a year apart give none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from creators.ids import parse_account_id
from creators.models import Growth, Observation, Platform

WINDOWS_DAYS = (30, 90, 180)
MIN_GAP = timedelta(days=10)
"""Snapshots this close are always interpolated between."""
NEAREST_SHARE = 0.25
"""How far a stand-in may be from the start of the window, as a share of the window."""
YOUTUBE_EXACT_BELOW = 1_000
"""YouTube shows three leading digits of a subscriber count from here on."""

Point = tuple[datetime, int]


def growth(account_id: str, observations: Iterable[Observation]) -> tuple[Growth, ...]:
    """Return the growth of one account over each window that its snapshots cover.

    On YouTube a change smaller than the step of its rounded counts is noise, and no growth is returned for it.

    Args:
        account_id: of the account, ``platform:native_id``.
        observations: of one account, in any order; those without followers are ignored.
    """
    points = _points(observations)
    if not points:
        return ()
    rates = (_over(account_id, points, days) for days in WINDOWS_DAYS)
    return tuple(rate for rate in rates if rate is not None)


def _points(observations: Iterable[Observation]) -> list[Point]:
    # Of two counts at one time the larger is kept, whatever order they arrive in.
    ordered = sorted((seen.at, seen.followers) for seen in observations if seen.followers is not None)
    return list(dict(ordered).items())


def _over(account_id: str, points: Sequence[Point], days: int) -> Growth | None:
    platform = Platform(parse_account_id(account_id)[0])
    now, followers = points[-1]
    start = now - timedelta(days=days)
    before = _followers_at(points, start, timedelta(days=days))
    if not before or _below_resolution(platform, followers, followers - before):
        return None
    slack = timedelta(days=days * NEAREST_SHARE)
    return Growth(
        account_id=account_id,
        platform=platform,
        window_days=days,
        rate=(followers - before) / before,
        sample_size=sum(at >= start - slack for at, _ in points),
        as_of=now,
    )


def _followers_at(points: Sequence[Point], start: datetime, window: timedelta) -> float | None:
    for (left, fewer), (right, more) in pairwise(points):
        if left <= start <= right and right - left <= max(MIN_GAP, window / 2):
            return fewer + (more - fewer) * ((start - left) / (right - left))
    # The newest snapshot is the end of the window and cannot stand in for its start.
    distance, nearest = min(((abs(at - start), count) for at, count in points[:-1]), default=(window, 0))
    return nearest if distance <= window * NEAREST_SHARE else None


def _below_resolution(platform: Platform, followers: int, change: float) -> bool:
    if platform is not Platform.YOUTUBE or followers < YOUTUBE_EXACT_BELOW:
        return False
    return abs(change) < float(10 ** (len(str(followers)) - 3))
