"""Videos as the YouTube Data API answers them become posts and leads.

Form: https://developers.google.com/youtube/v3/docs/videos. Counts come as text, and an owner may hide each of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, NonNegativeInt

from creators.ids import account_id
from creators.models import Lead, Platform, Post, PostKind, RawRecord
from enrich.normalise.contract import Normalised, Payload
from enrich.normalise.leads import MAX_HASHTAGS, Owner, hashtags_in, leads_in, unique
from enrich.normalise.masking import MAX_POST, safe_line, safe_text
from enrich.normalise.post_facts import length_s, picture, youtube_kind

Id = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]
_SIZES = ("maxres", "standard", "high", "medium", "default")


class Thumbnail(Payload):
    """A picture in one size."""

    url: str | None = None


Thumbnails = dict[str, Thumbnail]
"""Name of a size → the picture in it."""


class VideoSnippet(Payload):
    """``snippet`` of a video."""

    title: str
    published_at: datetime = Field(alias="publishedAt")
    channel_id: Id = Field(alias="channelId")
    description: str | None = None
    tags: tuple[str, ...] = ()
    thumbnails: Thumbnails = Field(default_factory=dict)
    live: str | None = Field(default=None, alias="liveBroadcastContent")


class VideoDetails(Payload):
    """``contentDetails`` of a video."""

    duration: str | None = None


class Player(Payload):
    """``player`` of a video: as wide as its picture is where a height was asked for."""

    height: int | None = Field(default=None, alias="embedHeight")
    width: int | None = Field(default=None, alias="embedWidth")


class Placement(Payload):
    """``paidProductPlacementDetails``: what the creator has declared to YouTube."""

    declared: bool | None = Field(default=None, alias="hasPaidProductPlacement")


class VideoStatistics(Payload):
    """``statistics`` of a video; its owner may hide each of them."""

    view_count: NonNegativeInt | None = Field(default=None, alias="viewCount")
    like_count: NonNegativeInt | None = Field(default=None, alias="likeCount")
    comment_count: NonNegativeInt | None = Field(default=None, alias="commentCount")


class Video(Payload):
    """One item of ``videos.list``."""

    id: Id
    snippet: VideoSnippet
    statistics: VideoStatistics | None = None
    details: VideoDetails = Field(default=VideoDetails(), alias="contentDetails")
    player: Player = Player()
    placement: Placement = Field(default=Placement(), alias="paidProductPlacementDetails")

    @property
    def duration_s(self) -> float | None:
        """Its length in seconds; None of a stream that goes on."""
        return length_s(self.details.duration)

    @property
    def kind(self) -> PostKind | None:
        """Its form; None where nothing tells, and of what has only been announced."""
        if self.snippet.live not in {None, "none"}:
            return "live" if self.snippet.live == "live" else None
        height, width = self.player.height, self.player.width
        is_wide = None if height is None or width is None else width > height
        return youtube_kind(self.duration_s, self.snippet.published_at, is_wide=is_wide)


class Videos(Payload):
    """An answer of ``videos.list``."""

    items: tuple[Video, ...]


def largest(thumbnails: Thumbnails) -> str | None:
    """Return the address of a picture in the largest size that there is."""
    return picture(*(thumbnails[size].url for size in _SIZES if size in thumbnails))


def videos(answer: Videos, record: RawRecord) -> Normalised:
    """Return the videos of an answer as posts, and whom their descriptions name."""
    posts: list[Post] = []
    leads: list[Lead] = []
    missing: list[str] = []
    for item in answer.items:
        owner = Owner(Platform.YOUTUBE, item.snippet.channel_id)
        posts.append(_post(item, record))
        leads += leads_in(item.snippet.description, owner, pages=False)
        missing += _missing_of_video(item)
    return Normalised(accounts=(), posts=tuple(posts), leads=unique(leads), missing=tuple(dict.fromkeys(missing)))


def _post(item: Video, record: RawRecord) -> Post:
    text = "\n".join(part for part in (item.snippet.title, item.snippet.description) if part)
    statistics = item.statistics or VideoStatistics()
    tags = (safe_line(tag) for tag in item.snippet.tags[:MAX_HASHTAGS])
    labels = dict.fromkeys(label for label in (*hashtags_in(text), *tags) if label)
    return Post(
        platform=Platform.YOUTUBE,
        native_id=item.id,
        account_id=account_id(Platform.YOUTUBE, item.snippet.channel_id),
        kind=item.kind,
        text=safe_text(text, MAX_POST),
        duration_s=item.duration_s,
        is_sponsored=item.placement.declared,
        picture_url=largest(item.snippet.thumbnails),
        posted_at=item.snippet.published_at,
        views=statistics.view_count,
        likes=statistics.like_count,
        comments=statistics.comment_count,
        hashtags=tuple(labels)[:MAX_HASHTAGS],
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _missing_of_video(item: Video) -> list[str]:
    if item.statistics is None:
        return ["items.statistics"]
    fields = {"view_count": "viewCount", "like_count": "likeCount", "comment_count": "commentCount"}
    absent = [f"items.statistics.{fields[name]}" for name in item.statistics.missing(*fields)]
    return absent if item.snippet.description is not None else [*absent, "items.snippet.description"]
