"""The one bulk writer: every document that reaches OpenSearch goes through :func:`write`.

The stock helper drops single items that were answered 429 or 503 and dies on a lone surrogate; here each item ends
in exactly one of *written*, *stale* (a newer version is there already) or *refused* (with OpenSearch's reason).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from creators.errors import ClusterUnavailable, IndexNotReady
from creators.text import replace_lone_surrogates

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

MAX_REQUEST_BYTES = 5_000_000
MAX_REQUEST_ITEMS = 500
TRANSIENT = frozenset({429, 502, 503, 504})
CONFLICT = 409
MISSING = 404
NO_INDEX = "index_not_found_exception"
ATTEMPTS = 6
FIRST_WAIT_S = 0.2
MAX_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Action:
    """One write: ``version`` makes it external (``external_gte``), so that replays and reordering are harmless."""

    index: str
    doc_id: str
    doc: dict[str, Any] | None
    version: int | None = None

    @property
    def verb(self) -> Literal["index", "delete"]:
        """A missing document is a deletion."""
        return "delete" if self.doc is None else "index"


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
    lines = [{action.verb: meta}] if action.doc is None else [{action.verb: meta}, action.doc]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return replace_lone_surrogates(text).encode()


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


def _sort_items(
    batch: list[tuple[Action, bytes]], items: list[dict[str, Any]], outcome: BulkOutcome
) -> list[tuple[Action, bytes]]:
    """Book every item that has ended and return those to send again."""
    again: list[tuple[Action, bytes]] = []
    for entry, item in zip(batch, items, strict=True):
        action = entry[0]
        answer = next(iter(item.values()))
        status = answer["status"]
        if answer.get("error", {}).get("type") == NO_INDEX:
            # No fault of the item: the index is being made again, or was never made.
            detail = f"the index {action.index} is not there: it is being rebuilt, or was never made"
            raise IndexNotReady(detail)
        if status in TRANSIENT:
            again.append(entry)
        elif status == CONFLICT:
            outcome.stale.add(action.doc_id)
        elif "error" not in answer or (status == MISSING and action.doc is None):
            outcome.written.add(action.doc_id)
        else:
            error = answer["error"]
            outcome.refused.append(Refusal(action, f"{error['type']}: {error['reason']}"))
    return again


def write(cluster: Cluster, actions: Iterable[Action], *, refresh: bool = False) -> BulkOutcome:
    """Send the actions and return where each ended.

    Raises:
        ClusterUnavailable: the cluster does not answer, or keeps answering 429 or 503, after all attempts. What was
            written stays written; sending everything again is harmless.
        IndexNotReady: an index is not there; as above.
    """
    outcome = BulkOutcome()
    for request in requests_of(actions, cluster):
        batch = request
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = cluster.bulk(b"".join(line for _, line in batch).decode(), refresh=refresh)
                batch = _sort_items(batch, answer["items"], outcome)
                problem = ClusterUnavailable(f"OpenSearch still refuses {len(batch)} items for lack of room")
            except ClusterUnavailable as error:
                problem = error
            if not batch:
                break
            if attempt == ATTEMPTS:
                raise problem
            wait = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
            time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
    return outcome
