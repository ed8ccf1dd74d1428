"""Ratios between the counters of an account's posts: likes for each comment, views for each follower."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from creators.models import Averages, Post

MIN_POSTS = 3
_DIGITS = 6


def likes_per_comment(recent: Sequence[Post], averages: Averages) -> float | None:
    """Return ``Σ likes / Σ comments`` of the posts that show both, else of the source's averages; None if neither does.

    At least 3 posts are needed, and at least one comment.
    """
    known = [(post.likes, post.comments) for post in recent if post.likes is not None and post.comments is not None]
    if len(known) >= MIN_POSTS:
        return _quotient(sum(likes for likes, _ in known), sum(comments for _, comments in known))
    return _quotient(averages.likes, averages.comments)


def views_per_follower(recent: Sequence[Post], averages: Averages, followers: int | None) -> float | None:
    """Return ``median(views) / followers`` of the posts that show views, else mean views by the source / followers.

    At least 3 posts are needed, and at least one follower.
    """
    views = [post.views for post in recent if post.views is not None]
    return _quotient(median(views) if len(views) >= MIN_POSTS else averages.views, followers)


def _quotient(upper: float | None, lower: float | None) -> float | None:
    return round(upper / lower, _DIGITS) if upper is not None and lower else None
