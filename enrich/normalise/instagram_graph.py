"""Answers of the Instagram Graph API become accounts, posts and leads.

Forms: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/business_discovery,
…/reference/ig-hashtag/top-media. Fields without a value are left out of an answer; likes that are hidden, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase, digits

from pydantic import NonNegativeInt

from creators.errors import SchemaDrift
from creators.ids import provisional_native_id
from creators.models import Lead, Platform, Post, PostKind, RawRecord
from creators.text import normalise_handle
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.fields import Digits, UserName, When, latest, website_of
from enrich.normalise.leads import Owner, hashtags_in, leads_in, mentions_in, unique
from enrich.normalise.masking import MAX_POST, safe_text
from enrich.normalise.own_words import OwnWords
from enrich.normalise.post_facts import picture

_ALPHABET = f"{ascii_uppercase}{ascii_lowercase}{digits}-_"
_SHORT_CODE = re.compile(r"instagram\.com/(?:[\w.]+/)?(?:p|reel|tv)/([A-Za-z0-9_-]{5,11})/?(?:\?|$)")
"""Of a public post; the longer ones of private accounts have a key at their end."""


_KINDS: dict[str, PostKind] = {
    "REELS": "short",
    "STORY": "story",
    "IMAGE": "image",
    "VIDEO": "video",
    "CAROUSEL_ALBUM": "carousel",
}


class Medium(Payload):
    """A photo, a video or an album of an account."""

    id: Digits
    caption: str | None = None
    timestamp: When = None
    like_count: NonNegativeInt | None = None
    comments_count: NonNegativeInt | None = None
    view_count: NonNegativeInt | None = None
    permalink: str | None = None
    media_type: str | None = None
    media_product_type: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None

    @property
    def kind(self) -> PostKind | None:
        """Its form, by where it is shown and what it is; None for one that this version does not know."""
        return _KINDS.get(self.media_product_type or "") or _KINDS.get(self.media_type or "")

    @property
    def picture_url(self) -> str | None:
        """Its picture; the address of a video leads to the video, and has a picture only where one is named."""
        return picture(self.thumbnail_url, None if self.media_type == "VIDEO" else self.media_url)

    @property
    def post_id(self) -> str:
        """The id that other sources know the post by: the number that its short code spells, in base 64.

        Without a permalink that ends in a short code it is the id of the Graph.
        """
        found = _SHORT_CODE.search(self.permalink or "")
        if found is None:
            return self.id
        number = 0
        for character in found[1]:
            number = number * len(_ALPHABET) + _ALPHABET.index(character)
        return str(number)


class Media(Payload):
    """One page of media."""

    data: tuple[Medium, ...]


class Professional(Payload):
    """``business_discovery`` of an account."""

    id: Digits
    username: UserName
    followers_count: NonNegativeInt
    media_count: NonNegativeInt
    ig_id: Digits | None = None
    name: str | None = None
    biography: str | None = None
    website: str | None = None
    follows_count: NonNegativeInt | None = None
    profile_picture_url: str | None = None
    media: Media | None = None


class Profile(Payload):
    """``GET /{ig-user-id}?fields=business_discovery…``."""

    business_discovery: Professional


class Hashtag(Payload):
    """What a hashtag is called."""

    id: Digits


class Tagged(Payload):
    """``GET /{ig-hashtag-id}/top_media``, filed with the hashtag it was asked for."""

    hashtag: Hashtag
    data: tuple[Medium, ...]


_OPTIONAL = ("ig_id", "name", "biography", "website", "follows_count", "media")
_COUNTED = ("caption", "timestamp", "like_count", "comments_count", "permalink")


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``profile`` or ``hashtag`` record says.

    Raises:
        SchemaDrift: its form is not the documented one.
    """
    match record.kind:
        case "profile":
            return _profile(read_payload(Profile, record.body).business_discovery, record)
        case "hashtag":
            return _hashtag(read_payload(Tagged, record.body), record)
    detail = f"kind {record.kind!r} of {record.source} is none of profile, hashtag"
    raise SchemaDrift(detail, field="kind")


def _profile(user: Professional, record: RawRecord) -> Normalised:
    # ``id`` belongs to the Graph; other sources know the account by ``ig_id``.
    native_id = user.ig_id or provisional_native_id(normalise_handle(user.username))
    owner = Owner(Platform.INSTAGRAM, native_id, user.username)
    words = OwnWords(owner, user.name, user.biography, website_of(user.website))
    media = user.media.data if user.media else ()
    posts = tuple(_post(medium, owner, record) for medium in media)
    account = words.account(
        record,
        avatar_url=picture(user.profile_picture_url),
        followers=user.followers_count,
        following=user.follows_count,
        posts=user.media_count,
        last_posted_at=latest(posts),
    )
    named = (lead for medium in media for lead in leads_in(medium.caption, owner, pages=False))
    leads = unique((*words.leads(), *named))
    missing = (*user.missing(*_OPTIONAL), *_lacking(media))
    return Normalised(accounts=(account,), posts=posts, leads=leads, missing=missing)


def _lacking(media: Iterable[Medium]) -> tuple[str, ...]:
    lacking = (f"media.{name}" for medium in media for name in medium.missing(*_COUNTED))
    return tuple(dict.fromkeys(lacking))


def _post(medium: Medium, owner: Owner, record: RawRecord) -> Post:
    return Post(
        platform=owner.platform,
        native_id=medium.post_id,
        account_id=owner.account_id,
        kind=medium.kind,
        text=safe_text(medium.caption, MAX_POST),
        mentions=tuple(lead.value[1:] for lead in mentions_in(medium.caption, owner)),
        picture_url=medium.picture_url,
        posted_at=medium.timestamp,
        views=medium.view_count,
        likes=medium.like_count,
        comments=medium.comments_count,
        hashtags=hashtags_in(medium.caption),
        source=record.source,
        fetched_at=record.fetched_at,
    )


def _hashtag(tagged: Tagged, record: RawRecord) -> Normalised:
    """Whom the captions mention: the media themselves do not say whose they are."""
    nobody = Owner(Platform.INSTAGRAM, record.native_id)
    found = unique(lead for medium in tagged.data for lead in mentions_in(medium.caption, nobody))
    return Normalised(accounts=(), leads=tuple(_searched(lead, record) for lead in found))


def _searched(lead: Lead, record: RawRecord) -> Lead:
    return lead.model_copy(update={"found_on": record.target, "reason": "search"})
