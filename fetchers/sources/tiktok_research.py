"""The TikTok Research API: users with their latest videos, and who posts videos about a term.

A credential is ``CLIENT_KEY:CLIENT_SECRET`` of an approved research project, exchanged for a token that lasts two
hours. The API names users by user name and tells no id of theirs. 1,000 requests a day.
https://developers.tiktok.com/doc/research-api-specs-query-user-info, …/research-api-specs-query-videos,
https://developers.tiktok.com/doc/research-api-faq
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.ids import provisional_native_id
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, next_midnight, object_of, retry_after, text_at
from fetchers.contract import JSON, Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "tiktok_research"
PER_DAY, DAY_S = 1_000, 86_400.0
VIDEOS = 20
"""Latest videos of a user."""
FOUND = 100
"""Videos that one search returns, the most that a page holds."""
PAGES = 3
"""Pages of one query: a page may hold fewer videos than were asked for, as deleted ones are left out."""
SPAN = timedelta(days=29)
"""A query covers 30 days at most, the first and the last included."""
VIDEO_QUERY = "research/video/query/"
USER_FIELDS = (
    "display_name,bio_description,bio_url,avatar_url,is_verified,follower_count,following_count,likes_count,video_count"
)
VIDEO_FIELDS = (
    "id,create_time,username,region_code,video_description,hashtag_names,view_count,like_count,comment_count,"
    "share_count,video_duration,video_mention_list"
)
_EARLY = timedelta(seconds=60)
"""A token is exchanged again so long before it ends: a request may be on its way for a while."""
_LIMITED = frozenset({"rate_limit_exceeded", "daily_quota_limit_exceeded"})
_REFUSED = frozenset(
    {
        "access_token_invalid",
        "access_token_expired",
        "scope_not_authorized",
        "scope_permission_missed",
        "invalid_client",
        "unauthorized_client",
        "access_denied",
    }
)
_NO_USER = re.compile(
    r"cannot find the user|user (?:is )?not found|cannot return this user's information", re.IGNORECASE
)


class TikTokResearch:
    """Users and videos of TikTok; remembers the tokens of its credentials until they end."""

    name = NAME
    tier: Tier = 1
    base_url = "https://open.tiktokapis.com/v2"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.TIKTOK}),
        TaskKind.SEARCH: frozenset({Platform.TIKTOK}),
    }
    policy = Policy(
        kind="official",
        max_age_days=15,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://www.tiktok.com/legal/page/global/terms-of-service-research-api/en",
        note=(
            "For approved, non-commercial research only. Stored data is compared with TikTok again at least every"
            " fifteen days; what is not available there any more is to be deleted, which is yours to do as yet. Users"
            " are named by user name, as the API tells no id: an account that another source tells the id of is joined"
            " by its handle. Not every account is told of, so another source is asked before one counts as gone."
        ),
    )

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, datetime]] = {}
        # A lock belongs to the event loop in which somebody first waited for it.
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the requests of a day, which begins at midnight UTC; another number agreed with TikTok is the plan."""
        agreed = settings.plan or ""
        amount = int(agreed) if agreed.isascii() and agreed.isdigit() and int(agreed) > 0 else PER_DAY
        return (Allowance("*", amount, DAY_S, day_of="UTC"),)

    def price_usd(self, target: Target) -> float:
        """Return 0: the API is free."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the token of a credential, exchanged for it where there is none that lasts.

        Raises:
            SourceRefused: the credential is not ``CLIENT_KEY:CLIENT_SECRET``, or TikTok does not know it.
        """
        turns = self._turns.setdefault(asyncio.get_running_loop(), {})
        # Many targets begin at once: one of them exchanges the credential, the others wait for its token.
        async with turns.setdefault(credential, asyncio.Lock()):
            token, ends_at = self._tokens.get(credential, ("", datetime.min.replace(tzinfo=UTC)))
            if ends_at <= datetime.now(UTC):
                token, ends_at = await _exchanged(credential, call)
                self._tokens[credential] = (token, ends_at)
        return Auth(headers={"authorization": f"Bearer {token}"})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means: ``error.code`` says it, ``ok`` or nothing is good.

        Raises:
            SourceLimited: until midnight UTC, or when ``Retry-After`` says. SourceRefused: the credential is not good.
            TargetGone: there is no such user, or none that the API may tell about. SourceUnavailable: anything else.
        """
        code = text_at(answer.body, ("error", "code")) or text_at(answer.body, ("error",)) or ""
        message = text_at(answer.body, ("error", "message")) or ""
        detail = f"{answer.endpoint} answered {answer.status} {code}".rstrip()
        midnight = retry_after(answer) or next_midnight(answer.received_at, "UTC")
        if code in _LIMITED:
            raise SourceLimited(detail, retry_at=midnight)
        if code in _REFUSED:
            raise SourceRefused(detail)
        if _NO_USER.search(message):
            detail = f"{detail}: TikTok has no such user, or none that it tells about"
            raise TargetGone(detail)
        judge_status(answer, retry_at=midnight)
        if code not in {"", "ok"}:
            raise SourceUnavailable(detail)

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: TikTok tells what is left only when nothing is."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return a user with their latest videos, or the videos that were found for a term."""
        origin = Origin(NAME, self.tier, target)
        try:
            return Found(await (_search if target.kind is TaskKind.SEARCH else _profile)(origin, call))
        except SourceRefused:
            # A token can be withdrawn before its time; whoever asks next gets a new one.
            self._tokens.pop(call.credential or "", None)
            raise


async def _exchanged(credential: str, call: Call) -> tuple[str, datetime]:
    key, _, secret = credential.partition(":")
    if not key or not secret:
        detail = f"{NAME}: a credential is CLIENT_KEY:CLIENT_SECRET"
        raise SourceRefused(detail)
    form = {"client_key": key, "client_secret": secret, "grant_type": "client_credentials"}
    answer = await call.send(Ask("oauth", "oauth/token/", form=form))
    token, lasts_s = text_at(answer.body, ("access_token",)), at(answer.body, ("expires_in",))
    if token is None or not isinstance(lasts_s, int | float) or answer.status != HTTPStatus.OK:
        detail = "oauth answered without a token"
        raise SourceUnavailable(detail)
    return token, answer.received_at + timedelta(seconds=min(lasts_s, DAY_S)) - _EARLY


async def _profile(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    name = origin.target.handle
    if name is None:
        detail = f"{NAME} names accounts by handle only, {origin.target} has none"
        raise SourceRefused(detail)
    answer = await call.send(Ask("user_info", "research/user/info/", {"fields": USER_FIELDS}, json={"username": name}))
    native_id = provisional_native_id(name)
    user = origin.record("user", native_id, object_of(answer), answer)
    query = {"and": [{"operation": "EQ", "field_name": "username", "field_values": [name]}]}
    try:
        pages = await _pages(query, VIDEOS, call)
    except (TargetGone, SourceLimited, SourceUnavailable):
        # A user without videos is worth more than no user: the next refresh asks for them again.
        pages = []
    return (user, *(origin.record("videos", native_id, object_of(page), page) for page in pages))


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    term = origin.target.value.lstrip("#")
    conditions = [{"operation": "EQ", "field_name": "keyword", "field_values": [term]}]
    if not re.search(r"\s", term):
        conditions.append({"operation": "EQ", "field_name": "hashtag_name", "field_values": [term]})
    pages = await _pages({"or": conditions}, FOUND, call)
    return tuple(origin.record("search", "unknown", object_of(page), page) for page in pages)


async def _pages(query: JSON, wanted: int, call: Call) -> list[Answer]:
    """Return the pages of a query that hold ``wanted`` videos together, or all there are; empty ones are left out."""
    today = datetime.now(UTC).date()
    asked: dict[str, Any] = {
        "query": query,
        "start_date": f"{today - SPAN:%Y%m%d}",
        "end_date": f"{today:%Y%m%d}",
        "max_count": wanted,
    }
    pages: list[Answer] = []
    found = 0
    for _ in range(PAGES):
        try:
            answer = await call.send(
                Ask("video_query", VIDEO_QUERY, {"fields": VIDEO_FIELDS}, json=dict(asked), same_credential=bool(pages))
            )
        except (SourceLimited, SourceUnavailable):
            if pages:
                break
            raise
        videos = at(object_of(answer), ("data", "videos"))
        pages.append(answer)
        found += len(videos) if isinstance(videos, list) else 0
        if at(answer.body, ("data", "has_more")) is not True or found >= wanted:
            break
        asked |= {name: at(answer.body, ("data", name)) for name in ("cursor", "search_id")}
    # What is no list of videos is filed as well, so that its form can be found wanting.
    return [page for page in pages if at(page.body, ("data", "videos")) != []]


SOURCE = TikTokResearch()
