"""Answers of GitHub's REST API become accounts, posts and leads.

Forms: https://docs.github.com/en/rest/users/users, …/repos/repos, …/activity/events. A repository and a release are
posts: the stars of a repository are its likes, its forks its shares, its last push its time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, NonNegativeInt

from creators.errors import SchemaDrift
from creators.ids import account_id, provisional_native_id
from creators.models import Account, Lead, Link, Platform, Post, RawRecord
from creators.profiles import profile_url
from creators.text import normalise_handle
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.leads import (
    MAX_HASHTAGS,
    Owner,
    addresses,
    hashtags_in,
    lead_to,
    lead_to_handle,
    leads_in,
    links_to,
    mentions_in,
    unique,
)
from enrich.normalise.masking import MAX_POST, has_email, safe_line, safe_text
from mappings.countries import country_code

MAX_URL = 2_000
"""Characters of a website; more is no address."""

Text = Annotated[str, Field(min_length=1, max_length=300)]
Login = Annotated[str, Field(min_length=1, max_length=100)]
Id = Annotated[int, Field(ge=0, lt=2**63)]


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


class Named(Payload):
    """Who owns or does something, in short; a person found for a term too."""

    login: Login
    id: Id


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


class Release(Payload):
    """What a ``ReleaseEvent`` publishes."""

    id: Id
    name: str | None = None
    tag_name: str | None = None
    body: str | None = None


class Happening(Payload):
    """``payload`` of an event."""

    release: Release | None = None


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
            return _events(read_payload(Events, record.body), record)
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
        has_email=True if has_email(person.email) or has_email(person.bio) else None,
        country=country_code(person.location or ""),
        followers=person.followers,
        following=person.following,
        posts=person.public_repos,
        joined_on=person.created_at.date(),
        links=_links(person, website, owner),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
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
    posts = tuple(_work(one, record) for one in public if not one.fork)
    return Normalised(accounts=(), posts=posts, leads=unique(leads), missing=tuple(missing))


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
        text=safe_text(text, MAX_POST),
        posted_at=one.pushed_at,
        likes=one.stargazers_count,
        shares=one.forks_count,
        hashtags=tuple(dict.fromkeys(topic for topic in topics if topic)),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _events(answer: Events, record: RawRecord) -> Normalised:
    posts, leads = [], []
    for one in answer.items:
        actor = Owner(Platform.GITHUB, str(one.actor.id), one.actor.login)
        # Whose repository somebody works on is worth knowing.
        leads.append(lead_to_handle(one.repo.name.partition("/")[0], Platform.GITHUB, actor, "repository"))
        if one.payload.release is not None:
            posts.append(_release(one, one.payload.release, record))
            leads += mentions_in(one.payload.release.body, actor)
    return Normalised(accounts=(), posts=tuple(posts), leads=unique(leads))


def _release(one: Event, release: Release, record: RawRecord) -> Post:
    title = f"{one.repo.name} {release.name or release.tag_name or ''}".rstrip()
    return Post(
        platform=Platform.GITHUB,
        native_id=f"release:{release.id}",
        account_id=account_id(Platform.GITHUB, str(one.actor.id)),
        text=safe_text("\n".join(part for part in (title, release.body) if part), MAX_POST),
        posted_at=one.created_at,
        hashtags=hashtags_in(release.body),
        source=record.source,
        fetched_at=record.fetched_at,
    )
