"""What one line of code would do: accounts are one person where something is equal."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from benchmarks.resolution.metrics import scores
from benchmarks.resolution.pool import Pool, PoolAccount
from creators.text import normalise_handle
from enrich.resolve.edges import components

_SIGNS = re.compile(r"[\W_]+")
Key = Callable[[PoolAccount], str]


def handle_key(account: PoolAccount) -> str:
    """Return the handle as its platform compares it; "" without."""
    return normalise_handle(account.handle or "")


def name_key(account: PoolAccount) -> str:
    """Return the display name without case, signs and emoji; "" without."""
    return " ".join(_SIGNS.sub(" ", account.name).casefold().split())


BASELINES: dict[str, tuple[Key, ...]] = {
    "exact handle": (handle_key,),
    "exact name": (name_key,),
    "handle or name": (handle_key, name_key),
}


def _equal(accounts: Iterable[PoolAccount], key: Key) -> Iterator[tuple[str, str]]:
    """Yield enough pairs to join all accounts of which ``key`` is equal and known."""
    found = defaultdict(list)
    for account in accounts:
        if value := key(account):
            found[value].append(account.account_id)
    for same in found.values():
        yield from pairwise(same)


def baselines(pool: Pool) -> dict[str, dict[str, Any]]:
    """Return the scores of each baseline; what it joins is joined transitively."""
    return {
        name: scores(pool.truth, components((), [pair for key in keys for pair in _equal(pool.accounts, key)]))
        for name, keys in BASELINES.items()
    }
