"""How often and how steadily an account posts.

- Posts per week: posts of the last 60 days over those weeks, where the known posts reach back that far. Sources often
  give the newest posts only; then ``(n - 1) / (days since the oldest of them)`` is the rate: the post at which the
  time begins does not count. ``method`` says which.
- Median gap and regularity ``1 / (1 + s / m)``, s and m standard deviation and mean of the gaps between the newest 50
  posts: 1 is like clockwork, 0.5 as irregular as chance (a Poisson process has ``s = m``).
- Consistency ``IQR(views) / median(views)`` of the same posts: lower is steadier (after CreatorDB's score).

``confidence`` is ``n / (n + 3)`` for n known posts, times the share of the 60 days that they cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, pstdev, quantiles
from typing import Any

from creators.models import COUNTED_KINDS, Account, Post
from creators.signals.performance import Cadence
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.series import post_inputs

WINDOW_DAYS = 60
MIN_POSTS = 3
MIN_VIEWS = 4
"""Posts with views for an interquartile range."""
MAX_POSTS = 50
_DAY = timedelta(days=1)
_DIGITS = 6

Dated = tuple[datetime, Post]


def cadence(account: Account, posts: Iterable[Post]) -> Cadence | None:
    """Return how often the account posts, dated by its newest fetched post; None with fewer than 3 dated posts.

    Args:
        account: whose number of posts, where known, tells whether these are all of them.
        posts: its posts, in any order; posts of other accounts and without a date are ignored.
    """
    own = [post for post in posts if post.account_id == account.account_id and post.kind not in COUNTED_KINDS]
    dated = sorted(((post.posted_at, post) for post in own if post.posted_at), key=lambda one: (one[0], one[1].post_id))
    if len(dated) < MIN_POSTS:
        return None
    as_of = max(post.fetched_at for post in own)
    start = as_of - WINDOW_DAYS * _DAY
    recent = [at for at, _ in dated if start < at <= as_of]
    complete = dated[0][0] <= start or (account.posts is not None and account.posts <= len(dated))
    covered = WINDOW_DAYS * _DAY if complete or not recent else max(as_of - recent[0], _DAY)
    newest = dated[-MAX_POSTS:]
    gaps = [(later - earlier) / _DAY for (earlier, _), (later, _) in pairwise(newest)]
    return Cadence(
        account_id=account.account_id,
        platform=account.platform,
        posts_per_week=round(7 * max(len(recent) - (not complete), 0) / (covered / _DAY), _DIGITS),
        median_gap_days=round(median(gaps), _DIGITS),
        regularity=regularity(gaps),
        view_spread=view_spread([post.views for _, post in newest if post.views is not None]),
        method="posts_in_window" if complete else "posts_since_oldest_known",
        as_of=as_of,
        confidence=round(len(dated) / (len(dated) + MIN_POSTS) * (covered / (WINDOW_DAYS * _DAY)), 4),
        sample_size=len(recent),
        window_days=WINDOW_DAYS,
    )


def regularity(gaps: Sequence[float]) -> float | None:
    """Return ``1 / (1 + s / m)`` of gaps in any unit, 0 to 1; None with fewer than two or where all are zero."""
    mean = fmean(gaps) if len(gaps) > 1 else 0.0
    return round(1 / (1 + pstdev(gaps) / mean), _DIGITS) if mean > 0 else None


def view_spread(views: Sequence[float]) -> float | None:
    """Return ``IQR / median`` of the views of posts, lower is steadier; None with fewer than 4 or a median of 0."""
    middle = median(views) if len(views) >= MIN_VIEWS else 0
    if not middle:
        return None
    low, _, high = quantiles(views, n=4, method="inclusive")
    return round((high - low) / middle, _DIGITS)


class CadenceSignal:
    """Cadence of every account of a creator, the largest audience first."""

    name = "cadence"
    version = "2"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return how many posts the accounts have, and the counters of those that are known."""
        return [{account.account_id: account.posts for account in facts.accounts}, post_inputs(facts)]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Cadence, ...]]:
        """Return the cadence of each creator's accounts; empty where dated posts are too few."""
        return [
            tuple(
                found for account in by_audience(facts.accounts) if (found := cadence(account, facts.posts)) is not None
            )
            for facts in batch
        ]
