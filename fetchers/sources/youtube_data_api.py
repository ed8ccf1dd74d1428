"""The YouTube Data API v3: channels with their latest uploads, and channels that YouTube finds for a term.

A credential is an API key. A channel costs 3 units of the 10,000 that a key has in a day of the Pacific coast: the
channel, its uploads, their counters; a search costs 100. https://developers.google.com/youtube/v3/docs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from creators.errors import SetupError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, next_midnight, object_of, retry_after, text_at
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "youtube_data_api"
ZONE = "America/Los_Angeles"
"""Where the day of a quota ends."""
DAILY_UNITS = 10_000
SEARCH_UNITS = 100
UPLOADS = 12
"""Latest videos of a channel that are asked for."""
FOUND = "50"
"""Channels that one search returns, the most that the API gives in a page."""
PARTS = "snippet,statistics,brandingSettings,topicDetails,contentDetails,status"
VIDEO_PARTS = "snippet,statistics,contentDetails,player,paidProductPlacementDetails"
"""More parts cost no more units."""
HEIGHT = "720"
"""Of the player, in pixels: only where one is asked for, the player tells the shape of a video."""

_DAY_IS_OVER = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_PAUSE = timedelta(seconds=60)
"""How long to keep still where the API says "too fast" without saying for how long."""
_BAD_KEY = frozenset({"keyInvalid", "keyExpired", "accessNotConfigured", "ipRefererBlocked"})
_GONE = frozenset(
    {"channelNotFound", "channelForbidden", "channelClosed", "channelSuspended", "accountClosed", "accountSuspended"}
)
_NO_UPLOADS = frozenset({"playlistNotFound", "playlistItemsNotAccessible"})


class YouTubeDataApi:
    """Channels and searches of YouTube."""

    name = NAME
    tier: Tier = 1
    base_url = "https://www.googleapis.com/youtube/v3"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.YOUTUBE}),
        TaskKind.SEARCH: frozenset({Platform.YOUTUBE}),
    }
    policy = Policy(
        kind="official",
        max_age_days=30,
        may_derive=False,
        may_merge=True,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://developers.google.com/youtube/terms/developer-policies",
        note=(
            "Stored data is fetched again or dropped after 30 days (III.E.4). Scores computed from API data need the"
            " derived-metrics amendment: once it is granted, set MAY_DERIVE=true. Raw counters are kept apart"
            " from what we compute, and what we compute is labelled as ours."
        ),
        sees_all=True,
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the units of a day; a project with a larger quota names its units as the plan.

        Raises:
            SetupError: the plan is no number of units.
        """
        plan = settings.plan or str(DAILY_UNITS)
        if not plan.isascii() or not plan.isdigit() or int(plan) == 0:
            detail = (
                f"plan {plan!r} of {NAME} is not the number of units that a key has in a day; such as {DAILY_UNITS}"
            )
            raise SetupError(detail, field="plan")
        return (Allowance("*", int(plan), 86_400, day_of=ZONE),)

    def price_usd(self, target: Target) -> float:
        """Return 0: the API is free."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the key as a header, where no log of addresses shows it."""
        del call
        return Auth(headers={"x-goog-api-key": credential})

    def judge(self, answer: Answer) -> None:
        """Raise what an error body means; its ``reason`` says more than the status.

        Raises:
            SourceLimited: the day's units are used up, or requests come too fast. SourceRefused: the key is not good.
            TargetGone: no such channel. SourceUnavailable: anything else.
        """
        reason = text_at(answer.body, ("error", "errors", 0, "reason")) or ""
        detail = f"{answer.endpoint} answered {answer.status} {reason}".rstrip()
        if answer.status < HTTPStatus.BAD_REQUEST:
            judge_status(answer)
        elif reason in _DAY_IS_OVER:
            raise SourceLimited(detail, retry_at=next_midnight(answer.received_at, ZONE))
        elif reason in _TOO_FAST:
            raise SourceLimited(detail, retry_at=retry_after(answer) or answer.received_at + _PAUSE)
        elif reason in _GONE | _NO_UPLOADS:
            raise TargetGone(detail)
        elif reason in _BAD_KEY or _names_bad_key(answer):
            raise SourceRefused(detail)
        judge_status(answer, retry_at=retry_after(answer))

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: the API does not say what is left."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return a channel and its latest videos, or the channels found for a term."""
        origin = Origin(NAME, self.tier, target)
        if target.kind is TaskKind.SEARCH:
            return Found(await _search(origin, call))
        named = {"forHandle": f"@{target.handle}"} if target.handle else {"id": target.value}
        answer = await call.send(Ask("channels", "channels", {"part": PARTS, **named}))
        items = at(object_of(answer), ("items",))
        if not items:
            detail = f"YouTube has no channel {target.value}"
            raise TargetGone(detail)
        if not isinstance(items, list) or not isinstance(items[0], dict):
            detail = "channels answered 200 without a channel object in items"
            raise SourceUnavailable(detail)
        native_id = text_at(items[0], ("id",)) or target.value
        channel = origin.record("channel", native_id, items[0], answer)
        return Found((channel, *await _videos(channel, origin, call)))


def _names_bad_key(answer: Answer) -> bool:
    # The newer form of Google's errors: 400 with a reason of its own among the details.
    details = at(answer.body, ("error", "details"))
    reasons = [text_at(one, ("reason",)) for one in details] if isinstance(details, list) else []
    return any(reason in {"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "SERVICE_DISABLED"} for reason in reasons)


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    params = {"part": "snippet", "type": "channel", "q": origin.target.value, "maxResults": FOUND}
    answer = await call.send(Ask("search", "search", params, units=SEARCH_UNITS))
    items = at(object_of(answer), ("items",)) or ()
    return tuple(
        # Unread: an item without an id is filed as well, so that its form can be found wanting.
        origin.record("search", text_at(item, ("id", "channelId")) or "unknown", item, answer)
        for item in items
        if isinstance(item, dict)
    )


async def _videos(channel: RawRecord, origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    """The latest uploads as one record; none where the channel has none, or where they cannot be had now.

    A channel without its videos is worth more than no channel: the next refresh asks for them again.
    """
    uploads = text_at(channel.body, ("contentDetails", "relatedPlaylists", "uploads"))
    if uploads is None:
        return ()
    try:
        listed = await call.send(
            Ask(
                "playlistItems", "playlistItems", _params("contentDetails", playlistId=uploads, maxResults=str(UPLOADS))
            )
        )
        ids = _video_ids(at(object_of(listed), ("items",)))
        if not ids:
            return ()
        answer = await call.send(Ask("videos", "videos", _params(VIDEO_PARTS, id=",".join(ids), maxHeight=HEIGHT)))
        return (origin.record("videos", channel.native_id, object_of(answer), answer),)
    except (TargetGone, SourceLimited, SourceUnavailable):
        return ()


def _params(part: str, **values: str) -> dict[str, str]:
    return {"part": part, **values}


def _video_ids(items: Any) -> list[str]:
    found = (text_at(item, ("contentDetails", "videoId")) for item in items) if isinstance(items, list) else ()
    return [video_id for video_id in found if video_id][:UPLOADS]


SOURCE = YouTubeDataApi()
