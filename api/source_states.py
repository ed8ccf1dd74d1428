"""The sources as an operator sees them: who may be called and why not, how each does, what is left, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from creators.errors import ClusterUnavailable, NotFound
from creators.models import Frozen, Instant, Tier
from creators.stores.breakers import State
from fetchers import fetch_log
from fetchers.overview import Overview
from fetchers.policy import settings_of, uses
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.settings import SourceSettings
    from creators.stores.allowances import Usage
    from creators.stores.breakers import Breaker
    from creators.stores.session import Stores
    from fetchers.contract import Source
    from fetchers.fetch_log import Cost

DECISIONS_SHOWN = 20
MAX_REDIRECTS = 20

Action = Literal["enable", "disable", "reset-breaker"]


class PolicyView(Frozen):
    """What the owner of a platform and the law allow; ``may_derive`` and ``may_merge`` as they hold here."""

    max_age_days: int | None
    may_derive: bool
    may_merge: bool
    delete_when_gone: bool
    needs_acknowledgement: bool
    acknowledged_by: str | None
    terms_url: str
    note: str


class BreakerView(Frozen):
    """Whether a source is left alone because it fails, and its rolling rates; null until it has answered."""

    state: State
    forced: bool
    reason: str
    since: Instant | None
    retry_at: Instant | None
    recent: int
    failed: int
    success_rate: float | None
    latency_ms: float | None


class LimitView(Frozen):
    """What is left of one limit for one credential, which is named by a fingerprint that does not tell it."""

    credential: str
    endpoint: str
    amount: int
    left: int
    parked_until: Instant | None


class CostView(Frozen):
    """What was used for one platform, or one account, at one source."""

    source: str
    platform: str | None = None
    account_id: str | None = None
    usd: float
    calls: int
    units: int
    attempts: int


class SourceView(Frozen):
    """One source now."""

    name: str
    tier: Tier
    kind: str
    enabled: bool
    reason: str
    serves: dict[str, list[str]]
    policy: PolicyView
    breaker: BreakerView
    limits: list[LimitView]
    calls_today: int
    usd_today: float
    daily_calls: int | None
    daily_usd: float | None
    costs_today: list[CostView] | None
    """By platform; null while OpenSearch, which keeps the log, does not answer."""


class SourcesView(Frozen):
    """Every source, and what was decided last."""

    strategy: str
    sources: list[SourceView]
    decisions: list[dict[str, Any]] | None
    """The last entries of the fetch log, newest first; null while OpenSearch does not answer."""


class CreatorCost(Frozen):
    """What a creator's accounts cost."""

    creator_id: str
    days: int
    usd: float
    calls: int
    costs: list[CostView]


class SourceStates:
    """What an operator asks about sources and does to them; raises ``QueueUnavailable`` where Redis is away."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._overview = Overview(stores, all_sources())

    def all(self) -> SourcesView:
        """Return every source with its state, and the last decisions."""
        standings, states = self._overview.standings(), self._overview.states()
        costs = _or_none(self._costs_today)
        views = [
            self._view(source, (standings[name].allowed, standings[name].reason), states[name], costs)
            for name, source in self._overview.sources.items()
        ]
        decisions = _or_none(lambda: fetch_log.recent(self._stores.cluster, limit=DECISIONS_SHOWN))
        return SourcesView(strategy=self._stores.settings.source_strategy, sources=views, decisions=decisions)

    def one(self, name: str) -> SourceView:
        """Return one source; raises :class:`NotFound`."""
        source, standing = self._overview.source(name), self._overview.standings()[name]
        breaker = self._overview.breakers.states([name])[name]
        return self._view(source, (standing.allowed, standing.reason), breaker, _or_none(self._costs_today))

    def do(self, name: str, action: Action) -> SourceView:
        """Switch a source on or off, or close its breaker, for all processes; returns its state after it."""
        self._overview.source(name)
        if action == "reset-breaker":
            self._overview.breakers.reset(name)
        else:
            self._overview.switches.set(name, action == "enable")
        return self.one(name)

    def cost_of(self, creator_id: str, *, days: int) -> CreatorCost:
        """Return what was used for a creator's accounts in the last days; raises :class:`NotFound`."""
        since = datetime.now(UTC) - timedelta(days=days)
        found = [
            _cost_view(cost, source=key[0], account_id=account_id)
            for account_id in self._accounts(creator_id)
            for key, cost in fetch_log.costs(
                self._stores.cluster, ("source",), since=since, account_id=account_id
            ).items()
        ]
        usd, calls = sum(one.usd for one in found), sum(one.calls for one in found)
        return CreatorCost(creator_id=creator_id, days=days, usd=usd, calls=calls, costs=found)

    def _accounts(self, creator_id: str) -> list[str]:
        asked = creator_id
        for _ in range(MAX_REDIRECTS):
            identity = self._stores.cluster.sources("identities", [creator_id]).get(creator_id)
            if identity is None:
                break
            if not identity["redirect_to"]:
                return list(identity["account_ids"])
            creator_id = identity["redirect_to"]
        detail = f"there is no creator {asked}"
        raise NotFound(detail)

    def _costs_today(self) -> list[CostView]:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        found = fetch_log.costs(self._stores.cluster, ("source", "platform"), since=midnight)
        return [_cost_view(cost, source=source, platform=platform) for (source, platform), cost in found.items()]

    def _view(
        self, source: Source, standing: tuple[bool, str], breaker: Breaker, costs: Sequence[CostView] | None
    ) -> SourceView:
        own = settings_of(self._stores.settings, source.name)
        used = self._overview.usage(source.name)
        return SourceView(
            name=source.name,
            tier=source.tier,
            kind=source.policy.kind,
            enabled=standing[0],
            reason=standing[1],
            serves={str(kind): sorted(platforms) for kind, platforms in source.serves.items()},
            policy=_policy_view(source, own),
            breaker=_breaker_view(breaker),
            limits=_limit_views(used),
            calls_today=used.calls,
            usd_today=used.usd,
            daily_calls=own.daily_calls,
            daily_usd=own.daily_usd,
            costs_today=None if costs is None else [one for one in costs if one.source == source.name],
        )


def _or_none(read: Callable[[], list[Any]]) -> list[Any] | None:
    # What is kept in Redis is worth seeing while the log cannot be read.
    with suppress(ClusterUnavailable):
        return read()
    return None


def _cost_view(cost: Cost, **about: str) -> CostView:
    return CostView(usd=cost.usd, calls=cost.calls, units=cost.units, attempts=cost.targets, **about)


def _policy_view(source: Source, own: SourceSettings) -> PolicyView:
    known = set(PolicyView.model_fields) - {"acknowledged_by"}
    told = {name: getattr(source.policy, name) for name in known} | uses(source.policy, own)
    return PolicyView(acknowledged_by=own.acknowledged_by, **told)


def _breaker_view(breaker: Breaker) -> BreakerView:
    same = set(BreakerView.model_fields) - {"success_rate"}
    return BreakerView(success_rate=breaker.success, **{name: getattr(breaker, name) for name in same})


def _limit_views(used: Usage) -> list[LimitView]:
    return [
        LimitView(
            credential=limit.credential,
            endpoint=limit.endpoint,
            amount=limit.amount,
            left=limit.left,
            parked_until=None
            if limit.parked_until_ms is None
            else datetime.fromtimestamp(limit.parked_until_ms / 1000, UTC),
        )
        for limit in used.limits
    ]
