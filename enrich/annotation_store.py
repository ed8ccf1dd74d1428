"""What was read from media of accounts, in its index: one document for a medium of an account and a method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from creators.annotations import Annotation
from creators.errors import CreatorscopeError
from creators.ids import content_hash, version_of
from creators.stores import bulk

if TYPE_CHECKING:
    from creators.models import Account
    from creators.stores.cluster import Cluster

INDEX = "annotations"
PER_ACCOUNT = 100
"""As many of the newest as signals look at."""
_BATCH = 100
_AVATAR = "avatar"
"""In place of medium and method: an account has one picture of its own, and the newest stands."""


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
    what = _AVATAR if one.is_avatar else f"{one.medium}\n{one.method}"
    doc_id = content_hash(f"{one.account_id}\n{what}".encode())
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


def avatar_place(account_id: str) -> tuple[str, str]:
    """Return the index and the id of what is known about how the picture of an account looks."""
    return INDEX, content_hash(f"{account_id}\n{_AVATAR}".encode())


def avatars(cluster: Cluster, account_ids: Iterable[str]) -> dict[str, Annotation]:
    """Return how the picture of each account looks, where somebody has looked; as written last, not as of a refresh."""
    by_id = {avatar_place(account_id)[1]: account_id for account_id in account_ids}
    docs = cluster.sources(INDEX, by_id, fields=["annotation"]) if by_id else {}
    return {by_id[doc_id]: annotation_of(doc) for doc_id, doc in docs.items()}


def annotation_of(doc: Mapping[str, object]) -> Annotation:
    """Return the annotation that a document of the index holds."""
    return Annotation.model_validate(doc["annotation"])


def with_avatars(cluster: Cluster, accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Return accounts with the hash of their picture, where it is known and they do not carry one themselves.

    Such an account is as new as the look at its picture: its version grows with that, as with any other change.
    """
    bare = [account_id for account_id, one in accounts.items() if one.avatar_url and not one.avatar_hash]
    return dict(accounts) | shown(accounts, avatars(cluster, bare))


def shown(accounts: Mapping[str, Account], looks: Mapping[str, Annotation]) -> dict[str, Account]:
    """Return those of some accounts whose picture has a hash by ``looks``, with it; see :func:`with_avatars`."""
    return {
        account_id: accounts[account_id].model_copy(
            update={"avatar_hash": one.avatar_hash, "fetched_at": max(accounts[account_id].fetched_at, one.fetched_at)}
        )
        for account_id, one in looks.items()
        if account_id in accounts and one.avatar_hash and not accounts[account_id].avatar_hash
    }


def each(cluster: Cluster, account_id: str | None = None) -> Iterator[Annotation]:
    """Yield every annotation, of one account or of all, in the order of accounts."""
    query = {"match_all": {}} if account_id is None else {"term": {"account_id": account_id}}
    body = {"query": query, "sort": [{"account_id": "asc"}, {"medium": "asc"}, {"fetched_at": "asc"}]}
    cluster.refresh(INDEX)
    for hit in cluster.scan(INDEX, body):
        yield Annotation.model_validate(hit["_source"]["annotation"])


def _of(docs: Iterable[dict[str, object]]) -> tuple[Annotation, ...]:
    return tuple(map(annotation_of, docs))
