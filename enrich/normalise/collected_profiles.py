"""Items of the Instagram actor of Apify: each is an account with its latest posts.

Form: https://apify.com/apify/instagram-profile-scraper (an authentic item is compared in the tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from creators.models import Lead, Platform, Post, PostKind, RawRecord
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import Digits, UserName, When, lacking, latest, website_of
from enrich.normalise.leads import (
    Owner,
    hashtags_of,
    lead_to_handle,
    leads_in,
    unique,
)
from enrich.normalise.masking import MAX_POST, safe_line, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import commenters, handles, picture

_HIDDEN = -1
"""What the actor writes for likes that their owner hides."""


class Commenter(Payload):
    """``owner`` of a comment."""

    id: Digits | None = None


class Comment(Payload):
    """One of ``latestComments``."""

    owner: Commenter | None = None


_KINDS: dict[str, PostKind] = {"Image": "image", "Video": "video", "Sidecar": "carousel"}


class Medium(Payload):
    """One of ``latestPosts``."""

    id: Digits
    caption: str | None = None
    timestamp: When = None
    likes_count: int | None = Field(default=None, alias="likesCount", ge=_HIDDEN)
    comments_count: NonNegativeInt | None = Field(default=None, alias="commentsCount")
    video_view_count: NonNegativeInt | None = Field(default=None, alias="videoViewCount")
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    owner_id: Digits | None = Field(default=None, alias="ownerId")
    type: str | None = None
    product_type: str | None = Field(default=None, alias="productType")
    video_duration: NonNegativeFloat | None = Field(default=None, alias="videoDuration")
    is_sponsored: bool | None = Field(default=None, alias="isSponsored")
    display_url: str | None = Field(default=None, alias="displayUrl")
    latest_comments: tuple[Comment, ...] | None = Field(default=None, alias="latestComments")

    @property
    def kind(self) -> PostKind | None:
        """Its form; ``clips`` is what Instagram calls reels. None for one that this version does not know."""
        return "short" if self.product_type == "clips" else _KINDS.get(self.type or "")


class Profile(Payload):
    """One item."""

    id: Digits
    username: UserName
    followers_count: NonNegativeInt = Field(alias="followersCount")
    follows_count: NonNegativeInt = Field(alias="followsCount")
    posts_count: NonNegativeInt = Field(alias="postsCount")
    full_name: str | None = Field(default=None, alias="fullName")
    biography: str | None = None
    external_url: str | None = Field(default=None, alias="externalUrl")
    verified: bool | None = None
    picture_large: str | None = Field(default=None, alias="profilePicUrlHD")
    picture: str | None = Field(default=None, alias="profilePicUrl")
    business_category_name: str | None = Field(default=None, alias="businessCategoryName")
    latest_posts: tuple[Medium, ...] | None = Field(default=None, alias="latestPosts")

    @property
    def own_posts(self) -> tuple[Medium, ...]:
        """The posts of the account; what others share with it is theirs."""
        return tuple(one for one in self.latest_posts or () if one.owner_id in {None, self.id})


class Items(Payload):
    """What a run of one account returns."""

    items: tuple[Profile, ...] = Field(min_length=1, max_length=1)


_OPTIONAL = {
    "full_name": "fullName",
    "biography": "biography",
    "external_url": "externalUrl",
    "verified": "verified",
    "business_category_name": "businessCategoryName",
    "latest_posts": "latestPosts",
}
_COUNTED = {
    "caption": "caption",
    "timestamp": "timestamp",
    "likes_count": "likesCount",
    "comments_count": "commentsCount",
}


def instagram(record: RawRecord) -> Normalised:
    """Return the account of an item with its latest posts.

    Raises:
        SchemaDrift: it has another form.
    """
    (user,) = read_payload(Items, record.body).items
    owner = Owner(Platform.INSTAGRAM, user.id, user.username)
    words = OwnWords(owner, user.full_name, user.biography, website_of(user.external_url))
    posts = tuple(_post(medium, owner, record) for medium in user.own_posts)
    account = words.account(
        record,
        avatar_url=picture(user.picture_large, user.picture),
        verified=user.verified,
        categories=_categories(user.business_category_name),
        followers=user.followers_count,
        following=user.follows_count,
        posts=user.posts_count,
        last_posted_at=latest(posts),
    )
    leads = unique((*words.leads(), *_leads(user.own_posts, owner)))
    return Normalised(accounts=(account,), posts=posts, leads=leads, missing=_missing(user))


def _categories(text: str | None) -> tuple[str, ...]:
    # The actor joins several with commas, and writes None for none of them.
    parts = (safe_line(part) for part in (text or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part and part != "None"))


def _missing(user: Profile) -> tuple[str, ...]:
    own = tuple(said for name, said in _OPTIONAL.items() if user.missing(name))
    return (*own, *lacking(user.own_posts, _COUNTED, "latestPosts"))


def _post(medium: Medium, owner: Owner, record: RawRecord) -> Post:
    return Post(
        platform=owner.platform,
        native_id=medium.id,
        account_id=owner.account_id,
        kind=medium.kind,
        text=safe_text(medium.caption, MAX_POST),
        duration_s=medium.video_duration or None,
        is_sponsored=medium.is_sponsored,
        mentions=handles(medium.mentions),
        commenters=commenters(one.owner.id for one in medium.latest_comments or () if one.owner),
        picture_url=picture(medium.display_url),
        posted_at=medium.timestamp,
        views=medium.video_view_count,
        likes=None if medium.likes_count == _HIDDEN else medium.likes_count,
        comments=medium.comments_count,
        hashtags=hashtags_of(medium.hashtags, medium.caption),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _leads(media: Iterable[Medium], owner: Owner) -> Iterator[Lead | None]:
    for medium in media:
        for name in medium.mentions:
            yield lead_to_handle(name, owner.platform, owner, "mention")
        yield from leads_in(medium.caption, owner, pages=False)
