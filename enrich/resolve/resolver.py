"""Accounts become creators: by declared evidence, by matches that are probable enough, and by what people decided.

The state is a pure function of the edges and profiles written so far, so the end is the same whatever arrives first,
and doing it again changes nothing. The creator id that survives a join is that of the account with the smallest
(first seen, ``platform:native_id``); the others redirect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from creators import ids
from creators.models import Account, Creator
from creators.stores import bulk, receipts
from creators.stores.coordination import lease
from creators.stores.receipts import NEXT_JOB, ObjectReceipt, State
from enrich.resolve import neighbourhood, reviews
from enrich.resolve.edges import Pair, edges_of
from enrich.resolve.grouping import group, open_pairs
from enrich.resolve.rules import Rules, rules_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

LEASE = "lease:resolve"
CHANGES = "identity"
"""Folder in the names of receipts of creators that changed without a record."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """What grouping some accounts has to write."""

    actions: list[bulk.Action]
    """Documents of every creator touched, and of the ids that redirect to it."""
    reviews: list[bulk.Action] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Creator ids whose document is another than before."""

    @property
    def touched(self) -> list[str]:
        """The ids of every creator touched."""
        return [action.doc_id for action in self.actions]


def save_edges(cluster: Cluster, accounts: Iterable[Account], *, raw_key: str) -> int:
    """Write the evidence that accounts carry, searchable at once; returns how many edges.

    Of the same evidence given twice the later stands, in whichever order it arrives.
    """
    actions = [
        bulk.Action(
            "identity-edges",
            edge.edge_id,
            {
                "edge_id": edge.edge_id,
                "left": edge.left,
                "right": edge.right,
                "kind": edge.kind,
                "evidence": {"raw_key": raw_key},
                "at": edge.at.isoformat(),
            },
            version=int(edge.at.timestamp() * 1000),
        )
        for account in accounts
        for edge in edges_of(account)
    ]
    if actions:
        bulk.write(cluster, actions)
        cluster.refresh("identity-edges")
    return len(actions)


def _survivor(first_seen: dict[str, str], group: Collection[str]) -> str:
    return min(group, key=lambda account_id: (first_seen.get(account_id, ""), account_id))


def _identity_actions(creator: Creator) -> list[bulk.Action]:
    own = {"creator_id": creator.creator_id, "account_ids": list(creator.account_ids), "redirect_to": None}
    actions = [bulk.Action("identities", creator.creator_id, own)]
    for account_id in creator.account_ids:
        other = ids.creator_id(account_id)
        if other != creator.creator_id:
            doc = {"creator_id": other, "account_ids": [], "redirect_to": creator.creator_id}
            actions.append(bulk.Action("identities", other, doc))
    return actions


def holding(stores: Stores) -> AbstractContextManager[None]:
    """Hold the lease of resolution for a block: two resolvers at once would each see half of a join."""
    return lease(stores.queue.redis, f"{stores.settings.index_prefix}{LEASE}")


def grouped(cluster: Cluster, account_ids: Iterable[str], rules: Rules) -> Grouped:
    """Return what has to be written so that accounts, and all they are joined with, are creators.

    The caller holds the lease until it is written.
    """
    found = neighbourhood.read(cluster, account_ids, rules)
    groups = group(found, found.profiles, rules)
    first_seen = {account_id: points[0].at.isoformat() for account_id, points in found.history.items()}
    actions: list[bulk.Action] = []
    for members in groups:
        survivor = ids.creator_id(_survivor(first_seen, members))
        actions += _identity_actions(Creator(creator_id=survivor, account_ids=tuple(sorted(members))))
    reasons = open_pairs(found, groups, rules)
    changed = [action.doc_id for action in actions if found.identities.get(action.doc_id) != action.doc]
    return Grouped(actions, [reviews.action_of(found.matches[pair], why) for pair, why in reasons.items()], changed)


def _write(cluster: Cluster, work: Grouped) -> None:
    bulk.write(cluster, [*work.actions, *work.reviews])


def resolve(cluster: Cluster, account_ids: Iterable[str], rules: Rules) -> list[str]:
    """Assign accounts, and all they are joined with, to creators; returns the ids of every creator touched.

    The caller holds the lease, and sees to it that the creators are computed and indexed.
    """
    work = grouped(cluster, account_ids, rules)
    _write(cluster, work)
    return work.touched


def resolve_changed(
    stores: Stores, account_ids: Iterable[str], *, forgotten: Iterable[Pair] = (), urgent: bool = False
) -> list[str]:
    """Group accounts anew and bring the creators that change by it through enrich and index; returns their ids.

    Args:
        stores: to work with.
        account_ids: whose evidence has changed.
        forgotten: pairs that are no match any more: nobody needs to look at them.
        urgent: whether somebody waits for it.

    Raises:
        ClusterUnavailable, QueueUnavailable: do it again; what is booked by then is worked off in any case.
    """
    rules = rules_of(stores.settings)
    with holding(stores):
        work = grouped(stores.cluster, account_ids, rules)
        gone = [reviews.deletion_of(pair) for pair in forgotten]
        # Booked before it is written: a crash in between costs work, never a change that nobody indexes.
        key = _book(stores, work.changed, urgent=urgent) if work.changed else None
        _write(stores.cluster, Grouped(work.actions, [*gone, *work.reviews]))
    if key is not None:
        stores.queue.enqueue(NEXT_JOB[State.NORMALISED], key, urgent=urgent)
    return work.changed


def _book(stores: Stores, creator_ids: list[str], *, urgent: bool) -> str:
    """Book creators that have changed as an object without records: the delivery account does not count it."""
    told: dict[str, Any] = {"creator_ids": creator_ids, "unresolved": len(creator_ids), "urgent": urgent}
    receipt = ObjectReceipt(key=f"{CHANGES}/{uuid4().hex}", records=0, state=State.NORMALISED, **told)
    receipts.save(stores.cluster, receipt)
    return receipt.key
