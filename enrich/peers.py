"""The reference of peers of an installation: measured on its own creators when somebody says so, and then frozen.

Never by itself: what a creator is compared with must not depend on when it was computed. What was measured is an object
of the lake, and so is each adoption (:mod:`creators.stores.adoption`). The version of a reference is part of that of
the signals that use it, so adopting one makes exactly their values outdated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.ids import content_hash
from creators.models import Account, Platform
from creators.signals.builder import Builder
from creators.signals.performance import Engagement
from creators.stores.adoption import SHIPPED, Adoption
from creators.stores.lake import MODELS
from enrich import profiles, signal_store
from enrich.signals.builder import largest_audience
from enrich.signals.peer_groups import Sample, groups_of, positive
from enrich.signals.peers import TECHNICAL, metric_of
from mappings.peers import Peers, peers_of, reference

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.lake import Lake
    from creators.stores.session import Stores

_FOLDER = f"{MODELS}/peers"
_ADOPTION = Adoption(_FOLDER, "peers:reference")
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A reference that was measured: its version, what it was made of, and whether it is new."""

    version: str
    creators: int
    samples: int
    groups: int
    is_new: bool


def current(stores: Stores) -> Peers:
    """Return the reference in force: that of the installation over the shipped one, or the shipped one alone.

    As long as it stays the same, it is the same object.

    Raises:
        NotFound: the lake says that one was adopted and does not hold it. QueueUnavailable, LakeUnavailable.
    """
    name = in_force(stores)
    return reference() if name == SHIPPED else _measured(stores.lake, name)


def in_force(stores: Stores) -> str:
    """Return the version of the installation's own reference that is in force, or ``shipped``."""
    return _ADOPTION.in_force(stores)


@lru_cache(maxsize=8)
def _measured(lake: Lake, version: str) -> Peers:
    groups = lake.get_json(_key(version))["groups"]
    return peers_of(groups, _canonical(groups)).over(reference())


def _key(version: str) -> str:
    return f"{_FOLDER}/measured/{version}.json"


def _canonical(groups: list[dict[str, Any]]) -> bytes:
    return json.dumps(groups, sort_keys=True).encode()


def adopt(stores: Stores, version: str) -> None:
    """Put a reference in force that was measured here, or the shipped one; values that used another are outdated.

    Raises:
        NotFound: none of this version was measured here.
    """
    if version != SHIPPED and not stores.lake.exists(_key(version)):
        detail = f"no reference {version!r} was measured here"
        raise NotFound(detail, field="version")
    _ADOPTION.adopt(stores, version)


def learn(stores: Stores) -> Measured:
    """Measure the creators as they are computed now, and put what was found in force; nobody is computed again yet.

    Where too few accounts are alike for a single group, the reference stays as it is.
    """
    cluster = stores.cluster
    cluster.refresh(signal_store.INDEX)
    found = positive(samples(cluster))
    groups = groups_of(found)
    version, creators = content_hash(_canonical(groups))[:12], cluster.count(signal_store.INDEX)
    is_new = bool(groups) and version != in_force(stores)
    if is_new:
        told = {"measured_at": datetime.now(UTC).isoformat(), "creators": creators, "samples": len(found)}
        stores.lake.put_json(_key(version), told | {"groups": groups})
        adopt(stores, version)
    return Measured(version, creators, len(found), len(groups), is_new)


def samples(cluster: Cluster) -> Iterator[Sample]:
    """Yield what the creators of an installation were found to have.

    That is each account's rate over all posts and its ratios, and each builder's technical score by the followers of
    the largest account on GitHub.
    """
    body = {"sort": [{"creator_id": "asc"}], "_source": ["signals.engagement", "signals.builder"]}
    found = cluster.scan(signal_store.INDEX, body)
    while hits := list(islice(found, _BATCH)):
        told = [(hit["_id"], hit["_source"].get("signals", {})) for hit in hits]
        rates = [Engagement.model_validate(one) for _, values in told for one in values.get("engagement") or ()]
        overall = [one for one in rates if one.form is None]
        accounts = profiles.load_accounts(cluster, {one.account_id for one in overall})
        for one in overall:
            if (account := accounts.get(one.account_id)) is not None:
                yield from _of_rate(account, one)
        yield from _of_builders(cluster, {key: values["builder"] for key, values in told if values.get("builder")})


def _of_rate(account: Account, rate: Engagement) -> Iterator[Sample]:
    values = {
        metric_of(account.platform, rate.method): rate.rate,
        "likes_per_comment": rate.likes_per_comment,
        "views_per_follower": rate.views_per_follower,
    }
    for metric, value in values.items():
        if metric and value is not None and account.followers is not None and account.may_derive:
            yield account.platform, metric, account.followers, value


def _of_builders(cluster: Cluster, builders: dict[str, Any]) -> Iterator[Sample]:
    identities = cluster.sources("identities", builders, fields=["account_ids"])
    prefix = f"{Platform.GITHUB}:"
    own = {key: [one for one in doc["account_ids"] if one.startswith(prefix)] for key, doc in identities.items()}
    accounts = profiles.load_accounts(cluster, {one for ids in own.values() for one in ids})
    for key, ids in own.items():
        followers = largest_audience(accounts[one] for one in ids if one in accounts and accounts[one].may_derive)
        score = Builder.model_validate(builders[key]).technical_score
        if followers is not None and score is not None:
            yield Platform.GITHUB, TECHNICAL, followers, score
