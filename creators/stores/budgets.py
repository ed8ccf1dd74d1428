"""Amounts that several processes may use together, counted in Redis; the ledger says what was used where it forgot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from creators.stores.scripts import Shared, script

if TYPE_CHECKING:
    from creators.stores.session import Stores

KEPT_S = 2 * 86_400
"""How long a count is kept; after that it is made again."""
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``limit`` under one name."""

    name: str
    limit: int
    used: Callable[[], int]
    """Tells what has been used, where Redis does not know."""


def take(stores: Stores, wanted: int, first: Budget, second: Budget) -> int:
    """Take from two budgets at once as much of ``wanted`` as both have left, and return it.

    Raises:
        QueueUnavailable: Redis does not answer.
    """
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    budgets = (first, second)
    known = [_UNKNOWN, _UNKNOWN]
    keys = [_key(budget.name) for budget in budgets]
    while True:
        told = [value for budget, used in zip(budgets, known, strict=True) for value in (budget.limit, used, KEPT_S)]
        granted = int(shared.run(script("budget"), keys, wanted, *told))
        if granted >= 0:
            return granted
        known[-granted - 1] = budgets[-granted - 1].used()


def give_back(stores: Stores, amount: int, *names: str) -> None:
    """Return to budgets what was taken and not used."""
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    shared.batch(lambda pipe: [pipe.decrby(shared.key(_key(name)), amount) for name in names])


def _key(name: str) -> str:
    return f"budget:{name}"
