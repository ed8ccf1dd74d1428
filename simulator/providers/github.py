"""The REST API of GitHub.

https://docs.github.com/en/rest
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from creators.models import Platform
from simulator.desk import Asked, Reply, Route
from simulator.people import Account
from simulator.posts import Post, Repository, posts, repositories
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission
from simulator.world import View

DOCS = "https://docs.github.com/rest"
API = "https://api.github.com"
MOST_ITEMS = 100
EVENT_DAYS, MOST_EVENTS = 30, 300
_MEDIA = {"x-github-media-type": "github.v3; format=json", "x-github-api-version-selected": "2022-11-28"}


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _tagged(asked: Asked, body: Any) -> Reply:
    """The answer with its ``ETag``; 304 where the caller has it already. It has cost nothing on the real thing."""
    reply = Reply(body)
    tag = f'W/"{sha256(reply.content).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, max-age=60, s-maxage=60"}
    if asked.headers.get("if-none-match") == tag:
        return Reply(None, 304, headers)
    return Reply(body, 200, headers)


def _missing() -> Reply:
    return Reply({"message": "Not Found", "documentation_url": DOCS, "status": "404"}, 404)


def _short(view: View) -> dict[str, Any]:
    """A user as lists and repositories show one."""
    here = f"{API}/users/{view.handle}"
    return {
        "login": view.handle,
        "id": int(view.account.native_id),
        "node_id": f"U_{view.account.native_id}",
        "avatar_url": f"https://avatars.githubusercontent.example/u/{view.account.native_id}?v=4",
        "gravatar_id": "",
        "url": here,
        "html_url": f"https://github.com/{view.handle}",
        "followers_url": f"{here}/followers",
        "following_url": f"{here}/following{{/other_user}}",
        "repos_url": f"{here}/repos",
        "events_url": f"{here}/events{{/privacy}}",
        "type": "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def _user(view: View) -> dict[str, Any]:
    return {
        **_short(view),
        "name": view.name,
        "company": None,
        "blog": view.link or "",
        "location": view.person.culture.place,
        "email": None,
        "hireable": None,
        "bio": view.bio,
        "twitter_username": None,
        "public_repos": min(view.posts, 24),
        "public_gists": view.posts % 7,
        "followers": view.followers,
        "following": view.following,
        "created_at": _time(view.account.created_at),
        "updated_at": _time(view.at.replace(hour=0, minute=0, second=0)),
    }


def _repo(one: Repository, owner: dict[str, Any]) -> dict[str, Any]:
    full = f"{owner['login']}/{one.name}"
    return {
        "id": 10_000_000 + one.owner.number * 100 + one.number,
        "name": one.name,
        "full_name": full,
        "private": False,
        "owner": owner,
        "html_url": f"https://github.com/{full}",
        "description": one.description,
        "fork": one.parent is not None,
        "url": f"{API}/repos/{full}",
        "created_at": _time(one.created_at),
        "updated_at": _time(one.pushed_at),
        "pushed_at": _time(one.pushed_at),
        "homepage": one.homepage,
        "size": 100 + one.number,
        "stargazers_count": one.stars,
        "watchers_count": one.stars,
        "language": one.language,
        "forks_count": one.forks,
        "archived": False,
        "disabled": False,
        "open_issues_count": one.stars % 23,
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
        "topics": list(one.topics),
        "visibility": "public",
        "forks": one.forks,
        "open_issues": one.stars % 23,
        "watchers": one.stars,
        "default_branch": "main",
    }


def _found(asked: Asked) -> Account | None:
    """The account that an address names by login or by id, as long as it can be seen."""
    if "id" in asked.path:
        account = asked.world.by_native_id(Platform.GITHUB, asked.path["id"])
    else:
        account = asked.world.by_handle(Platform.GITHUB, asked.path["login"], asked.now)
    return None if account is None or asked.world.gone(account, asked.now) else account


def user(asked: Asked) -> Reply:
    """Answer one user, by login or by id."""
    account = _found(asked)
    if account is None:
        return _missing()
    asked.stage.fetched("github", account)
    return _tagged(asked, _user(asked.world.view(account, asked.now)))


def repos(asked: Asked) -> Reply:
    """Answer the repositories of a user."""
    account = _found(asked)
    if account is None:
        return _missing()
    size, page = asked.number("per_page", 30, MOST_ITEMS), asked.number("page", 1, 1_000)
    listed = repositories(asked.world, account, asked.now)
    if asked.query.get("sort", "full_name") == "full_name":
        listed.sort(key=lambda one: one.name)
    owner = _short(asked.world.view(account, asked.now))
    return _tagged(asked, [_repo(one, owner) for one in listed[(page - 1) * size : page * size]])


def repo(asked: Asked) -> Reply:
    """Answer one repository; a fork names its parent."""
    account = _found(asked)
    listed = repositories(asked.world, account, asked.now) if account else []
    one = next((one for one in listed if one.name.lower() == asked.path["repo"].lower()), None)
    if one is None:
        return _missing()
    body = _repo(one, _short(asked.world.view(one.owner, asked.now)))
    if one.parent is not None:
        theirs = repositories(asked.world, one.parent, asked.now)
        original = next((other for other in theirs if other.name == one.name), theirs[0])
        parent = _repo(original, _short(asked.world.view(one.parent, asked.now)))
        body |= {"parent": parent, "source": parent}
    return _tagged(asked, body)


def events(asked: Asked) -> Reply:
    """Answer the public events of a user, of ``EVENT_DAYS`` days at most."""
    account = _found(asked)
    if account is None:
        return _missing()
    view = asked.world.view(account, asked.now)
    names = [one.name for one in repositories(asked.world, account, asked.now)]
    size, page = asked.number("per_page", 30, MOST_ITEMS), asked.number("page", 1, 1_000)
    last = min(page * size, MOST_EVENTS) if names else 0
    recent = posts(asked.world, account, asked.now, max(0, last - (page - 1) * size), (page - 1) * size)
    shown = [
        {
            "id": str(40_000_000_000 + int(post.post_id)),
            **_happening(post),
            "actor": {"id": int(account.native_id), "login": view.handle, "display_login": view.handle},
            "repo": {"id": post.number, "name": f"{view.handle}/{names[post.number % len(names)]}"},
            "public": True,
            "created_at": _time(post.created_at),
        }
        for post in recent
        if (asked.now - post.created_at).days < EVENT_DAYS
    ]
    return _tagged(asked, shown)


def _happening(post: Post) -> dict[str, Any]:
    """Every fifth event merges a pull request, every seventh publishes a release; the others push."""
    if post.number % 5 == 0:
        request = {"id": post.number, "number": post.number, "head": {"ref": "topic"}, "base": {"ref": "main"}}
        return {"type": "PullRequestEvent", "payload": {"action": "merged", "pull_request": request}}
    if post.number % 7 == 0:
        release = {"id": int(post.post_id), "tag_name": f"v{post.number}", "name": None, "body": None}
        return {"type": "ReleaseEvent", "payload": {"action": "published", "release": release}}
    push = {"ref": "refs/heads/main", "push_id": post.number, "head": f"{post.number:040x}", "before": "0" * 40}
    return {"type": "PushEvent", "payload": push}


def search_users(asked: Asked) -> Reply:
    """Answer the users that a term finds."""
    hits = asked.world.search(Platform.GITHUB, asked.query.get("q", ""), asked.now)
    size, page = asked.number("per_page", 30, MOST_ITEMS), asked.number("page", 1, 1_000)
    shown = hits[(page - 1) * size : page * size]
    items = [{**_short(asked.world.view(one, asked.now)), "score": 1.0} for one in shown]
    return Reply({"total_count": len(hits), "incomplete_results": False, "items": items})


def rate_limit(asked: Asked) -> Reply:
    """Answer what is allowed; asking costs nothing."""
    limits = {limit.endpoint: limit for limit in asked.stage.meter.limits if limit.provider == "github"}
    reset = int(asked.now.timestamp()) + 3_600
    rows = {
        name: {"limit": amount, "used": 0, "remaining": amount, "reset": reset}
        for name, default in {"core": 5_000, "search": 30}.items()
        for amount in [limits[name].amount if name in limits else default]
    }
    return Reply({"resources": rows, "rate": rows["core"]})


class GitHub:
    """Users, repositories, events and searches."""

    name = "github"
    prefix = "/github"
    says_when = True

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/users/{login}", "core", user),
            Route("/user/{id}", "core", user),
            Route("/users/{login}/repos", "core", repos),
            Route("/users/{login}/events/public", "core", events),
            Route("/repos/{login}/{repo}", "core", repo),
            Route("/search/users", "search", search_users),
            Route("/rate_limit", "rate_limit", rate_limit, units=0),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the token."""
        return good_key(self.name, bearer(asked))

    def refuse(self, asked: Asked) -> Reply:
        """Return 401 ``Bad credentials``."""
        del asked
        return Reply({"message": "Bad credentials", "documentation_url": DOCS, "status": "401"}, 401)

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 403 with nothing remaining."""
        del admission, now
        message = (
            "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include it."
        )
        return Reply({"message": message, "documentation_url": f"{DOCS}/rate-limit", "status": "403"}, 403)

    def failed(self, status: int) -> Reply:
        """Return the error body of a status; 403 and 429 are the secondary limit."""
        secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        limited = status in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
        return Reply(
            {"message": secondary if limited else HTTPStatus(status).phrase, "documentation_url": DOCS}, status
        )

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return what is left of the hour or the minute."""
        return {
            **_MEDIA,
            "x-ratelimit-limit": str(admission.limit),
            "x-ratelimit-remaining": str(admission.remaining),
            "x-ratelimit-used": str(admission.limit - admission.remaining),
            "x-ratelimit-reset": str(int(admission.resets_at) + 1),
            "x-ratelimit-resource": endpoint,
        }
