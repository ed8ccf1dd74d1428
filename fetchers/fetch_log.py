"""What was decided for every target, why, and what it cost: the index ``fetches``, one document per source asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import structlog

from creators.ids import is_provisional
from creators.stores import bulk
from creators.stores.scripts import Shared, boundary
from creators.targets import TaskKind
from creators.text import clean

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores
    from fetchers.outcomes import Attempt, Outcome

INDEX = "fetches"
KEEP_DAYS = 30
EXPIRE_EVERY_S = 6 * 3600
DETAIL_CHARS = 1000
MOST_GROUPS = 1000

By = Literal["source", "platform", "account_id"]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used over some time."""

    usd: float
    calls: int
    units: int
    targets: int
    """Attempts, one for each source that was asked for a target."""


def documents(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the log of one run of a target: a document for each source asked, or one that says why none was."""
    shared = {
        "at": outcome.at.isoformat(timespec="milliseconds"),
        "target": outcome.target.target_id,
        "kind": outcome.target.kind,
        "platform": outcome.target.platform,
        "account_id": account_of(outcome),
        "strategy": outcome.decision.strategy,
        "considered": [
            {"source": one.source, "tier": one.tier, "score": one.score, "reason": one.reason}
            for one in outcome.decision.considered
        ],
    }
    if not outcome.attempts:
        reason = clean(outcome.decision.reason)[:DETAIL_CHARS]
        return [{**shared, "outcome": outcome.kind, "reason": reason, "error": outcome.error, "calls": 0}]
    return [{**shared, **_attempted(attempt, outcome)} for attempt in outcome.attempts]


def _attempted(attempt: Attempt, outcome: Outcome) -> dict[str, Any]:
    chosen = next((one.reason for one in outcome.decision.considered if one.source == attempt.source), "")
    return {
        "source": attempt.source,
        "tier": attempt.tier,
        "outcome": attempt.kind,
        "reason": clean(f"{chosen}; {attempt.detail}" if attempt.detail else chosen)[:DETAIL_CHARS],
        "error": attempt.error,
        "latency_ms": round(attempt.latency_ms, 1),
        "calls": attempt.calls,
        "units": attempt.units,
        "cost_usd": attempt.cost_usd,
        "records": attempt.records,
    }


def account_of(outcome: Outcome) -> str | None:
    """Return the account that a target is about, as far as it is known by its native id."""
    target = outcome.target
    if target.kind is TaskKind.PAGE:
        return target.page[0]
    if target.kind is not TaskKind.PROFILE:
        return None
    if outcome.found is not None and outcome.found.records:
        return outcome.found.records[0].account_id
    return None if is_provisional(target.value) else f"{target.platform}:{target.value}"


def write(cluster: Cluster, outcomes: Iterable[Outcome]) -> None:
    """Write the log of runs.

    Raises:
        ClusterUnavailable: OpenSearch does not answer; writing again makes a second entry, which is only a log's.
    """
    done = bulk.write(cluster, (bulk.Action(INDEX, uuid4().hex, doc) for one in outcomes for doc in documents(one)))
    if done.refused:
        log.error("fetch_log_refused", entries=len(done.refused), reason=done.refused[0].reason)


def recent(
    cluster: Cluster, *, source: str | None = None, target: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """Return the last entries, newest first, of all or of one source or target."""
    wanted = [{"term": {field: value}} for field, value in (("source", source), ("target", target)) if value]
    body = {"query": {"bool": {"filter": wanted}}, "sort": [{"at": "desc"}], "size": limit}
    return [hit["_source"] for hit in cluster.search(INDEX, body)["hits"]["hits"]]


def costs(
    cluster: Cluster, by: Sequence[By], *, since: datetime, account_id: str | None = None
) -> dict[tuple[str, ...], Cost]:
    """Return what was used since a time, by the values of one or more fields; at most 1,000 combinations.

    Args:
        cluster: to ask.
        by: fields to group by, such as ``("source", "platform")``.
        since: the first instant that counts.
        account_id: only what was used for one account.
    """
    filters: list[dict[str, Any]] = [{"range": {"at": {"gte": since.isoformat()}}}, {"exists": {"field": "source"}}]
    if account_id is not None:
        filters.append({"term": {"account_id": account_id}})
    body = {
        "size": 0,
        "query": {"bool": {"filter": filters}},
        "aggs": {
            "groups": {
                "composite": {"size": MOST_GROUPS, "sources": [{field: {"terms": {"field": field}}} for field in by]},
                "aggs": {name: {"sum": {"field": name}} for name in ("cost_usd", "calls", "units")},
            }
        },
    }
    return dict(_costs(cluster.search(INDEX, body)["aggregations"]["groups"]["buckets"], by))


def _costs(buckets: Iterable[dict[str, Any]], by: Sequence[By]) -> Iterator[tuple[tuple[str, ...], Cost]]:
    for bucket in buckets:
        sums = {name: bucket[name]["value"] for name in ("cost_usd", "calls", "units")}
        cost = Cost(sums["cost_usd"], int(sums["calls"]), int(sums["units"]), int(bucket["doc_count"]))
        yield tuple(str(bucket["key"][field]) for field in by), cost


def expire_when_due(stores: Stores) -> int:
    """Delete entries older than 30 days, where nobody has for some hours; returns how many."""
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    with boundary():
        is_due = shared.redis.set(shared.key("fetches:expired"), "1", nx=True, ex=EXPIRE_EVERY_S)
    return expire(stores.cluster, datetime.now(UTC)) if is_due else 0


def expire(cluster: Cluster, now: datetime) -> int:
    """Delete entries older than 30 days; returns how many."""
    before = (now - timedelta(days=KEEP_DAYS)).isoformat()
    return cluster.delete_matching(INDEX, {"range": {"at": {"lt": before}}})
