"""What is attached to a post on X, in the form of the API v2 and in that of 1.1, which providers pass on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, NonNegativeFloat

from creators.models import PostKind
from enrich.normalise.contract import Payload
from enrich.normalise.post_facts import picture

_OWN_MEDIA = re.compile(r"(?:twitter|x)\.com/[^/\s]{1,50}/status/\d{1,20}/(photo|video)/\d", re.IGNORECASE)
_MS = 1_000


@dataclass(frozen=True, slots=True)
class Attached:
    """One picture or video of a post.

    Attributes:
        type: ``photo``, ``animated_gif`` or ``video``.
        url: of the picture, or of a still of the video.
        duration_s: of a video, in seconds.
    """

    type: str
    url: str | None = None
    duration_s: float | None = None


class Medium(Payload):
    """One of ``includes.media`` of the API v2."""

    media_key: str
    type: str
    url: str | None = None
    preview_image_url: str | None = None
    duration_ms: NonNegativeFloat | None = None

    @property
    def attached(self) -> Attached:
        """The same, whatever API tells it."""
        return Attached(self.type, self.url or self.preview_image_url, _seconds(self.duration_ms))


class VideoInfo(Payload):
    """``video_info`` of the API 1.1."""

    duration_millis: NonNegativeFloat | None = None


class ExtendedMedium(Payload):
    """One of ``extended_entities.media`` of the API 1.1."""

    type: str
    media_url_https: str | None = None
    video_info: VideoInfo | None = None

    @property
    def attached(self) -> Attached:
        """The same, whatever API tells it."""
        length = self.video_info.duration_millis if self.video_info else None
        return Attached(self.type, self.media_url_https, _seconds(length))


class ExtendedEntities(Payload):
    """``extended_entities``: there only where something is attached."""

    media: tuple[ExtendedMedium, ...] = Field(default=())

    @property
    def attached(self) -> list[Attached]:
        """What is attached, in its order."""
        return [one.attached for one in self.media]


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / _MS if milliseconds else None


def media_facts(media: Sequence[Attached], addresses: Iterable[str], *, is_all: bool = True) -> dict[str, Any]:
    """Return ``kind``, ``duration_s`` and ``picture_url`` of a post.

    Args:
        media: what is attached, as far as the answer describes it.
        addresses: that its text holds; X writes its own pictures and videos among them.
        is_all: False where more is attached than is described.
    """
    video = next((one for one in media if one.type == "video"), None)
    return {
        "kind": _kind(media, addresses, is_all=is_all),
        "duration_s": video.duration_s if video else None,
        "picture_url": picture(*(one.url for one in media)),
    }


def _kind(media: Sequence[Attached], addresses: Iterable[str], *, is_all: bool) -> PostKind | None:
    if media:
        if any(one.type == "video" for one in media):
            return "video"
        return "image" if len(media) == 1 else "carousel"
    shown = [match[1].lower() for url in addresses if (match := _OWN_MEDIA.search(url))]
    if "video" in shown:
        return "video"
    # Several pictures have one address.
    return None if shown or not is_all else "text"
