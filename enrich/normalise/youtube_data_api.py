"""Answers of the YouTube Data API become accounts, posts and leads.

Forms: https://developers.google.com/youtube/v3/docs/channels, …/videos, …/search. Counts come as text. What YouTube
computes is kept apart from what we compute: an account holds its counters as they were answered. Videos are read by
:mod:`~enrich.normalise.youtube_videos`.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

from pydantic import Field, NonNegativeInt, model_validator

from creators.errors import SchemaDrift
from creators.models import Account, Lead, Platform, RawRecord
from creators.profiles import profile_url
from creators.text import clean_line
from enrich.normalise.contact import contact_facts
from enrich.normalise.contract import Normalised, Payload, read_payload
from enrich.normalise.leads import Owner, addresses, leads_in, links_to
from enrich.normalise.masking import safe_line, safe_text
from enrich.normalise.youtube_videos import Id, Thumbnails, Videos, largest, videos
from mappings.countries import country_code

MAX_LABELS = 50
"""Topics of a channel that are kept, the first ones."""
_KEYWORD = re.compile(r'"([^"]{1,300})"|(\S{1,300})')
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_].*)?", re.IGNORECASE)
_SENSE = re.compile(r"\s*\([^)]*\)$")
"""What tells two articles of one name apart: ``Lifestyle_(sociology)``."""


class ChannelSnippet(Payload):
    """``snippet`` of a channel."""

    title: str
    published_at: datetime = Field(alias="publishedAt")
    description: str | None = None
    custom_url: str | None = Field(default=None, alias="customUrl")
    country: str | None = None
    default_language: str | None = Field(default=None, alias="defaultLanguage")
    thumbnails: Thumbnails = Field(default_factory=dict)


class ChannelStatistics(Payload):
    """``statistics`` of a channel; the subscribers may be hidden, and are rounded to three digits."""

    view_count: NonNegativeInt = Field(alias="viewCount")
    video_count: NonNegativeInt = Field(alias="videoCount")
    hidden_subscriber_count: bool = Field(alias="hiddenSubscriberCount")
    subscriber_count: NonNegativeInt | None = Field(default=None, alias="subscriberCount")

    @model_validator(mode="after")
    def _shown_or_hidden(self) -> ChannelStatistics:
        if self.subscriber_count is None and not self.hidden_subscriber_count:
            detail = "subscriberCount is missing and not hidden"
            raise ValueError(detail)
        return self


class TopicDetails(Payload):
    """``topicDetails`` of a channel: addresses of articles that name its topics."""

    topic_categories: tuple[str, ...] = Field(default=(), alias="topicCategories")


class BrandedChannel(Payload):
    """``brandingSettings.channel``."""

    keywords: str | None = None
    country: str | None = None
    default_language: str | None = Field(default=None, alias="defaultLanguage")


class Branding(Payload):
    """``brandingSettings`` of a channel."""

    channel: BrandedChannel = BrandedChannel()


class Channel(Payload):
    """One item of ``channels.list``."""

    id: Id
    snippet: ChannelSnippet
    statistics: ChannelStatistics | None = None
    topic_details: TopicDetails | None = Field(default=None, alias="topicDetails")
    branding: Branding | None = Field(default=None, alias="brandingSettings")


class FoundId(Payload):
    """``id`` of a search result of type channel."""

    channel_id: Id = Field(alias="channelId")


class FoundChannel(Payload):
    """One item of ``search.list``."""

    id: FoundId


def normalise(record: RawRecord) -> Normalised:
    """Return what a ``channel``, ``videos`` or ``search`` record says.

    Raises:
        SchemaDrift: its form is not the documented one.
    """
    match record.kind:
        case "channel":
            return _channel(read_payload(Channel, record.body), record)
        case "videos":
            return videos(read_payload(Videos, record.body), record)
        case "search":
            found = read_payload(FoundChannel, record.body)
            return Normalised(accounts=(), leads=(_found(found.id.channel_id, record.target),))
    detail = f"kind {record.kind!r} of {record.source} is none of channel, videos, search"
    raise SchemaDrift(detail, field="kind")


def _found(channel_id: str, term: str | None) -> Lead:
    # Found on the search itself: what a topic brings is booked to the topic.
    return Lead(kind="profile", platform=Platform.YOUTUBE, value=channel_id, found_on=term, reason="search")


def _channel(item: Channel, record: RawRecord) -> Normalised:
    snippet, statistics = item.snippet, item.statistics
    branded = item.branding.channel if item.branding else BrandedChannel()
    owner = Owner(Platform.YOUTUBE, item.id, (snippet.custom_url or "").lstrip("@") or None)
    account = Account(
        platform=owner.platform,
        native_id=owner.native_id,
        handle=owner.handle,
        name=safe_line(snippet.title),
        bio=safe_text(snippet.description),
        url=profile_url(owner.platform, owner.handle, owner.native_id),
        avatar_url=largest(snippet.thumbnails),
        country=country_code(snippet.country or branded.country or ""),
        language=_language(snippet.default_language or branded.default_language),
        categories=_categories(item.topic_details),
        topics=_keywords(branded.keywords),
        followers=_shown(statistics),
        posts=statistics.video_count if statistics else None,
        views=statistics.view_count if statistics else None,
        joined_on=snippet.published_at.date(),
        links=links_to(addresses(snippet.description), owner),
        source=record.source,
        tier=record.tier,
        degraded=record.degraded,
        fetched_at=record.fetched_at,
        **contact_facts(snippet.title, snippet.description),
    )
    leads = leads_in(snippet.description, owner, pages=True)
    return Normalised(accounts=(account,), leads=leads, missing=_missing_of_channel(item))


def _shown(statistics: ChannelStatistics | None) -> int | None:
    # A hidden count is answered as 0 by some versions: unknown, never 0.
    return None if statistics is None or statistics.hidden_subscriber_count else statistics.subscriber_count


def _missing_of_channel(item: Channel) -> tuple[str, ...]:
    parts = {"statistics": item.statistics, "topicDetails": item.topic_details, "brandingSettings": item.branding}
    fields = {"description": "description", "custom_url": "customUrl", "country": "country"}
    absent = item.snippet.missing(*fields)
    return (*(name for name, part in parts.items() if part is None), *(f"snippet.{fields[name]}" for name in absent))


def _language(tag: str | None) -> str | None:
    match = _LANGUAGE.fullmatch(clean_line(tag or ""))
    return match[1].lower() if match else None


def _categories(details: TopicDetails | None) -> tuple[str, ...]:
    """``https://en.wikipedia.org/wiki/Lifestyle_(sociology)`` is ``Lifestyle``; each once."""
    addressed = details.topic_categories[:MAX_LABELS] if details else ()
    titles = (unquote(address.rstrip("/").rpartition("/")[2]).replace("_", " ") for address in addressed)
    words = (safe_line(_SENSE.sub("", title)) for title in titles)
    return tuple(dict.fromkeys(word for word in words if word))


def _keywords(text: str | None) -> tuple[str, ...]:
    """Blanks separate keywords, quotation marks keep one with blanks together."""
    found = (safe_line(quoted or word) for quoted, word in _KEYWORD.findall((text or "")[:5_000]))
    return tuple(dict.fromkeys(word for word in found if word))[:MAX_LABELS]
