"""Unusual patterns in an account's numbers, each with a severity (0 to 1) and the dated numbers that it rests on.

- ``follower_spike``: a burst of followers (``spikes``); severity ``1 - 3.5 / z``. Not told where views explain it:
  within 72 hours those of the channel jump or a post stands out from the others, by ten views for each new follower.
- ``bought_then_purged``: such a burst, of which 30 % or more is given back within 14 days; severity is that share.
- ``follow_unfollow``: at least two rises and falls of *following* by 10 % (and 50 accounts) within 90 days that leave
  a fifth of the movement or less; severity ``(1 - |net| / movement) * cycles / (cycles + 2)``.
- ``engagement_mismatch``: an engagement rate below 2 % or above 98 % of the peers, or likes per comment or views per
  follower more than 3 MAD from theirs; severity is how far beyond the threshold, the largest of these.
- ``comment_pod``: half or more of the comments come from people who always come together; severity is their share.

First digits (``benford``) only ever stand beside a burst. Nothing here is a verdict: luck looks like a purchase, and by
definition four in a hundred are outside of 2 % to 98 %. ``confidence`` is the known share of the window, that of the
engagement rate, or ``n / (n + 3)`` for n posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from creators.models import Account, Observation, Post
from creators.signals.performance import Anomaly, AnomalyFlag, Clue, Engagement
from enrich.signals.benford import NONCONFORMING, benford_deviation
from enrich.signals.commenters import Comments, compare_commenters
from enrich.signals.embedding_text import by_audience
from enrich.signals.engagement import EngagementSignal, engagement_of
from enrich.signals.facts import CreatorFacts
from enrich.signals.peers import Ratio, deviation
from enrich.signals.series import Point, daily, history_inputs, history_of, points_of, step_of
from enrich.signals.spikes import WINDOW_DAYS, Z_THRESHOLD, Burst, bursts, modified_z, swings
from mappings.peers import Peers, reference

GIVEN_BACK = 0.30
VIRAL_WITHIN = timedelta(hours=72)
VIEWS_PER_FOLLOWER = 10
"""So many views at least must stand behind each new one: more than one viewer in ten does not follow (our own)."""
VIRAL_POSTS = 5
"""Posts with views, for one of them to stand out."""
SWING_SHARE = 0.10
SWING_LEAST = 50
MIN_CYCLES = 2
NET_SHARE = 0.20
PERCENTILE_TAIL = 0.02
MAX_DEVIATION = 3.0
POD_SHARE = 0.5
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Subject:
    """One account as the detectors read it.

    Attributes:
        account: its present state.
        observations: its counters over time, in any order.
        posts: its posts, in any order.
        engagement: its rate over all posts, where known.
        audience: follower counts of a sample of its followers, where somebody has one.
        peers: whom its rates are compared with.
    """

    account: Account
    observations: tuple[Observation, ...]
    posts: tuple[Post, ...]
    engagement: Engagement | None = None
    audience: tuple[int, ...] = ()
    peers: Peers = field(default_factory=reference)


def subjects(facts: CreatorFacts, peers: Peers | None = None) -> list[Subject]:
    """Return the accounts of a creator as the detectors read them, the largest audience first."""
    compared = peers or reference()
    return [
        Subject(
            account,
            history_of(facts, account),
            tuple(post for post in facts.posts if post.account_id == account.account_id),
            engagement_of(account, facts, compared),
            peers=compared,
        )
        for account in by_audience(facts.accounts)
    ]


def anomalies(subject: Subject) -> tuple[Anomaly, ...]:
    """Return everything unusual about an account, in the order above; empty also where too little is known."""
    found = [*_of_bursts(subject), follow_unfollow(subject), engagement_mismatch(subject), comment_pod(subject)]
    return tuple(one for one in found if one is not None)


def follower_bursts(subject: Subject) -> tuple[Burst, ...] | None:
    """Return the bursts of followers that views do not explain; None where snapshots are too few to tell."""
    points = points_of(subject.observations)
    found = bursts(points, step_of(subject.account.platform, points[-1][1])) if points else None
    return None if found is None else tuple(burst for burst in found if not _is_viral(subject, burst))


def comments_of(subject: Subject) -> Comments | None:
    """Return what the commenters of the account's newest posts have in common; None where too few are known."""
    dated = sorted(subject.posts, key=lambda post: (post.posted_at or post.fetched_at, post.post_id), reverse=True)
    return compare_commenters([post.commenters for post in dated if post.commenters])


def _is_viral(subject: Subject, burst: Burst) -> bool:
    begin, end = burst.start - VIRAL_WITHIN, burst.end + VIRAL_WITHIN
    least = VIEWS_PER_FOLLOWER * burst.gained
    seen = bursts(points_of(subject.observations, "views"), 1) or ()
    if any(begin <= views.end and views.start <= end and views.gained >= least for views in seen):
        return True
    watched = [(post.posted_at, post.views) for post in subject.posts if post.posted_at and post.views]
    if len(watched) < VIRAL_POSTS:
        return False
    z = modified_z(np.log([views for _, views in watched]), float(np.log1p(SWING_SHARE)))
    return any(
        begin <= at <= end and views >= least and score > Z_THRESHOLD
        for (at, views), score in zip(watched, z, strict=True)
    )


def _of_bursts(subject: Subject) -> list[Anomaly]:
    found = follower_bursts(subject)
    if not found:
        return []
    basis = _over_days(points_of(subject.observations), ())
    clues = {burst: _clues(burst, subject) for burst in found}
    spikes = [
        _anomaly(subject, "follower_spike", burst.severity, basis._replace(evidence=evidence))
        for burst, evidence in clues.items()
    ]
    for burst, evidence in clues.items():
        if burst.given_back >= GIVEN_BACK:
            returned = _clue("share_given_back_within_14_days", burst.given_back, burst.end)
            whole = basis._replace(evidence=(*evidence, returned))
            spikes.append(_anomaly(subject, "bought_then_purged", burst.given_back, whole))
    return spikes


def _clues(burst: Burst, subject: Subject) -> tuple[Clue, ...]:
    clues = [
        _clue("followers_before", burst.before, burst.start),
        _clue("followers_gained", burst.gained, burst.end),
        _clue("modified_z", burst.z, burst.end),
    ]
    first_digits = benford_deviation(subject.audience)
    if first_digits is not None and first_digits > NONCONFORMING:
        clues.append(_clue("first_digit_deviation_of_followers", first_digits))
    return tuple(clues)


def follow_unfollow(subject: Subject) -> Anomaly | None:
    """Return the sawtooth of *following*, if there is one: many are followed, and let go again."""
    points = points_of(subject.observations, "following")
    if not points:
        return None
    counts = daily(points, WINDOW_DAYS)
    known = counts[~np.isnan(counts)]
    cycles, movement = swings(known, max(SWING_LEAST, SWING_SHARE * float(known.max())))
    net = abs(float(known[-1] - known[0]))
    if cycles < MIN_CYCLES or net > NET_SHARE * movement:
        return None
    clues = (
        _clue("cycles", cycles, points[-1][0]),
        _clue("following_moved", movement),
        _clue("following_net", float(known[-1] - known[0])),
    )
    severity = (1 - net / movement) * cycles / (cycles + 2)
    return _anomaly(subject, "follow_unfollow", severity, _over_days(points, clues))


def engagement_mismatch(subject: Subject) -> Anomaly | None:
    """Return how the reactions of an audience do not fit its size, if they do not."""
    rate = subject.engagement
    if rate is None:
        return None
    clues = []
    severities = [0.0]
    if rate.percentile is not None and (tail := min(rate.percentile, 1 - rate.percentile)) < PERCENTILE_TAIL:
        severities.append(1 - tail / PERCENTILE_TAIL)
        clues.append(_clue("engagement_percentile", rate.percentile, rate.as_of))
    ratios: dict[Ratio, float | None] = {
        "likes_per_comment": rate.likes_per_comment,
        "views_per_follower": rate.views_per_follower,
    }
    for name, value in ratios.items():
        away = deviation(subject.account, name, value, subject.peers)
        if away is not None and value is not None and abs(away) > MAX_DEVIATION:
            severities.append(1 - MAX_DEVIATION / abs(away))
            clues += [_clue(name, value, rate.as_of), _clue(f"{name}_mad_from_peers", away)]
    if not clues:
        return None
    basis = _Basis(tuple(clues), rate.as_of, rate.window_days, rate.sample_size, rate.confidence)
    return _anomaly(subject, "engagement_mismatch", max(severities), basis)


def comment_pod(subject: Subject) -> Anomaly | None:
    """Return the group that comments together, if half of the comments or more are theirs."""
    found = comments_of(subject)
    if found is None or found.recurring_share < POD_SHARE:
        return None
    clues = (
        _clue("people_who_come_together", found.group),
        _clue("share_of_comments", found.recurring_share),
        _clue("largest_overlap_of_two_posts", found.overlap),
        _clue("posts_compared", found.posts),
    )
    newest = max(post.fetched_at for post in subject.posts)
    basis = _Basis(clues, newest, None, found.posts, round(found.posts / (found.posts + 3), 4))
    return _anomaly(subject, "comment_pod", found.recurring_share, basis)


def _clue(what: str, value: float, at: datetime | None = None) -> Clue:
    return Clue(what=what, value=round(float(value), _DIGITS), at=at)


class _Basis(NamedTuple):
    evidence: tuple[Clue, ...]
    as_of: datetime
    window_days: int | None
    sample_size: int | None
    confidence: float | None


def _over_days(points: Sequence[Point], evidence: tuple[Clue, ...]) -> _Basis:
    newest = points[-1][0]
    counts = daily(points, WINDOW_DAYS)
    snapshots = sum(at >= newest - timedelta(days=WINDOW_DAYS) for at, _ in points)
    return _Basis(evidence, newest, WINDOW_DAYS, snapshots, round(float((~np.isnan(counts)).mean()), 4))


def _anomaly(subject: Subject, flag: AnomalyFlag, severity: float, basis: _Basis) -> Anomaly:
    return Anomaly(
        account_id=subject.account.account_id,
        platform=subject.account.platform,
        flag=flag,
        severity=round(min(severity, 1.0), 4),
        method=_METHODS[flag],
        **basis._asdict(),
    )


_METHODS: dict[AnomalyFlag, str] = {
    "follower_spike": "modified_z_of_daily_log_growth",
    "bought_then_purged": "burst_given_back",
    "follow_unfollow": "sawtooth_of_following",
    "engagement_mismatch": "distance_from_peers",
    "comment_pod": "recurring_co_commenters",
}


class AnomaliesSignal:
    """Unusual patterns of every account of a creator, the largest audience first."""

    name = "anomalies"

    def __init__(self, peers: Peers | None = None) -> None:
        self._peers = peers or reference()

    @property
    def version(self) -> str:
        """Of the code and the reference of peers."""
        return f"1.{self._peers.version}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the counters of the accounts over time and of their posts, and who commented."""
        return [
            EngagementSignal().inputs(facts),
            history_inputs(facts),
            sorted([post.post_id, *post.commenters] for post in facts.posts if post.commenters),
        ]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Anomaly, ...]]:
        """Return what is unusual about each creator's accounts; empty where nothing is."""
        return [tuple(one for subject in subjects(facts, self._peers) for one in anomalies(subject)) for facts in batch]
