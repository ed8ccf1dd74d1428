"""The normalised truth in its indices: one profile an account, its history, its posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from creators.ids import account_id as account_id_of
from creators.ids import content_hash, is_provisional, parse_account_id, version_of
from creators.models import Account, Observation, Post
from creators.stores import bulk
from creators.text import normalise_handle

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

POSTS_PER_ACCOUNT = 60
"""As many recent posts as any signal looks at."""
TERMS_BATCH = 500
POSTS_BATCH = 100
"""Accounts whose posts are asked for at once."""


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def account_version(account: Account) -> int:
    """Return the external version of a profile: its time, ties broken by content."""
    return version_of(_ms(account.fetched_at), content_hash(account.model_dump_json().encode()))


def newest(accounts: Iterable[Account]) -> dict[str, Account]:
    """Return the newest record of each account, the one that the index would keep."""
    kept: dict[str, Account] = {}
    for account in accounts:
        other = kept.get(account.account_id)
        if other is None or account_version(account) > account_version(other):
            kept[account.account_id] = account
    return kept


def _profile(account: Account, raw_key: str) -> bulk.Action:
    doc = {
        "account_id": account.account_id,
        "platform": account.platform,
        "native_id": account.native_id,
        "handle": normalise_handle(account.handle) if account.handle else None,
        "person_key": account.person_key,
        "source": account.source,
        "raw_key": raw_key,
        "fetched_at": account.fetched_at.isoformat(),
        "account": account.model_dump(mode="json", exclude_defaults=True),
    }
    return bulk.Action(f"profiles-{account.platform}", account.account_id, doc, account_version(account))


def _observations(account: Account) -> list[bulk.Action]:
    actions = []
    # That it is gone counts nothing.
    for seen in (*account.history, *(() if account.gone else (account.observation,))):
        doc = seen.model_dump(mode="json", exclude_none=True) | {"account_id": account.account_id}
        if seen.handle:
            doc["handle"] = normalise_handle(seen.handle)
        # One point a day; the latest of a day stands.
        point_id = f"{account.account_id}@{seen.at:%Y-%m-%d}"
        version = version_of(_ms(seen.at), content_hash(seen.model_dump_json().encode()))
        actions.append(bulk.Action("observations", point_id, doc, version))
    return actions


def _post(post: Post) -> bulk.Action:
    doc = {
        "post_id": post.post_id,
        "account_id": post.account_id,
        "posted_at": post.posted_at.isoformat() if post.posted_at else None,
        "fetched_at": post.fetched_at.isoformat(),
        "source": post.source,
        "post": post.model_dump(mode="json", exclude_defaults=True),
    }
    version = version_of(_ms(post.fetched_at), content_hash(post.model_dump_json().encode()))
    return bulk.Action(f"posts-{post.platform}", post.post_id, doc, version)


def save(cluster: Cluster, accounts: Sequence[Account], posts: Sequence[Post], *, raw_key: str) -> bulk.BulkOutcome:
    """Write accounts with their history and posts; returns where each account's profile ended.

    An account whose history or post was refused is refused, too. History and posts are searchable when this returns,
    because the next stages look them up by account.
    """
    history = [action for account in accounts for action in _observations(account)]
    refused = bulk.write(cluster, history).refused
    if history:
        cluster.refresh("observations")
    written_posts = [_post(post) for post in posts]
    refused += bulk.write(cluster, written_posts).refused
    if written_posts:
        cluster.refresh("posts")
    outcome = bulk.write(cluster, [_profile(account, raw_key) for account in newest(accounts).values()])
    outcome.refused += [_of_account(refusal) for refusal in refused]
    return outcome


def _of_account(refusal: bulk.Refusal) -> bulk.Refusal:
    """Return the refusal of a part of an account as one of the account."""
    account_id = (refusal.action.doc or {})["account_id"]
    return bulk.Refusal(replace(refusal.action, doc_id=account_id), f"{refusal.action.index}: {refusal.reason}")


def place_of(account_id: str) -> tuple[str, str]:
    """Return the index and the id of an account's profile."""
    return f"profiles-{parse_account_id(account_id)[0]}", account_id


def account_of(doc: Mapping[str, Any]) -> Account:
    """Return the account that the document of a profile holds."""
    return Account.model_validate(doc["account"])


def load_accounts(cluster: Cluster, account_ids: Iterable[str]) -> dict[str, Account]:
    """Return the profiles that exist among ``account_ids``."""
    docs = cluster.documents(map(place_of, sorted(set(account_ids))))
    return {account_id: account_of(doc) for (_, account_id), doc in docs.items()}


def history_searches(account_ids: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the searches for the history of accounts; :func:`histories` reads what they find."""
    return [
        (
            "observations",
            {
                "query": {
                    "bool": {"filter": [{"terms": {"account_id": list(account_ids[start : start + TERMS_BATCH])}}]}
                },
                "sort": [{"account_id": "asc"}, {"at": "asc"}],
            },
        )
        for start in range(0, len(account_ids), TERMS_BATCH)
    ]


def histories(hits: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Observation, ...]]:
    """Return the history of each account, oldest first."""
    found: dict[str, list[Observation]] = {}
    for hit in hits:
        point = dict(hit["_source"])
        found.setdefault(point.pop("account_id"), []).append(Observation.model_validate(point))
    return {account_id: tuple(points) for account_id, points in found.items()}


def load_observations(cluster: Cluster, account_ids: Sequence[str]) -> dict[str, tuple[Observation, ...]]:
    """Return the history of each account, oldest first."""
    pages = (cluster.scan(*search, size=5000) for search in history_searches(account_ids))
    return histories(hit for page in pages for hit in page)


def load_posts(cluster: Cluster, account_ids: Sequence[str]) -> Mapping[str, tuple[Post, ...]]:
    """Return the latest posts of each account, newest first, at most ``POSTS_PER_ACCOUNT``."""
    found: dict[str, tuple[Post, ...]] = {}
    # Equal times are ordered by id, so that the choice never depends on the order of arrival.
    newest_first = [{"posted_at": "desc"}, {"post_id": "asc"}]
    for start in range(0, len(account_ids), POSTS_BATCH):
        batch = list(account_ids[start : start + POSTS_BATCH])
        latest = {"name": "latest", "size": POSTS_PER_ACCOUNT, "sort": newest_first, "_source": ["post"]}
        body = {
            "size": len(batch),
            "_source": False,
            "track_total_hits": False,
            "query": {"bool": {"filter": [{"terms": {"account_id": batch}}]}},
            "collapse": {"field": "account_id", "inner_hits": latest},
        }
        for hit in cluster.search("posts", body)["hits"]["hits"]:
            posts = tuple(
                Post.model_validate(inner["_source"]["post"]) for inner in hit["inner_hits"]["latest"]["hits"]["hits"]
            )
            found[posts[0].account_id] = posts
    return found


def successors(accounts: Iterable[Account]) -> dict[str, str]:
    """Return, of one creator's accounts, those known by handle only → the account of the same handle with a native id.

    Both are one account: a file named it by its handle, then a source told its id.
    """
    known = list(accounts)
    named = {
        (account.platform, normalise_handle(account.handle)): account.account_id
        for account in known
        if account.handle and not is_provisional(account.native_id)
    }
    pairs = {
        account.account_id: named.get((account.platform, normalise_handle(account.native_id)))
        for account in known
        if is_provisional(account.native_id)
    }
    return {old: new for old, new in pairs.items() if new is not None}


def latest_post_times(cluster: Cluster, account_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each account last posted, as far as its posts are known."""
    found: dict[str, datetime] = {}
    for start in range(0, len(account_ids), TERMS_BATCH):
        batch = list(account_ids[start : start + TERMS_BATCH])
        body = {
            "size": 0,
            "query": {"bool": {"filter": [{"terms": {"account_id": batch}}]}},
            "aggs": {
                "accounts": {
                    "terms": {"field": "account_id", "size": len(batch)},
                    "aggs": {"latest": {"max": {"field": "posted_at"}}},
                }
            },
        }
        for bucket in cluster.search("posts", body)["aggregations"]["accounts"]["buckets"]:
            if (ms := bucket["latest"]["value"]) is not None:
                found[bucket["key"]] = datetime.fromtimestamp(ms / 1000, UTC)
    return found


class Sighting(NamedTuple):
    """An account was seen with a handle."""

    account_id: str
    at: datetime


def sightings(cluster: Cluster, handles: Mapping[str, set[str]]) -> dict[str, list[Sighting]]:
    """Return ``platform:handle`` → when which account was seen with it.

    Args:
        cluster: to ask.
        handles: normalised handles by platform.
    """
    searches = [
        (
            "observations",
            {
                "_source": ["account_id", "handle", "at"],
                "query": {
                    "bool": {
                        "filter": [
                            {"terms": {"handle": sorted(wanted)}},
                            {"prefix": {"account_id": account_id_of(platform, "")}},
                        ]
                    }
                },
                "sort": [{"account_id": "asc"}, {"at": "asc"}],
            },
        )
        for platform, wanted in handles.items()
    ]
    found: dict[str, list[Sighting]] = {}
    for platform, hits in zip(handles, cluster.scan_all(searches)[0], strict=True):
        for hit in hits:
            seen = hit["_source"]
            sighting = Sighting(seen["account_id"], datetime.fromisoformat(seen["at"]))
            found.setdefault(f"{platform}:{seen['handle']}", []).append(sighting)
    return found
