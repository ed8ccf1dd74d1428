"""Where an audience is heading: momentum and acceleration of one account, guarded by what its counts can resolve.

Momentum is the exponentially weighted mean of the daily log rates ``r_d = ln(F_d / F_{d-1})`` with a half-life of 14
days: a rate of d days ago weighs ``0.5 ** (d / 14)``. The window is 56 days (four half-lives); days that no snapshot
covers are left out, and ``confidence`` is the share of the weight that the others have. Acceleration is
``r_7(t) - r_7(t - 7)`` with ``r_7(t) = ln(F_t / F_{t-7}) / 7``, per day.

YouTube shows three leading digits of a subscriber count: where the change over the window is below one step there is no
rate, and where a week's is, no acceleration. The views of such an account are exact, and their momentum stands beside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

import numpy as np

from creators.models import Account, Observation
from creators.signals.performance import Momentum
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.series import (
    Floats,
    Point,
    daily,
    history_inputs,
    history_of,
    is_rounded,
    log_rates,
    points_of,
    step_of,
)

HALF_LIFE_DAYS = 14
WINDOW_DAYS = 56
MIN_DAYS = 7
"""Daily rates that must be known."""
METHOD = "ewma_of_daily_log_rate_half_life_14d"
_DIGITS = 9


def momentum(account: Account, observations: Iterable[Observation]) -> tuple[Momentum, ...]:
    """Return the momentum of an account's followers and, where these are rounded or hidden, that of its views.

    Args:
        account: whose platform decides what its counts can resolve.
        observations: of it, in any order; at least 7 daily rates of the last 56 days must be known.
    """
    seen = tuple(observations)
    followers = points_of(seen)
    found = [_of_counter(account, followers, "followers")]
    if not followers or is_rounded(account.platform, followers[-1][1]):
        found.append(_of_counter(account, points_of(seen, "views"), "views"))
    return tuple(one for one in found if one is not None)


def ewma(rates: Floats) -> tuple[float, float] | None:
    """Return the weighted mean of daily rates, newest last, and the share of all weight that is known.

    None where fewer than 7 are known; NaN is unknown.
    """
    known = ~np.isnan(rates)
    if int(known.sum()) < MIN_DAYS:
        return None
    weights = 0.5 ** (np.arange(len(rates) - 1, -1, -1) / HALF_LIFE_DAYS)
    mean = float(np.average(rates[known], weights=weights[known]))
    return mean, float(weights[known].sum() / weights.sum())


def acceleration(counts: Floats, step: float) -> float | None:
    """Return ``r_7(t) - r_7(t - 7)`` of daily counts, newest last; None where a week is unknown or below ``step``."""
    before, middle, now = (float(counts[-1 - days]) for days in (14, 7, 0))
    if not min(before, middle, now) > 0 or min(abs(now - middle), abs(middle - before)) < step:
        return None
    return round((math.log(now / middle) - math.log(middle / before)) / 7, _DIGITS)


def _of_counter(account: Account, points: Sequence[Point], basis: Literal["followers", "views"]) -> Momentum | None:
    counts = daily(points, WINDOW_DAYS)
    found = ewma(log_rates(counts))
    if found is None:
        return None
    rate, covered = found
    rounded = basis == "followers" and is_rounded(account.platform, points[-1][1])
    # An exact count resolves every change, none at all included.
    step = float(step_of(account.platform, points[-1][1])) if rounded else 0.0
    known = counts[~np.isnan(counts)]
    unseen = rounded and abs(float(known[-1] - known[0])) < step
    start = points[-1][0] - timedelta(days=WINDOW_DAYS)
    return Momentum(
        account_id=account.account_id,
        platform=account.platform,
        basis=basis,
        rate=None if unseen else round(rate, _DIGITS),
        acceleration=acceleration(counts, step),
        below_resolution=unseen,
        method=METHOD,
        as_of=points[-1][0],
        confidence=round(covered, 4),
        sample_size=sum(at >= start for at, _ in points),
        window_days=WINDOW_DAYS,
    )


class MomentumSignal:
    """Momentum of every account of a creator, the largest audience first."""

    name = "momentum"
    version = "1"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the counters of each account over time."""
        return history_inputs(facts)

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Momentum, ...]]:
        """Return the momentum of each creator's accounts; empty where snapshots are too few."""
        return [
            tuple(
                one for account in by_audience(facts.accounts) for one in momentum(account, history_of(facts, account))
            )
            for facts in batch
        ]
