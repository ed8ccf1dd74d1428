"""Answers of the TikTok Research API become accounts, posts and leads.

Forms: https://developers.tiktok.com/doc/research-api-specs-query-user-info, …/research-api-specs-query-videos. The API
names a user by user name only, which is the account's provisional id.
"""

from __future__ import annotations

from pydantic import NonNegativeFloat, NonNegativeInt

from creators.errors import BadRecord, SchemaDrift
from creators.ids import provisional_native_id
from creators.models import Lead, Platform, Post, RawRecord
from creators.text import normalise_handle
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import Digits, UserName, When, website_of
from enrich.normalise.leads import (
    Owner,
    hashtags_of,
    leads_in,
    unique,
)
from enrich.normalise.masking import MAX_POST, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import handles, picture, video_kind


class User(Payload):
    """``data`` of a user."""

    display_name: str
    follower_count: NonNegativeInt
    following_count: NonNegativeInt
    likes_count: NonNegativeInt
    video_count: NonNegativeInt
    username: UserName | None = None
    bio_description: str | None = None
    bio_url: str | None = None
    is_verified: bool | None = None
    avatar_url: str | None = None


class UserAnswer(Payload):
    """``POST /v2/research/user/info/``."""

    data: User


class Video(Payload):
    """A video; counters that TikTok does not tell are left out."""

    id: Digits
    username: UserName
    create_time: When = None
    video_description: str | None = None
    hashtag_names: tuple[str, ...] = ()
    view_count: NonNegativeInt | None = None
    like_count: NonNegativeInt | None = None
    comment_count: NonNegativeInt | None = None
    share_count: NonNegativeInt | None = None
    video_duration: NonNegativeFloat | None = None
    video_mention_list: tuple[str, ...] | None = None


class Videos(Payload):
    """``data`` of a page of videos."""

    videos: tuple[Video, ...]


class VideosAnswer(Payload):
    """``POST /v2/research/video/query/``."""

    data: Videos


_OPTIONAL = ("bio_description", "bio_url", "is_verified")
_COUNTED = ("create_time", "video_description", "view_count", "like_count", "comment_count", "share_count")


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``user``, ``videos`` or ``search`` record says.

    Raises:
        SchemaDrift: its form is not the documented one. BadRecord: the record does not say which user it is about.
    """
    match record.kind:
        case "user":
            return _user(read_payload(UserAnswer, record.body).data, record)
        case "videos":
            return _videos(read_payload(VideosAnswer, record.body).data.videos, record)
        case "search":
            videos = read_payload(VideosAnswer, record.body).data.videos
            return Normalised(accounts=(), leads=unique(_found(video, record) for video in videos))
    detail = f"kind {record.kind!r} of {record.source} is none of user, videos, search"
    raise SchemaDrift(detail, field="kind")


def _owner(handle: str) -> Owner:
    return Owner(Platform.TIKTOK, provisional_native_id(normalise_handle(handle)), handle)


def _asked_for(record: RawRecord) -> str:
    handle = record.native_id.removeprefix("@")
    if not normalise_handle(handle):
        detail = f"native_id {record.native_id!r}: the answer names no user, so the record has to (@handle)"
        raise BadRecord(detail, field="native_id")
    return handle


def _user(user: User, record: RawRecord) -> Normalised:
    owner = _owner(user.username or _asked_for(record))
    words = OwnWords(owner, user.display_name, user.bio_description, website_of(user.bio_url))
    account = words.account(
        record,
        avatar_url=picture(user.avatar_url),
        verified=user.is_verified,
        followers=user.follower_count,
        following=user.following_count,
        posts=user.video_count,
    )
    leads = unique(words.leads())
    return Normalised(accounts=(account,), leads=leads, missing=user.missing(*_OPTIONAL))


def _videos(videos: tuple[Video, ...], record: RawRecord) -> Normalised:
    posts = tuple(_post(video, record) for video in videos)
    named = (
        lead for video in videos for lead in leads_in(video.video_description, _owner(video.username), pages=False)
    )
    lacking = (f"videos.{name}" for video in videos for name in video.missing(*_COUNTED))
    return Normalised(accounts=(), posts=posts, leads=unique(named), missing=tuple(dict.fromkeys(lacking)))


def _post(video: Video, record: RawRecord) -> Post:
    return Post(
        platform=Platform.TIKTOK,
        native_id=video.id,
        account_id=_owner(video.username).account_id,
        # Pictures have no duration, and nothing else tells them from videos.
        kind=video_kind(video.video_duration) if video.video_duration else None,
        text=safe_text(video.video_description, MAX_POST),
        duration_s=video.video_duration or None,
        mentions=handles(video.video_mention_list or ()),
        posted_at=video.create_time,
        views=video.view_count,
        likes=video.like_count,
        comments=video.comment_count,
        shares=video.share_count,
        hashtags=hashtags_of(video.hashtag_names, video.video_description),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _found(video: Video, record: RawRecord) -> Lead | None:
    handle = normalise_handle(video.username)
    if not handle:
        return None
    return Lead(
        kind="profile",
        platform=Platform.TIKTOK,
        value=provisional_native_id(handle),
        found_on=record.target,
        reason="search",
    )
