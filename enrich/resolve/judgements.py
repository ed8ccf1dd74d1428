"""What people have decided about pairs of accounts.

A judgement is a record of the lake first: it is never changed, and a rebuild reads it again. In the index it is an edge
for each of its pairs. The latest judgement of a pair stands; the earlier ones stay visible.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from creators.ids import content_hash, parse_account_id
from creators.models import Frozen, Instant
from creators.stores import bulk
from creators.stores.lake import JUDGEMENTS
from enrich.resolve.edges import Pair, pair_of

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.lake import Lake

EDGES = "identity-edges"
KIND = "judgement"
MAX_PAIRS = 2_500
"""As many as two groups of 50 accounts have between them."""

Decision = Literal["same", "different", "unsure"]
"""``unsure`` leaves it to the evidence, and takes back what was decided before."""
Purpose = Literal["review", "merge", "unmerge"]


class Judgement(Frozen):
    """One decision of one person about one or more pairs of accounts."""

    pairs: Annotated[tuple[Pair, ...], Field(min_length=1, max_length=MAX_PAIRS)]
    decision: Decision
    user: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=2_000)] | None = None
    at: Instant
    purpose: Purpose = "review"

    @field_validator("pairs")
    @classmethod
    def _sorted(cls, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        for account_id in (one for pair in pairs for one in pair):
            parse_account_id(account_id)
        if any(left == right for left, right in pairs):
            message = "an account is not compared with itself"
            raise ValueError(message)
        return tuple(sorted({pair_of(*pair) for pair in pairs}))

    @property
    def accounts(self) -> list[str]:
        """The accounts that it is about, sorted."""
        return sorted({account_id for pair in self.pairs for account_id in pair})


class Decided(Frozen):
    """One pair of a judgement, as it stands in the index."""

    left: str
    right: str
    decision: Decision
    user: str
    note: str | None = None
    at: Instant
    purpose: Purpose
    record: str
    """Name of the judgement: the checksum of its record in the lake."""

    @property
    def pair(self) -> Pair:
        """The two accounts."""
        return self.left, self.right


def together(groups: Iterable[Iterable[str]]) -> list[Pair]:
    """Return the pairs that, judged the same, keep all accounts of some groups together."""
    accounts = sorted({account_id for group in groups for account_id in group})
    return [pair_of(*pair) for pair in combinations(accounts, 2)]


def between(leaving: Iterable[str], staying: Iterable[str]) -> list[Pair]:
    """Return the pairs that, judged different, keep two groups apart."""
    others = list(staying)
    return sorted(pair_of(one, other) for one in leaving for other in others)


def store(lake: Lake, judgement: Judgement) -> str:
    """Write a judgement into the lake and return its key; the same judgement again changes nothing."""
    payload = json.dumps(judgement.model_dump(mode="json"), sort_keys=True, ensure_ascii=False).encode()
    key = f"{JUDGEMENTS}/{judgement.at:%Y/%m/%d}/{content_hash(payload)}.json"
    lake.create(key, payload)
    return key


def load(lake: Lake, key: str) -> Judgement:
    """Return a judgement; raises :class:`NotFound`."""
    return Judgement.model_validate_json(lake.get(key))


def is_judgement(key: str) -> bool:
    """Return whether a key of the lake names a judgement."""
    return key.startswith(f"{JUDGEMENTS}/")


def record_of(key: str) -> str:
    """Return the name of the judgement that lies under a key."""
    return PurePosixPath(key).stem


def save_edges(cluster: Cluster, key: str, judgement: Judgement) -> None:
    """Write an edge for each pair of a judgement, visible at once."""
    bulk.write(cluster, _actions(key, judgement), refresh=True)


def _actions(key: str, judgement: Judgement) -> Iterator[bulk.Action]:
    record = record_of(key)
    for left, right in judgement.pairs:
        edge_id = content_hash(f"{left}|{right}|{record}".encode())[:32]
        doc: dict[str, Any] = {
            "edge_id": edge_id,
            "left": left,
            "right": right,
            "kind": KIND,
            "decision": judgement.decision,
            "record": record,
            "at": judgement.at.isoformat(),
            "evidence": {"user": judgement.user, "note": judgement.note, "purpose": judgement.purpose},
        }
        yield bulk.Action(EDGES, edge_id, doc)


def decided_of(doc: dict[str, Any]) -> Decided:
    """Return the judgement that a document of the index holds."""
    told = {name: doc[name] for name in ("left", "right", "decision", "at", "record")}
    return Decided(**told, **doc["evidence"])


def standing(found: Iterable[Decided]) -> dict[Pair, Decided]:
    """Return the judgement that stands of each pair: the latest, of two at one time the one with the greater name."""
    latest: dict[Pair, Decided] = {}
    for one in sorted(found, key=lambda decided: (decided.at, decided.record)):
        latest[one.pair] = one
    return latest


def history(cluster: Cluster, account_ids: Iterable[str]) -> list[Decided]:
    """Return every judgement about any of these accounts, the oldest first, superseded ones too."""
    either = [{"terms": {"left": sorted(set(account_ids))}}, {"terms": {"right": sorted(set(account_ids))}}]
    query = {"bool": {"filter": [{"term": {"kind": KIND}}, {"bool": {"should": either}}]}}
    hits = cluster.scan(EDGES, {"query": query, "sort": [{"at": "asc"}, {"edge_id": "asc"}]})
    return [decided_of(hit["_source"]) for hit in hits]


def of_record(cluster: Cluster, record: str) -> list[Decided]:
    """Return the pairs of the judgement with this name; none where there is no such judgement."""
    query = {"bool": {"filter": [{"term": {"kind": KIND}}, {"term": {"record": record}}]}}
    hits = cluster.scan(EDGES, {"query": query, "sort": [{"edge_id": "asc"}]})
    return [decided_of(hit["_source"]) for hit in hits]


def everything(cluster: Cluster) -> Iterator[Decided]:
    """Yield every judgement that stands or stood, the oldest first."""
    body = {"query": {"term": {"kind": KIND}}, "sort": [{"at": "asc"}, {"edge_id": "asc"}]}
    return (decided_of(hit["_source"]) for hit in cluster.scan(EDGES, body))
