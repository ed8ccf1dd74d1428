"""Apify: accounts of Instagram, TikTok and X with their latest posts, collected by actors of its store.

A credential is an API token. A target is one run of an actor: started, awaited, its dataset read page by page. Each
item of a dataset is charged. A run is never started twice for one target; where the process that waits for it dies, the
run ends by its own ``timeout`` and charges at most its ``maxItems``.
https://docs.apify.com/api/v2, https://docs.apify.com/platform/limits
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from creators.errors import SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.ids import provisional_native_id
from creators.models import Platform, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import list_of, object_of, retry_after, text_at
from fetchers.contract import JSON, Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status

NAME = "apify"
PER_MINUTE = 250_000
RUN_S = 100
"""Limit of a run, kept by Apify: it ends there whoever waits for it."""
WAIT_S = 130.0
"""How long a run is awaited; longer than it lasts, and shorter than the limit of a provider's target."""
HELD_S = 5
"""How long Apify may hold back an answer until the run has ended; shorter than the limit of an answer."""
PAUSES_S = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Between two looks at a run; the last one is repeated."""
PAGE = 100
MOST_ITEMS = 300
_BUSY = timedelta(seconds=60)
_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"})
_PAUSE_TYPES = frozenset({"actor-memory-limit-exceeded", "concurrent-runs-limit-exceeded"})


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor: what it is asked, what its items say, and what each costs."""

    name: str
    """``owner~name``, the form that addresses take."""
    handles: str
    """The field of the input that lists whom to collect."""
    id_path: tuple[str, ...]
    """Where an item has the id of the account."""
    items: int
    """Most items that one account may be charged for."""
    item_usd: float
    """List price of an item for an account without a subscription: an upper bound of what is charged."""
    options: Mapping[str, JSON] = field(default_factory=dict)

    def asked(self, handle: str) -> dict[str, JSON]:
        """Return the input for one account."""
        return {self.handles: [handle], **self.options}


ACTORS: Mapping[Platform, Actor] = {
    Platform.INSTAGRAM: Actor("apify~instagram-profile-scraper", "usernames", ("id",), items=1, item_usd=0.0026),
    Platform.TIKTOK: Actor(
        "clockworks~tiktok-profile-scraper",
        "profiles",
        ("authorMeta", "id"),
        items=12,
        item_usd=0.005,
        options={
            "resultsPerPage": 12,
            "profileSorting": "latest",
            "shouldDownloadVideos": False,
            "shouldDownloadCovers": False,
        },
    ),
    Platform.X: Actor(
        "apidojo~tweet-scraper",
        "twitterHandles",
        ("author", "id"),
        items=20,
        item_usd=0.0004,
        options={"maxItems": 20, "sort": "Latest"},
    ),
}


class Apify:
    """Accounts of three platforms, through actors."""

    name = NAME
    tier: Tier = 2
    base_url = "https://api.apify.com/v2"
    serves: Mapping[TaskKind, frozenset[Platform]] = {TaskKind.PROFILE: frozenset(ACTORS)}
    policy = Policy(
        kind="provider",
        max_age_days=None,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://docs.apify.com/legal/general-terms-and-conditions",
        note=(
            "The actors collect public pages without the APIs of the platforms: whether you may use them, the terms of"
            " Apify and of the platform and the law of your country decide. The rules of each platform hold here too:"
            " deletions are to be followed, which is yours to do as yet. Actors belong to others"
            " and change without notice; every record is compared with the form that they describe. The items of"
            " Instagram and TikTok are compared with authentic ones, those of X with the description only."
        ),
    )

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return the limit of an account; each resource has another of 60 a second, which one run stays far below."""
        del settings
        return (Allowance("*", PER_MINUTE, 60.0),)

    def price_usd(self, target: Target) -> float:
        """Return the price of all items that a run may return."""
        actor = ACTORS[target.platform]
        return actor.items * actor.item_usd

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return the token as a header."""
        del call
        return Auth(headers={"authorization": f"Bearer {credential}"})

    def judge(self, answer: Answer) -> None:
        """Raise what an answer means; ``error.type`` says more than the status.

        Raises:
            SourceLimited: too many requests, or too many runs at once. SourceRefused: the token or the credits are not
            good. SourceUnavailable: anything else; an actor or a run that is not there says nothing about an account.
        """
        kind = text_at(answer.body, ("error", "type")) or ""
        detail = f"{answer.endpoint} answered {answer.status} {kind}".rstrip()
        if kind in _PAUSE_TYPES:
            raise SourceLimited(detail, retry_at=retry_after(answer) or answer.received_at + _BUSY)
        if answer.status == HTTPStatus.PAYMENT_REQUIRED:
            detail = f"{detail}: the credits are used up"
            raise SourceRefused(detail)
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise SourceUnavailable(detail)
        judge_status(answer, retry_at=retry_after(answer))

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: Apify does not tell what is left."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return what an actor collects of one account: all items of its run as one record.

        Raises:
            TargetGone: the actor found nothing: the account is not there, private, or without posts.
        """
        handle, actor = target.handle, ACTORS[target.platform]
        if handle is None:
            detail = f"{NAME} names accounts by handle only, {target} has none"
            raise SourceRefused(detail)
        run = await _finished(await _started(actor, handle, call), call)
        answer, items = await _items(run, call)
        if all(not isinstance(item, dict) or "error" in item or "noResults" in item for item in items):
            if run.status != "SUCCEEDED":
                detail = f"the run of {actor.name} ended as {run.status} without an item"
                raise SourceUnavailable(detail)
            detail = f"{actor.name} found nothing: the account is not there, private, or without posts"
            raise TargetGone(detail)
        native_id = next(filter(None, (text_at(item, actor.id_path) for item in items)), provisional_native_id(handle))
        cost = len(items) * actor.item_usd
        record = Origin(NAME, self.tier, target).record(str(target.platform), native_id, {"items": items}, answer)
        return Found((record.model_copy(update={"cost_usd": cost}),), cost_usd=cost)


@dataclass(frozen=True, slots=True)
class _Run:
    id: str
    status: str
    dataset_id: str


def _run_of(answer: Answer) -> _Run:
    told = [text_at(object_of(answer), ("data", name)) for name in ("id", "status", "defaultDatasetId")]
    run_id, status, dataset_id = told
    if run_id is None or status is None or dataset_id is None:
        detail = f"{answer.endpoint} answered without the id, the state or the dataset of a run"
        raise SourceUnavailable(detail)
    return _Run(run_id, status, dataset_id)


async def _started(actor: Actor, handle: str, call: Call) -> _Run:
    limits = {"timeout": str(RUN_S), "maxItems": str(actor.items), "waitForFinish": str(HELD_S)}
    return _run_of(await call.send(Ask("runs", f"acts/{actor.name}/runs", limits, json=actor.asked(handle))))


async def _finished(run: _Run, call: Call) -> _Run:
    """Return the run when it has ended; a look that fails is repeated, as the run goes on.

    Raises:
        SourceUnavailable: it has failed, or has not ended in time.
    """
    deadline = time.monotonic() + WAIT_S
    looks = 0
    while run.status not in _ENDED:
        if time.monotonic() > deadline:
            detail = f"a run has not ended within {WAIT_S:g} s"
            raise SourceUnavailable(detail)
        await asyncio.sleep(PAUSES_S[min(looks, len(PAUSES_S) - 1)])
        looks += 1
        path = f"actor-runs/{quote(run.id, safe='')}"
        try:
            answer = await call.send(Ask("run", path, {"waitForFinish": str(HELD_S)}, same_credential=True))
            run = _run_of(answer)
        except SourceUnavailable:
            continue
    if run.status in {"FAILED", "ABORTED"}:
        detail = f"a run has ended as {run.status}"
        raise SourceUnavailable(detail)
    return run


async def _items(run: _Run, call: Call) -> tuple[Answer, list[Any]]:
    """Return the last page of a dataset, and the items of all of them."""
    items: list[Any] = []
    path = f"datasets/{quote(run.dataset_id, safe='')}/items"
    while True:
        params = {"offset": str(len(items)), "limit": str(PAGE), "clean": "1", "format": "json"}
        answer = await call.send(Ask("items", path, params, same_credential=True))
        page = list_of(answer)
        items.extend(page)
        if len(page) < PAGE or len(items) >= MOST_ITEMS:
            return answer, items


SOURCE = Apify()
