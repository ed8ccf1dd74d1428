"""What follows from accounts that are in the index: they are fetched again, and whom they name is looked at.

Part of indexing an object, so that a crash in between leaves the object open and both are done again; doing them again
changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from creators.stores.scripts import Shared
from creators.targets import TaskKind
from enrich import profiles
from fetchers import frontier
from fetchers.policy import Switches, settings_of, standing
from fetchers.refreshes import Indexed, schedule_accounts
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.models import Platform
    from creators.stores.receipts import ObjectReceipt
    from creators.stores.session import Stores

Served = dict[TaskKind, frozenset["Platform"]]


def served(stores: Stores) -> Served:
    """Return what the sources that may be called now can be asked for."""
    switched = Switches(Shared(stores.queue.redis, stores.settings.index_prefix)).read()
    found: Served = {}
    for source in all_sources().values():
        if standing(source, settings_of(stores.settings, source.name), switched.get(source.name)).allowed:
            for kind, platforms in source.serves.items():
                found[kind] = found.get(kind, frozenset()) | platforms
    return found


def follow(stores: Stores, receipt: ObjectReceipt) -> None:
    """Schedule the refresh of an object's accounts, and offer whom its records name to discovery."""
    can = served(stores)
    if not any(kind in can for kind in (TaskKind.PROFILE, TaskKind.SEARCH)):
        return
    finders = {lead.found_on for lead in receipt.leads if lead.found_on}
    described = {account_id for about in receipt.records_of.values() for account_id in about}
    accounts = profiles.load_accounts(stores.cluster, described | {one for one in finders if _is_account(one)})
    own = [account for account_id, account in accounts.items() if account_id in described and not account.gone]
    history = profiles.load_observations(stores.cluster, sorted(described))
    # Refreshes first: whom the index knows already is no discovery.
    schedule_accounts(stores, Indexed(own, receipt.fetched, history), can)
    frontier.offer(stores, receipt.leads, accounts=accounts, served=can)


def _is_account(name: str) -> bool:
    return name.partition(":")[0] not in frozenset(TaskKind)
