"""The TikTok Research API.

https://developers.tiktok.com/doc/about-research-api
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.people import Account
from simulator.posts import Post, posts
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission

TOKEN_S = 7_200
MOST_VIDEOS = 100
MOST_DAYS = 30
VIDEOS_READ = 60
"""Latest videos of one account among which a query looks."""
_DAY_S = 86_400


def _error(status: int, code: str, message: str) -> Reply:
    return Reply({"data": {}, "error": {"code": code, "message": message, "log_id": "20261101000000SIMULATED"}}, status)


def _good(data: dict[str, Any]) -> Reply:
    return Reply({"data": data, "error": {"code": "ok", "message": "", "log_id": "20261101000000SIMULATED"}})


def token(asked: Asked) -> Reply:
    """Answer the exchange of key and secret for an access token."""
    form = asked.form()
    good = good_key("tiktok", form.get("client_key", ""))
    if good is None or form.get("client_secret") != "secret" or form.get("grant_type") != "client_credentials":
        detail = "Client key or secret is incorrect."
        return Reply({"error": "invalid_client", "error_description": detail, "log_id": "20261101SIMULATED"}, 401)
    expires = int(time.time()) + TOKEN_S
    return Reply({"access_token": f"clt.{good}.{expires}", "expires_in": TOKEN_S, "token_type": "Bearer"})


def user_info(asked: Asked) -> Reply:
    """Answer one user by name."""
    name = str(asked.json().get("username", ""))
    account = asked.world.by_handle(Platform.TIKTOK, name, asked.now)
    view = asked.world.view(account, asked.now) if account else None
    if account is None or view is None or view.gone or view.private:
        return _error(400, "invalid_params", f"cannot find the user {name}")
    asked.stage.fetched("tiktok", account)
    every = {
        "display_name": view.name,
        "bio_description": view.bio,
        "bio_url": view.link or "",
        "avatar_url": f"https://p16.tiktokcdn.example/{account.native_id}.jpeg",
        "is_verified": account.verified,
        "follower_count": view.followers,
        "following_count": view.following,
        "likes_count": view.likes,
        "video_count": view.posts,
        "username": view.handle,
    }
    wanted = {one.strip() for one in asked.query.get("fields", "").split(",")}
    return _good({name: value for name, value in every.items() if name in wanted})


def _day(text: str, default: datetime) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return default


def video_query(asked: Asked) -> Reply:
    """Answer the videos that a query finds, between two days at most 30 days apart."""
    body = asked.json()
    since, until = (
        _day(str(body.get("start_date", "")), asked.now),
        _day(str(body.get("end_date", "")), asked.now) + timedelta(days=1),
    )
    if until - since > timedelta(days=MOST_DAYS + 1):
        return _error(400, "invalid_params", "The end_date must be no more than 30 days after the start_date")
    found = [
        post
        for account in _authors(asked, body)
        for post in posts(asked.world, account, asked.now, VIDEOS_READ)
        if since <= post.created_at < until
    ]
    found.sort(key=lambda post: (post.created_at, post.post_id), reverse=True)
    first, size = int(body.get("cursor") or 0), min(MOST_VIDEOS, int(body.get("max_count") or 20))
    wanted = {one.strip() for one in asked.query.get("fields", "").split(",")}
    videos = [_video(asked, post, wanted) for post in found[first : first + size]]
    more = first + size < len(found)
    return _good(
        {"videos": videos, "cursor": first + len(videos), "has_more": more, "search_id": "7300000000000000001"}
    )


def _authors(asked: Asked, body: Mapping[str, Any]) -> list[Account]:
    """The accounts that the conditions name or are about; those that cannot be seen have no videos."""
    named: list[Account | None] = []
    query = body.get("query")
    groups = query if isinstance(query, dict) else {}
    for condition in [*groups.get("and", ()), *groups.get("or", ())]:
        field, values = condition.get("field_name"), [str(value) for value in condition.get("field_values", ())]
        if field == "username":
            named += [asked.world.by_handle(Platform.TIKTOK, value, asked.now) for value in values]
        elif field in {"keyword", "hashtag_name"}:
            for value in values:
                named += asked.world.search(Platform.TIKTOK, value, asked.now)[:MOST_VIDEOS]
    seen = dict.fromkeys(one.number for one in named if one is not None)
    views = [asked.world.view(asked.world.accounts[number], asked.now) for number in seen]
    return [view.account for view in views if not view.gone and not view.private]


def _video(asked: Asked, post: Post, wanted: set[str]) -> dict[str, Any]:
    every: dict[str, Any] = {
        "id": int(post.post_id),
        "video_description": post.text,
        "create_time": int(post.created_at.timestamp()),
        "region_code": asked.world.people[post.account.person].culture.country,
        "share_count": post.shares,
        "view_count": post.views,
        "like_count": post.likes,
        "comment_count": post.comments,
        "favourites_count": post.shares // 2,
        "music_id": 7_000_000_000_000_000_000 + post.number,
        "hashtag_names": list(post.tags),
        "username": asked.world.handle_of(post.account, asked.now),
        "video_duration": post.seconds,
        "voice_to_text": "",
        "video_mention_list": [asked.world.handle_of(one, post.created_at) for one in post.mentions],
    }
    return {name: value for name, value in every.items() if name in wanted}


class TikTok:
    """Tokens, users and videos."""

    name = "tiktok"
    prefix = "/tiktok/v2"
    says_when = False

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/oauth/token/", "oauth", token, method="POST", is_open=True),
            Route("/research/user/info/", "user_info", user_info, method="POST"),
            Route("/research/video/query/", "video_query", video_query, method="POST"),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the client key of a token that has not expired."""
        kind, _, rest = bearer(asked).partition(".")
        name, _, expires = rest.rpartition(".")
        lasts = kind == "clt" and expires.isdigit() and int(expires) > time.time()
        return good_key(self.name, name) if lasts else None

    def refuse(self, asked: Asked) -> Reply:
        """Return 401 ``access_token_invalid``."""
        del asked
        return _error(401, "access_token_invalid", "The access token is invalid or not found in the request.")

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 429, by the day or by the moment."""
        del now
        if admission.window_s >= _DAY_S:
            return _error(429, "daily_quota_limit_exceeded", "Daily quota limit exceeded")
        return _error(429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")

    def failed(self, status: int) -> Reply:
        """Return the error body of a status."""
        codes = {HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded", HTTPStatus.FORBIDDEN: "scope_not_authorized"}
        return _error(status, codes.get(HTTPStatus(status), "internal_error"), HTTPStatus(status).phrase)

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return nothing: the API does not say what is left."""
        del admission, endpoint
        return {}
