"""The REST API of GitHub: people with their repositories and public events, and people found for a term.

A credential is a personal or app token. Answers are revalidated by ``ETag``: what has not changed costs nothing.
https://docs.github.com/en/rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from creators.errors import SetupError, SourceLimited, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, epoch_header, int_header, list_of, object_of, retry_after, text_at
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "github_rest"
CORE, SEARCH = "core", "search"
"""Endpoints, named as GitHub names what it counts together (``x-ratelimit-resource``)."""
HOURLY = {"user": 5_000, "enterprise_app": 15_000}
"""Plan → requests in an hour."""
SEARCHES_A_MINUTE = 30
POINTS_A_MINUTE = 900
"""The secondary limit: a read costs one point."""
PAGE = 100
"""Repositories and events that are asked for at once, the most that a page holds."""
EVENT_PAGES = 3
"""GitHub shows the last 300 events of a person, of 30 days."""
FOUND = "50"
PARENTS = 2
"""Latest forks whose parent is asked for: a list of repositories does not name it."""

_HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_PAUSE = timedelta(seconds=60)
"""How long to keep still after a secondary limit that names no time: "at least one minute", says the reference."""


class GitHubRest:
    """People and searches of GitHub."""

    name = NAME
    tier: Tier = 1
    base_url = "https://api.github.com"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.GITHUB}),
        TaskKind.SEARCH: frozenset({Platform.GITHUB}),
    }
    policy = Policy(
        kind="official",
        max_age_days=None,
        may_derive=True,
        may_merge=True,
        delete_when_gone=True,
        needs_acknowledgement=False,
        terms_url="https://docs.github.com/en/site-policy/acceptable-use-policies/github-acceptable-use-policies",
        note=(
            "Public profile data only. The acceptable use policies forbid spam and the sale of personal information:"
            " e-mail addresses are never stored, only that there is one."
        ),
        sees_all=True,
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the limits of a token; the plan is ``user`` (default) or ``enterprise_app``.

        Raises:
            SetupError: another plan.
        """
        plan = settings.plan or "user"
        if plan not in HOURLY:
            detail = f"plan {plan!r} of {NAME} is not known; choose one of {', '.join(HOURLY)}"
            raise SetupError(detail, field="plan")
        return (
            Allowance(CORE, HOURLY[plan], 3_600),
            Allowance(SEARCH, SEARCHES_A_MINUTE, 60),
            Allowance("*", POINTS_A_MINUTE, 60),
        )

    def price_usd(self, target: Target) -> float:
        """Return 0: the API is free."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the token as a bearer."""
        del call
        return Auth(headers={"authorization": f"Bearer {credential}"})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means; 403 is a limit where the headers or the message say so.

        Raises:
            SourceLimited: the hour or the minute is used up. TargetGone: 404, 410, or 451 (blocked by law).
            SourceRefused: the token is not good. SourceUnavailable: anything else.
        """
        status = answer.status
        if status in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS} and _is_limit(answer):
            detail = f"{answer.endpoint} answered {status}: {text_at(answer.body, ('message',)) or 'limit'}"
            raise SourceLimited(detail[:300], retry_at=_retry_at(answer))
        if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            detail = f"{answer.endpoint} answered {status}: blocked for legal reasons"
            raise TargetGone(detail)
        judge_status(answer, retry_at=_retry_at(answer))

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return what ``x-ratelimit-*`` says is left of the resource that it names."""
        remaining, resets_at = int_header(answer, "x-ratelimit-remaining"), epoch_header(answer, "x-ratelimit-reset")
        if remaining is None or resets_at is None:
            return ()
        resource = answer.headers.get("x-ratelimit-resource", answer.endpoint)
        return (Quota(resource, max(0, remaining), resets_at),) if resource in {CORE, SEARCH} else ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return a person with repositories, events and the parents of forks, or the people found for a term."""
        origin = Origin(NAME, self.tier, target)
        if target.kind is TaskKind.SEARCH:
            return Found(await _search(origin, call))
        where = f"users/{quote(target.handle, safe='')}" if target.handle else f"user/{quote(target.value, safe='')}"
        answer = await call.send(_ask(where))
        body = object_of(answer)
        person = origin.record("user", text_at(body, ("id",)) or target.value, body, answer)
        login = text_at(body, ("login",))
        more = await _works(person, f"users/{quote(login, safe='')}", origin, call) if login else ()
        return Found((person, *more))


def _ask(path: str, **params: str) -> Ask:
    return Ask(CORE, path, params, _HEADERS, revalidate=True)


def _is_limit(answer: Answer) -> bool:
    message = (text_at(answer.body, ("message",)) or "").lower()
    return (
        answer.status == HTTPStatus.TOO_MANY_REQUESTS
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "retry-after" in answer.headers
        or "rate limit" in message
        or "abuse detection" in message
    )


def _retry_at(answer: Answer) -> datetime:
    """``Retry-After`` first, then the reset of a window that is used up, else a minute: the reference's own order."""
    used_up = answer.headers.get("x-ratelimit-remaining") == "0"
    reset = epoch_header(answer, "x-ratelimit-reset") if used_up else None
    return retry_after(answer) or reset or answer.received_at + _PAUSE


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    params = {"q": f"{origin.target.value} type:user", "per_page": FOUND}
    answer = await call.send(Ask(SEARCH, "search/users", params, _HEADERS))
    items = at(object_of(answer), ("items",)) or ()
    return tuple(
        # Unread: an item without an id is filed as well, so that its form can be found wanting.
        origin.record("search", text_at(item, ("id",)) or "unknown", item, answer)
        for item in items
        if isinstance(item, dict)
    )


async def _works(person: RawRecord, where: str, origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    """Repositories, events and parents of forks; what cannot be had now is left out, and asked for the next time."""
    records: list[RawRecord] = []
    try:
        answer = await call.send(_ask(f"{where}/repos", sort="pushed", per_page=str(PAGE)))
        listed = list_of(answer)
        records.append(origin.record("repos", person.native_id, {"items": listed}, answer))
        records.append(await _events(person, where, origin, call))
        for name in _forks(listed):
            answer = await call.send(_ask(f"repos/{name}"))
            records.append(origin.record("repo", person.native_id, object_of(answer), answer))
    except (TargetGone, SourceLimited, SourceUnavailable):
        pass
    return tuple(records)


async def _events(person: RawRecord, where: str, origin: Origin, call: Call) -> RawRecord:
    """All events that are shown, as one record: a week is counted as a whole."""
    items: list[Any] = []
    for page in range(1, EVENT_PAGES + 1):
        more = {"page": str(page)} if page > 1 else {}
        answer = await call.send(_ask(f"{where}/events/public", per_page=str(PAGE), **more))
        shown = list_of(answer)
        items += shown
        if len(shown) < PAGE:
            break
    return origin.record("events", person.native_id, {"items": items}, answer)


def _forks(listed: list[Any]) -> list[str]:
    names = (text_at(one, ("full_name",)) for one in listed if at(one, ("fork",)) is True)
    return [quote(name, safe="/") for name in names if name][:PARENTS]


SOURCE = GitHubRest()
