"""Shipping velocity and technical score of builders.

``v = sum(w_k x_k) / max(1, sum(w_k e_k))`` over those of the last 12 weeks k = 0, 1, … that are known, in points a
week: ``x = 1 ln(1 + commits) + 2 ln(1 + merges) + 4 releases + 4 launches`` of a week, ``w_k = (1 - a)^k`` with
``a = 2 / (4 + 1)``, an exponentially weighted mean with a span of 4 weeks. ``e_k`` is 1, of the running week the part
of it that is over. The terms are those of CHAOSS (project velocity: code changes, change requests accepted, releases),
the weights are ours. Of one repository at most 50 commits and 20 merges count in a week, programs and merge commits do
not (:mod:`enrich.normalise.github_events`); of releases and of launches at most 3 count in a week.

The technical score is the mean of ``ln(1 + x) / (ln(1 + x) + ln(1 + h))`` over velocity (h = 6 points a week), stars
gained in 90 days (h = 50; before two counts are that far apart, all stars with h = 200) and repositories pushed to in
90 days (h = 5): 0.5 at ``h``, a fixed scale of our own. ``percentile`` is where that score stands among builders with
as many followers on GitHub, where the installation has measured its own (:mod:`enrich.peers`); none are shipped.

``confidence`` is ``n / (n + 4)`` for n known weeks, and half of that where there is nobody to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from creators.models import Account, Platform, Post
from creators.signals.builder import Builder, BuilderPart, BuilderPartName
from creators.text import normalise_handle
from enrich.signals.facts import CreatorFacts
from enrich.signals.launches import launched, release_owners
from enrich.signals.peers import TECHNICAL, standing_of
from enrich.signals.series import history_of
from mappings.peers import Peers, reference

WEEKS = 12
SPAN_WEEKS = 4
DECAY = 1 - 2 / (SPAN_WEEKS + 1)
MOST_IN_A_WEEK = 3
"""Releases, and launches, that count in one week."""
SEEN_BACK = timedelta(days=30)
"""How far back the public events of GitHub reach from the time at which they are read."""
GAINED_DAYS = 90
GAINED_SLACK = timedelta(days=10)
"""The earlier of two counts of stars may be so much nearer or farther than 90 days."""
MAX_EVIDENCE = 10
METHOD = "ewma_4_weeks_fixed_scale"
HALF: dict[BuilderPartName, float] = {"velocity": 6.0, "stars_gained": 50.0, "stars": 200.0, "repositories": 5.0}
"""Part → value with a score of 0.5."""
_WEEK = timedelta(weeks=1)
_DIGITS = 6


@dataclass(slots=True)
class Week:
    """What was done in one week, from Monday on, UTC."""

    commits: int = 0
    merges: int = 0
    releases: int = 0
    launches: set[str] = field(default_factory=set)

    @property
    def points(self) -> float:
        """``ln(1 + commits) + 2 ln(1 + merges) + 4 releases + 4 launches``, the last two up to 3 each."""
        return (
            math.log1p(self.commits)
            + 2 * math.log1p(self.merges)
            + 4 * min(self.releases, MOST_IN_A_WEEK)
            + 4 * min(len(self.launches), MOST_IN_A_WEEK)
        )


def velocity(points: Sequence[float | None], elapsed: float) -> float:
    """Return the weighted mean of the points of weeks, in points a week; 0 where none is known.

    Args:
        points: of each week, the running one first; non-negative, None where it is not known.
        elapsed: part of the running week that is over, 0 to 1.
    """
    known = [(place, one) for place, one in enumerate(points) if one is not None]
    exposure = sum(DECAY**place if place else elapsed for place, _ in known)
    return round(sum(DECAY**place * one for place, one in known) / max(1.0, exposure), _DIGITS)


def standing(value: float, half: float) -> float:
    """Return ``ln(1 + x) / (ln(1 + x) + ln(1 + half))``: 0 at 0 and below, 0.5 at ``half``, towards 1."""
    log = math.log1p(max(0.0, value))
    return round(log / (log + math.log1p(half)), _DIGITS)


def stars_gained(posts: Iterable[Post]) -> int | None:
    """Return the newest count of stars less the one nearest to 90 days before it, summed over accounts.

    None where no account has two counts 80 to 100 days apart; counts of the same repositories are not assured: one that
    was deleted takes its stars along.
    """
    counts: dict[str, list[tuple[datetime, int]]] = {}
    for post in posts:
        if post.kind == "stars" and post.stars is not None:
            counts.setdefault(post.account_id, []).append((post.fetched_at, post.stars))
    gains = [gain for own in counts.values() if (gain := _gain(sorted(own))) is not None]
    return sum(gains) if gains else None


def _gain(counts: Sequence[tuple[datetime, int]]) -> int | None:
    newest, stars = counts[-1]
    wanted = newest - timedelta(days=GAINED_DAYS)
    near = [(abs(at - wanted), before) for at, before in counts if abs(at - wanted) <= GAINED_SLACK]
    return stars - min(near)[1] if near else None


def builder(facts: CreatorFacts, peers: Peers | None = None) -> Builder | None:
    """Return what a creator builds, dated by the newest record of GitHub; None where nothing of GitHub is known.

    Args:
        facts: about the creator.
        peers: whom the technical score is compared with; None: the shipped reference, which has no builders.
    """
    accounts = [one for one in facts.accounts if one.platform is Platform.GITHUB]
    ids = {one.account_id for one in accounts}
    github = [post for post in facts.posts if post.account_id in ids and post.kind is not None]
    if not github:
        return None
    as_of = max(*(one.fetched_at for one in accounts), *(post.fetched_at for post in github))
    launches = _launches(facts, github, as_of)
    looks = [point.at for account in accounts for point in history_of(facts, account)]
    weeks = _weeks(github, launches, as_of)
    known = [_known(place, week, looks, as_of) for place, week in enumerate(weeks)]
    points = [week.points if is_known else None for week, is_known in zip(weeks, known, strict=True)]
    parts = _parts(github, points, as_of)
    values = {part.name: part.value for part in parts}
    gained = stars_gained(github)
    shown = sorted((*(p for p, _ in launches), *_releases(github, as_of)), key=lambda p: (_at(p), p.post_id))
    score = round(sum(part.score for part in parts) / len(parts), _DIGITS)
    compared = standing_of((peers or reference()).group(Platform.GITHUB, TECHNICAL, largest_audience(accounts)), score)
    return Builder(
        velocity=values.get("velocity"),
        technical_score=score,
        percentile=compared.percentile if compared else None,
        peers=compared.peers if compared else None,
        parts=parts,
        commits=sum(week.commits for week in weeks),
        merges=sum(week.merges for week in weeks),
        releases=sum(week.releases for week in weeks),
        launches=len({what for week in weeks for what in week.launches}),
        stars=_stars(github),
        stars_gained=gained,
        repositories=_active(github, as_of),
        evidence=tuple(post.post_id for post in reversed(shown))[:MAX_EVIDENCE],
        method=METHOD,
        as_of=as_of,
        confidence=round(sum(known) / (sum(known) + SPAN_WEEKS) / (1 if compared else 2), 4),
        sample_size=sum(known),
        window_days=7 * WEEKS,
    )


def largest_audience(accounts: Iterable[Account]) -> int | None:
    """Return the followers of the account with the most; None where none are known."""
    return max((one.followers for one in accounts if one.followers is not None), default=None)


def _at(post: Post) -> datetime:
    return post.posted_at or post.fetched_at


def _monday(at: datetime) -> datetime:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _first(as_of: datetime) -> datetime:
    return _monday(as_of) - (WEEKS - 1) * _WEEK


def _releases(posts: Iterable[Post], as_of: datetime) -> list[Post]:
    first = _first(as_of)
    return [post for post in posts if post.kind == "release" and first <= _at(post) <= as_of]


def _launches(facts: CreatorFacts, github: Sequence[Post], as_of: datetime) -> list[tuple[Post, str]]:
    """Launch posts of the window with what they launch."""
    handles = (one.handle for one in facts.accounts if one.platform is Platform.GITHUB)
    own = release_owners(github) | {normalise_handle(handle) for handle in handles if handle}
    first = _first(as_of)
    dated = (post for post in facts.posts if post.posted_at and first <= post.posted_at <= as_of)
    return [(post, what) for post in dated if (what := launched(post, own)) is not None]


def _weeks(github: Sequence[Post], launches: Sequence[tuple[Post, str]], as_of: datetime) -> list[Week]:
    """The weeks of the window, the running one first."""
    running = _monday(as_of)
    weeks = [Week() for _ in range(WEEKS)]
    for post in github:
        place = (running - _monday(_at(post))) // _WEEK
        if not 0 <= place < WEEKS:
            continue
        if post.kind == "commits":
            weeks[place].commits += post.amount or 0
        elif post.kind == "merges":
            weeks[place].merges += post.amount or 0
        elif post.kind == "release":
            weeks[place].releases += 1
    for post, what in launches:
        weeks[(running - _monday(_at(post))) // _WEEK].launches.add(what)
    return weeks


def _known(place: int, week: Week, looks: Iterable[datetime], as_of: datetime) -> bool:
    """Whether an empty week was empty: somebody looked at its end, or so soon that its events were still shown."""
    start = _monday(as_of) - place * _WEEK
    return place == 0 or week.points > 0 or any(start + _WEEK <= at <= start + SEEN_BACK for at in looks)


def _parts(github: Sequence[Post], points: Sequence[float | None], as_of: datetime) -> tuple[BuilderPart, ...]:
    active = _active(github, as_of)
    values: dict[BuilderPartName, float] = {"repositories": active}
    # Where somebody pushes and nothing tells how much, nothing is known of the pace.
    if any(points) or not active:
        values["velocity"] = velocity(points, (as_of - _monday(as_of)) / _WEEK)
    gained, stars = stars_gained(github), _stars(github)
    if gained is not None:
        values["stars_gained"] = gained
    elif stars is not None:
        values["stars"] = stars
    return tuple(
        BuilderPart(name=name, value=values[name], score=standing(values[name], half))
        for name, half in HALF.items()
        if name in values
    )


def _stars(github: Iterable[Post]) -> int | None:
    """The newest count of each account, else the sum over its repositories that are known."""
    counted: dict[str, tuple[datetime, int]] = {}
    listed: dict[str, int] = {}
    for post in github:
        if post.stars is None:
            continue
        if post.kind == "stars":
            count = (post.fetched_at, post.stars)
            counted[post.account_id] = max(counted.get(post.account_id, count), count)
        else:
            listed[post.account_id] = listed.get(post.account_id, 0) + post.stars
    totals = listed | {account: stars for account, (_, stars) in counted.items()}
    return sum(totals.values()) if totals else None


def _active(github: Iterable[Post], as_of: datetime) -> int:
    since = as_of - timedelta(days=GAINED_DAYS)
    return sum(post.kind == "repository" and post.posted_at is not None and post.posted_at >= since for post in github)


class BuilderSignal:
    """What each creator builds and ships."""

    name = "builder"

    def __init__(self, peers: Peers | None = None) -> None:
        self._peers = peers or reference()

    @property
    def version(self) -> str:
        """Of the code, and of the reference where that has builders."""
        has_builders = any(one.platform == Platform.GITHUB for one in self._peers.groups)
        return f"2.{self._peers.version}" if has_builders else "2"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return what is counted of GitHub, and which posts launch something."""
        if not any(one.platform is Platform.GITHUB for one in facts.accounts):
            return None
        found = builder(facts, self._peers)
        return found.model_dump(mode="json") if found else None

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Builder | None]:
        """Return the value for each creator; None where nothing of GitHub is known."""
        return [builder(facts, self._peers) for facts in batch]
