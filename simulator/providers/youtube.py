"""The YouTube Data API v3.

https://developers.google.com/youtube/v3/docs
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.people import Account
from simulator.posts import Post, posts, video
from simulator.providers.keys import good_key
from simulator.quotas import Admission
from simulator.world import View

SEARCH_UNITS = 100
MOST_ITEMS = 50
UPLOADS_LISTED = 500
HIDDEN = 29
"""Every so-manieth channel hides how many subscribers it has."""
_ROUNDED = 3
_TOPIC = "https://en.wikipedia.org/wiki/{}"


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _thumbnails(name: str) -> dict[str, Any]:
    sizes = {"default": 88, "medium": 240, "high": 800}
    return {
        size: {"url": f"https://yt3.ggpht.example/{name}=s{pixels}", "width": pixels, "height": pixels}
        for size, pixels in sizes.items()
    }


def _subscribers(view: View) -> dict[str, Any]:
    if view.account.number % HIDDEN == 0:
        return {"hiddenSubscriberCount": True}
    digits = max(0, len(str(view.followers)) - _ROUNDED)
    return {"subscriberCount": str(view.followers // 10**digits * 10**digits), "hiddenSubscriberCount": False}


def _description(view: View) -> str:
    return f"{view.bio}\n\n{view.link}" if view.link else view.bio


def _channel(view: View, parts: set[str]) -> dict[str, Any]:
    """The parts of a channel that were asked for."""
    native_id, text, culture = view.account.native_id, _description(view), view.person.culture
    snippet = {
        "title": view.name,
        "description": text,
        "customUrl": f"@{view.handle}",
        "publishedAt": _time(view.account.created_at),
        "thumbnails": _thumbnails(native_id),
        "defaultLanguage": culture.language,
        "localized": {"title": view.name, "description": text},
        "country": culture.country,
    }
    every = {
        "snippet": snippet,
        "statistics": {
            "viewCount": str(view.likes * 12),
            **_subscribers(view),
            "videoCount": str(view.posts),
        },
        "brandingSettings": {
            "channel": {
                "title": view.name,
                "description": text,
                "keywords": " ".join(view.person.niche.tags),
                "country": culture.country,
            }
        },
        "topicDetails": {"topicIds": ["/m/019_rr"], "topicCategories": [_TOPIC.format(view.person.niche.topic)]},
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": f"UU{native_id[2:]}"}},
        "status": {
            "privacyStatus": "public",
            "isLinked": True,
            "longUploadsStatus": "longUploadsUnspecified",
            "madeForKids": False,
        },
    }
    chosen = {part: body for part, body in every.items() if part in parts}
    return {"kind": "youtube#channel", "etag": f"e{view.followers}", "id": native_id, **chosen}


def _listed(kind: str, items: list[Any], total: int | None = None, following: str | None = None) -> Reply:
    page = {"totalResults": len(items) if total is None else total, "resultsPerPage": max(len(items), 5)}
    token = {"nextPageToken": following} if following else {}
    # The reference's own habit: without a hit there are no items at all in lists of channels.
    found = {"items": items} if items or kind != "channel" else {}
    return Reply({"kind": f"youtube#{kind}ListResponse", "etag": "sim", **token, "pageInfo": page, **found})


def _offset(token: str) -> int:
    try:
        return max(0, int(base64.urlsafe_b64decode(token.encode() + b"==").decode().removeprefix("at")))
    except ValueError:
        return 0


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at{offset}".encode()).decode().rstrip("=")


def _error(status: int, reason: str, message: str, domain: str = "youtube.common") -> Reply:
    one = {"message": message, "domain": domain, "reason": reason}
    return Reply({"error": {"code": status, "message": message, "errors": [one]}}, status)


def channels(asked: Asked) -> Reply:
    """Answer ``channels.list`` by ids or by handle."""
    parts, world = set(asked.query.get("part", "").split(",")), asked.world
    if not parts - {""}:
        return _error(400, "missingRequiredParameter", "No filter selected. Expected one of: part", "youtube.parameter")
    found: list[Account | None] = []
    if "forHandle" in asked.query:
        found = [world.by_handle(Platform.YOUTUBE, asked.query["forHandle"], asked.now)]
    for native_id in filter(None, asked.query.get("id", "").split(",")[:MOST_ITEMS]):
        found.append(world.by_native_id(Platform.YOUTUBE, native_id))
    views = [world.view(one, asked.now) for one in found if one is not None and not world.gone(one, asked.now)]
    for view in views:
        asked.stage.fetched("youtube", view.account)
    return _listed("channel", [_channel(view, parts) for view in views])


def search(asked: Asked) -> Reply:
    """Answer ``search.list`` for channels."""
    hits = asked.world.search(Platform.YOUTUBE, asked.query.get("q", ""), asked.now)
    size, first = asked.number("maxResults", 5, MOST_ITEMS), _offset(asked.query.get("pageToken", ""))
    items = [_hit(asked.world.view(account, asked.now)) for account in hits[first : first + size]]
    return _listed("search", items, len(hits), _token(first + size) if first + size < len(hits) else None)


def _hit(view: View) -> dict[str, Any]:
    native_id = view.account.native_id
    return {
        "kind": "youtube#searchResult",
        "etag": f"e{view.account.number}",
        "id": {"kind": "youtube#channel", "channelId": native_id},
        "snippet": {
            "publishedAt": _time(view.account.created_at),
            "channelId": native_id,
            "title": view.name,
            "description": _description(view)[:150],
            "thumbnails": _thumbnails(native_id),
            "channelTitle": view.name,
            "liveBroadcastContent": "none",
            "publishTime": _time(view.account.created_at),
        },
    }


def playlist_items(asked: Asked) -> Reply:
    """Answer ``playlistItems.list`` for the uploads of a channel."""
    playlist = asked.query.get("playlistId", "")
    account = asked.world.by_native_id(Platform.YOUTUBE, f"UC{playlist[2:]}") if playlist.startswith("UU") else None
    if account is None or asked.world.gone(account, asked.now):
        message = "The playlist identified with the request's playlistId parameter cannot be found."
        return _error(404, "playlistNotFound", message, "youtube.playlistItem")
    view = asked.world.view(account, asked.now)
    size, first = asked.number("maxResults", 5, MOST_ITEMS), _offset(asked.query.get("pageToken", ""))
    total = 0 if view.private else min(view.posts, UPLOADS_LISTED)
    shown = posts(asked.world, account, asked.now, min(size, max(0, total - first)), first)
    parts = set(asked.query.get("part", "").split(","))
    items = [_item(post, view, first + place, parts) for place, post in enumerate(shown)]
    return _listed("playlistItem", items, total, _token(first + size) if first + size < total else None)


def _title(post: Post) -> str:
    return post.text.partition(" @")[0].partition(" #")[0]


def _item(post: Post, view: View, position: int, parts: set[str]) -> dict[str, Any]:
    playlist = f"UU{view.account.native_id[2:]}"
    snippet = {
        "publishedAt": _time(post.created_at),
        "channelId": view.account.native_id,
        "title": _title(post),
        "description": post.text,
        "thumbnails": _thumbnails(post.post_id),
        "channelTitle": view.name,
        "playlistId": playlist,
        "position": position,
        "resourceId": {"kind": "youtube#video", "videoId": post.post_id},
        "videoOwnerChannelTitle": view.name,
        "videoOwnerChannelId": view.account.native_id,
    }
    every = {
        "snippet": snippet,
        "contentDetails": {"videoId": post.post_id, "videoPublishedAt": _time(post.created_at)},
        "status": {"privacyStatus": "public"},
    }
    chosen = {part: body for part, body in every.items() if part in parts}
    return {"kind": "youtube#playlistItem", "etag": f"e{post.likes}", "id": f"{playlist}.{post.post_id}", **chosen}


def videos(asked: Asked) -> Reply:
    """Answer ``videos.list`` by ids; those that do not exist are left out."""
    parts = set(asked.query.get("part", "").split(","))
    ids = asked.query.get("id", "").split(",")[:MOST_ITEMS]
    found = [post for one in ids if (post := video(asked.world, one, asked.now)) is not None]
    return _listed("video", [_video(post, asked.world.view(post.account, asked.now), parts) for post in found])


SHORT_S = 60
"""Of two kinds of video this long, one is upright."""


def _width(post: Post) -> str:
    # The API writes these numbers as text.
    return "405" if post.is_video and post.seconds <= SHORT_S else "1280"


def _video(post: Post, view: View, parts: set[str]) -> dict[str, Any]:
    minutes, seconds = divmod(post.seconds, 60)
    every = {
        "snippet": {
            "publishedAt": _time(post.created_at),
            "channelId": view.account.native_id,
            "title": _title(post),
            "description": post.text,
            "thumbnails": _thumbnails(post.post_id),
            "channelTitle": view.name,
            "tags": list(post.tags),
            "categoryId": "22",
            "liveBroadcastContent": "none",
            "defaultAudioLanguage": view.person.culture.language,
        },
        "statistics": {
            "viewCount": str(post.views),
            "likeCount": str(post.likes),
            "favoriteCount": "0",
            "commentCount": str(post.comments),
        },
        "contentDetails": {"duration": f"PT{minutes}M{seconds}S", "definition": "hd", "caption": "false"},
        "player": {"embedHtml": "<iframe></iframe>", "embedHeight": "720", "embedWidth": _width(post)},
        "paidProductPlacementDetails": {"hasPaidProductPlacement": "sponsored" in post.text},
        "status": {"uploadStatus": "processed", "privacyStatus": "public", "madeForKids": False},
    }
    chosen = {part: body for part, body in every.items() if part in parts}
    return {"kind": "youtube#video", "etag": f"e{post.likes}", "id": post.post_id, **chosen}


class YouTube:
    """Channels, searches, uploads and videos."""

    name = "youtube"
    prefix = "/youtube/v3"
    says_when = False

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/channels", "channels", channels),
            Route("/search", "search", search, units=SEARCH_UNITS),
            Route("/playlistItems", "playlistItems", playlist_items),
            Route("/videos", "videos", videos),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the key of the header or of the address."""
        return good_key(self.name, asked.headers.get("x-goog-api-key") or asked.query.get("key", ""))

    def refuse(self, asked: Asked) -> Reply:
        """Return 400 with the newer form of Google's errors."""
        del asked
        reply = _error(400, "badRequest", "API key not valid. Please pass a valid API key.", "global")
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        reply.body["error"].update(status="INVALID_ARGUMENT", details=[{**info, "domain": "googleapis.com"}])
        return reply

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 403 ``quotaExceeded``, which names no time."""
        del admission, now
        message = "The request cannot be completed because you have exceeded your quota."
        return _error(403, "quotaExceeded", message, "youtube.quota")

    def failed(self, status: int) -> Reply:
        """Return the error body of a status."""
        reason = "rateLimitExceeded" if status == HTTPStatus.TOO_MANY_REQUESTS else "backendError"
        return _error(status, reason, HTTPStatus(status).phrase, "global")

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return nothing: the API does not say what is left."""
        del admission, endpoint
        return {"vary": "Origin, X-Origin, Referer", "cache-control": "private"}
