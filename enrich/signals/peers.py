"""Where an account stands among its peers, by a frozen reference of ``mappings.peers``.

Rates are compared only where they count the same things: the median of posts and the mean that a source reports are
both "likes and comments per follower", a rate per view is another thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from creators.models import Account, Platform
from mappings.peers import PeerGroup, Peers

Ratio = Literal["likes_per_comment", "views_per_follower"]
METRIC_OF_METHOD: dict[str, str] = {
    "median_likes_comments_per_follower": "likes_comments_per_follower",
    "source_averages_per_follower": "likes_comments_per_follower",
    "sum_likes_comments_per_view": "likes_comments_per_view",
    "source_averages_per_view": "likes_comments_per_view",
    "sum_likes_comments_shares_per_view": "likes_comments_shares_per_view",
    "source_averages_with_shares_per_view": "likes_comments_shares_per_view",
    "sum_likes_per_view": "likes_per_view",
    "source_averages_likes_per_view": "likes_per_view",
}
"""Name of a way to compute an engagement rate → what it counts."""
STATED = "source_stated"
TECHNICAL = "technical_score"
"""The metric of builders."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A value among ``peers`` accounts: the share of them below it, 0 to 1."""

    percentile: float
    peers: int


def metric_of(platform: Platform, method: str) -> str | None:
    """Return what a rate computed by ``method`` counts; None where that is not known."""
    if method == STATED:
        # What sources state for Instagram is likes and comments per follower; elsewhere they differ.
        return "likes_comments_per_follower" if platform is Platform.INSTAGRAM else None
    return METRIC_OF_METHOD.get(method)


def engagement_standing(account: Account, method: str, rate: float, peers: Peers) -> Standing | None:
    """Return where an engagement rate stands among accounts of the same platform and size; None without peers."""
    metric = metric_of(account.platform, method)
    return standing_of(peers.group(account.platform, metric, account.followers) if metric else None, rate)


def standing_of(group: PeerGroup | None, value: float) -> Standing | None:
    """Return where a value stands in a group; None without one."""
    return Standing(round(group.percentile(value), 4), group.n) if group else None


def deviation(account: Account, ratio: Ratio, value: float | None, peers: Peers) -> float | None:
    """Return how far a ratio is from that of its peers, in median absolute deviations of its logarithm; signed.

    Logarithms, because ratios are skewed: half and double are equally far. None without peers, or for a value of 0.
    """
    group = peers.group(account.platform, ratio, account.followers)
    if group is None or not value or group.log_mad <= 0:
        return None
    return (math.log10(value) - group.log_median) / group.log_mad
