"""Pairs that wait for a person's decision: the index ``identity-reviews`` holds those that are open, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from creators.errors import NotFound
from creators.ids import parse_account_id
from creators.models import Frozen, Instant, Platform
from creators.stores import bulk
from enrich.resolve.edges import Pair, pair_id

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "identity-reviews"
Order = Literal["uncertainty", "probability", "newest"]
_SORTS: dict[Order, list[dict[str, str]]] = {
    "uncertainty": [{"uncertainty": "desc"}, {"review_id": "asc"}],
    "probability": [{"probability": "desc"}, {"review_id": "asc"}],
    "newest": [{"at": "desc"}, {"review_id": "asc"}],
}


class PartView(Frozen):
    """One comparison of two accounts: what it found, and how much that weighs."""

    name: str
    level: str
    weight: float
    """Bits: log2 of how much more often accounts of one person show this than accounts of two."""
    detail: str


class OpenPair(Frozen):
    """A pair of accounts that somebody should look at."""

    review_id: str
    left: str
    right: str
    probability: float
    reason: Literal["probability", "conflict"]
    weight: float
    parts: tuple[PartView, ...]
    """Their weights sum to ``weight``."""
    model: str
    at: Instant

    @property
    def pair(self) -> Pair:
        """The two accounts."""
        return self.left, self.right


class Wanted(Frozen):
    """Which open pairs to return."""

    platform: Platform | None = None
    reason: Literal["probability", "conflict"] | None = None
    order: Order = "uncertainty"
    limit: int = 20
    offset: int = 0


def action_of(match: dict[str, Any], reason: str | None) -> bulk.Action:
    """Return the write that opens the review of a match for a reason, or closes it for None."""
    pair = (match["left"], match["right"])
    if reason is None:
        return deletion_of(pair)
    doc = {
        "review_id": pair_id(pair),
        "left": pair[0],
        "right": pair[1],
        "platforms": sorted({parse_account_id(account_id)[0] for account_id in pair}),
        "probability": match["probability"],
        "uncertainty": round(1 - abs(2 * match["probability"] - 1), 6),
        "reason": reason,
        "model": match["model"],
        "at": match["at"],
        "evidence": match["evidence"],
    }
    return bulk.Action(INDEX, doc["review_id"], doc)


def deletion_of(pair: Pair) -> bulk.Action:
    """Return the write that closes the review of a pair."""
    return bulk.Action(INDEX, pair_id(pair), None)


def _view(doc: dict[str, Any]) -> OpenPair:
    told = {name: doc[name] for name in ("review_id", "left", "right", "probability", "reason", "model", "at")}
    return OpenPair(**told, **doc["evidence"])


def find(cluster: Cluster, wanted: Wanted) -> tuple[int, list[OpenPair]]:
    """Return how many pairs are open, and those of one page."""
    terms = {"platforms": wanted.platform, "reason": wanted.reason}
    cluster.refresh(INDEX)
    answer = cluster.search(
        INDEX,
        {
            "query": {"bool": {"filter": [{"term": {name: value}} for name, value in terms.items() if value]}},
            "sort": _SORTS[wanted.order],
            "from": wanted.offset,
            "size": wanted.limit,
            "track_total_hits": True,
        },
    )
    return answer["hits"]["total"]["value"], [_view(hit["_source"]) for hit in answer["hits"]["hits"]]


def load(cluster: Cluster, review_id: str) -> OpenPair:
    """Return an open pair; raises :class:`NotFound` where none is open under the id."""
    doc = cluster.sources(INDEX, [review_id]).get(review_id)
    if doc is None:
        detail = f"no pair waits for a decision under the id {review_id!r}: it was decided, or the evidence has changed"
        raise NotFound(detail)
    return _view(doc)
