"""Engagement rates as fractions, each with the way it was computed.

Posts come first (median or sum over recent posts, the usual definition of each network), then the averages that a
source reports, then the rate that it states. A hidden counter is unknown: it makes a post unusable, never a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from creators.models import Account, Averages, Engagement, Platform, Post

WINDOW_DAYS = 60
MAX_POSTS = 12
MIN_POSTS = 3

Counter = Literal["likes", "comments", "shares"]


@dataclass(frozen=True, slots=True)
class Formula:
    """One definition of an engagement rate.

    Attributes:
        counters: what counts as engagement; all of them must be known.
        per: the audience it is divided by.
        posts_method: its name when computed from posts.
        averages_method: its name when computed from averages of the source.
    """

    counters: tuple[Counter, ...]
    per: Literal["follower", "view"]
    posts_method: str
    averages_method: str


_PER_FOLLOWER = Formula(
    ("likes", "comments"), "follower", "median_likes_comments_per_follower", "source_averages_per_follower"
)
_PER_VIEW = Formula(("likes", "comments"), "view", "sum_likes_comments_per_view", "source_averages_per_view")
FORMULAS: dict[Platform, tuple[Formula, ...]] = {
    Platform.INSTAGRAM: (_PER_FOLLOWER,),
    Platform.TIKTOK: (
        Formula(
            ("likes", "comments", "shares"),
            "view",
            "sum_likes_comments_shares_per_view",
            "source_averages_with_shares_per_view",
        ),
        _PER_VIEW,
    ),
    Platform.YOUTUBE: (
        _PER_VIEW,
        Formula(("likes",), "view", "sum_likes_per_view", "source_averages_likes_per_view"),
    ),
    Platform.X: (
        Formula(
            ("likes", "comments", "shares"),
            "follower",
            "median_likes_replies_reposts_per_follower",
            "source_averages_with_reposts_per_follower",
        ),
        _PER_FOLLOWER,
    ),
    Platform.GITHUB: (),
}
"""Per network in order of preference; a later one serves where a counter of an earlier one is hidden."""


def engagement(account: Account, posts: Iterable[Post], as_of: datetime) -> Engagement | None:
    """Return the engagement rate of the account, or None where nothing known allows one.

    Args:
        account: its followers are the audience of rates per follower.
        posts: its posts, in any order; posts of other accounts are ignored.
        as_of: end of the 60-day window; at most the 12 newest posts in it count, at least 3 are needed.
    """
    return _from_posts(account, _recent(account, posts, as_of), as_of) or _from_averages(account) or _as_stated(account)


def _recent(account: Account, posts: Iterable[Post], as_of: datetime) -> list[tuple[datetime, Post]]:
    start = as_of - timedelta(days=WINDOW_DAYS)
    dated = [(post.posted_at, post) for post in posts if post.posted_at and post.account_id == account.account_id]
    inside = [(at, post) for at, post in dated if start < at <= as_of]
    # Equal times are ordered by id, so that the choice of twelve never depends on the order of arrival.
    return sorted(inside, key=lambda item: (item[0], item[1].post_id), reverse=True)[:MAX_POSTS]


def _from_posts(account: Account, recent: Sequence[tuple[datetime, Post]], as_of: datetime) -> Engagement | None:
    for formula in FORMULAS[account.platform]:
        pairs = [(_engaged(post, formula), _audience(account, post, formula)) for _, post in recent]
        known = [(engaged, audience) for engaged, audience in pairs if engaged is not None and audience]
        if len(known) < MIN_POSTS:
            continue
        if formula.per == "follower":
            rate = median(engaged / audience for engaged, audience in known)
        else:
            rate = sum(engaged for engaged, _ in known) / sum(audience for _, audience in known)
        return Engagement(
            account_id=account.account_id,
            platform=account.platform,
            rate=rate,
            method=formula.posts_method,
            sample_size=len(known),
            window_days=WINDOW_DAYS,
            as_of=as_of,
        )
    return None


def _from_averages(account: Account) -> Engagement | None:
    for formula in FORMULAS[account.platform]:
        engaged = _engaged(account.averages, formula)
        audience = _audience(account, account.averages, formula)
        if engaged is not None and audience:
            return Engagement(
                account_id=account.account_id,
                platform=account.platform,
                rate=engaged / audience,
                method=formula.averages_method,
                as_of=account.fetched_at,
            )
    return None


def _as_stated(account: Account) -> Engagement | None:
    if account.engagement_rate is None:
        return None
    return Engagement(
        account_id=account.account_id,
        platform=account.platform,
        rate=account.engagement_rate,
        method="source_stated",
        as_of=account.fetched_at,
    )


def _engaged(counted: Post | Averages, formula: Formula) -> float | None:
    values: list[float | None] = [getattr(counted, counter) for counter in formula.counters]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _audience(account: Account, counted: Post | Averages, formula: Formula) -> float | None:
    return account.followers if formula.per == "follower" else counted.views
