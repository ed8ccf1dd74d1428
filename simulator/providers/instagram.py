"""The Instagram Graph API: business discovery and hashtags.

https://developers.facebook.com/docs/instagram-platform
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.dice import fraction, roll
from simulator.people import Account
from simulator.posts import Post, posts
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission
from simulator.words import NICHES
from simulator.world import View

PERSONAL = 0.08
"""Share of the accounts that are neither a business nor a creator: the API does not know them."""
MOST_MEDIA = 50
TOP_OF_A_TAG = 50
FIRST_NODE = 17_841_400_000_000_000
_WEEK_S = 7 * 86_400
_APP_LIMIT, _HASHTAG_LIMIT, _NO_USER, _BAD_TOKEN = 4, 18, 110, 190
_DISCOVERY = re.compile(r"business_discovery\.username\((?P<name>[^)]*)\)\s*\{(?P<fields>.*)\}", re.DOTALL)
_MEDIA = re.compile(r"media(?P<calls>(?:\.\w+\([^)]*\))*)\s*\{(?P<fields>[^}]*)\}")
_HASHTAGS = {str(17_843_800_000_000_000 + roll("tag", tag) % 10**11): tag for niche in NICHES for tag in niche.tags}
_TAG_IDS = {tag: node for node, tag in _HASHTAGS.items()}


def _error(code: int, message: str, status: int = 400, **more: Any) -> Reply:
    return Reply(
        {"error": {"message": message, "type": "OAuthException", "code": code, **more, "fbtrace_id": "Asimulated"}},
        status,
    )


def _no_user(name: str) -> Reply:
    return _error(
        _NO_USER,
        "Invalid user id",
        error_subcode=2_207_013,
        is_transient=False,
        error_user_title="Cannot find User",
        error_user_msg=f"The user with username: {name} cannot be found.",
    )


def _profile(view: View, names: set[str]) -> dict[str, Any]:
    every = {
        "biography": view.bio,
        "ig_id": int(view.account.native_id),
        "followers_count": view.followers,
        "follows_count": view.following,
        "media_count": view.posts,
        "name": view.name,
        "profile_picture_url": f"https://scontent.cdninstagram.example/{view.account.native_id}.jpg",
        "username": view.handle,
        "website": view.link,
    }
    # A field without a value is left out.
    chosen = {name: value for name, value in every.items() if name in names and value is not None}
    return {**chosen, "id": str(FIRST_NODE + int(view.account.native_id))}


def _media(post: Post, names: set[str]) -> dict[str, Any]:
    kind = "VIDEO" if post.is_video else "IMAGE"
    every: dict[str, Any] = {
        "caption": post.text,
        "comments_count": post.comments,
        "like_count": post.likes,
        "media_product_type": "REELS" if post.is_video else "FEED",
        "media_type": kind,
        "media_url": f"https://scontent.cdninstagram.example/{post.post_id}",
        "permalink": f"https://www.instagram.com/p/{post.short_code}/",
        "timestamp": post.created_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "view_count": post.views if post.is_video else None,
    }
    chosen = {name: value for name, value in every.items() if name in names and value is not None}
    return {**chosen, "id": post.post_id}


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",")}


def node(asked: Asked) -> Reply:
    """Answer ``/{ig-user-id}?fields=business_discovery.username(…){…}``."""
    match = _DISCOVERY.search(asked.query.get("fields", ""))
    if match is None:
        return _error(100, "(#100) Tried accessing nonexisting field (business_discovery) without a username")
    name = match["name"].strip().lstrip("@")
    account = asked.world.by_handle(Platform.INSTAGRAM, name, asked.now)
    if account is None or not _can_be_discovered(asked, account):
        return _no_user(name)
    asked.stage.fetched("instagram", account)
    view = asked.world.view(account, asked.now)
    media = _MEDIA.search(match["fields"])
    body = _profile(view, _names(_MEDIA.sub("", match["fields"])))
    if media is not None:
        body["media"] = _media_edge(asked, view, media["calls"], _names(media["fields"]))
    return Reply({"business_discovery": body, "id": asked.path["node"]})


def _can_be_discovered(asked: Asked, account: Account) -> bool:
    view = asked.world.view(account, asked.now)
    return view.gone is None and not view.private and fraction("personal", account.native_id) >= PERSONAL


def _media_edge(asked: Asked, view: View, calls: str, names: set[str]) -> dict[str, Any]:
    found = dict(re.findall(r"\.(\w+)\(([^)]*)\)", calls))
    size = min(MOST_MEDIA, int(found["limit"])) if found.get("limit", "").isdigit() else 25
    after = found.get("after", "")
    first = int(after[1:]) if after[:1] == "m" and after[1:].isdigit() else 0
    shown = posts(asked.world, view.account, asked.now, size, first)
    cursors = {"after": f"m{first + size}"} if first + size < view.posts else {}
    return {"data": [_media(post, names) for post in shown], **({"paging": {"cursors": cursors}} if cursors else {})}


def hashtag_search(asked: Asked) -> Reply:
    """Answer ``ig_hashtag_search``: the node of a hashtag."""
    tag = asked.query.get("q", "").lower().lstrip("#")
    if tag not in _TAG_IDS:
        message = "The hashtag you requested does not exist or is blocked."
        return _error(24, "Invalid parameter", error_subcode=2_207_024, error_user_msg=message)
    asked.stage.tags.add((asked.credential, tag))
    return Reply({"data": [{"id": _TAG_IDS[tag]}]})


def _tag_units(asked: Asked) -> int:
    # A hashtag that was asked for in the same week costs nothing again.
    return int((asked.credential, asked.query.get("q", "").lower().lstrip("#")) not in asked.stage.tags)


def top_media(asked: Asked) -> Reply:
    """Answer the media of a hashtag; they do not say whose they are."""
    tag = _HASHTAGS.get(asked.path["node"])
    if tag is None:
        return _error(100, "(#100) Object does not exist", error_subcode=33)
    hits = asked.world.search(Platform.INSTAGRAM, tag, asked.now)[:TOP_OF_A_TAG]
    seen = [one for one in hits if not asked.world.view(one, asked.now).private]
    shown = [post for one in seen for post in posts(asked.world, one, asked.now, 1)]
    names = _names(asked.query.get("fields", ""))
    return Reply({"data": [_media(post, names) for post in shown[: asked.number("limit", 25, MOST_MEDIA)]]})


class Instagram:
    """Business discovery and hashtags."""

    name = "instagram"
    prefix = "/instagram/v23.0"
    says_when = True

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/ig_hashtag_search", "hashtag_search", hashtag_search, units=_tag_units),
            Route("/{node}/top_media", "hashtag_media", top_media),
            Route("/{node}/recent_media", "hashtag_media", top_media),
            Route("/{node}", "business_discovery", node),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the access token of the address or of the header."""
        return good_key(self.name, asked.query.get("access_token") or bearer(asked))

    def refuse(self, asked: Asked) -> Reply:
        """Return code 190."""
        del asked
        return _error(_BAD_TOKEN, "Invalid OAuth access token - Cannot parse access token")

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return code 4, or 18 where the hashtags of the week are used up."""
        del now
        if admission.window_s >= _WEEK_S:
            message = "(#18) This user has made too many hashtag queries. Please try again later."
            return _error(_HASHTAG_LIMIT, message, error_subcode=2_207_034)
        return _error(_APP_LIMIT, "(#4) Application request limit reached", 403, is_transient=True)

    def failed(self, status: int) -> Reply:
        """Return the error body of a status."""
        if status in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
            return _error(_APP_LIMIT, "(#4) Application request limit reached", 403, is_transient=True)
        return _error(
            2, "An unexpected error has occurred. Please retry your request later.", status, is_transient=True
        )

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return the usage in percent, in both forms: by app as an object, by business as a list."""
        del endpoint
        used = 100 if not admission.limit else round(100 * (admission.limit - admission.remaining) / admission.limit)
        share = {"call_count": used, "total_cputime": used // 4, "total_time": used // 3}
        minutes = 0 if admission.allowed else max(1, round(admission.window_s / 60))
        case = {**share, "type": "instagram", "estimated_time_to_regain_access": minutes}
        return {
            "x-app-usage": json.dumps(share),
            "x-business-use-case-usage": json.dumps({str(FIRST_NODE + 1): [case]}),
            "facebook-api-version": "v23.0",
        }
