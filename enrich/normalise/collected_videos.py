"""Items of the TikTok actor of Apify: each is a video that describes its author.

Form: https://apify.com/clockworks/tiktok-profile-scraper (authentic items are compared in the tests).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from creators.models import Account, Lead, Platform, Post, PostKind, RawRecord
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import Digits, UserName, When, lacking, latest, website_of
from enrich.normalise.leads import (
    Owner,
    hashtags_of,
    lead_to_handle,
    leads_in,
    unique,
)
from enrich.normalise.masking import MAX_POST, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import handles, picture, video_kind
from mappings.countries import country_code


class Tag(Payload):
    """A hashtag of a TikTok video."""

    name: str


class Author(Payload):
    """``authorMeta``: the account as it was when the video was collected."""

    id: Digits
    name: UserName
    fans: NonNegativeInt
    following: NonNegativeInt
    video: NonNegativeInt
    nick_name: str | None = Field(default=None, alias="nickName")
    signature: str | None = None
    bio_link: str | None = Field(default=None, alias="bioLink")
    verified: bool | None = None
    region: str | None = None
    avatar: str | None = None


class Medium(Payload):
    """``videoMeta``."""

    duration: NonNegativeFloat | None = None
    cover: str | None = Field(default=None, alias="coverUrl")


class Video(Payload):
    """One item of the TikTok actor."""

    id: Digits
    author: Author = Field(alias="authorMeta")
    text: str | None = None
    create_time: When = Field(default=None, alias="createTimeISO")
    play_count: NonNegativeInt | None = Field(default=None, alias="playCount")
    digg_count: NonNegativeInt | None = Field(default=None, alias="diggCount")
    comment_count: NonNegativeInt | None = Field(default=None, alias="commentCount")
    share_count: NonNegativeInt | None = Field(default=None, alias="shareCount")
    hashtags: tuple[Tag, ...] = ()
    mentions: tuple[str, ...] = ()
    medium: Medium | None = Field(default=None, alias="videoMeta")
    is_slideshow: bool | None = Field(default=None, alias="isSlideshow")
    is_ad: bool | None = Field(default=None, alias="isAd")
    is_sponsored: bool | None = Field(default=None, alias="isSponsored")

    @property
    def kind(self) -> PostKind | None:
        """Its form; None where neither a length nor the actor tells pictures from a video."""
        if self.is_slideshow:
            return "carousel"
        return video_kind(self.duration_s) if self.duration_s else None

    @property
    def duration_s(self) -> float | None:
        """Its length in seconds; None of pictures."""
        return self.medium.duration or None if self.medium else None

    @property
    def is_paid(self) -> bool | None:
        """Whether TikTok marks it as an advertisement or a paid partnership; None where the actor tells of neither."""
        marks = {self.is_ad, self.is_sponsored}
        return True if True in marks else (False if False in marks else None)


class Items(Payload):
    """What a run of one account returns."""

    items: tuple[Video, ...] = Field(min_length=1)


# Name in the model → name in the item.
_AUTHOR = {
    "nick_name": "nickName",
    "signature": "signature",
    "bio_link": "bioLink",
    "verified": "verified",
    "region": "region",
}
_VIDEO = {
    "text": "text",
    "create_time": "createTimeISO",
    "play_count": "playCount",
    "digg_count": "diggCount",
    "comment_count": "commentCount",
    "share_count": "shareCount",
}


def tiktok(record: RawRecord) -> Normalised:
    """Return the author of the videos of a run, and the videos.

    Raises:
        SchemaDrift: they have another form.
    """
    videos = read_payload(Items, record.body).items
    author = videos[0].author
    own = tuple(video for video in videos if video.author.id == author.id)
    owner = Owner(Platform.TIKTOK, author.id, author.name)
    posts = tuple(_post(video, owner, record) for video in own)
    words = OwnWords(owner, author.nick_name, author.signature, website_of(author.bio_link))
    account = _account(author, words, record).model_copy(update={"last_posted_at": latest(posts)})
    named = (lead for video in own for lead in _leads(video, owner))
    leads = (
        *words.leads(),
        *named,
    )
    return Normalised(
        accounts=(account,),
        posts=posts,
        leads=unique(leads),
        missing=(*lacking((author,), _AUTHOR, "authorMeta"), *lacking(own, _VIDEO, "items")),
    )


def _account(author: Author, words: OwnWords, record: RawRecord) -> Account:
    return words.account(
        record,
        avatar_url=picture(author.avatar),
        country=country_code(author.region or ""),
        verified=author.verified,
        followers=author.fans,
        following=author.following,
        posts=author.video,
    )


def _post(video: Video, owner: Owner, record: RawRecord) -> Post:
    return Post(
        platform=owner.platform,
        native_id=video.id,
        account_id=owner.account_id,
        kind=video.kind,
        text=safe_text(video.text, MAX_POST),
        duration_s=video.duration_s,
        is_sponsored=video.is_paid,
        mentions=handles(video.mentions),
        picture_url=picture(video.medium.cover if video.medium else None),
        posted_at=video.create_time,
        views=video.play_count,
        likes=video.digg_count,
        comments=video.comment_count,
        shares=video.share_count,
        hashtags=hashtags_of((tag.name for tag in video.hashtags), video.text),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _leads(video: Video, owner: Owner) -> Iterator[Lead | None]:
    for name in video.mentions:
        yield lead_to_handle(name, owner.platform, owner, "mention")
    yield from leads_in(video.text, owner, pages=False)
