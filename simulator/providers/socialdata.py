"""SocialData, which answers for X in the shapes of its old API.

https://docs.socialdata.tools
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.people import Account
from simulator.posts import Post, posts
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission
from simulator.world import View

PAGE = 20
TIMELINE = 800


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _user(view: View) -> dict[str, Any]:
    return {
        "id": int(view.account.native_id),
        "id_str": view.account.native_id,
        "name": view.name,
        "screen_name": view.handle,
        "location": view.person.culture.place,
        "url": view.link,
        "description": view.bio,
        "protected": view.private,
        "verified": view.account.verified,
        "followers_count": view.followers,
        "friends_count": view.following,
        "listed_count": view.followers // 300,
        "favourites_count": view.following * 9,
        "statuses_count": view.posts,
        "created_at": _time(view.account.created_at),
        "profile_banner_url": f"https://pbs.twimg.example/banners/{view.account.native_id}",
        "profile_image_url_https": f"https://pbs.twimg.example/{view.account.native_id}_normal.jpg",
        "can_dm": False,
    }


def _tweet(asked: Asked, post: Post) -> dict[str, Any]:
    mentioned = [asked.world.view(one, post.created_at) for one in post.mentions]
    return {
        "tweet_created_at": _time(post.created_at),
        "id": int(post.post_id),
        "id_str": post.post_id,
        "conversation_id_str": post.post_id,
        "text": None,
        "full_text": post.text,
        "source": "web",
        "truncated": False,
        "in_reply_to_status_id": None,
        "in_reply_to_user_id": None,
        "in_reply_to_screen_name": None,
        "user": _user(asked.world.view(post.account, asked.now)),
        "lang": asked.world.people[post.account.person].culture.language,
        "is_quote_status": False,
        "quote_count": post.shares // 5,
        "reply_count": post.comments,
        "retweet_count": post.shares,
        "favorite_count": post.likes,
        "views_count": post.views,
        "bookmark_count": post.shares // 4,
        "entities": {
            "hashtags": [{"text": tag, "indices": [0, 0]} for tag in post.tags],
            "urls": [],
            "symbols": [],
            "user_mentions": [
                {"id_str": one.account.native_id, "name": one.name, "screen_name": one.handle, "indices": [0, 0]}
                for one in mentioned
            ],
        },
        "is_pinned": False,
    }


def _error(status: int, message: str) -> Reply:
    return Reply({"status": "error", "message": message}, status)


def _found(asked: Asked) -> Account | None:
    name, world = asked.path["name"], asked.world
    account = world.by_native_id(Platform.X, name) if name.isdigit() else None
    account = account or world.by_handle(Platform.X, name, asked.now)
    return None if account is None or world.gone(account, asked.now) else account


def user(asked: Asked) -> Reply:
    """Answer one user, by user name or by id."""
    account = _found(asked)
    if account is None:
        return _error(404, "User not found")
    asked.stage.fetched("socialdata", account)
    return Reply(_user(asked.world.view(account, asked.now)))


def tweets(asked: Asked) -> Reply:
    """Answer one page of the tweets of a user."""
    account = _found(asked)
    if account is None:
        return _error(404, "User not found")
    view = asked.world.view(account, asked.now)
    if view.private:
        return _error(403, "The tweets of this user are protected")
    cursor = asked.query.get("cursor", "")
    first = int(cursor[1:]) if cursor[:1] == "c" and cursor[1:].isdigit() else 0
    total = min(view.posts, TIMELINE)
    shown = posts(asked.world, account, asked.now, min(PAGE, max(0, total - first)), first)
    following = f"c{first + PAGE}" if first + PAGE < total else None
    return Reply({"next_cursor": following, "tweets": [_tweet(asked, post) for post in shown]})


def search(asked: Asked) -> Reply:
    """Answer one page of the tweets that a term finds: the latest of each account."""
    hits = asked.world.search(Platform.X, asked.query.get("query", ""), asked.now)
    cursor = asked.query.get("cursor", "")
    first = int(cursor[1:]) if cursor[:1] == "c" and cursor[1:].isdigit() else 0
    seen = [one for one in hits if not asked.world.view(one, asked.now).private][first : first + PAGE]
    shown = [post for account in seen for post in posts(asked.world, account, asked.now, 1)]
    following = f"c{first + PAGE}" if first + PAGE < len(hits) else None
    return Reply({"next_cursor": following, "tweets": [_tweet(asked, post) for post in shown]})


class SocialData:
    """Users, their tweets, and searches."""

    name = "socialdata"
    prefix = "/socialdata"
    says_when = True

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/twitter/user/{name}/tweets", "tweets", tweets),
            Route("/twitter/user/{name}", "user", user),
            Route("/twitter/search", "search", search),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the key."""
        return good_key(self.name, bearer(asked))

    def refuse(self, asked: Asked) -> Reply:
        """Return 401."""
        del asked
        return _error(401, "Unauthenticated.")

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 429 with the seconds to wait."""
        del admission, now
        return _error(429, "Too many requests")

    def failed(self, status: int) -> Reply:
        """Return the error body of a status."""
        broke = status == HTTPStatus.PAYMENT_REQUIRED
        return _error(status, "Insufficient balance" if broke else HTTPStatus(status).phrase)

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return how long to wait where a request was one too many."""
        del endpoint
        return {} if admission.allowed else {"retry-after": str(max(1, math.ceil(admission.resets_at - time.time())))}
