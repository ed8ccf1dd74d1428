"""Answers of GitHub's REST API become accounts, posts and leads.

Forms: https://docs.github.com/en/rest/users/users, …/repos/repos, …/activity/events. A repository and a release are
posts: the stars of a repository are its likes, its forks its shares, its last push its time. Events are read by
:mod:`~enrich.normalise.github_events`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import NonNegativeInt

from creators.errors import SchemaDrift
from creators.ids import account_id, provisional_native_id
from creators.models import Account, Lead, Link, Platform, Post, RawRecord
from creators.profiles import profile_url
from creators.text import normalise_handle
from enrich.normalise.contact import contact_facts
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.github_events import Events, Id, Login, Named, Text, events
from enrich.normalise.leads import (
    MAX_HASHTAGS,
    Owner,
    addresses,
    lead_to,
    lead_to_handle,
    leads_in,
    links_to,
    mentions_in,
    unique,
)
from enrich.normalise.masking import MAX_POST, safe_line, safe_text
from enrich.normalise.post_facts import picture
from mappings.countries import country_code

MAX_URL = 2_000
"""Characters of a website; more is no address."""

MAX_REPOSITORIES = 30
"""Of an account that become posts, those pushed to last."""
PAGES = frozenset({30, 100})
"""Repositories that were asked for, before and now: as many may not be all."""


class Person(Payload):
    """``GET /users/{username}``: what a person leaves open is null, and there all the same."""

    login: Login
    id: Id
    type: str
    followers: NonNegativeInt
    following: NonNegativeInt
    public_repos: NonNegativeInt
    created_at: datetime
    name: str | None = None
    company: str | None = None
    blog: str | None = None
    location: str | None = None
    email: str | None = None
    bio: str | None = None
    twitter_username: str | None = None
    avatar_url: str | None = None


class Upstream(Payload):
    """The repository that a fork was made from."""

    owner: Named


class Repository(Payload):
    """A repository, in a list or alone; only alone does a fork name its ``parent``."""

    id: Id
    name: Text
    owner: Named
    fork: bool
    pushed_at: datetime | None
    private: bool = False
    description: str | None = None
    homepage: str | None = None
    language: str | None = None
    topics: tuple[str, ...] = ()
    stargazers_count: NonNegativeInt | None = None
    forks_count: NonNegativeInt | None = None
    parent: Upstream | None = None


class Repositories(Payload):
    """``GET /users/{username}/repos``, wrapped because a record is an object."""

    items: tuple[Repository, ...]


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``user``, ``repos``, ``repo``, ``events`` or ``search`` record says.

    Raises:
        SchemaDrift: its form is not the documented one.
    """
    match record.kind:
        case "user":
            return _person(read_payload(Person, record.body), record)
        case "repos":
            return _repositories(read_payload(Repositories, record.body).items, record)
        case "repo":
            parent = _parent(read_payload(Repository, record.body), Owner(Platform.GITHUB, record.native_id))
            return Normalised(accounts=(), leads=unique((parent,)))
        case "events":
            return events(read_payload(Events, record.body), record)
        case "search":
            return Normalised(accounts=(), leads=(_found(read_payload(Named, record.body), record.target),))
    detail = f"kind {record.kind!r} of {record.source} is none of user, repos, repo, events, search"
    raise SchemaDrift(detail, field="kind")


def _found(one: Named, term: str | None) -> Lead:
    # Found on the search itself: what a topic brings is booked to the topic. By login, as mentions name accounts: under
    # two names, one account would be fetched twice.
    return Lead(kind="profile", platform=Platform.GITHUB, value=_by_login(one), found_on=term, reason="search")


def _by_login(one: Named) -> str:
    return provisional_native_id(normalise_handle(one.login))


def _person(person: Person, record: RawRecord) -> Normalised:
    owner = Owner(Platform.GITHUB, str(person.id), person.login)
    website = _website(person.blog)
    account = Account(
        platform=owner.platform,
        native_id=owner.native_id,
        handle=owner.handle,
        name=safe_line(person.name),
        bio=safe_text(person.bio),
        url=profile_url(owner.platform, owner.handle, owner.native_id),
        website=website,
        avatar_url=picture(person.avatar_url),
        country=country_code(person.location or ""),
        location=safe_line(person.location),
        followers=person.followers,
        following=person.following,
        posts=person.public_repos,
        joined_on=person.created_at.date(),
        links=_links(person, website, owner),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
        **contact_facts(person.bio, email=person.email),
    )
    optional = ("name", "company", "blog", "location", "email", "bio", "twitter_username")
    return Normalised(accounts=(account,), leads=_leads(person, website, owner), missing=person.missing(*optional))


def _website(text: str | None) -> str | None:
    line = safe_line(text, MAX_URL)
    if line is None or " " in line or "." not in line or "@" in line.partition("/")[0] or line.startswith("[email]"):
        return None
    return line if line.lower().startswith(("http://", "https://")) else f"https://{line}"


def _links(person: Person, website: str | None, owner: Owner) -> tuple[Link, ...]:
    linked = links_to((*addresses(person.bio), *filter(None, (website,))), owner)
    x_handle = (safe_line(person.twitter_username) or "").lstrip("@")
    if not x_handle or any(link.platform == Platform.X for link in linked):
        return linked
    return (*linked, Link(platform=Platform.X, handle=x_handle, url=profile_url(Platform.X, x_handle, None)))


def _leads(person: Person, website: str | None, owner: Owner) -> tuple[Lead, ...]:
    declared = lead_to_handle(person.twitter_username or "", Platform.X, owner, "link")
    return unique(
        (
            declared,
            lead_to(website, owner) if website else None,
            *mentions_in(person.company, owner),
            *leads_in(person.bio, owner, pages=True),
        )
    )


def _repositories(found: tuple[Repository, ...], record: RawRecord) -> Normalised:
    public = [one for one in found if not one.private]
    leads: list[Lead | None] = []
    missing: dict[str, None] = {}
    for one in public:
        owner = Owner(Platform.GITHUB, str(one.owner.id), one.owner.login)
        leads += [_parent(one, owner), lead_to(one.homepage, owner, "repository") if one.homepage else None]
        leads += leads_in(one.description, owner, pages=False)
        names = ("description", "homepage", "language", "topics", "stargazers_count", "forks_count")
        missing |= dict.fromkeys(f"items.{name}" for name in one.missing(*names))
    # A fork is somebody else's work.
    own = [one for one in public if not one.fork]
    stars = _stars(own, record) if len(found) not in PAGES else ()
    posts = (*(_work(one, record) for one in own[:MAX_REPOSITORIES]), *stars)
    return Normalised(accounts=(), posts=posts, leads=unique(leads), missing=tuple(missing))


def _stars(own: Sequence[Repository], record: RawRecord) -> tuple[Post, ...]:
    """The stars of all repositories together, once a week: what was gained is the difference of two such counts."""
    counts = [one.stargazers_count for one in own if str(one.owner.id) == record.native_id]
    if not counts:
        return ()
    year, week, _ = record.fetched_at.isocalendar()
    post = Post(
        platform=Platform.GITHUB,
        native_id=f"stars:{record.native_id}:{year}-W{week:02d}",
        account_id=account_id(Platform.GITHUB, record.native_id),
        kind="stars",
        stars=None if None in counts else sum(count or 0 for count in counts),
        # Counting is nothing that anybody does: an account that rests stays at rest.
        posted_at=max((one.pushed_at for one in own if one.pushed_at), default=None),
        source=record.source,
        fetched_at=record.fetched_at,
    )
    return (post,)


def _parent(one: Repository, owner: Owner) -> Lead | None:
    if one.parent is None or str(one.parent.owner.id) == owner.native_id:
        return None
    return Lead(
        kind="profile",
        platform=Platform.GITHUB,
        value=_by_login(one.parent.owner),
        found_on=owner.account_id,
        reason="repository",
    )


def _work(one: Repository, record: RawRecord) -> Post:
    text = ": ".join(part for part in (one.name, one.description) if part)
    topics = (safe_line(topic) for topic in (*one.topics[:MAX_HASHTAGS], one.language))
    return Post(
        platform=Platform.GITHUB,
        native_id=f"repo:{one.id}",
        account_id=account_id(Platform.GITHUB, str(one.owner.id)),
        kind="repository",
        text=safe_text(text, MAX_POST),
        stars=one.stargazers_count,
        posted_at=one.pushed_at,
        likes=one.stargazers_count,
        shares=one.forks_count,
        hashtags=tuple(dict.fromkeys(topic for topic in topics if topic)),
        source=record.source,
        fetched_at=record.fetched_at,
    )
