"""Follower growth over fixed windows, from irregular snapshots of one account.

``rate = (F_t - F_{t-w}) / F_{t-w}``, the daily log rate is ``ln(F_t / F_{t-w}) / w``. ``method`` says where ``F_{t-w}``
comes from:

- ``interpolated``: linearly between the two snapshots around ``t - w``, at most 10 days apart, or one taken just then;
- ``interpolated_sparse``: the same, at most half the window apart;
- ``nearest_snapshot``: where these are farther apart, the snapshot nearest to ``t - w`` stands in if it lies within a
  quarter of the window (a 30-day window takes one that is 23 to 37 days old): monthly snapshots give monthly growth,
  and two snapshots a year apart give none.

``confidence`` is 0.9, 0.7 or 0.5 by method; on YouTube times ``|ΔF| / (|ΔF| + q)`` where q is the step of its counts.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from creators.ids import parse_account_id
from creators.models import Observation, Platform
from creators.signals.performance import Growth
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.series import MAX_GAP, Point, history_inputs, history_of, is_rounded, points_of, step_of

WINDOWS_DAYS = (7, 14, 30, 60, 90, 120, 150, 180)
NEAREST_SHARE = 0.25
"""How far a stand-in may be from the start of the window, as a share of the window."""
_CONFIDENCE = {"interpolated": 0.9, "interpolated_sparse": 0.7, "nearest_snapshot": 0.5}


@dataclass(frozen=True, slots=True)
class _Start:
    followers: float
    at: datetime
    oldest: datetime
    method: str


def growth(account_id: str, observations: Iterable[Observation]) -> tuple[Growth, ...]:
    """Return the growth of one account over each window that its snapshots cover.

    On YouTube a change smaller than the step of its rounded counts is noise: ``below_resolution``, without a rate.

    Args:
        account_id: of the account, ``platform:native_id``.
        observations: of one account, in any order; those without followers are ignored.
    """
    points = points_of(observations)
    if not points:
        return ()
    rates = (_over(account_id, points, days) for days in WINDOWS_DAYS)
    return tuple(rate for rate in rates if rate is not None)


def _over(account_id: str, points: Sequence[Point], days: int) -> Growth | None:
    platform = Platform(parse_account_id(account_id)[0])
    now, followers = points[-1]
    before = _start(points, timedelta(days=days))
    if before is None or not before.followers:
        return None
    change, step = followers - before.followers, step_of(platform, followers)
    rounded = is_rounded(platform, followers)
    unseen = rounded and abs(change) < step
    certainty = abs(change) / (abs(change) + step) if rounded else 1.0
    oldest = min(before.oldest, now - timedelta(days=days * (1 + NEAREST_SHARE)))
    return Growth(
        account_id=account_id,
        platform=platform,
        method=before.method,
        window_days=days,
        rate=None if unseen else change / before.followers,
        daily_log_rate=None if unseen or not followers else _log_rate(followers / before.followers, now - before.at),
        below_resolution=unseen,
        confidence=round(_CONFIDENCE[before.method] * certainty, 4),
        sample_size=len(points) - bisect_left(points, oldest, key=lambda point: point[0]),
        as_of=now,
    )


def _log_rate(ratio: float, span: timedelta) -> float:
    return round(math.log(ratio) / (span / timedelta(days=1)), 9)


def _start(points: Sequence[Point], window: timedelta) -> _Start | None:
    start = points[-1][0] - window
    place = bisect_left(points, start, key=lambda point: point[0])
    right, more = points[place]
    if right == start:
        return _Start(more, start, start, "interpolated")
    # The newest snapshot is the end of the window and cannot stand in for its start.
    near = [place] if place < len(points) - 1 else []
    if place > 0:
        left, fewer = points[place - 1]
        if right - left <= max(MAX_GAP, window / 2):
            method = "interpolated" if right - left <= MAX_GAP else "interpolated_sparse"
            return _Start(fewer + (more - fewer) * ((start - left) / (right - left)), start, left, method)
        near.append(place - 1)
    distance, nearest, at = min(
        ((abs(points[i][0] - start), points[i][1], points[i][0]) for i in near), default=(window, 0, start)
    )
    return _Start(nearest, at, at, "nearest_snapshot") if distance <= window * NEAREST_SHARE else None


class GrowthSignal:
    """Follower growth of every account of a creator, the largest audience first, short windows first."""

    name = "growth"
    version = "2"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the counters of each account over time."""
        return history_inputs(facts)

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Growth, ...]]:
        """Return the growth of each creator's accounts; empty where snapshots are too few."""
        return [
            tuple(
                rate
                for account in by_audience(facts.accounts)
                for rate in growth(account.account_id, history_of(facts, account))
            )
            for facts in batch
        ]
