"""Public events of GitHub become posts: releases, and what was pushed and merged within a week.

Form: https://docs.github.com/en/rest/using-the-rest-api/github-event-types. Since October 2025 a push does not say any
more how many commits it holds, and a merge is an action of its own; both forms are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, NonNegativeInt

from creators.ids import account_id
from creators.models import Lead, Platform, Post, PostKind, RawRecord
from enrich.normalise.contract import Normalised, Payload
from enrich.normalise.leads import Owner, hashtags_in, lead_to_handle, mentions_in, unique
from enrich.normalise.masking import MAX_POST, safe_text

COMMITS_PER_REPOSITORY, MERGES_PER_REPOSITORY = 50, 20
"""At most so many of one repository count in a week: beyond that, a program is at work."""
_CUT_FROM = 30
"""Events from which on a page may have been cut: the smallest page that is asked for."""
_TIMELINE = timedelta(days=29)
"""Events of the last 30 days are shown, so older ones of the first week may be missing."""
_MERGE = re.compile(r"Merge (?:pull request|branch|remote-tracking branch|tag|commit)\b")
_BOT_BRANCH = re.compile(r"(?:dependabot|renovate|pre-commit-ci|snyk|greenkeeper|imgbot|allcontributors|weblate)\b")

Text = Annotated[str, Field(min_length=1, max_length=300)]
Login = Annotated[str, Field(min_length=1, max_length=100)]
Id = Annotated[int, Field(ge=0, lt=2**63)]


class Named(Payload):
    """Who owns or does something, in short; a person found for a term too."""

    login: Login
    id: Id


class Release(Payload):
    """What a ``ReleaseEvent`` publishes."""

    id: Id
    name: str | None = None
    tag_name: str | None = None
    body: str | None = None


class CommitAuthor(Payload):
    """``author`` of a commit."""

    name: str | None = None


class Commit(Payload):
    """A commit of a push."""

    message: str | None = None
    distinct: bool | None = None
    author: CommitAuthor | None = None

    @property
    def is_no_work(self) -> bool:
        """Whether it is new, and yet a merge or by a program."""
        by_program = _is_bot(self.author.name if self.author else None)
        return self.distinct is not False and (by_program or bool(_MERGE.match(self.message or "")))


class Author(Payload):
    """``user`` of a pull request."""

    login: str | None = None


class Branch(Payload):
    """``head`` of a pull request."""

    ref: str | None = None


class PullRequest(Payload):
    """The pull request of an event."""

    merged: bool | None = None
    user: Author | None = None
    head: Branch | None = None

    @property
    def is_by_program(self) -> bool:
        """Whether a program has opened it, by its name or by that of its branch."""
        return _is_bot(self.user.login if self.user else None) or bool(
            _BOT_BRANCH.match((self.head.ref if self.head else None) or "")
        )


class Happening(Payload):
    """``payload`` of an event."""

    release: Release | None = None
    action: str | None = None
    size: NonNegativeInt | None = None
    distinct_size: NonNegativeInt | None = None
    commits: tuple[Commit, ...] | None = None
    pull_request: PullRequest | None = None

    @property
    def pushed(self) -> int:
        """Commits of a push that are new, no merges and by no program; 1 where it does not say how many."""
        told = self.size if self.distinct_size is None else self.distinct_size
        if told is None:
            return 1
        return max(0, told - sum(one.is_no_work for one in self.commits or ()))

    @property
    def is_merge(self) -> bool:
        """Whether it merges a pull request that a person has opened."""
        request = self.pull_request
        if request is None or request.is_by_program:
            return False
        return self.action == "merged" or (self.action == "closed" and request.merged is True)


class EventRepository(Payload):
    """``repo`` of an event; its name is ``owner/name``."""

    name: Text


class Event(Payload):
    """One public event."""

    type: str
    actor: Named
    repo: EventRepository
    created_at: datetime
    payload: Happening = Happening()


class Events(Payload):
    """``GET /users/{username}/events/public``, wrapped because a record is an object."""

    items: tuple[Event, ...]


def events(answer: Events, record: RawRecord) -> Normalised:
    """Return the releases and the weeks of work that events tell, and whom they name."""
    posts: list[Post] = []
    leads: list[Lead | None] = []
    for one in answer.items:
        actor = Owner(Platform.GITHUB, str(one.actor.id), one.actor.login)
        # Whose repository somebody works on is worth knowing.
        leads.append(lead_to_handle(one.repo.name.partition("/")[0], Platform.GITHUB, actor, "repository"))
        if one.payload.release is not None:
            posts.append(_release(one, one.payload.release, record))
            leads += mentions_in(one.payload.release.body, actor)
    posts += _weeks(answer.items, record)
    return Normalised(accounts=(), posts=tuple(posts), leads=unique(leads))


def _release(one: Event, release: Release, record: RawRecord) -> Post:
    title = f"{one.repo.name} {release.name or release.tag_name or ''}".rstrip()
    return Post(
        platform=Platform.GITHUB,
        native_id=f"release:{release.id}",
        account_id=account_id(Platform.GITHUB, str(one.actor.id)),
        kind="release",
        text=safe_text("\n".join(part for part in (title, release.body) if part), MAX_POST),
        posted_at=one.created_at,
        hashtags=hashtags_in(release.body),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _weeks(items: Sequence[Event], record: RawRecord) -> Iterator[Post]:
    """What each person pushed and merged in each whole week that the events tell, and in the one that goes on."""
    weeks: dict[tuple[int, str], list[Event]] = {}
    for one in items:
        if not _is_bot(one.actor.login):
            weeks.setdefault((one.actor.id, _week(one.created_at)), []).append(one)
    cut = _cut_week(items, record)
    for (actor, week), own in sorted(weeks.items()):
        # A later answer that shows the end of a week only must not replace one that showed all of it.
        if week == cut and len({key for key in weeks if key[0] == actor}) > 1:
            continue
        yield from _work(actor, week, own, record)


def _cut_week(items: Sequence[Event], record: RawRecord) -> str | None:
    oldest = min((one.created_at for one in items), default=record.fetched_at)
    may_be_cut = len(items) >= _CUT_FROM or record.fetched_at - oldest > _TIMELINE
    return _week(oldest) if may_be_cut else None


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02d}"


def _work(actor: int, week: str, own: Sequence[Event], record: RawRecord) -> Iterator[Post]:
    pushes = [(one, one.payload.pushed) for one in own if one.type == "PushEvent" and one.payload.pushed]
    merges = [(one, 1) for one in own if one.payload.is_merge]
    limits: dict[PostKind, tuple[list[tuple[Event, int]], int]] = {
        "commits": (pushes, COMMITS_PER_REPOSITORY),
        "merges": (merges, MERGES_PER_REPOSITORY),
    }
    for kind, (done, most) in limits.items():
        if done:
            yield Post(
                platform=Platform.GITHUB,
                native_id=f"{kind}:{actor}:{week}",
                account_id=account_id(Platform.GITHUB, str(actor)),
                kind=kind,
                amount=_capped(done, most),
                posted_at=max(one.created_at for one, _ in done),
                source=record.source,
                fetched_at=record.fetched_at,
            )


def _capped(done: Sequence[tuple[Event, int]], most: int) -> int:
    by_repository = Counter[str]()
    for one, count in done:
        by_repository[one.repo.name] += count
    return sum(min(count, most) for count in by_repository.values())


def _is_bot(name: str | None) -> bool:
    return (name or "").endswith("[bot]")
