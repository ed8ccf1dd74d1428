"""Events that a caller posts become accounts and posts: a profile as it was seen at one time.

An event says all that it knows: what it leaves out is unknown from then on, as with every other source.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from creators.errors import SchemaDrift
from creators.ids import account_id, provisional_native_id
from creators.models import Account, Averages, Frozen, Platform, Post, PostKind, RawRecord
from creators.profiles import CHANNEL_ID, profile_url
from creators.text import MAX_HANDLE, normalise_handle
from enrich.normalise.contact import contact_facts
from enrich.normalise.contract import Normalised
from enrich.normalise.leads import Owner, addresses, hashtags_in, lead_to, leads_in, links_to, unique
from enrich.normalise.masking import MAX_BIO, MAX_POST, safe_line, safe_text
from enrich.normalise.post_facts import MAX_NAMED, commenters, handles, picture

SOURCE = "event"
KIND = "profile"
MAX_POSTS = 50
_PLAIN_HANDLE = re.compile(r"@?[^\s@/:?#]+")
_DIGITS = re.compile(r"[0-9]{1,30}")

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _in_our_time(value: datetime) -> datetime:
    # Before it is moved to UTC, where the first and the last day that a calendar has would fall out of it.
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if not EARLIEST <= aware <= LATEST:
        detail = f"a time lies between {EARLIEST.year} and {LATEST.year}"
        raise ValueError(detail)
    return aware


Moment = Annotated[datetime, AfterValidator(_in_our_time), AfterValidator(lambda value: value.astimezone(UTC))]
Count = Annotated[int, Field(ge=0, le=10**15)]
Mean = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
Label = Annotated[str, Field(min_length=1, max_length=300)]
Labels = Annotated[tuple[Label, ...], Field(max_length=50)]
Url = Annotated[
    str,
    Field(min_length=4, max_length=2_000, pattern=r"^(?:https?://)?[^\s/@:]+\.[^\s/@:]{2,}(?::[0-9]+)?(?:[/?#]\S*)?$"),
]


class PostEvent(Frozen):
    """A post of the account, with its counters when the profile was seen."""

    native_id: Annotated[str, Field(pattern=r"^[!-~]{1,256}$")]
    """The id that the platform itself uses, in ASCII letters and signs."""
    kind: PostKind | None = None
    text: Annotated[str, Field(max_length=MAX_POST)] | None = None
    duration_s: Annotated[float, Field(gt=0, le=10**7, allow_inf_nan=False)] | None = None
    is_sponsored: bool | None = None
    """As the platform labels it."""
    mentions: Annotated[tuple[Label, ...], Field(max_length=MAX_NAMED)] = ()
    """Handles on the same platform."""
    commenters: Annotated[tuple[Label, ...], Field(max_length=MAX_NAMED)] = ()
    """Ids of those who commented, in their order; kept as keyed hashes."""
    picture_url: Url | None = None
    stars: Count | None = None
    amount: Count | None = None
    """Of ``commits`` and ``merges``: how many."""
    posted_at: Moment | None = None
    views: Count | None = None
    likes: Count | None = None
    comments: Count | None = None
    shares: Count | None = None
    hashtags: Labels = ()


class ProfileEvent(Frozen):
    """One account as it was seen; ``native_id`` or ``handle`` says which."""

    platform: Platform
    native_id: str | None = None
    """The id that the platform itself uses: ``UC…`` on YouTube, a number elsewhere."""
    handle: Annotated[str, Field(min_length=1, max_length=MAX_HANDLE)] | None = None
    observed_at: Moment | None = None
    """When it was seen; unset: when the event came in."""
    name: Label | None = None
    bio: Annotated[str, Field(max_length=20_000)] | None = None
    website: Url | None = None
    avatar_url: Url | None = None
    has_email: bool | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    verified: bool | None = None
    categories: Labels = ()
    topics: Labels = ()
    followers: Count | None = None
    following: Count | None = None
    posts: Count | None = None
    views: Count | None = None
    average_views: Mean | None = None
    average_likes: Mean | None = None
    average_comments: Mean | None = None
    average_shares: Mean | None = None
    engagement_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """A fraction: 0.03 is 3 %."""
    joined_on: Annotated[date, Field(ge=EARLIEST.date(), le=LATEST.date())] | None = None
    last_posted_at: Moment | None = None
    links: Annotated[tuple[Url, ...], Field(max_length=50)] = ()
    """Addresses of profiles elsewhere and of pages of their own."""
    recent_posts: Annotated[tuple[PostEvent, ...], Field(max_length=MAX_POSTS)] = ()

    @field_validator("native_id")
    @classmethod
    def _as_the_platform_writes_it(cls, value: str | None, info: ValidationInfo) -> str | None:
        platform = info.data.get("platform")
        form = CHANNEL_ID if platform is Platform.YOUTUBE else _DIGITS
        if value is not None and platform is not None and not form.fullmatch(value):
            wanted = "UC and 22 characters" if platform is Platform.YOUTUBE else "a number written as text"
            detail = f"an id on {platform} is {wanted}; send a handle as handle"
            raise ValueError(detail)
        return value

    @field_validator("handle")
    @classmethod
    def _is_a_handle(cls, value: str | None) -> str | None:
        if value is not None and not (_PLAIN_HANDLE.fullmatch(value) and normalise_handle(value)):
            detail = "a handle has no blanks and is no address; send it as the platform shows it"
            raise ValueError(detail)
        return value

    @model_validator(mode="after")
    def _names_an_account(self) -> ProfileEvent:
        if self.native_id is None and self.handle is None:
            detail = "native_id or handle has to say which account it is"
            raise ValueError(detail)
        return self

    @property
    def account_native_id(self) -> str:
        """The native id, else the provisional one that the handle gives."""
        return self.native_id or provisional_native_id(normalise_handle(self.handle or ""))


def normalise(record: RawRecord) -> Normalised:
    """Return what an event says.

    Raises:
        SchemaDrift: it was posted to a version that took other events.
    """
    if record.kind != KIND:
        detail = f"kind {record.kind!r} of an event is not {KIND!r}"
        raise SchemaDrift(detail, field="kind")
    event = _read(record)
    owner = Owner(event.platform, event.account_native_id, (event.handle or "").lstrip("@") or None)
    named = (*event.links, *((event.website,) if event.website else ()))
    account = Account(
        platform=owner.platform,
        native_id=owner.native_id,
        handle=owner.handle,
        name=safe_line(event.name),
        bio=safe_text(event.bio, MAX_BIO),
        url=profile_url(owner.platform, owner.handle, owner.native_id),
        website=_website(event.website),
        avatar_url=picture(_website(event.avatar_url)),
        categories=_labels(event.categories),
        topics=_labels(event.topics),
        links=links_to((*addresses(event.bio), *named), owner),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
        **contact_facts(event.name, event.bio, has_email=event.has_email),
        **_facts(event),
    )
    leads = unique((*leads_in(event.bio, owner, pages=True), *(lead_to(url, owner) for url in named)))
    return Normalised(accounts=(account,), posts=_posts(event, owner, record), leads=leads)


def _read(record: RawRecord) -> ProfileEvent:
    try:
        return ProfileEvent.model_validate(record.body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole event"
        detail = f"{where}: {first['msg']}: the event was posted to a version that took other ones"
        raise SchemaDrift(detail, field=where) from error


def _website(address: str | None) -> str | None:
    text = safe_line(address, 2_010)
    return text if text is None or text.startswith(("http://", "https://")) else f"https://{text}"


def _facts(event: ProfileEvent) -> dict[str, Any]:
    same = ("country", "language", "verified", "followers", "following", "posts", "views", "engagement_rate")
    averages = {name: getattr(event, f"average_{name}") for name in Averages.model_fields}
    facts = {name: getattr(event, name) for name in (*same, "joined_on", "last_posted_at")}
    return facts | {"averages": Averages(**averages)}


def _labels(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in map(safe_line, texts) if text)


def _posts(event: ProfileEvent, owner: Owner, record: RawRecord) -> tuple[Post, ...]:
    return tuple(
        Post(
            platform=owner.platform,
            native_id=one.native_id,
            account_id=account_id(owner.platform, owner.native_id),
            kind=one.kind,
            text=safe_text(one.text, MAX_POST),
            duration_s=one.duration_s,
            is_sponsored=one.is_sponsored,
            mentions=handles(one.mentions),
            commenters=commenters(one.commenters),
            picture_url=picture(_website(one.picture_url)),
            stars=one.stars,
            amount=one.amount,
            posted_at=one.posted_at,
            views=one.views,
            likes=one.likes,
            comments=one.comments,
            shares=one.shares,
            hashtags=_labels(one.hashtags) or hashtags_in(one.text),
            source=record.source,
            fetched_at=record.fetched_at,
        )
        for one in event.recent_posts
    )
