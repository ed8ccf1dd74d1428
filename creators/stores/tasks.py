"""The ledger of targets: what is to be fetched, when, and how it went; the schedule in Redis is made from it.

A target is offered once: whoever offers it again changes nothing. What is booked later changes single fields, so that
two writers do not undo each other's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from creators.errors import CreatorscopeError
from creators.stores import bulk
from creators.targets import Target, parse_target

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "tasks"
MAX_CAMPAIGNS = 1000
_TERMS = 500
_MISSING = "document_missing_exception"

Json = dict[str, Any]


class Lane(StrEnum):
    """Which work it belongs to: what is due by itself, or what somebody wants done beside it."""

    FRESH = "fresh"
    BACKFILL = "backfill"


class TaskState(StrEnum):
    """What will happen to a target."""

    WAITING = "waiting"
    """It is fetched at ``due_at``, and then again."""
    RESOLVED = "resolved"
    """A handle whose account is known: the account has a target of its own."""
    GONE = "gone"
    """The sources have said often enough that there is no such account."""
    FAILED = "failed"
    """It ended the process that fetched it, more than once."""
    PAUSED = "paused"
    """Its backfill is paused."""


@dataclass(frozen=True, slots=True)
class Task:
    """One target with all that is known about fetching it."""

    target_id: str
    created_at: datetime
    due_at: datetime | None = None
    lane: Lane = Lane.FRESH
    state: TaskState = TaskState.WAITING
    account_id: str | None = None
    root: str | None = None
    """The target that was asked for and led here; itself where it was asked for."""
    depth: int = 0
    """Steps from the root."""
    max_depth: int | None = None
    """How far discovery goes from the root; None: as the settings say."""
    found_on: str | None = None
    reason: str | None = None
    priority: float = 0.0
    """0 to 1."""
    interval_s: float | None = None
    change_rate: float | None = None
    """Relative change of the account's counters in a day."""
    fetched_at: datetime | None = None
    attempts: int = 0
    """Fetches in a row that brought nothing."""
    source: str | None = None
    error: str | None = None
    followers: int | None = None
    campaign: str | None = None
    """The backfill that asked for it last."""

    @property
    def target(self) -> Target:
        """What is fetched."""
        return parse_target(self.target_id)


_TIMES = ("created_at", "due_at", "fetched_at")
_FIELDS = frozenset(field.name for field in fields(Task)) - {"target_id"}
_PARTS = ("target", "kind", "platform", "value")


def _plain(changes: Mapping[str, Any]) -> Json:
    if unknown := set(changes) - _FIELDS:
        detail = f"a task has no field {min(unknown)!r}"
        raise CreatorscopeError(detail)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()}


def _doc(task: Task) -> Json:
    target = task.target
    parts = {"target": task.target_id, "kind": target.kind, "platform": target.platform, "value": target.value}
    return parts | _plain({name: value for name in _FIELDS if (value := getattr(task, name)) is not None})


def _parse(doc: Json) -> Task:
    known = {name: value for name, value in doc.items() if name not in _PARTS}
    known |= {name: datetime.fromisoformat(known[name]) for name in _TIMES if known.get(name)}
    known |= {"lane": Lane(doc["lane"]), "state": TaskState(doc["state"])}
    return Task(target_id=doc["target"], **known)


def offer(cluster: Cluster, tasks: Iterable[Task]) -> set[str]:
    """Enter the targets that are not there yet, and return their ids; the others stay as they are.

    Raises:
        ClusterUnavailable: as :func:`creators.stores.bulk.write`; offering all of them again is harmless.
    """
    outcome = bulk.write(cluster, (bulk.Action(INDEX, t.target_id, _doc(t), how="create") for t in tasks))
    if outcome.refused:
        detail = f"a task was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)
    return outcome.written


def revise(cluster: Cluster, changes: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Change the fields that are given of each target, and return the ids of those that are not in the ledger."""
    actions = (bulk.Action(INDEX, target_id, _plain(fields), how="update") for target_id, fields in changes.items())
    outcome = bulk.write(cluster, actions)
    for refusal in outcome.refused:
        if not refusal.reason.startswith(_MISSING):
            detail = f"a task was refused: {refusal.reason}"
            raise CreatorscopeError(detail)
    return {refusal.action.doc_id for refusal in outcome.refused}


def load(cluster: Cluster, target_ids: Iterable[str]) -> dict[str, Task]:
    """Return the tasks that exist among ``target_ids``, as written last."""
    return {target_id: _parse(doc) for target_id, doc in cluster.sources(INDEX, target_ids).items()}


def of_accounts(cluster: Cluster, account_ids: Sequence[str]) -> dict[str, str]:
    """Return the targets under which accounts are fetched, by account id, as of the last refresh."""
    found: dict[str, str] = {}
    for start in range(0, len(account_ids), _TERMS):
        filters: list[Json] = [{"terms": {"account_id": list(account_ids[start : start + _TERMS])}}]
        others: list[Json] = [{"term": {"state": TaskState.RESOLVED}}, {"term": {"state": TaskState.GONE}}]
        body = {
            "query": {"bool": {"filter": filters, "must_not": others}},
            "sort": [{"target": "asc"}],
            "_source": ["account_id", "target"],
        }
        found |= {hit["_source"]["account_id"]: hit["_source"]["target"] for hit in cluster.scan(INDEX, body)}
    return found


def refresh(cluster: Cluster) -> None:
    """Make what was booked visible to the functions below, which search."""
    cluster.refresh(INDEX)


def _waiting(*more: Json) -> Json:
    return {"bool": {"filter": [{"term": {"state": TaskState.WAITING}}, *more]}}


def waiting(cluster: Cluster) -> Iterator[Task]:
    """Yield every target that will be fetched, as of the last refresh; the order is that of their ids."""
    for hit in cluster.scan(INDEX, {"query": _waiting(), "sort": [{"target": "asc"}]}):
        yield _parse(hit["_source"])


def due(
    cluster: Cluster, before: datetime, *, limit: int, after: Sequence[Any] | None = None
) -> tuple[list[Task], Sequence[Any] | None]:
    """Return targets that are due ``before`` a time, the longest due first, and where the next page begins.

    Args:
        cluster: that holds the ledger.
        before: UTC.
        limit: of this page.
        after: what the page before returned; None starts from the beginning, and is returned at the end.
    """
    body: Json = {
        "query": _waiting({"range": {"due_at": {"lt": before.isoformat()}}}),
        "sort": [{"due_at": "asc"}, {"target": "asc"}],
        "size": limit,
        "track_total_hits": False,
    }
    hits = cluster.search(INDEX, body | ({"search_after": list(after)} if after else {}))["hits"]["hits"]
    return [_parse(hit["_source"]) for hit in hits], hits[-1]["sort"] if len(hits) == limit else None


def of_campaign(cluster: Cluster, campaign: str | None, state: TaskState) -> Iterator[Task]:
    """Yield the targets of one backfill, or of all, that wait in its lane or are paused."""
    named = [{"term": {"campaign": campaign}}] if campaign else []
    filters = [{"term": {"lane": Lane.BACKFILL}}, {"term": {"state": state}}, *named]
    for hit in cluster.scan(INDEX, {"query": {"bool": {"filter": filters}}, "sort": [{"target": "asc"}]}):
        yield _parse(hit["_source"])


def counts(cluster: Cluster) -> dict[tuple[str, str, str], int]:
    """Return how many targets there are of each lane, kind and state."""
    names = ("lane", "kind", "state")
    sources = [{name: {"terms": {"field": name}}} for name in names]
    body = {"size": 0, "aggs": {"all": {"composite": {"size": 1000, "sources": sources}}}}
    buckets = cluster.search(INDEX, body)["aggregations"]["all"]["buckets"]
    return {
        (bucket["key"]["lane"], bucket["key"]["kind"], bucket["key"]["state"]): bucket["doc_count"]
        for bucket in buckets
    }


def count_found(cluster: Cluster, *, root: str | None = None, since: datetime | None = None) -> int:
    """Return how many targets were discovered: from one root, or since a time; the roots themselves do not count.

    Nor do handles whose account has a target of its own, which counts.
    """
    clauses: list[Json] = [{"exists": {"field": "found_on"}}]
    clauses += [{"term": {"root": root}}] if root else []
    clauses += [{"range": {"created_at": {"gte": since.isoformat()}}}] if since else []
    cluster.refresh(INDEX)
    resolved = {"term": {"state": TaskState.RESOLVED}}
    return cluster.count(INDEX, {"bool": {"filter": clauses, "must_not": [resolved]}})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is, in targets."""

    campaign: str
    total: int
    waiting: int
    paused: int
    failed: int
    lately: int
    """Those that were fetched since the time that was asked about."""

    @property
    def done(self) -> int:
        """Those that nothing more will happen to on its behalf."""
        return self.total - self.waiting - self.paused


def campaigns(cluster: Cluster, *, since: datetime) -> list[Progress]:
    """Return how far each backfill is, by its name."""
    cluster.refresh(INDEX)
    lane = {"term": {"lane": Lane.BACKFILL}}
    groups: dict[str, Json] = {
        str(state): {"bool": {"filter": [lane, {"term": {"state": state}}]}}
        for state in (TaskState.WAITING, TaskState.PAUSED)
    }
    groups["failed"] = {"terms": {"state": [TaskState.FAILED, TaskState.GONE]}}
    groups["lately"] = {"bool": {"filter": [{"range": {"fetched_at": {"gte": since.isoformat()}}}], "must_not": [lane]}}
    terms = {"field": "campaign", "size": MAX_CAMPAIGNS, "order": {"_key": "asc"}}
    aggs = {name: {"filter": query} for name, query in groups.items()}
    body = {"size": 0, "aggs": {"all": {"terms": terms, "aggs": aggs}}}
    found = cluster.search(INDEX, body)["aggregations"]["all"]["buckets"]
    return [
        Progress(bucket["key"], bucket["doc_count"], *(bucket[name]["doc_count"] for name in groups))
        for bucket in found
    ]
