"""The ledger of pictures that profiles and posts name: which are still to be looked at, and how it went.

A picture is offered once; whoever offers it again changes nothing. Who works on some claims them: they come due again
by themselves should their worker die, and each claim counts, so that a picture that ends its worker is given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from creators.errors import CreatorscopeError
from creators.ids import content_hash
from creators.stores import bulk

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "pictures"
CLAIM = timedelta(minutes=10)
"""What is claimed comes due again after so long: longer than any job."""
ID_DIGITS = 32
TARGET = "picture"
"""Before the id of a picture in a dead letter."""

Json = dict[str, Any]
PictureKind = Literal["avatar", "post"]


class PictureState(StrEnum):
    """What will happen to a picture."""

    WAITING = "waiting"
    """It is looked at when it is due."""
    SEEN = "seen"
    """It lies in the lake, with what was read from it."""
    FAILED = "failed"
    """It was given up; a dead letter says why."""
    WITHHELD = "withheld"
    """The account is gone, or its owner lets nothing be computed from it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of one account.

    Attributes:
        account_id: whose it is.
        url: where it lies.
        kind: avatar, or of a post.
        due_at: UTC.
        attempts: claims so far, that of this very moment included.
        medium: SHA-256 of its bytes, once they are known.
    """

    account_id: str
    url: str
    kind: PictureKind
    due_at: datetime
    state: PictureState = PictureState.WAITING
    attempts: int = 0
    medium: str | None = None
    error: str | None = None

    @property
    def picture_id(self) -> str:
        """The same path of the same account is the same picture: hosts and queries of such addresses change daily."""
        return content_hash(f"{self.account_id}\n{self.kind}\n{_path(self.url)}".encode())[:ID_DIGITS]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return url


def _doc(picture: Picture) -> Json:
    return {
        "account_id": picture.account_id,
        "url": picture.url,
        "kind": picture.kind,
        "state": picture.state,
        "due_at": picture.due_at.isoformat(),
        "attempts": picture.attempts,
    }


def _parse(doc: Json) -> Picture:
    told = {"due_at": datetime.fromisoformat(doc["due_at"]), "state": PictureState(doc["state"])}
    return Picture(**{**doc, **told})


def _write(cluster: Cluster, actions: Iterable[bulk.Action]) -> set[str]:
    outcome = bulk.write(cluster, actions)
    if outcome.refused:
        detail = f"a picture was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)
    return outcome.written


def offer(cluster: Cluster, pictures: Iterable[Picture]) -> int:
    """Enter the pictures that are not there yet; returns how many these were.

    Raises:
        ClusterUnavailable: as :func:`creators.stores.bulk.write`; offering all of them again is harmless.
    """
    new = {one.picture_id: one for one in pictures}
    return len(_write(cluster, (bulk.Action(INDEX, key, _doc(one), how="create") for key, one in new.items())))


def claim(cluster: Cluster, now: datetime, *, limit: int) -> list[Picture]:
    """Return pictures that are due, the longest due first, and see to it that nobody else takes them for a while.

    One that was claimed before and never settled comes alone: if it ended its worker, it ends no neighbour's.
    Two who claim in the same moment may get the same: looking twice changes nothing.
    """
    cluster.refresh(INDEX)
    body = {"query": _due(now), "sort": [{"due_at": "asc"}, {"account_id": "asc"}], "size": limit}
    found = [_parse(hit["_source"]) for hit in cluster.search(INDEX, body)["hits"]["hits"]]
    tried = next((number for number, one in enumerate(found) if one.attempts), None)
    taken = found if tried is None else found[: max(tried, 1)]
    claimed = [replace(one, attempts=one.attempts + 1, due_at=now + CLAIM) for one in taken]
    _write(cluster, [_change(one, {"attempts": one.attempts, "due_at": one.due_at.isoformat()}) for one in claimed])
    return claimed


def _due(now: datetime) -> Json:
    return {
        "bool": {"filter": [{"term": {"state": PictureState.WAITING}}, {"range": {"due_at": {"lte": now.isoformat()}}}]}
    }


def _change(picture: Picture, changes: Json) -> bulk.Action:
    return bulk.Action(INDEX, picture.picture_id, changes, how="update")


def settle(cluster: Cluster, pictures: Sequence[Picture]) -> None:
    """Book how claimed pictures ended, or when they are tried again."""
    _write(cluster, [_change(one, _doc(one) | {"medium": one.medium, "error": one.error}) for one in pictures])


def again(cluster: Cluster, picture_ids: Sequence[str], now: datetime) -> int:
    """Have pictures that were given up looked at again; returns how many there are."""
    known = cluster.sources(INDEX, picture_ids)
    change = {"state": PictureState.WAITING, "due_at": now.isoformat(), "attempts": 0, "error": None}
    _write(cluster, [bulk.Action(INDEX, one, change, how="update") for one in known])
    return len(known)


def is_any_due(cluster: Cluster, now: datetime) -> bool:
    """Return whether a picture waits to be looked at, as of the last refresh."""
    return bool(cluster.search(INDEX, {"query": _due(now), "size": 1, "_source": False})["hits"]["hits"])


def counts(cluster: Cluster) -> dict[tuple[str, str], int]:
    """Return how many pictures there are of each kind and state."""
    cluster.refresh(INDEX)
    sources = [{name: {"terms": {"field": name}}} for name in ("kind", "state")]
    body = {"size": 0, "aggs": {"all": {"composite": {"size": 100, "sources": sources}}}}
    buckets = cluster.search(INDEX, body)["aggregations"]["all"]["buckets"]
    return {(bucket["key"]["kind"], bucket["key"]["state"]): bucket["doc_count"] for bucket in buckets}
