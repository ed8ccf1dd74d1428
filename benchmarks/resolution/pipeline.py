"""The product's whole way from accounts to creators, on a pool: evidence, keys, candidates, match, clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.resolution.pool import Pool, PoolAccount
from enrich.resolve.clustering import Node, cluster
from enrich.resolve.comparisons import Levels, compare
from enrich.resolve.evidence import Evidence, Profile, describe
from enrich.resolve.keys import candidates
from enrich.resolve.model import Match, MatchModel
from enrich.resolve.rarity import Rarity


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the product makes of a pool."""

    matches: tuple[Match, ...]
    levels: dict[tuple[str, str], Levels]
    """Of every pair that was compared."""
    groups: tuple[frozenset[str], ...]
    seconds: float
    """From accounts to groups, on one core; opening the model is not counted, since a process does it once."""


def evidence(account: PoolAccount) -> Evidence:
    """Return what the product reads from an account of a pool."""
    return describe(
        Profile(
            account_id=account.account_id,
            platform=account.platform,
            native_id=account.native_id,
            handle=account.handle,
            name=account.name or None,
            bio=account.bio or None,
            website=account.website or None,
        )
    )


def evidences(pools: Sequence[Pool]) -> dict[str, Evidence]:
    """Return account id → evidence of every account of the pools."""
    return {account.account_id: evidence(account) for pool in pools for account in pool.accounts}


def resolve(pool: Pool, model: MatchModel, merge: float) -> Resolved:
    """Return the groups of a pool's accounts at the threshold ``merge``; rarity is the pool's over the model's own."""
    started = perf_counter()
    described = evidences([pool])
    own = model.with_rarity(Rarity.of(described.values(), base=model.rarity))
    matches = tuple(own.match(described[left], described[right]) for left, right in candidates(described))
    nodes = {account.account_id: Node(account.platform) for account in pool.accounts}
    groups = cluster(nodes, matches, joined=(), apart=(), merge=merge)
    seconds = perf_counter() - started
    levels = {(one.left, one.right): compare(described[one.left], described[one.right], own.rarity) for one in matches}
    return Resolved(matches, levels, tuple(groups), seconds)
