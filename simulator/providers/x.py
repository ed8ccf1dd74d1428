"""The X API v2.

https://docs.x.com/x-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.dice import roll
from simulator.people import Account
from simulator.posts import Post, posts
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission
from simulator.world import View

PROBLEMS = "https://api.twitter.com/2/problems"
MOST_TWEETS = 100
TIMELINE = 3_200
"""Tweets of a timeline that can be had."""
FINDERS = 60
"""Accounts whose tweets a search looks through, those with most followers."""
TWEETS_OF_A_FINDER = 2
_RECENT_DAYS = 7


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _short(url: str) -> str:
    return f"https://t.co/{roll('t.co', url):016x}"[:23]


def _urls(url: str, start: int = 0) -> list[dict[str, Any]]:
    shown = url.partition("://")[2].rstrip("/")
    return [
        {"start": start, "end": start + 23, "url": _short(url), "expanded_url": url, "display_url": shown[:30]},
    ]


def _mentions(text: str) -> list[dict[str, Any]]:
    found, start = [], text.find("@")
    while start >= 0:
        end = next((at for at in range(start + 1, len(text)) if not (text[at].isalnum() or text[at] == "_")), len(text))
        found.append({"start": start, "end": end, "username": text[start + 1 : end]})
        start = text.find("@", end)
    return found


def _user(asked: Asked, view: View) -> dict[str, Any]:
    """The default fields, and those of ``user.fields``."""
    mentions = _mentions(view.bio)
    entities: dict[str, Any] = {"url": {"urls": _urls(view.link)}} if view.link else {}
    if mentions:
        entities["description"] = {"mentions": mentions}
    pinned = [] if view.private else posts(asked.world, view.account, asked.now, 1, 3)
    optional: dict[str, Any] = {
        "created_at": _time(view.account.created_at),
        "description": view.bio,
        "location": view.person.culture.place,
        "profile_image_url": f"https://pbs.twimg.example/{view.account.native_id}_normal.jpg",
        "protected": view.private,
        "public_metrics": {
            "followers_count": view.followers,
            "following_count": view.following,
            "tweet_count": view.posts,
            "listed_count": view.followers // 300,
            "like_count": view.following * 9,
            "media_count": view.posts // 3,
        },
        "url": _short(view.link) if view.link else "",
        "verified": view.account.verified,
        "verified_type": "blue" if view.account.verified else "none",
        "entities": entities or None,
        "pinned_tweet_id": pinned[0].post_id if pinned else None,
    }
    wanted = asked.query.get("user.fields", "").split(",")
    chosen = {name: optional[name] for name in wanted if optional.get(name) is not None}
    return {"id": view.account.native_id, "name": view.name, "username": view.handle, **chosen}


def _tweet(asked: Asked, post: Post) -> dict[str, Any]:
    person = asked.world.people[post.account.person]
    starts = [(post.text.find(f"#{tag}"), tag) for tag in post.tags]
    hashtags = [{"start": start, "end": start + len(tag) + 1, "tag": tag} for start, tag in starts]
    mentions = _mentions(post.text)
    optional: dict[str, Any] = {
        "author_id": post.account.native_id,
        "conversation_id": post.post_id,
        "created_at": _time(post.created_at),
        "entities": {"hashtags": hashtags, **({"mentions": mentions} if mentions else {})},
        "lang": "en" if person.culture.language == "en" else person.culture.language,
        "possibly_sensitive": False,
        "public_metrics": {
            "retweet_count": post.shares,
            "reply_count": post.comments,
            "like_count": post.likes,
            "quote_count": post.shares // 5,
            "bookmark_count": post.shares // 4,
            "impression_count": post.views,
        },
    }
    if post.is_video:
        optional["attachments"] = {"media_keys": [_media_key(post)]}
    wanted = asked.query.get("tweet.fields", "").split(",")
    chosen = {name: optional[name] for name in wanted if name in optional}
    return {"id": post.post_id, "text": post.text, "edit_history_tweet_ids": [post.post_id], **chosen}


def _media_key(post: Post) -> str:
    return f"13_{post.post_id}"


def _media(post: Post) -> dict[str, Any]:
    return {
        "media_key": _media_key(post),
        "type": "video",
        "preview_image_url": f"https://pbs.twimg.example/media/{post.post_id}.jpg",
        "duration_ms": post.seconds * 1_000,
    }


def _problem(title: str, detail: str, parameter: str, value: str) -> dict[str, Any]:
    return {
        "value": value,
        "detail": detail,
        "title": title,
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": f"{PROBLEMS}/resource-not-found",
    }


def _one(asked: Asked, parameter: str, value: str) -> tuple[Account | None, dict[str, Any]]:
    """The account that is meant, or the problem with it."""
    if parameter in {"id", "ids"}:
        account = asked.world.by_native_id(Platform.X, value)
    else:
        account = asked.world.by_handle(Platform.X, value, asked.now)
    gone = asked.world.gone(account, asked.now) if account else "deleted"
    if account is None or gone is not None:
        if gone == "suspended":
            return None, _problem("Forbidden", f"User has been suspended: [{value}].", parameter, value)
        detail = f"Could not find user with {parameter}: [{value}]."
        return None, _problem("Not Found Error", detail, parameter, value)
    return account, {}


def _users(asked: Asked, parameter: str, values: list[str], *, single: bool) -> Reply:
    data, errors, pinned = [], [], []
    for value in values:
        account, problem = _one(asked, parameter, value)
        if account is None:
            errors.append(problem)
            continue
        asked.stage.fetched("x", account)
        view = asked.world.view(account, asked.now)
        data.append(_user(asked, view))
        if "pinned_tweet_id" in asked.query.get("expansions", "") and not view.private:
            pinned += [_tweet(asked, post) for post in posts(asked.world, account, asked.now, 1, 3)]
    body: dict[str, Any] = {"data": data[0] if single else data} if data else {}
    if pinned:
        body["includes"] = {"tweets": pinned}
    return Reply(body | ({"errors": errors} if errors else {}))


def user_by_id(asked: Asked) -> Reply:
    """Answer one user by id."""
    return _users(asked, "id", [asked.path["id"]], single=True)


def user_by_name(asked: Asked) -> Reply:
    """Answer one user by user name."""
    return _users(asked, "username", [asked.path["username"]], single=True)


def users_by_names(asked: Asked) -> Reply:
    """Answer up to 100 users by user name, and name those that are not there."""
    return _users(asked, "usernames", asked.query.get("usernames", "").split(",")[:100], single=False)


def users_by_ids(asked: Asked) -> Reply:
    """Answer up to 100 users by id, and name those that are not there."""
    return _users(asked, "ids", asked.query.get("ids", "").split(",")[:100], single=False)


def tweets(asked: Asked) -> Reply:
    """Answer the timeline of a user, latest first."""
    account, problem = _one(asked, "id", asked.path["id"])
    if account is None:
        return Reply({"errors": [problem]})
    view = asked.world.view(account, asked.now)
    if view.private:
        detail = f"Sorry, you are not authorized to see the user with id: [{account.native_id}]."
        kind = {"title": "Authorization Error", "type": f"{PROBLEMS}/not-authorized-for-resource"}
        return Reply({"errors": [{**kind, "resource_type": "user", "value": account.native_id, "detail": detail}]})
    size = asked.number("max_results", 10, MOST_TWEETS)
    token = asked.query.get("pagination_token", "")
    first = int(token[1:]) if token[:1] == "t" and token[1:].isdigit() else 0
    total = min(view.posts, TIMELINE)
    shown = posts(asked.world, account, asked.now, min(size, max(0, total - first)), first)
    following = {"next_token": f"t{first + size}"} if first + size < total else {}
    return _timeline(asked, shown, following)


def _timeline(asked: Asked, shown: list[Post], following: dict[str, Any]) -> Reply:
    if not shown:
        return Reply({"meta": {"result_count": 0}})
    ends = {"newest_id": shown[0].post_id, "oldest_id": shown[-1].post_id}
    body: dict[str, Any] = {"data": [_tweet(asked, post) for post in shown]}
    if "author_id" in asked.query.get("expansions", ""):
        authors = dict.fromkeys(post.account.number for post in shown)
        views = [asked.world.view(asked.world.accounts[number], asked.now) for number in authors]
        body["includes"] = {"users": [_user(asked, view) for view in views]}
    if "attachments.media_keys" in asked.query.get("expansions", ""):
        attached = [_media(post) for post in shown if post.is_video]
        body.setdefault("includes", {}).update({"media": attached} if attached else {})
    return Reply({**body, "meta": {**ends, "result_count": len(shown), **following}})


def followers(asked: Asked) -> Reply:
    """Answer some of the accounts that follow one: those that it knows."""
    account, problem = _one(asked, "id", asked.path["id"])
    if account is None:
        return Reply({"errors": [problem]})
    views = [asked.world.view(asked.world.accounts[number], asked.now) for number in account.contacts]
    data = [_user(asked, view) for view in views if view.gone is None]
    return Reply({"data": data, "meta": {"result_count": len(data)}})


def search(asked: Asked) -> Reply:
    """Answer tweets of the last seven days that a term finds."""
    hits = asked.world.search(Platform.X, asked.query.get("query", ""), asked.now)
    shown = [
        post
        for account in hits[:FINDERS]
        if not asked.world.view(account, asked.now).private
        for post in posts(asked.world, account, asked.now, TWEETS_OF_A_FINDER)
        if (asked.now - post.created_at).days < _RECENT_DAYS
    ]
    shown.sort(key=lambda post: int(post.post_id), reverse=True)
    size = asked.number("max_results", 10, MOST_TWEETS)
    token = asked.query.get("next_token", "")
    first = int(token[1:]) if token[:1] == "s" and token[1:].isdigit() else 0
    following = {"next_token": f"s{first + size}"} if first + size < len(shown) else {}
    return _timeline(asked, shown[first : first + size], following)


class X:
    """Users, timelines and searches."""

    name = "x"
    prefix = "/x/2"
    says_when = True

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/users/by/username/{username}", "users", user_by_name),
            Route("/users/by", "users", users_by_names),
            Route("/users/{id}/tweets", "tweets", tweets),
            Route("/users/{id}/followers", "followers", followers),
            Route("/users/{id}", "users", user_by_id),
            Route("/users", "users", users_by_ids),
            Route("/tweets/search/recent", "search", search),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the bearer token."""
        return good_key(self.name, bearer(asked))

    def refuse(self, asked: Asked) -> Reply:
        """Return 401."""
        del asked
        return Reply({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401)

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 429 with a bare text, as recorded."""
        del admission, now
        return Reply(text="Rate limit exceeded\n", status=429, media_type="text/plain")

    def failed(self, status: int) -> Reply:
        """Return the error body of a status; 403 is a client that is not enrolled."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Reply(text="Rate limit exceeded\n", status=status, media_type="text/plain")
        if status == HTTPStatus.FORBIDDEN:
            return Reply(
                {
                    "client_id": "1",
                    "required_enrollment": "Standard Basic",
                    "registration_url": "https://developer.twitter.com/en/account",
                    "title": "Client Forbidden",
                    "detail": "This request must be made using an approved developer account.",
                    "reason": "client-not-enrolled",
                    "type": f"{PROBLEMS}/client-forbidden",
                },
                status,
            )
        return Reply({"title": HTTPStatus(status).phrase, "type": "about:blank", "status": status}, status)

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return what is left of the window."""
        del endpoint
        return {
            "x-rate-limit-limit": str(admission.limit),
            "x-rate-limit-remaining": str(admission.remaining),
            "x-rate-limit-reset": str(int(admission.resets_at) + 1),
            "x-access-level": "read",
        }
