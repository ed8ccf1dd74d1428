"""How far every piece of source data has come: the accounting behind *in = indexed + stale + dead-lettered + pending*.

A *slice* receipt counts the rows read from a dataset, an *arrival* the records of one object that came from a network
source or as an event; an *object* receipt follows one lake object. An object's state only moves forward: it is the
external version of the receipt, so a job that runs twice cannot set it back.

Dead-lettered records of an object are tried again in another *round* of its receipt: one write takes them from
dead-lettered to pending, while the others stay as they ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from creators.errors import CreatorscopeError
from creators.ids import content_hash
from creators.models import Lead
from creators.stores import bulk

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.lake import LakeObject

INDEX = "receipts"


class State(IntEnum):
    """How far an object is; ``DEAD`` and ``INDEXED`` are the ends."""

    LANDED = 1
    NORMALISED = 2
    ENRICHED = 3
    INDEXED = 4
    DEAD = 5


NEXT_JOB: dict[State, str] = {
    State.LANDED: "normalise_object",
    State.NORMALISED: "enrich_object",
    State.ENRICHED: "index_object",
}


class Settled(BaseModel):
    """How the records of an object ended that its present round is not about."""

    model_config = ConfigDict(frozen=True)

    indexed: int = 0
    stale: int = 0
    dead_lettered: int = 0
    """Negative where the object holds records that are booked as dead-lettered elsewhere."""
    dead: list[int] = []
    """Lines or places of those that are dead-lettered."""


class ObjectReceipt(BaseModel):
    """One lake object's way through the pipeline."""

    model_config = ConfigDict(frozen=True)

    key: str
    records: int
    state: State = State.LANDED
    dataset_id: str | None = None
    indexed: int = 0
    stale: int = 0
    dead_lettered: int = 0
    attempts: int = 0
    records_of: dict[str, list[str]] = {}
    """Line of the record in its file, or its place in the object → its account ids, for the records that were neither
    stale nor dead-lettered."""
    creator_ids: list[str] = []
    leads: list[Lead] = []
    """Whom the records name, until they have been offered to discovery."""
    fetched: dict[str, list[str]] = {}
    """Target → the accounts that its records describe."""
    urgent: bool = False
    """Whether somebody waits for it: it goes before what else is queued."""
    dead: list[int] = []
    """Lines or places of the records that are dead-lettered in this round, where they are known one by one."""
    round: int = 0
    """How often dead-lettered records have been tried again."""
    only: list[int] | None = None
    """Lines or places that this round is about; None for all."""
    settled: Settled = Settled()
    unresolved: int = 0
    """How many of its accounts are still to be compared with others; its records are visible all the same."""
    regroup: list[str] = []
    """Accounts whose evidence has been changed by a comparison, until they have been grouped anew."""
    lost_keys: dict[str, int] = {}
    """Key of identity → by how many of its accounts it has become less, until those who have it have been compared."""

    @property
    def due(self) -> int:
        """The number of records that this round is about."""
        return self.records if self.only is None else len(self.only)

    @property
    def is_open(self) -> bool:
        """Whether a step is still to be done."""
        return self.state in NEXT_JOB

    @property
    def all_dead(self) -> list[int]:
        """Lines or places of all records that are dead-lettered one by one."""
        return sorted({*self.settled.dead, *self.dead})

    def again(self, places: Collection[int]) -> ObjectReceipt | None:
        """Return the receipt of a further round, in which dead-lettered records are tried again.

        Args:
            places: of the records wanted; an object that died as a whole is tried as a whole.

        Returns:
            None where none of them is dead-lettered, or the object is on its way.
        """
        whole = self.state is State.DEAD and self.only is None
        chosen = None if whole else sorted({*self.all_dead}.intersection(places))
        if self.is_open or chosen == []:
            return None
        return ObjectReceipt(
            key=self.key,
            records=self.records,
            dataset_id=self.dataset_id,
            round=self.round + 1,
            only=chosen,
            settled=self.settled if chosen is None else self._settled_without(chosen),
        )

    def _settled_without(self, chosen: Sequence[int]) -> Settled:
        return Settled(
            indexed=self.settled.indexed + self.indexed,
            stale=self.settled.stale + self.stale,
            dead_lettered=self.settled.dead_lettered + self.dead_lettered - len(chosen),
            dead=[place for place in self.all_dead if place not in chosen],
        )


@dataclass(frozen=True, slots=True)
class SliceReceipt:
    """The ``rows`` rows of a dataset after line ``start``, up to line ``end``: read, and landed or dead-lettered."""

    dataset_id: str
    start: int
    end: int
    rows: int
    landed: int
    dead_lettered: int
    complete: bool
    """Whether the dataset ends here."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The delivery account of an installation or of one dataset, in source records."""

    rows_in: int
    indexed: int
    stale: int
    dead_lettered: int
    pending: int
    datasets_read: int
    """Datasets that have been read to their end."""
    unresolved: int = 0
    """Accounts that are visible and still to be compared with others, and creators that follow from it."""

    @property
    def is_balanced(self) -> bool:
        """Whether every record that came in is accounted for."""
        return self.rows_in == self.indexed + self.stale + self.dead_lettered + self.pending


_OWN = {"key", "records", "state", "dataset_id", "attempts", "unresolved"}
"""Fields of a receipt that its document has under their own names; the rest lies in ``work``."""
_ROUND = 8
"""More than there are states: the version of a receipt grows with every round."""


def receipt_id(key: str) -> str:
    """Return the document id of an object's receipt."""
    return content_hash(key.encode())[:32]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def action_of(receipt: ObjectReceipt) -> bulk.Action:
    """Return the write that books an object's state, for who sends it with others; else :func:`save`."""
    settled, is_open = receipt.settled, receipt.is_open
    doc = {
        "kind": "object",
        "key": receipt.key,
        "dataset_id": receipt.dataset_id,
        "state": receipt.state.name.lower(),
        "records": receipt.records,
        # What an unfinished round has booked so far is still pending as a whole.
        "indexed": settled.indexed + (0 if is_open else receipt.indexed),
        "stale": settled.stale + (0 if is_open else receipt.stale),
        "dead_lettered": settled.dead_lettered + (0 if is_open else receipt.dead_lettered),
        "pending": receipt.due if is_open else 0,
        "unresolved": receipt.unresolved,
        "attempts": receipt.attempts,
        "updated_at": _now(),
        "work": receipt.model_dump(mode="json", exclude=_OWN, exclude_defaults=True),
    }
    return bulk.Action(INDEX, receipt_id(receipt.key), doc, version=receipt.round * _ROUND + receipt.state)


def _parse(doc: dict[str, Any]) -> ObjectReceipt:
    return ObjectReceipt(
        key=doc["key"],
        records=doc["records"],
        state=State[doc["state"].upper()],
        dataset_id=doc.get("dataset_id"),
        attempts=doc["attempts"],
        unresolved=doc["unresolved"],
        **doc["work"],
    )


def _write(cluster: Cluster, actions: Sequence[bulk.Action]) -> bulk.BulkOutcome:
    outcome = bulk.write(cluster, actions)
    if outcome.refused:
        detail = f"a receipt was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)
    return outcome


def arrived(cluster: Cluster, objects: Sequence[LakeObject], *, urgent: bool = False) -> list[str]:
    """Book objects that came by themselves, not as rows of a dataset; returns as :func:`landed` does."""
    now = _now()
    actions = [
        bulk.Action(
            INDEX,
            f"arrival-{receipt_id(one.key)}",
            {"kind": "arrival", "key": one.key, "rows": one.records, "updated_at": now},
        )
        for one in objects
    ]
    # First: of an object that is booked, the account knows that it came in.
    _write(cluster, actions)
    return landed(cluster, objects, dataset_id=None, urgent=urgent)


def landed(
    cluster: Cluster, objects: Sequence[LakeObject], *, dataset_id: str | None, urgent: bool = False
) -> list[str]:
    """Book objects that lie in the lake; returns the keys of those that are not further on already."""
    actions = [
        action_of(ObjectReceipt(key=o.key, records=o.records, dataset_id=dataset_id, urgent=urgent)) for o in objects
    ]
    further_on = _write(cluster, actions).stale
    return [o.key for o in objects if receipt_id(o.key) not in further_on]


def save(cluster: Cluster, receipt: ObjectReceipt) -> None:
    """Book an object's new state."""
    _write(cluster, [action_of(receipt)])


def load(cluster: Cluster, key: str) -> ObjectReceipt | None:
    """Return an object's receipt."""
    doc = cluster.sources(INDEX, [receipt_id(key)]).get(receipt_id(key))
    return None if doc is None else _parse(doc)


def known(cluster: Cluster, keys: Sequence[str]) -> set[str]:
    """Return those of the lake objects ``keys`` that are booked."""
    by_id = {receipt_id(key): key for key in keys}
    return {by_id[found] for found in cluster.sources(INDEX, by_id, fields=[])}


def save_slice(cluster: Cluster, receipt: SliceReceipt) -> None:
    """Book the rows of one slice of a dataset."""
    doc = {
        "kind": "slice",
        "dataset_id": receipt.dataset_id,
        "start": receipt.start,
        "end": receipt.end,
        "rows": receipt.rows,
        "records": receipt.landed,
        "dead_lettered": receipt.dead_lettered,
        "complete": receipt.complete,
        "updated_at": _now(),
    }
    _write(cluster, [bulk.Action(INDEX, slice_id(receipt.dataset_id, receipt.start), doc)])


def slice_id(dataset_id: str, start: int) -> str:
    """Return the document id of a slice's receipt."""
    return f"slice-{dataset_id}-{start}"


def slices(cluster: Cluster, dataset_id: str) -> list[dict[str, Any]]:
    """Return the slice receipts of a dataset in row order."""
    body = {
        "query": {"bool": {"filter": [{"term": {"kind": "slice"}}, {"term": {"dataset_id": dataset_id}}]}},
        "sort": [{"start": "asc"}],
    }
    return [hit["_source"] for hit in cluster.scan(INDEX, body)]


def unfinished(cluster: Cluster, *, limit: int = 1000) -> list[ObjectReceipt]:
    """Return objects that have not reached an end, the longest untouched first."""
    # What was booked a moment ago must be seen, or it would be queued and done again.
    cluster.refresh(INDEX)
    body = {
        "query": {"bool": {"filter": [{"term": {"kind": "object"}}, {"terms": {"state": _open_states()}}]}},
        "sort": [{"updated_at": "asc"}],
        "size": limit,
    }
    return [_parse(hit["_source"]) for hit in cluster.search(INDEX, body)["hits"]["hits"]]


def unresolved(cluster: Cluster, *, limit: int = 1000) -> list[ObjectReceipt]:
    """Return objects that are indexed and whose accounts are still to be compared, the longest untouched first."""
    cluster.refresh(INDEX)
    indexed = [{"term": {"kind": "object"}}, {"term": {"state": State.INDEXED.name.lower()}}]
    body = {
        "query": {"bool": {"filter": [*indexed, {"range": {"unresolved": {"gt": 0}}}]}},
        "sort": [{"updated_at": "asc"}],
        "size": limit,
    }
    return [_parse(hit["_source"]) for hit in cluster.search(INDEX, body)["hits"]["hits"]]


def indexed(cluster: Cluster) -> Iterator[ObjectReceipt]:
    """Yield every object with records that is indexed."""
    cluster.refresh(INDEX)
    wanted = [{"term": {"kind": "object"}}, {"term": {"state": State.INDEXED.name.lower()}}]
    body = {"query": {"bool": {"filter": [*wanted, {"range": {"records": {"gt": 0}}}]}}, "sort": [{"key": "asc"}]}
    return (_parse(hit["_source"]) for hit in cluster.scan(INDEX, body))


def _open_states() -> list[str]:
    return [state.name.lower() for state in NEXT_JOB]


def balance(cluster: Cluster, dataset_id: str | None = None) -> Balance:
    """Return the delivery account, of one dataset or of everything."""
    cluster.refresh(INDEX)
    counted = ("rows", "indexed", "stale", "dead_lettered", "pending", "unresolved")
    sums = {name: {"sum": {"field": name}} for name in counted}
    aggs: dict[str, Any] = sums | {"done": {"filter": {"term": {"complete": True}}}}
    query = {"term": {"dataset_id": dataset_id}} if dataset_id else {"match_all": {}}
    found = cluster.search(INDEX, {"size": 0, "query": query, "aggs": aggs})["aggregations"]
    total = {name: int(found[name]["value"]) for name in sums}
    return Balance(
        rows_in=total["rows"],
        indexed=total["indexed"],
        stale=total["stale"],
        dead_lettered=total["dead_lettered"],
        pending=total["pending"],
        datasets_read=found["done"]["doc_count"],
        unresolved=total["unresolved"],
    )
