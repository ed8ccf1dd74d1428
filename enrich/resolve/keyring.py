"""The blocking keys of every account that may be matched, with its evidence: the index ``identity-keys``.

One search by key brings the candidates and all that their comparison needs. An account that may not be matched (its
owner or the operator does not want it, or it is gone) has no document, and nobody finds it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from creators.stores import bulk
from enrich import annotation_store, profiles
from enrich.profiles import account_version
from enrich.resolve.evidence import Evidence, evidence_of, of_json, to_json
from enrich.resolve.keys import blocking_keys

if TYPE_CHECKING:
    from creators.models import Account
    from creators.stores.cluster import Cluster
    from enrich.resolve.rules import Rules

INDEX = "identity-keys"
FEW = 300
"""Accounts that one answer brings whole; where more share a key, keys are counted first."""
KEYS_BATCH = 1_000
"""Keys that one search asks about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One account as matching sees it."""

    evidence: Evidence
    keys: frozenset[str]
    version: int
    """Of its profile; grows with time."""
    at: datetime
    """When the account was seen so."""

    @property
    def account_id(self) -> str:
        """Whose it is."""
        return self.evidence.account_id


def entry_of(account: Account) -> Entry:
    """Return the entry of an account."""
    evidence = evidence_of(account)
    return Entry(evidence, blocking_keys(evidence), account_version(account), account.fetched_at)


def takes_part(account: Account, rules: Rules) -> bool:
    """Return whether an account may be joined with others because it looks like them."""
    return account.may_merge and not account.gone and rules.allows(account.account_id)


def _parse(doc: Mapping[str, Any]) -> Entry:
    at = datetime.fromisoformat(doc["at"])
    return Entry(of_json(doc["evidence"]), frozenset(doc["keys"]), int(doc["version"]), at)


def load(cluster: Cluster, account_ids: Iterable[str]) -> dict[str, Entry]:
    """Return the entries that exist among accounts."""
    return {account_id: _parse(doc) for account_id, doc in cluster.sources(INDEX, account_ids).items()}


def load_with_accounts(cluster: Cluster, account_ids: Iterable[str]) -> tuple[dict[str, Account], dict[str, Entry]]:
    """Return the profiles, with how their pictures look, and the entries that exist among accounts; in one request."""
    wanted = sorted(set(account_ids))
    looks = {annotation_store.avatar_place(one): one for one in wanted}
    docs = cluster.documents([*map(profiles.place_of, wanted), *((INDEX, one) for one in wanted), *looks])
    seen = {looks[place]: annotation_store.annotation_of(docs.pop(place)) for place in looks if place in docs}
    accounts = {one: profiles.account_of(doc) for (index, one), doc in docs.items() if index != INDEX}
    accounts |= annotation_store.shown(accounts, seen)
    return accounts, {one: _parse(doc) for (index, one), doc in docs.items() if index == INDEX}


def save(
    cluster: Cluster, entries: Iterable[Entry], departed: Mapping[str, int], *, beside: Sequence[bulk.Action] = ()
) -> None:
    """Write entries, and delete those of accounts that take no part any more (with their version), visible at once.

    An entry that is newer in the index stays. ``beside`` is written in the same request where it is one; the order in
    which it is written is not defined.
    """
    actions = [bulk.Action(INDEX, account_id, None, version) for account_id, version in departed.items()]
    for entry in entries:
        doc = {
            "account_id": entry.account_id,
            "platform": entry.evidence.platform,
            "keys": sorted(entry.keys),
            "version": entry.version,
            "at": entry.at.isoformat(),
            "evidence": to_json(entry.evidence),
        }
        actions.append(bulk.Action(INDEX, entry.account_id, doc, entry.version))
    if actions or beside:
        # In one request where it is one: a single new account is waited for.
        is_one = len(actions) + len(beside) <= bulk.MAX_REQUEST_ITEMS
        bulk.write(cluster, [*beside, *actions], refresh=is_one and bool(actions))
        if not is_one:
            cluster.refresh(INDEX)


def everyone(cluster: Cluster) -> Iterator[Evidence]:
    """Yield the evidence of every account that may be matched, by account id."""
    body = {"query": {"match_all": {}}, "sort": [{"account_id": "asc"}], "_source": ["evidence"]}
    return (of_json(hit["_source"]["evidence"]) for hit in cluster.scan(INDEX, body))


def _batches(keys: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(keys)
    return (ordered[start : start + KEYS_BATCH] for start in range(0, len(ordered), KEYS_BATCH))


@dataclass(frozen=True, slots=True)
class Around:
    """How many accounts have each of some keys, and those who have one that few have."""

    counts: dict[str, int]
    entries: dict[str, Entry]


def search_for(keys: Collection[str]) -> dict[str, Any] | None:
    """Return the search whose answer :func:`around` can do with, where few have these keys; None for too many keys."""
    if len(keys) > KEYS_BATCH:
        return None
    query = {"bool": {"filter": [{"terms": {"keys": sorted(keys)}}]}}
    return {"size": FEW, "track_total_hits": FEW + 1, "query": query}


def around(cluster: Cluster, keys: Collection[str], *, limit: int, answer: Mapping[str, Any] | None = None) -> Around:
    """Return the accounts that have any of these keys, leaving out keys that more than ``limit`` accounts have.

    ``answer`` is what the search :func:`search_for` these keys has found; without, it is made here.
    """
    few = _few(cluster, keys, answer)
    if few is not None:
        found = dict.fromkeys(keys, 0)
        for entry in few.values():
            for key in entry.keys.intersection(found):
                found[key] += 1
    else:
        found = counts(cluster, keys)
    usable = {key for key in keys if found.get(key, 0) <= limit}
    entries = few if few is not None else members(cluster, usable)
    kept = {account_id: entry for account_id, entry in entries.items() if not usable.isdisjoint(entry.keys)}
    return Around(found, kept)


def _few(cluster: Cluster, keys: Collection[str], answer: Mapping[str, Any] | None) -> dict[str, Entry] | None:
    """Return all accounts that have any of these keys where one small answer holds them, else None."""
    body = search_for(keys)
    if body is None:
        return None
    found = answer or cluster.search(INDEX, body)
    if found["hits"]["total"]["value"] > FEW:
        return None
    return {hit["_source"]["account_id"]: _parse(hit["_source"]) for hit in found["hits"]["hits"]}


def counts(cluster: Cluster, keys: Collection[str]) -> dict[str, int]:
    """Return how many accounts have each key; a key that nobody has is left out."""
    found: dict[str, int] = {}
    for batch in _batches(keys):
        # Of the documents that have them: the ordinals of all keys would be built anew after every write.
        terms = {"field": "keys", "include": batch, "size": len(batch), "execution_hint": "map"}
        body = {"size": 0, "query": {"terms": {"keys": batch}}, "aggs": {"keys": {"terms": terms}}}
        buckets = cluster.search(INDEX, body)["aggregations"]["keys"]["buckets"]
        found |= {bucket["key"]: bucket["doc_count"] for bucket in buckets}
    return found


def members(cluster: Cluster, keys: Collection[str]) -> dict[str, Entry]:
    """Return the accounts that have any of these keys, with their entries."""
    found: dict[str, Entry] = {}
    for batch in _batches(keys):
        body = {"query": {"bool": {"filter": [{"terms": {"keys": batch}}]}}, "sort": [{"account_id": "asc"}]}
        for hit in cluster.scan(INDEX, body):
            entry = _parse(hit["_source"])
            found[entry.account_id] = entry
    return found
