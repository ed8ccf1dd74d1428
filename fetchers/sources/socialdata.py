"""SocialData: users of X with their latest posts, and authors of posts found for a term, from a provider.

A credential is an API key. 120 requests a minute, 0.0002 USD for each user or post.
https://docs.socialdata.tools; no answer of it that somebody else recorded is at hand, so its forms are the documented
ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import Platform, RawRecord, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import at, object_of, retry_after, text_at
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "socialdata"
PER_MINUTE = 120
ITEM_USD = 0.0002
POSTS = 20
"""Posts in a page of the provider; it takes no other size."""
MAX_QUERY = 512
_PAUSE = timedelta(seconds=60)


class SocialData:
    """Users and searches of X, through SocialData."""

    name = NAME
    tier: Tier = 2
    base_url = "https://api.socialdata.tools"
    serves: Mapping[TaskKind, frozenset[Platform]] = {
        TaskKind.PROFILE: frozenset({Platform.X}),
        TaskKind.SEARCH: frozenset({Platform.X}),
    }
    policy = Policy(
        kind="provider",
        max_age_days=None,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://socialdata.tools/terms",
        note=(
            "The provider collects from X without its API: whether you may use it, its terms and those of X decide."
            " The rules of X hold here too: joined with accounts elsewhere only by a link on a public profile;"
            " deletions are to be followed, which is yours to do as yet. Its forms are read as documented; no recorded"
            " answer was at hand to compare with."
        ),
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the limit of a key; a higher one that the provider has agreed to is the plan (requests a minute)."""
        agreed = settings.plan or ""
        amount = int(agreed) if agreed.isascii() and agreed.isdigit() and int(agreed) > 0 else PER_MINUTE
        return (Allowance("*", amount, 60.0),)

    def price_usd(self, target: Target) -> float:
        """Return the price of a page of posts, and of the user where one is asked for."""
        return ITEM_USD * (POSTS + (target.kind is TaskKind.PROFILE))

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the key as a header."""
        del call
        return Auth(headers={"authorization": f"Bearer {credential}", "accept": "application/json"})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means.

        Raises:
            TargetGone: 404. SourceRefused: the key is not good, or its balance is used up.
            SourceLimited: too many requests. SourceUnavailable: anything else.
        """
        words = (text_at(answer.body, ("message",)) or "").lower()
        if answer.status == HTTPStatus.PAYMENT_REQUIRED:
            detail = f"{answer.endpoint} answered 402: the balance is used up; top it up at socialdata.tools"
            raise SourceRefused(detail)
        if answer.status == HTTPStatus.FORBIDDEN and ("protected" in words or "private" in words):
            return
        judge_status(answer, retry_at=retry_after(answer) or answer.received_at + _PAUSE)

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: the provider does not say what is left."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return a user and their latest posts, or the authors of the posts that were found for a term."""
        origin = Origin(NAME, self.tier, target)
        records = await (_search if target.kind is TaskKind.SEARCH else _profile)(origin, call)
        charged = tuple(record.model_copy(update={"cost_usd": _cost_usd(record)}) for record in records)
        return Found(charged, cost_usd=sum(record.cost_usd for record in charged))


async def _profile(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    target = origin.target
    answer = await call.send(Ask("user", f"twitter/user/{quote(target.handle or target.value, safe='')}"))
    body = object_of(answer)
    native_id = text_at(body, ("id_str",))
    user = origin.record("user", native_id or target.value, body, answer)
    if native_id is None or at(body, ("protected",)) is True:
        return (user,)
    return (user, *await _tweets(native_id, origin, call))


async def _tweets(native_id: str, origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    """The latest posts as one record; none where there are none, or where they cannot be had now.

    A user without posts is worth more than no user: the next refresh asks for them again.
    """
    try:
        answer = await call.send(Ask("tweets", f"twitter/user/{quote(native_id, safe='')}/tweets"))
    except (TargetGone, SourceLimited, SourceUnavailable):
        return ()
    body = object_of(answer)
    return (origin.record("tweets", native_id, body, answer),) if at(body, ("tweets",)) else ()


async def _search(origin: Origin, call: Call) -> tuple[RawRecord, ...]:
    params = {"query": origin.target.value[:MAX_QUERY], "type": "Latest"}
    answer = await call.send(Ask("search", "twitter/search", params))
    posts = at(object_of(answer), ("tweets",))
    authors: dict[str, list[dict[str, Any]]] = {}
    for post in posts if isinstance(posts, list) else ():
        if isinstance(post, dict):
            # Unread: a post without an author is filed as well, so that its form can be found wanting.
            authors.setdefault(text_at(post, ("user", "id_str")) or "unknown", []).append(post)
    return tuple(origin.record("search", native_id, {"tweets": own}, answer) for native_id, own in authors.items())


def _cost_usd(record: RawRecord) -> float:
    posts = record.body.get("tweets")
    return ITEM_USD * (len(posts) if isinstance(posts, list) else 1)


SOURCE = SocialData()
