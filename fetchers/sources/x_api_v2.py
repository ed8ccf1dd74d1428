"""The X API v2: users with their latest posts, and the authors of posts that X finds for a term.

A credential is the bearer token of an app. Requests are limited per app, endpoint and quarter of an hour; how many, the
plan says. On the plan ``pay_per_use`` each user and post that an answer holds is charged.
https://docs.x.com/x-api/fundamentals/rate-limits, https://docs.x.com/x-api/getting-started/pricing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from creators.errors import SetupError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, epoch_header, int_header, object_of, retry_after, text_at
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "x_api_v2"
WINDOW_S = 900.0
DAY_S = 86_400.0
POSTS = 12
"""Latest posts of a user that are asked for; replies and reposts are not counted among them."""
FOUND = 20
"""Posts that one search returns: each is paid for, and so is its author."""
FOLLOWERS = 100
MAX_QUERY = 512
"""Characters of a query, operators included."""
POST_USD = 0.005
USER_USD = 0.010

USER_FIELDS = (
    "affiliation,created_at,description,entities,id,location,most_recent_tweet_id,name,pinned_tweet_id,"
    "profile_banner_url,profile_image_url,protected,public_metrics,url,username,verified,verified_type,withheld"
)
TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,entities,id,in_reply_to_user_id,lang,note_tweet,public_metrics,"
    "referenced_tweets,text"
)

MEDIA = "attachments.media_keys"
MEDIA_FIELDS = "duration_ms,media_key,preview_image_url,type,url"

PAY_PER_USE = "pay_per_use"
# (endpoint, requests, seconds) of an app. The plans with names are those that X sold until 2026 and still serves.
_LIMITS: dict[str, tuple[tuple[str, int, float], ...]] = {
    PAY_PER_USE: (("users", 300, WINDOW_S), ("tweets", 10_000, WINDOW_S), ("search", 450, WINDOW_S)),
    "free": (("users", 1, DAY_S), ("tweets", 1, WINDOW_S), ("search", 1, WINDOW_S)),
    "basic": (("users", 500, DAY_S), ("tweets", 10, WINDOW_S), ("search", 60, WINDOW_S)),
    "pro": (
        ("users", 300, WINDOW_S),
        ("tweets", 1_500, WINDOW_S),
        ("search", 450, WINDOW_S),
        ("followers", 15, WINDOW_S),
    ),
    "enterprise": (
        ("users", 300, WINDOW_S),
        ("tweets", 1_500, WINDOW_S),
        ("search", 450, WINDOW_S),
        ("followers", 15, WINDOW_S),
    ),
}
_NO_SUCH = "/problems/resource-not-found"
_NOT_FOR_US = "/problems/not-authorized-for-resource"
_CAPPED = "/problems/usage-capped"


class XApiV2:
    """Users and searches of X."""

    name = NAME
    tier: Tier = 1
    base_url = "https://api.x.com/2"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.X}),
        TaskKind.SEARCH: frozenset({Platform.X}),
    }
    policy = Policy(
        kind="official",
        max_age_days=None,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://docs.x.com/developer-terms/policy",
        note=(
            "An account of X is joined with one elsewhere only by a link that the person has put on a public profile."
            " Deletions are to be followed, which is yours to do as yet. Nothing sensitive (health, politics,"
            " ethnicity, religion, orientation) is inferred. Accept the developer policy, then name yourself in"
            " ACKNOWLEDGED_BY."
        ),
        sees_all=True,
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the requests that the plan of the settings allows an app.

        Raises:
            SetupError: X has no such plan.
        """
        return tuple(Allowance(endpoint, amount, window_s) for endpoint, amount, window_s in _LIMITS[_plan(settings)])

    def price_usd(self, target: Target) -> float:
        """Return what a target costs on the plan ``pay_per_use``; the other plans have no price of a request."""
        if target.kind is TaskKind.SEARCH:
            return FOUND * (POST_USD + USER_USD)
        return USER_USD + POSTS * POST_USD

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the token as a header."""
        del call
        return Auth(headers={"authorization": f"Bearer {credential}"})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means; a user who is not there comes as 200 with ``errors``.

        Raises:
            TargetGone: never there, deleted or suspended. SourceLimited: until ``x-rate-limit-reset``.
            SourceRefused: the token, the enrolment or the credits are not good. SourceUnavailable: anything else.
        """
        problem = text_at(answer.body, ("type",)) or ""
        detail = f"{answer.endpoint} answered {answer.status} {text_at(answer.body, ('title',)) or ''}".rstrip()
        if answer.status < HTTPStatus.MULTIPLE_CHOICES and at(answer.body, ("data",)) is None:
            _judge_errors(answer)
        elif answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SourceLimited(detail, retry_at=_reset(answer, capped=problem.endswith(_CAPPED)))
        elif answer.status == HTTPStatus.PAYMENT_REQUIRED:
            detail = f"{detail}: the credits are used up"
            raise SourceRefused(detail)
        elif answer.status == HTTPStatus.BAD_REQUEST and _names_user(answer):
            detail = f"{detail}: no user of X can have that name or id"
            raise TargetGone(detail)
        judge_status(answer)

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return what the headers say is left, of the window and of the day."""
        found = []
        for name in ("x-rate-limit", "x-app-limit-24hour"):
            remaining, resets_at = int_header(answer, f"{name}-remaining"), epoch_header(answer, f"{name}-reset")
            if remaining is not None and resets_at is not None:
                found.append(Quota(answer.endpoint, max(remaining, 0), resets_at))
        return tuple(found)

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return a user and their latest posts, or the authors of the posts that were found for a term."""
        origin = Origin(NAME, self.tier, target)
        records = await (_search if target.kind is TaskKind.SEARCH else _profile)(origin, call)
        paid = _plan(call.settings) == PAY_PER_USE
        costs = [_cost_usd(record) if paid else 0.0 for record in records]
        charged = tuple(
            record.model_copy(update={"cost_usd": cost}) for record, cost in zip(records, costs, strict=True)
        )
        return Found(charged, cost_usd=sum(costs))


def _plan(settings: SourceSettings) -> str:
    plan = settings.plan or PAY_PER_USE
    if plan not in _LIMITS:
        detail = f"plan {plan!r} of {NAME} is none of {', '.join(_LIMITS)}"
        raise SetupError(detail, field="plan")
    return plan


def _judge_errors(answer: Answer) -> None:
    errors = at(answer.body, ("errors",))
    first = errors[0] if isinstance(errors, list) and errors else None
    kind, words = text_at(first, ("type",)) or "", text_at(first, ("detail",)) or ""
    if kind.endswith(_NO_SUCH) or "suspended" in words:
        state = "suspended" if "suspended" in words else "not there"
        detail = f"{answer.endpoint}: X says that the user is {state}"
        raise TargetGone(detail)
    if first is not None and not kind.endswith(_NOT_FOR_US):
        detail = f"{answer.endpoint} answered {answer.status} with {text_at(first, ('title',)) or 'an error'}"
        raise SourceUnavailable(detail)


def _names_user(answer: Answer) -> bool:
    parameters = at(answer.body, ("errors", 0, "parameters"))
    return isinstance(parameters, dict) and not {"id", "username"}.isdisjoint(parameters)


def _reset(answer: Answer, *, capped: bool) -> datetime:
    if capped:
        # The cap of a billing month says nothing about its end: asking once a day costs nothing.
        return answer.received_at + timedelta(days=1)
    if int_header(answer, "x-app-limit-24hour-remaining") == 0:
        day = epoch_header(answer, "x-app-limit-24hour-reset")
        if day is not None:
            return max(day, answer.received_at)
    reset = retry_after(answer) or epoch_header(answer, "x-rate-limit-reset")
    latest = answer.received_at + timedelta(days=1)
    return min(max(reset or answer.received_at + timedelta(seconds=WINDOW_S), answer.received_at), latest)


async def _profile(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    target = origin.target
    name = quote(target.handle or target.value, safe="")
    path = f"users/by/username/{name}" if target.handle else f"users/{name}"
    params = {"user.fields": USER_FIELDS, "expansions": "pinned_tweet_id", "tweet.fields": TWEET_FIELDS}
    answer = await call.send(Ask("users", path, params))
    body = object_of(answer)
    native_id = text_at(body, ("data", "id"))
    user = origin.record("user", native_id or target.value, body, answer)
    if native_id is None or at(body, ("data", "protected")) is True:
        return (user,)
    tweets = await _more("tweets", native_id, origin, call)
    # A page of followers costs as much as a hundred users: only where the plan has them without a price.
    names_followers = any(endpoint == "followers" for endpoint, _, _ in _LIMITS[_plan(call.settings)])
    followers = await _more("followers", native_id, origin, call) if names_followers else ()
    return (user, *tweets, *followers)


_MORE: dict[str, dict[str, str]] = {
    "tweets": {
        "max_results": str(POSTS),
        "exclude": "replies,retweets",
        "expansions": MEDIA,
        "tweet.fields": TWEET_FIELDS,
        "media.fields": MEDIA_FIELDS,
    },
    "followers": {"max_results": str(FOLLOWERS), "user.fields": USER_FIELDS},
}


async def _more(kind: str, native_id: str, origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    """Posts or followers as one record; none where there are none, or where they cannot be had now.

    A user without posts is worth more than no user: the next refresh asks for them again.
    """
    try:
        answer = await call.send(Ask(kind, f"users/{quote(native_id, safe='')}/{kind}", _MORE[kind]))
    except (TargetGone, SourceLimited, SourceUnavailable):
        return ()
    body = object_of(answer)
    return (origin.record(kind, native_id, body, answer),) if at(body, ("data",)) else ()


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    suffix = " -is:retweet"
    params = {
        "query": origin.target.value[: MAX_QUERY - len(suffix)] + suffix,
        "max_results": str(FOUND),
        "expansions": f"author_id,{MEDIA}",
        "user.fields": USER_FIELDS,
        "tweet.fields": TWEET_FIELDS,
        "media.fields": MEDIA_FIELDS,
    }
    answer = await call.send(Ask("search", "tweets/search/recent", params))
    body = object_of(answer)
    users, posts, media = at(body, ("includes", "users")), at(body, ("data",)), at(body, ("includes", "media"))
    if posts and not isinstance(users, list):
        # Unread: an answer without its authors is filed as well, so that its form can be found wanting.
        return (origin.record("search", "unknown", body, answer),)
    return tuple(
        origin.record("search", text_at(user, ("id",)) or "unknown", _found(user, posts, media), answer)
        for user in users or ()
        if isinstance(user, dict)
    )


def _found(user: dict[str, Any], posts: Any, media: Any) -> dict[str, Any]:
    # In the form of a single user with posts: what is read the same is filed the same.
    own = [post for post in posts if text_at(post, ("author_id",)) == text_at(user, ("id",))]
    keys = [at(post, ("attachments", "media_keys")) for post in own]
    named = {key for some in keys if isinstance(some, list) for key in some if isinstance(key, str)}
    shown = [one for one in media if text_at(one, ("media_key",)) in named] if isinstance(media, list) else []
    return {"data": user, "includes": {"tweets": own, **({"media": shown} if shown else {})}}


def _cost_usd(record: RawRecord) -> float:
    """What X charges for the users and posts of a record, without its discount for what was read on the same day."""
    data = record.body.get("data")
    items = len(data) if isinstance(data, list) else 1
    within = at(record.body, ("includes", "tweets"))
    extra = len(within) * POST_USD if isinstance(within, list) else 0.0
    return items * (POST_USD if record.kind == "tweets" else USER_USD) + extra


SOURCE = XApiV2()
