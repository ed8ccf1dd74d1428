"""The named types between stages: frozen, validated, no behaviour beyond identity.

Times are UTC, rates are fractions, counts are integers, money is USD; unknown is ``None``, never 0.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from creators import ids
from creators.text import MAX_HANDLE

Tier = Literal[1, 2, 3]
"""1 official API, 2 provider, 3 browser."""


class Platform(StrEnum):
    """A network whose accounts we index."""

    INSTAGRAM = "instagram"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    X = "x"
    GITHUB = "github"


class Domain(StrEnum):
    """The form of content a creator is known for."""

    SHORT_FORM = "short_form"
    LONG_FORM = "long_form"
    MICROBLOG = "microblog"
    CODE = "code"


DOMAIN_OF: dict[Platform, Domain] = {
    Platform.INSTAGRAM: Domain.SHORT_FORM,
    Platform.TIKTOK: Domain.SHORT_FORM,
    Platform.YOUTUBE: Domain.LONG_FORM,
    Platform.X: Domain.MICROBLOG,
    Platform.GITHUB: Domain.CODE,
}


def _to_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        detail = "the time lies outside of the years 1 to 9999 in UTC"
        raise ValueError(detail) from error


Instant = Annotated[datetime, AfterValidator(_to_utc)]
Rate = NonNegativeFloat
NativeId = Annotated[str, Field(min_length=1, max_length=256)]
Handle = Annotated[str, Field(min_length=1, max_length=MAX_HANDLE)]


class Frozen(BaseModel):
    """A value that never changes and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RawRecord(Frozen):
    """One answer of one source, exactly as it came."""

    platform: Platform
    source: str
    kind: str
    native_id: NativeId
    fetched_at: Instant
    tier: Tier = 1
    degraded: bool = False
    cost_usd: NonNegativeFloat = 0.0
    content_type: str = "application/json"
    target: str | None = None
    """The target that it was fetched for; None for what nobody asked for (a row of a file, an event)."""
    may_derive: bool = True
    """Whether its owner lets signals be computed from it; as the policy of the source stood when it was fetched."""
    may_merge: bool = True
    """Whether its owner lets the account be joined with others without the creator's own declaration."""
    body: dict[str, Any]

    @property
    def account_id(self) -> str:
        """``platform:native_id`` of the account that the answer is about."""
        return ids.account_id(self.platform, self.native_id)


class Link(Frozen):
    """A profile elsewhere, as the source declares it; either id may be missing."""

    platform: str
    handle: str | None = None
    native_id: str | None = None
    url: str | None = None


class Observation(Frozen):
    """The counters of one account at one time; the history that growth and renames are read from."""

    at: Instant
    handle: str | None = None
    followers: NonNegativeInt | None = None
    following: NonNegativeInt | None = None
    posts: NonNegativeInt | None = None
    views: NonNegativeInt | None = None


class Averages(Frozen):
    """Mean counters per post, as the source reports them."""

    views: NonNegativeFloat | None = None
    likes: NonNegativeFloat | None = None
    comments: NonNegativeFloat | None = None
    shares: NonNegativeFloat | None = None


class Account(Frozen):
    """One profile on one platform: the normalised truth of one source record."""

    platform: Platform
    native_id: NativeId
    handle: Handle | None = None
    name: str | None = None
    bio: str | None = None
    bio_composed: bool = False
    """True where the bio was put together from facts rather than written by the creator."""
    url: str | None = None
    website: str | None = None
    has_email: bool | None = None
    has_phone: bool | None = None
    emails: Annotated[tuple[str, ...], Field(exclude=True, repr=False)] = ()
    """As the record spells them; never written anywhere: what is kept is ``email_hashes``."""
    email_hashes: tuple[str, ...] = ()
    """Keyed hashes of the e-mail addresses: equal ones meet, and nobody reads one back."""
    avatar_url: str | None = None
    avatar_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Perceptual hash (64 bits) of the picture, where somebody has looked at it."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    location: str | None = None
    """Where the creator says to be, as written."""
    verified: bool | None = None
    categories: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    followers: NonNegativeInt | None = None
    following: NonNegativeInt | None = None
    posts: NonNegativeInt | None = None
    views: NonNegativeInt | None = None
    averages: Averages = Averages()
    engagement_rate: Rate | None = None
    """As the source states it, a fraction; ``method`` of the signal says so."""
    joined_on: date | None = None
    last_posted_at: Instant | None = None
    person_key: str | None = None
    """Accounts that share one belong to one person (declared by the source)."""
    links: tuple[Link, ...] = ()
    history: tuple[Observation, ...] = ()
    """Earlier counters that the same record carries."""
    provenance: str | None = None
    """The file or page that the source itself names for this record."""
    source: str
    tier: Tier = 1
    degraded: bool = False
    may_derive: bool = True
    may_merge: bool = True
    gone: bool = False
    """True where the platform says that the account exists no more, and its owner wants that followed."""
    fetched_at: Instant

    @property
    def account_id(self) -> str:
        """``platform:native_id``."""
        return ids.account_id(self.platform, self.native_id)

    @property
    def observation(self) -> Observation:
        """The counters of this record as a point of history."""
        return Observation(
            at=self.fetched_at,
            handle=self.handle,
            followers=self.followers,
            following=self.following,
            posts=self.posts,
            views=self.views,
        )


PublishedKind = Literal["video", "short", "live", "image", "carousel", "story", "text", "release"]
"""The form of what was published; a reel is a ``short``."""
CountedKind = Literal["repository", "commits", "merges", "stars"]
"""Of GitHub, what is counted and has no audience of its own.

``repository`` is one, dated by its last push; ``commits`` and ``merges`` are what was pushed and merged in one week;
``stars`` is a count of the stars of all repositories.
"""
PostKind = PublishedKind | CountedKind
COUNTED_KINDS: frozenset[str] = frozenset(get_args(CountedKind))


class Post(Frozen):
    """One piece of content with its counters."""

    platform: Platform
    native_id: NativeId
    account_id: str
    kind: PostKind | None = None
    text: str | None = None
    duration_s: NonNegativeFloat | None = None
    is_sponsored: bool | None = None
    """As the platform labels it; None where it does not say."""
    mentions: tuple[str, ...] = ()
    """Handles that it names, normalised, of the same platform."""
    commenters: tuple[str, ...] = ()
    """Hashed ids of those who commented, in their order, where the source tells."""
    picture_url: str | None = None
    stars: NonNegativeInt | None = None
    """Of a repository, or of all of them together (``stars``)."""
    amount: NonNegativeInt | None = None
    """Of ``commits`` and ``merges``: how many."""
    posted_at: Instant | None = None
    views: NonNegativeInt | None = None
    likes: NonNegativeInt | None = None
    comments: NonNegativeInt | None = None
    shares: NonNegativeInt | None = None
    hashtags: tuple[str, ...] = ()
    source: str
    fetched_at: Instant

    @property
    def post_id(self) -> str:
        """``platform:native_id``."""
        return ids.account_id(self.platform, self.native_id)


class Lead(Frozen):
    """Something worth fetching that a record names: how the index grows by itself."""

    kind: Literal["profile", "page"]
    platform: Platform
    value: Annotated[str, Field(min_length=1, max_length=450)]
    """Of a profile its native id or ``@handle``, of a page its address."""
    found_on: str | None = None
    """The account that names it; a page is fetched on its behalf."""
    reason: Literal["mention", "link", "repository", "follower", "search", "page"]


class Creator(Frozen):
    """A person or brand: the accounts that belong together."""

    creator_id: str
    account_ids: tuple[str, ...]
