"""What was read from media of accounts, in its index: one document for a medium of an account and a method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from creators.annotations import Annotation
from creators.errors import CreatorscopeError
from creators.ids import content_hash, version_of
from creators.stores import bulk

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "annotations"
PER_ACCOUNT = 100
"""As many of the newest as signals look at."""
_BATCH = 100


def save(cluster: Cluster, annotations: Sequence[Annotation]) -> None:
    """Write annotations; of one medium read twice by one method the newer stands.

    Raises:
        CreatorscopeError: one was refused.
    """
    if not annotations:
        return
    outcome = bulk.write(cluster, [_action(one) for one in annotations], refresh=True)
    if outcome.refused:
        detail = f"an annotation was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)


def _action(one: Annotation) -> bulk.Action:
    doc = {
        "account_id": one.account_id,
        "medium": one.medium,
        "fetched_at": one.fetched_at.isoformat(),
        "annotation": one.model_dump(mode="json", exclude_defaults=True),
    }
    doc_id = content_hash(f"{one.account_id}\n{one.medium}\n{one.method}".encode())
    version = version_of(int(one.fetched_at.timestamp() * 1000), content_hash(one.model_dump_json().encode()))
    return bulk.Action(INDEX, doc_id, doc, version)


def load(cluster: Cluster, account_ids: Sequence[str]) -> dict[str, tuple[Annotation, ...]]:
    """Return the newest annotations of each account that has any, newest first, at most ``PER_ACCOUNT``."""
    found: dict[str, tuple[Annotation, ...]] = {}
    newest_first = [{"fetched_at": "desc"}, {"medium": "asc"}]
    for start in range(0, len(account_ids), _BATCH):
        batch = list(account_ids[start : start + _BATCH])
        inner = {"name": "newest", "size": PER_ACCOUNT, "sort": newest_first, "_source": ["annotation"]}
        body = {
            "size": len(batch),
            "_source": False,
            "track_total_hits": False,
            "query": {"bool": {"filter": [{"terms": {"account_id": batch}}]}},
            "collapse": {"field": "account_id", "inner_hits": inner},
        }
        for hit in cluster.search(INDEX, body)["hits"]["hits"]:
            newest = _of(one["_source"] for one in hit["inner_hits"]["newest"]["hits"]["hits"])
            found[newest[0].account_id] = newest
    return found


def each(cluster: Cluster, account_id: str | None = None) -> Iterator[Annotation]:
    """Yield every annotation, of one account or of all, in the order of accounts."""
    query = {"match_all": {}} if account_id is None else {"term": {"account_id": account_id}}
    body = {"query": query, "sort": [{"account_id": "asc"}, {"medium": "asc"}, {"fetched_at": "asc"}]}
    cluster.refresh(INDEX)
    for hit in cluster.scan(INDEX, body):
        yield Annotation.model_validate(hit["_source"]["annotation"])


def _of(docs: Iterable[dict[str, object]]) -> tuple[Annotation, ...]:
    return tuple(Annotation.model_validate(doc["annotation"]) for doc in docs)
