"""The Instagram Graph API: professional accounts with their latest media, and media that carry a hashtag.

A credential is ``IG_USER_ID:ACCESS_TOKEN``: requests are made in the name of an Instagram account of one's own.
Business discovery takes a user name, and answers for professional (business and creator) accounts only.
https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/business_discovery,
https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.ids import provisional_native_id
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, object_of, retry_after, text_at
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "instagram_graph"
PER_HOUR = 200
HOUR = timedelta(hours=1)
HASHTAGS, HASHTAGS_S = 30, 7 * 86_400.0
"""Different hashtags that an account may ask for in seven days; one asked for again is counted again here."""
MEDIA = 12
"""Latest media of an account."""
HASHTAG_MEDIA = 50
"""The largest page of media of a hashtag."""
PROFILE_FIELDS = (
    "id,ig_id,username,name,biography,website,profile_picture_url,followers_count,follows_count,media_count"
)
MEDIA_FIELDS = (
    "id,caption,like_count,comments_count,view_count,timestamp,media_type,media_product_type,media_url,permalink"
)
HASHTAG_FIELDS = "id,caption,like_count,comments_count,timestamp,media_type,permalink"

OWN_ACCOUNT = "{account}"
"""What a request sends for the account of the credential that it is made with."""
_ENDPOINTS = ("business_discovery", "hashtag_search", "hashtag_media")
_LIMITED = frozenset({4, 17, 32, 341, 613, 80_002})
_HASHTAGS_USED_UP = 18
_REFUSED = frozenset({3, 10, 102, 190, *range(200, 300)})
_NOT_THERE = frozenset({24, 110})
_BAD_PARAMETER, _UNKNOWN_OBJECT = 100, 33
"""Code, and subcode of an object that is missing or hidden: here always the account of the credential."""
_NEARLY_ALL = 80
"""Percent of an allowance from which on what Instagram says about it is heeded."""
_SOON = timedelta(minutes=5)
_USER_NAME = re.compile(r"[A-Za-z0-9_.]{1,30}")
_NO_TAG = re.compile(r"[^\w]+")


class InstagramGraph:
    """Professional accounts and hashtags of Instagram."""

    name = NAME
    tier: Tier = 1
    base_url = "https://graph.facebook.com/v23.0"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.INSTAGRAM}),
        TaskKind.SEARCH: frozenset({Platform.INSTAGRAM}),
    }
    policy = Policy(
        kind="official",
        max_age_days=None,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://developers.facebook.com/terms/dfc_platform_terms/",
        note=(
            "Professional accounts only, by user name: a personal one is answered as if it were not there, so another"
            " source is asked before an account counts as gone. Media of a hashtag do not say whose they are; what can"
            " be had from a search are the accounts that their captions mention. Data is joined with other platforms"
            " only by a link that the account itself shows, and deleted on request (Platform Terms, 3.d)."
        ),
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the limits of a credential; another number of calls an hour that Meta has agreed to is the plan."""
        agreed = settings.plan or ""
        calls = int(agreed) if agreed.isascii() and agreed.isdigit() and int(agreed) > 0 else PER_HOUR
        return (Allowance("*", calls, HOUR.total_seconds()), Allowance("hashtag_search", HASHTAGS, HASHTAGS_S))

    def price_usd(self, target: Target) -> float:
        """Return 0: the API is free."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the token as a header, and the account in whose name is asked.

        Raises:
            SourceRefused: the credential is not ``IG_USER_ID:ACCESS_TOKEN``.
        """
        del call
        account, _, token = credential.partition(":")
        if not account.isdigit() or not token:
            detail = f"{NAME}: a credential is IG_USER_ID:ACCESS_TOKEN, the id in digits"
            raise SourceRefused(detail)
        return Auth(headers={"authorization": f"Bearer {token}"}, params={"user_id": account})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means; the code in the body says more than the status.

        Raises:
            SourceLimited: until the time that the usage headers give, else for an hour.
            SourceRefused: the token, or what it may do, is not good. TargetGone: no professional account of that name.
            SourceUnavailable: anything else.
        """
        error = at(answer.body, ("error",))
        if not isinstance(error, dict):
            judge_status(answer, retry_at=_regained_at(answer))
            return
        code = error.get("code")
        code = code if isinstance(code, int) else 0
        detail = f"{answer.endpoint} answered {answer.status}, code {code}"
        if code in _LIMITED:
            raise SourceLimited(detail, retry_at=_regained_at(answer))
        if code == _HASHTAGS_USED_UP:
            detail = f"{detail}: {HASHTAGS} hashtags were asked for in seven days"
            raise SourceLimited(detail, retry_at=answer.received_at + timedelta(days=1))
        if code in _NOT_THERE:
            detail = f"{detail}: Instagram knows no professional account or hashtag of that name; it may be personal"
            raise TargetGone(detail)
        if code in _REFUSED or (code == _BAD_PARAMETER and _hides(error)):
            detail = f"{detail}: the token has expired, or may not ask in the name of its account"
            raise SourceRefused(detail)
        raise SourceUnavailable(detail)

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return what is left where the usage headers say that most of an allowance is gone; they count in percent."""
        used = max((share for share, _ in _usage(answer)), default=0)
        if used < _NEARLY_ALL:
            return ()
        left = max(0, 100 - used) * PER_HOUR // 100
        # The window rolls: soon some of it is free again, and the next answer tells the share anew.
        resets_at = answer.received_at + _SOON if left else _regained_at(answer)
        return (Quota(answer.endpoint, left, resets_at),) if answer.endpoint in _ENDPOINTS else ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return an account with its latest media, or the top media of a hashtag."""
        origin = Origin(NAME, self.tier, target)
        return Found(await (_search if target.kind is TaskKind.SEARCH else _profile)(origin, call))


def _hides(error: dict[str, Any]) -> bool:
    return error.get("error_subcode") == _UNKNOWN_OBJECT or "missing permission" in str(error.get("message"))


def _usage(answer: Answer) -> Iterator[tuple[int, int]]:
    """Give ``(percent used, minutes until access is regained)`` of each usage that the headers tell.

    ``X-App-Usage`` is one of them; ``X-Business-Use-Case-Usage`` has for each account a list of them, or a single one.
    """
    app, business = (_json(answer.headers.get(name)) for name in ("x-app-usage", "x-business-use-case-usage"))
    told: list[Any] = [app]
    for one in business.values() if isinstance(business, dict) else ():
        told.extend(one if isinstance(one, list) else [one])
    for usage in told:
        if isinstance(usage, dict):
            shares = (_number(usage.get(name)) for name in ("call_count", "total_cputime", "total_time"))
            yield max(shares), _number(usage.get("estimated_time_to_regain_access"))


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _number(value: Any) -> int:
    return min(int(value), 10_000) if isinstance(value, int | float) and value > 0 else 0


def _regained_at(answer: Answer) -> datetime:
    minutes = max((minutes for _, minutes in _usage(answer)), default=0)
    if minutes:
        return answer.received_at + timedelta(minutes=minutes)
    return retry_after(answer) or answer.received_at + HOUR


async def _profile(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    name = origin.target.handle
    if name is None:
        detail = f"{NAME} names accounts by handle only, {origin.target} has none"
        raise SourceRefused(detail)
    if not _USER_NAME.fullmatch(name):
        detail = f"{name!r} cannot be a user name on Instagram"
        raise TargetGone(detail)
    fields = f"business_discovery.username({name}){{{PROFILE_FIELDS},media.limit({MEDIA}){{{MEDIA_FIELDS}}}}}"
    answer = await call.send(Ask("business_discovery", OWN_ACCOUNT, {"fields": fields}))
    body = object_of(answer)
    native_id = text_at(body, ("business_discovery", "ig_id")) or provisional_native_id(name)
    return (origin.record("profile", native_id, body, answer),)


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    tag = _NO_TAG.sub("", origin.target.value).lower()
    try:
        answer = await call.send(Ask("hashtag_search", "ig_hashtag_search", {"q": tag}))
    except TargetGone:
        return ()
    hashtag = at(object_of(answer), ("data", 0))
    hashtag_id = text_at(hashtag, ("id",))
    if hashtag_id is None:
        return ()
    path = f"{quote(hashtag_id, safe='')}/top_media"
    answer = await call.send(Ask("hashtag_media", path, {"fields": HASHTAG_FIELDS, "limit": str(HASHTAG_MEDIA)}))
    return (origin.record("hashtag", hashtag_id, {"hashtag": hashtag, **object_of(answer)}, answer),)


SOURCE = InstagramGraph()
