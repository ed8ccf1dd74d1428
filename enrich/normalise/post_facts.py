"""What sources tell of a post beside its words: its form, its length, its picture, whom it names, who commented."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from creators.models import Post, PostKind
from creators.text import MAX_HANDLE, clean_line, normalise_handle

MAX_PICTURE = 2_000
"""Characters of the address of a picture; addresses that are signed are long."""
MAX_NAMED = 50
"""Accounts that one post names and commenters of one post that are kept, the first ones."""
SHORT_S = 180.0
"""A vertical video up to here is a short one: the limit of YouTube Shorts, and of reels and most TikToks."""
_SHORTS_S, _LONGER_SHORTS = 60.0, datetime(2024, 10, 15, tzinfo=UTC)
"""YouTube's limit before it was raised, and when that was (support.google.com/youtube/answer/15424877)."""
_ADDRESS = re.compile(r"https?://[^\s/@?#]+\.[^\s<>\"']{2,}", re.IGNORECASE)
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,7}(?:\.\d{1,6})?)S)?)?"
)


def picture(*urls: str | None) -> str | None:
    """Return the first of some addresses that a picture can be had from; None where none is one."""
    for url in urls:
        line = clean_line((url or "")[: MAX_PICTURE + 1])
        if len(line) <= MAX_PICTURE and _ADDRESS.fullmatch(line):
            return line
    return None


def handles(names: Iterable[str]) -> tuple[str, ...]:
    """Return the handles that a post names, normalised, each once, at most ``MAX_NAMED``."""
    found = (normalise_handle(name[:MAX_HANDLE]) for name in names)
    return tuple(dict.fromkeys(name for name in found if name))[:MAX_NAMED]


def commenters(native_ids: Iterable[str | None]) -> tuple[str, ...]:
    """Return SHA-256 (64 hex digits) of the ids of commenters, in their order, at most ``MAX_NAMED``.

    Ids are numbers that can be tried one after another: the hashes are keyed when the record is sealed (:func:`seal`).
    """
    known = [one for one in native_ids if one][:MAX_NAMED]
    return tuple(hashlib.sha256(one.encode()).hexdigest() for one in known)


def seal(post: Post, key: bytes | None) -> Post:
    """Return the post with its commenters as HMAC-SHA-256 (32 hex digits); without a key nobody is named."""
    if not post.commenters:
        return post
    signed = (hmac.new(key, one.encode(), hashlib.sha256).hexdigest()[:32] for one in post.commenters if key)
    return post.model_copy(update={"commenters": tuple(signed)})


def length_s(text: str | None) -> float | None:
    """Return a duration of ISO 8601 in seconds; None for none, for 0 (a stream that goes on), and for another form."""
    match = _DURATION.fullmatch(text or "")
    if match is None:
        return None
    parts = {name: float(value) for name, value in match.groupdict().items() if value}
    return timedelta(**parts).total_seconds() or None


def video_kind(duration_s: float | None) -> PostKind:
    """Return whether a video of a network of vertical ones is short: up to ``SHORT_S``, and where it does not tell."""
    return "video" if duration_s is not None and duration_s > SHORT_S else "short"


def youtube_kind(duration_s: float | None, posted_at: datetime, *, is_wide: bool | None) -> PostKind | None:
    """Return ``short`` for a video within the limit of Shorts of its day that is not wider than high, else ``video``.

    Where the shape is unknown, the length alone decides; where the length is, nothing does (None).

    Args:
        duration_s: in seconds.
        posted_at: the limit was 60 s before 2024-10-15, it is 180 s since then.
        is_wide: whether the picture is wider than high; None where unknown.
    """
    if duration_s is None:
        return None
    limit = SHORT_S if posted_at >= _LONGER_SHORTS else _SHORTS_S
    return "short" if duration_s <= limit and not is_wide else "video"
