"""The one bulk writer: every document that reaches OpenSearch goes through :func:`write`.

The stock helper drops single items that were answered 429 or 503 and dies on a lone surrogate; here each item ends
in exactly one of *written*, *stale* (a newer version is there already) or *refused* (with OpenSearch's reason).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson

from creators.errors import ClusterUnavailable, IndexNotReady
from creators.ids import MAX_ID_BYTES
from creators.text import replace_lone_surrogates

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

MAX_REQUEST_BYTES = 5_000_000
MAX_REQUEST_ITEMS = 500
TRANSIENT = frozenset({429, 502, 503, 504})
CONFLICT = 409
MISSING = 404
NO_INDEX = "index_not_found_exception"
BLOCKED = "cluster_block_exception"
ATTEMPTS = 6
FIRST_WAIT_S = 0.2
MAX_WAIT_S = 5.0
_NOT_READY = "the index {index} takes nothing now: it is being rebuilt, or was never made"
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
"""Platforms are keys, too."""


@dataclass(frozen=True, slots=True)
class Action:
    """One write: ``version`` makes it external (``external_gte``), so that replays and reordering are harmless."""

    index: str
    doc_id: str
    doc: dict[str, Any] | None
    version: int | None = None
    how: Literal["index", "create", "update"] = "index"
    """``create`` leaves a document that is there as it is (stale); ``update`` changes the fields that are given."""

    @property
    def verb(self) -> Literal["index", "create", "update", "delete"]:
        """A missing document is a deletion."""
        return "delete" if self.doc is None else self.how


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that OpenSearch will never take, with its reason."""

    action: Action
    reason: str


@dataclass(slots=True)
class BulkOutcome:
    """Where each item ended, by document id."""

    written: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)


def _line(action: Action, name: str) -> bytes:
    meta: dict[str, Any] = {"_index": name, "_id": action.doc_id}
    if action.version is not None:
        meta |= {"version": action.version, "version_type": "external_gte"}
    if action.verb == "update":
        meta["retry_on_conflict"] = ATTEMPTS
    doc = {"doc": action.doc} if action.verb == "update" else action.doc
    lines = [{action.verb: meta}] if doc is None else [{action.verb: meta}, doc]
    return b"".join(encoded(line) + b"\n" for line in lines)


def encoded(value: Mapping[Any, Any]) -> bytes:
    """Return JSON in UTF-8; arrays of numbers are taken too, and a lone surrogate becomes U+FFFD."""
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        # Half a character, or an integer of more than 64 bits: the standard library takes them.
        return _encoded_slowly(value)
    # It writes what is no number as null, and the field would be empty: OpenSearch is to refuse it, with a reason.
    return _encoded_slowly(value) if b"null" in data else data


def _encoded_slowly(value: Mapping[Any, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return replace_lone_surrogates(text).encode()


def _plain(value: Any) -> Any:
    """Return an array as a list; nothing else is taken that :mod:`json` does not take."""
    if hasattr(value, "tolist"):
        return value.tolist()
    detail = f"a document holds a {type(value).__name__}, which JSON has no form for"
    raise TypeError(detail)


def requests_of(actions: Iterable[Action], cluster: Cluster) -> Iterator[list[tuple[Action, bytes]]]:
    """Yield the actions in requests of at most 5 MB and 500 items; an item larger than that goes alone."""
    batch: list[tuple[Action, bytes]] = []
    size = 0
    for action in actions:
        line = _line(action, cluster.name(action.index))
        if batch and (size + len(line) > MAX_REQUEST_BYTES or len(batch) >= MAX_REQUEST_ITEMS):
            yield batch
            batch, size = [], 0
        batch.append((action, line))
        size += len(line)
    if batch:
        yield batch


def _with_good_ids(actions: Iterable[Action], outcome: BulkOutcome) -> Iterator[Action]:
    """Pass on what can be sent: for one bad id OpenSearch would refuse the whole request."""
    for action in actions:
        if 0 < len(action.doc_id.encode("utf-8", "replace")) <= MAX_ID_BYTES:
            yield action
        else:
            outcome.refused.append(Refusal(action, f"its id is empty, or longer than {MAX_ID_BYTES} bytes"))


def _sort_items(
    batch: list[tuple[Action, bytes]], items: list[dict[str, Any]], outcome: BulkOutcome
) -> list[tuple[Action, bytes]]:
    """Book every item that has ended and return those to send again."""
    again: list[tuple[Action, bytes]] = []
    for entry, item in zip(batch, items, strict=True):
        action = entry[0]
        answer = next(iter(item.values()))
        status = answer["status"]
        if answer.get("error", {}).get("type") in {NO_INDEX, BLOCKED}:
            # No fault of the item: the index is being made again or copied, or was never made.
            raise IndexNotReady(_NOT_READY.format(index=action.index))
        if status in TRANSIENT or (status == CONFLICT and action.verb == "update"):
            again.append(entry)
        elif status == CONFLICT:
            outcome.stale.add(action.doc_id)
        elif "error" not in answer or (status == MISSING and action.doc is None):
            outcome.written.add(action.doc_id)
        else:
            error = answer["error"]
            outcome.refused.append(Refusal(action, f"{error['type']}: {error['reason']}"))
    return again


def _check_deletions(cluster: Cluster, batch: list[tuple[Action, bytes]]) -> None:
    """Refuse deletions where there is nothing: for one with a version OpenSearch makes the index that it lacks."""
    wanted = {action.index for action, _ in batch if action.doc is None and action.version is not None}
    if wanted and (lost := wanted - set().union(*cluster.aliases().values())):
        raise IndexNotReady(_NOT_READY.format(index=min(lost)))


def write(cluster: Cluster, actions: Iterable[Action], *, refresh: bool = False) -> BulkOutcome:
    """Send the actions and return where each ended.

    Raises:
        ClusterUnavailable: the cluster does not answer, or answers 429 or 503 to all that is left, ``ATTEMPTS`` times
            in a row. What was written stays written; sending everything again is harmless.
        IndexNotReady: an index is not there; as above.
    """
    outcome = BulkOutcome()
    for request in requests_of(_with_good_ids(actions, outcome), cluster):
        _check_deletions(cluster, request)
        batch, stalled = request, 0
        while batch:
            before = len(batch)
            try:
                answer = cluster.bulk(b"".join(line for _, line in batch), refresh=refresh)
                batch = _sort_items(batch, answer["items"], outcome)
                problem = ClusterUnavailable(f"OpenSearch still refuses {len(batch)} items for lack of room")
            except ClusterUnavailable as error:
                problem = error
            # What gets on, however slowly, is not given up: giving up would send all of it again.
            stalled = 0 if len(batch) < before else stalled + 1
            if stalled == ATTEMPTS:
                raise problem
            if batch:
                wait = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** max(0, stalled - 1))
                time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
    return outcome
