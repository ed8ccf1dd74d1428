"""Records that cannot be used, kept with the reason until a person has looked: the index ``dlq``.

A letter is *open* until somebody has its record tried again; then it is *replaying*, and at the end of that try either
open again or *replayed*. Open and replaying letters are work; the others are history until they are purged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from creators.errors import BadCursor, BadInput, CreatorscopeError, NotFound
from creators.ids import content_hash
from creators.stores import bulk
from creators.text import clean

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "dlq"
EXCERPT_CHARS = 2000
POISON = "poison"
"""The error of a record that ends the process that reads it."""

Doc = dict[str, Any]


class LetterState(StrEnum):
    """Whether somebody still has to look."""

    OPEN = "open"
    REPLAYING = "replaying"
    REPLAYED = "replayed"


UNSETTLED = (LetterState.OPEN, LetterState.REPLAYING)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was given up, with where it lies and why."""

    stage: str
    error: str
    reason: str
    source: str = "dataset"
    field: str | None = None
    dataset_id: str | None = None
    raw_key: str | None = None
    line: int | None = None
    """Line of the record in its file, or its place in the object; None stands for the whole object."""
    excerpt: str = ""
    target: str | None = None
    """What was to be fetched."""
    attempts: int = 1
    """How often it has failed before it was given up."""
    records: int = 1
    """Records that are given up with it: more than one where a whole object is."""

    @property
    def letter_id(self) -> str:
        """The same record failing again is the same letter."""
        where = f"{self.stage}|{self.dataset_id}|{self.raw_key}|{self.line}"
        if self.raw_key is None and self.target is not None:
            where = f"{where}|{self.target}"
        return content_hash(where.encode())[:32]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters are meant: all that is given must match; nothing given means all that are unsettled."""

    states: tuple[str, ...] = UNSETTLED
    stage: str | None = None
    source: str | None = None
    error: str | None = None
    field: str | None = None
    dataset_id: str | None = None
    raw_key: str | None = None
    target: str | None = None
    since: datetime | None = None
    """Failed last at this time or later."""
    before: datetime | None = None
    text: str | None = None
    """Words of the reason, all of them."""

    def query(self) -> Doc:
        """Return the query that finds them."""
        names = ("stage", "source", "error", "field", "dataset_id", "raw_key", "target")
        clauses: list[Doc] = [{"terms": {"state": [str(state) for state in self.states]}}]
        clauses += [{"term": {name: value}} for name in names if (value := getattr(self, name)) is not None]
        limits = {"gte": self.since, "lt": self.before}
        if span := {name: at.isoformat() for name, at in limits.items() if at is not None}:
            clauses.append({"range": {"last_seen": span}})
        if self.text is not None:
            clauses.append({"match": {"reason": {"query": self.text, "operator": "and"}}})
        return {"bool": {"filter": clauses}}


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters, and where the next begin; None where there are no more."""

    letters: list[Doc]
    after: str | None


def letter_of(error: BadInput, *, stage: str, **where: Any) -> DeadLetter:
    """Return the dead letter of a record that raised ``error``."""
    return DeadLetter(stage=stage, error=error.code, reason=error.detail, field=error.field, **where)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _action(letter: DeadLetter, known: Doc, now: str) -> bulk.Action:
    # A try that was asked for and failed counts; the same job running twice does not.
    tried = known.get("state", LetterState.OPEN) != LetterState.OPEN
    attempts = known.get("attempts", 0) + 1 if tried else max(letter.attempts, known.get("attempts", 0))
    doc = {
        "letter_id": letter.letter_id,
        "state": LetterState.OPEN,
        "stage": letter.stage,
        "error": letter.error,
        "reason": clean(letter.reason)[:EXCERPT_CHARS],
        "source": letter.source,
        "field": letter.field,
        "dataset_id": letter.dataset_id,
        "raw_key": letter.raw_key,
        "replayed_as": None,
        "target": letter.target,
        "line": letter.line,
        "records": letter.records,
        "excerpt": clean(letter.excerpt[: 4 * EXCERPT_CHARS])[:EXCERPT_CHARS],
        "attempts": attempts,
        "first_seen": known.get("first_seen", now),
        "last_seen": now,
        "code_version": version("creatorscope"),
    }
    return bulk.Action(INDEX, letter.letter_id, doc)


def completed(letter_id: str, doc: Doc) -> Doc:
    """Return a letter that an earlier version kept as this one keeps it."""
    return {"letter_id": letter_id, "state": LetterState.OPEN, "records": 1, "attempts": 1} | doc


def _write(cluster: Cluster, actions: Iterable[bulk.Action], *, refresh: bool = False) -> None:
    outcome = bulk.write(cluster, actions, refresh=refresh)
    if outcome.refused:
        detail = f"a dead letter was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)


def add(cluster: Cluster, letters: Sequence[DeadLetter]) -> None:
    """Keep dead letters; one that is there already keeps its first date, and is open again."""
    if not letters:
        return
    fields = ["first_seen", "attempts", "state"]
    known = cluster.sources(INDEX, [letter.letter_id for letter in letters], fields=fields)
    now = _now()
    _write(cluster, [_action(letter, known.get(letter.letter_id, {}), now) for letter in letters])


def find(cluster: Cluster, wanted: Wanted, *, limit: int = 50, after: str | None = None) -> Page:
    """Return letters, the latest failure first, and where to go on.

    Raises:
        BadCursor: ``after`` is none of ours.
    """
    body: Doc = {"query": wanted.query(), "sort": [{"last_seen": "desc"}, {"letter_id": "asc"}], "size": limit}
    if after is not None:
        at, _, letter_id = after.partition("~")
        if not at.isdigit() or not letter_id:
            detail = f"after {after[:80]!r} is not what an earlier page gave"
            raise BadCursor(detail, field="after")
        body["search_after"] = [int(at), letter_id]
    cluster.refresh(INDEX)
    hits = cluster.search(INDEX, body)["hits"]["hits"]
    more = "~".join(str(part) for part in hits[-1]["sort"]) if len(hits) == limit and hits else None
    return Page([hit["_source"] for hit in hits], more)


def each(cluster: Cluster, wanted: Wanted, *, has_object: bool) -> Iterator[Doc]:
    """Yield letters by object, dataset and line: those whose record lies in a raw object, or those without one."""
    names = ["raw_key"] if has_object else ["dataset_id", "target"]
    exists = [{"exists": {"field": "raw_key"}}]
    query = {"bool": {"filter": [wanted.query(), *(exists if has_object else [])]}}
    if not has_object:
        query["bool"]["must_not"] = exists
    order: list[Doc] = [{name: {"order": "asc", "missing": ""}} for name in names]
    order += [{"line": {"order": "asc", "missing": 0}}, {"letter_id": "asc"}]
    cluster.refresh(INDEX)
    for hit in cluster.scan(INDEX, {"query": query, "sort": order}):
        yield hit["_source"]


def show(cluster: Cluster, letter_id: str) -> Doc:
    """Return one letter by its id, or by the beginning of it where only one begins so.

    Raises:
        NotFound: no letter, or more than one.
    """
    cluster.refresh(INDEX)
    body = {"query": {"prefix": {"letter_id": letter_id}}, "size": 2}
    hits = cluster.search(INDEX, body)["hits"]["hits"]
    if len(hits) != 1:
        detail = f"{'several dead letters begin' if hits else 'no dead letter begins'} with {letter_id[:64]!r}"
        raise NotFound(detail, field="letter_id")
    letter: Doc = hits[0]["_source"]
    return letter


def tally(cluster: Cluster, wanted: Wanted, *, by: Sequence[str], limit: int = 100) -> list[Doc]:
    """Return how many letters, and records in them, there are for each combination of the fields ``by``."""
    cluster.refresh(INDEX)
    sources = [{name: {"terms": {"field": name, "missing_bucket": True}}} for name in by]
    records = {"records": {"sum": {"field": "records"}}}
    groups = {"groups": {"composite": {"sources": sources, "size": limit}, "aggs": records}}
    found = cluster.search(INDEX, {"size": 0, "query": wanted.query(), "aggs": groups})["aggregations"]["groups"]
    counted = [
        {**bucket["key"], "letters": bucket["doc_count"], "records": int(bucket["records"]["value"])}
        for bucket in found["buckets"]
    ]
    return sorted(counted, key=lambda one: -one["letters"])


def mark(cluster: Cluster, letter_ids: Sequence[str], change: Callable[[Doc], Doc | None]) -> int:
    """Change letters as they are now; returns how many, once all are visible to searches.

    Args:
        cluster: where they are.
        letter_ids: of the letters.
        change: what of a letter becomes what; None leaves it alone.
    """
    found = cluster.sources(INDEX, letter_ids)
    changed = [(letter_id, doc | new) for letter_id, doc in found.items() if (new := change(doc)) is not None]
    _write(cluster, [bulk.Action(INDEX, *one) for one in changed], refresh=True)
    return len(changed)


def replaying(replayed_as: str | None = None) -> Callable[[Doc], Doc | None]:
    """Return the change to a letter whose record is tried again, in the object ``replayed_as`` where that is new."""
    return lambda doc: {"state": LetterState.REPLAYING, "replayed_as": replayed_as or doc.get("replayed_as")}


def _ended(doc: Doc) -> Doc | None:
    # Read again, not as a search saw it: one that has failed anew meanwhile is open.
    return {"state": LetterState.REPLAYED} if doc["state"] == LetterState.REPLAYING else None


def _failed(reason: str) -> Callable[[Doc], Doc | None]:
    def change(doc: Doc) -> Doc | None:
        if doc["state"] != LetterState.REPLAYING:
            return None
        return {"state": LetterState.OPEN, "attempts": doc["attempts"] + 1, "reason": reason, "last_seen": _now()}

    return change


def _tried(cluster: Cluster, key: str) -> list[str]:
    """Return the letters that a try of the object ``key`` is about."""
    either = [{"term": {"raw_key": key}}, {"term": {"replayed_as": key}}]
    query = {"bool": {"filter": [{"term": {"state": LetterState.REPLAYING}}], "should": either}}
    query["bool"]["minimum_should_match"] = 1
    body = {"query": query, "sort": [{"letter_id": "asc"}], "_source": False}
    return [hit["_id"] for hit in cluster.scan(INDEX, body)]


def close(cluster: Cluster, key: str) -> int:
    """End the letters of an object whose try is over, but for those that have failed again; returns how many."""
    return mark(cluster, _tried(cluster, key), _ended)


def reopen(cluster: Cluster, key: str, reason: str) -> int:
    """Open the letters of an object again, whose try has failed as a whole; returns how many."""
    return mark(cluster, _tried(cluster, key), _failed(clean(reason)[:EXCERPT_CHARS]))


def purge(cluster: Cluster, wanted: Wanted) -> int:
    """Delete letters for good; returns how many. Their records stay in the lake, and in the delivery account."""
    cluster.refresh(INDEX)
    body = {"query": wanted.query(), "sort": [{"letter_id": "asc"}], "_source": False}
    doomed = [hit["_id"] for hit in cluster.scan(INDEX, body)]
    _write(cluster, [bulk.Action(INDEX, letter_id, None) for letter_id in doomed])
    cluster.refresh(INDEX)
    return len(doomed)


def of_dataset(cluster: Cluster, dataset_id: str, *, limit: int) -> list[Doc]:
    """Return the first unsettled dead letters of a dataset in line order."""
    cluster.refresh(INDEX)
    body = {"query": Wanted(dataset_id=dataset_id).query(), "sort": [{"line": "asc"}], "size": limit}
    return [hit["_source"] for hit in cluster.search(INDEX, body)["hits"]["hits"]]
