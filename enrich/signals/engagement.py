"""Engagement rates as fractions, each with the way it was computed.

Posts come first (median or sum over recent posts, the usual definition of each network), then the averages that a
source reports, then the rate that it states. A hidden counter is unknown: it makes a post unusable, never a zero.
Where the form of posts is known, feed and reels, long videos and Shorts have a rate of their own beside the first one.

``paid_performance`` is the rate of posts labelled as sponsored divided by that of posts labelled as not, over 180 days.
``confidence`` is ``n / (n + 3)`` for n posts, 0.5 for averages of a source (the number of posts is unknown), 0.3 for a
rate that it states (so is the formula). ``percentile`` compares the rate over all posts, see ``mappings.peers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal

from creators.models import Account, Averages, Platform, Post, PostKind
from creators.signals.performance import ContentForm, Engagement
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.peers import STATED, engagement_standing
from enrich.signals.ratios import likes_per_comment, views_per_follower
from enrich.signals.series import post_inputs
from mappings.peers import Peers, reference

WINDOW_DAYS = 60
MAX_POSTS = 12
MIN_POSTS = 3
PAID_WINDOW_DAYS = 180
MAX_PAID_POSTS = 100
AVERAGES_CONFIDENCE = 0.5
STATED_CONFIDENCE = 0.3
_DIGITS = 6

Counter = Literal["likes", "comments", "shares"]
Dated = tuple[datetime, Post]


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
_SHARED_PER_VIEW = Formula(
    ("likes", "comments", "shares"),
    "view",
    "sum_likes_comments_shares_per_view",
    "source_averages_with_shares_per_view",
)
_REPOSTED_PER_FOLLOWER = Formula(
    ("likes", "comments", "shares"),
    "follower",
    "median_likes_replies_reposts_per_follower",
    "source_averages_with_reposts_per_follower",
)
FORMULAS: dict[Platform, tuple[Formula, ...]] = {
    Platform.INSTAGRAM: (_PER_FOLLOWER,),
    Platform.TIKTOK: (_SHARED_PER_VIEW, _PER_VIEW),
    Platform.YOUTUBE: (
        _PER_VIEW,
        Formula(("likes",), "view", "sum_likes_per_view", "source_averages_likes_per_view"),
    ),
    Platform.X: (_REPOSTED_PER_FOLLOWER, _PER_FOLLOWER),
    Platform.GITHUB: (),
}
"""Per network in order of preference; a later one serves where a counter of an earlier one is hidden."""
FORMS: dict[Platform, dict[PostKind, ContentForm]] = {
    Platform.INSTAGRAM: {"image": "feed", "carousel": "feed", "video": "feed", "short": "short", "live": "live"},
    Platform.TIKTOK: {"video": "short", "short": "short", "image": "feed", "carousel": "feed", "live": "live"},
    Platform.YOUTUBE: {"video": "video", "short": "short", "live": "live", "text": "text"},
}
"""Which posts of a network are counted together; what is not named here (a story) has no rate of its own."""


def engagements(
    account: Account, posts: Iterable[Post], as_of: datetime, peers: Peers | None = None
) -> tuple[Engagement, ...]:
    """Return the rate over all posts, then one for each form with enough posts; empty where nothing is known.

    Args:
        account: its followers are the audience of rates per follower.
        posts: its posts, in any order; posts of other accounts are ignored.
        as_of: end of the 60-day window; at most the 12 newest posts (of a form) in it count, at least 3 are needed.
        peers: whom the rate is compared with; None: the shipped reference.
    """
    own = _dated(account, posts, as_of, WINDOW_DAYS)
    overall = engagement(account, posts, as_of, peers)
    forms = FORMS.get(account.platform, {})
    by_form: dict[ContentForm, list[Dated]] = {}
    for at, post in own:
        if post.kind in forms:
            by_form.setdefault(forms[post.kind], []).append((at, post))
    rates = (_of_form(account, form, by_form[form][:MAX_POSTS], as_of) for form in sorted(by_form))
    return tuple(rate for rate in (overall, *rates) if rate is not None)


def engagement(
    account: Account, posts: Iterable[Post], as_of: datetime, peers: Peers | None = None
) -> Engagement | None:
    """Return the engagement rate of the account over all its posts, or None where nothing known allows one.

    Args and window as for :func:`engagements`.
    """
    known = tuple(posts)
    recent = _dated(account, known, as_of, WINDOW_DAYS)[:MAX_POSTS]
    rate = _from_posts(account, recent, as_of, FORMULAS[account.platform]) or next(source_rates(account), None)
    if rate is None:
        return None
    shown = [post for _, post in recent]
    standing = engagement_standing(account, rate.method, rate.rate, peers or reference())
    return rate.model_copy(
        update={
            "percentile": standing.percentile if standing else None,
            "peers": standing.peers if standing else None,
            "paid_performance": _paid_performance(account, _dated(account, known, as_of, PAID_WINDOW_DAYS)),
            "likes_per_comment": likes_per_comment(shown, account.averages),
            "views_per_follower": views_per_follower(shown, account.averages, account.followers),
        }
    )


def _dated(account: Account, posts: Iterable[Post], as_of: datetime, days: int) -> list[Dated]:
    start = as_of - timedelta(days=days)
    dated = [(post.posted_at, post) for post in posts if post.posted_at and post.account_id == account.account_id]
    inside = [(at, post) for at, post in dated if start < at <= as_of]
    # Equal times are ordered by id, so that the choice of twelve never depends on the order of arrival.
    return sorted(inside, key=lambda item: (item[0], item[1].post_id), reverse=True)


def _of_form(account: Account, form: ContentForm, recent: Sequence[Dated], as_of: datetime) -> Engagement | None:
    reels = account.platform is Platform.INSTAGRAM and form != "feed"
    formulas = (_SHARED_PER_VIEW, _PER_VIEW) if reels else FORMULAS[account.platform]
    rate = _from_posts(account, recent, as_of, formulas)
    return rate.model_copy(update={"form": form}) if rate else None


def _from_posts(
    account: Account, recent: Sequence[Dated], as_of: datetime, formulas: Sequence[Formula]
) -> Engagement | None:
    for formula in formulas:
        known = _known(account, recent, formula)
        if len(known) < MIN_POSTS:
            continue
        return Engagement(
            account_id=account.account_id,
            platform=account.platform,
            rate=_rate(known, formula),
            method=formula.posts_method,
            confidence=round(len(known) / (len(known) + MIN_POSTS), 4),
            sample_size=len(known),
            window_days=WINDOW_DAYS,
            as_of=as_of,
        )
    return None


def _known(account: Account, recent: Sequence[Dated], formula: Formula) -> list[tuple[float, float]]:
    pairs = [(_engaged(post, formula), _audience(account, post, formula)) for _, post in recent]
    return [(engaged, audience) for engaged, audience in pairs if engaged is not None and audience]


def _rate(known: Sequence[tuple[float, float]], formula: Formula) -> float:
    if formula.per == "follower":
        return median(engaged / audience for engaged, audience in known)
    return sum(engaged for engaged, _ in known) / sum(audience for _, audience in known)


def source_rates(account: Account) -> Iterator[Engagement]:
    """Yield every rate that the source's own averages allow, the preferred formula first, then the rate it states."""
    for formula in FORMULAS[account.platform]:
        engaged = _engaged(account.averages, formula)
        audience = _audience(account, account.averages, formula)
        if engaged is not None and audience:
            yield _by_source(account, engaged / audience, formula.averages_method, AVERAGES_CONFIDENCE)
    if account.engagement_rate is not None:
        yield _by_source(account, account.engagement_rate, STATED, STATED_CONFIDENCE)


def _by_source(account: Account, rate: float, method: str, confidence: float) -> Engagement:
    return Engagement(
        account_id=account.account_id,
        platform=account.platform,
        rate=rate,
        method=method,
        confidence=confidence,
        as_of=account.fetched_at,
    )


def _engaged(counted: Post | Averages, formula: Formula) -> float | None:
    values: list[float | None] = [getattr(counted, counter) for counter in formula.counters]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _audience(account: Account, counted: Post | Averages, formula: Formula) -> float | None:
    return account.followers if formula.per == "follower" else counted.views


def _paid_performance(account: Account, dated: Sequence[Dated]) -> float | None:
    """ER(sponsored) / ER(organic), each of the newest posts with that label; None with fewer than 3 of either."""
    labelled = [[item for item in dated if item[1].is_sponsored is paid][:MAX_PAID_POSTS] for paid in (True, False)]
    for formula in FORMULAS[account.platform]:
        paid, organic = (_known(account, posts, formula) for posts in labelled)
        if min(len(paid), len(organic)) < MIN_POSTS:
            continue
        usual = _rate(organic, formula)
        return round(_rate(paid, formula) / usual, _DIGITS) if usual else None
    return None


def engagement_of(account: Account, facts: CreatorFacts, peers: Peers | None = None) -> Engagement | None:
    """Return the rate over all posts of an account, dated by the newest record of it; None where nothing is known."""
    return engagement(account, facts.posts, _as_of(account, facts), peers)


def _as_of(account: Account, facts: CreatorFacts) -> datetime:
    fetched = (post.fetched_at for post in facts.posts if post.account_id == account.account_id)
    return max([account.fetched_at, *fetched])


class EngagementSignal:
    """Engagement rates of every account of a creator, the largest audience first."""

    name = "engagement"

    def __init__(self, peers: Peers | None = None) -> None:
        self._peers = peers or reference()

    @property
    def version(self) -> str:
        """Of the code and the reference of peers."""
        return f"2.{self._peers.version}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the counters of the accounts and of their posts."""
        accounts = {
            one.account_id: [
                one.followers,
                one.engagement_rate,
                *(value for _, value in one.averages),
                one.fetched_at.isoformat(),
            ]
            for one in facts.accounts
        }
        return [accounts, post_inputs(facts)]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[Engagement, ...]]:
        """Return the rates of each creator; empty where nothing is known."""
        return [
            tuple(
                rate
                for account in by_audience(facts.accounts)
                for rate in engagements(account, facts.posts, _as_of(account, facts), self._peers)
            )
            for facts in batch
        ]
