"""One step of resolution: the accounts of one lake object are compared with all others, or one judgement takes effect.

It comes after a record is visible and changes nothing about that record's own way. What it has still to do stands in
the receipt of its object, so a queue that is lost, or a process that dies anywhere in it, costs time and nothing else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.models import Frozen
from creators.stores import receipts
from creators.stores.receipts import ObjectReceipt, State
from creators.stores.scripts import Shared
from creators.stores.tallies import Count, Tallies, timed
from enrich.profiles import load_accounts
from enrich.resolve import judgements, matching, resolver
from enrich.resolve.current import current
from enrich.resolve.judgements import Judgement
from enrich.resolve.rules import rules_of

if TYPE_CHECKING:
    from creators.stores.session import Stores


class Judged(Frozen):
    """A judgement that has taken effect."""

    record: str
    changed: tuple[str, ...]
    """Creator ids that are other than before."""


def resolve_one(stores: Stores, key: str) -> list[str]:
    """Resolve what one receipt says; returns the creators that changed. Doing it again changes nothing."""
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        detail = f"no receipt for {key}: nothing is to be resolved there"
        raise NotFound(detail)
    if receipt.state is not State.INDEXED or not receipt.unresolved:
        return []  # a late twin of this job, or its records are on their way again
    started = time.monotonic()
    if judgements.is_judgement(key):
        judgement = judgements.load(stores.lake, key)
        judgements.save_edges(stores.cluster, key, judgement)
        changed = resolver.resolve_changed(stores, judgement.accounts, urgent=True)
        counted: list[Count] = []
    else:
        changed, counted = _match(stores, receipt)
    done: dict[str, Any] = {"unresolved": 0, "regroup": [], "lost_keys": {}, "attempts": 0}
    receipts.save(stores.cluster, receipt.model_copy(update=done))
    counted += timed("identity_resolve_seconds", {}, time.monotonic() - started)
    Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).add(counted)
    return changed


def _match(stores: Stores, receipt: ObjectReceipt) -> tuple[list[str], list[Count]]:
    accounts = {account_id for about in receipt.records_of.values() for account_id in about}
    rules = rules_of(stores.settings)
    found = matching.plan(stores.cluster, accounts, current(stores), rules, receipt)
    regroup = sorted({*receipt.regroup, *found.accounts})
    if found.accounts and not found.booked:
        # Before the edges: once they are written, nothing else tells that these accounts are to be grouped.
        waiting: dict[str, Any] = {"regroup": regroup, "lost_keys": found.lost_keys}
        receipts.save(stores.cluster, receipt.model_copy(update=waiting))
    forgotten = matching.apply(stores.cluster, found)
    kept = [doc["probability"] >= rules.merge for pair, doc in found.edges.items() if pair not in forgotten]
    counted = [
        Count("identity_pairs_scored", {}, found.scored),
        Count("identity_matches", {"decision": "merge"}, sum(kept)),
        Count("identity_matches", {"decision": "review"}, len(kept) - sum(kept)),
    ]
    return resolver.resolve_changed(stores, regroup, forgotten=forgotten) if regroup else [], counted


def requeue(stores: Stores) -> int:
    """Have every account compared again, as after a new model; returns how many objects are queued for it."""
    queued = 0
    for receipt in receipts.indexed(stores.cluster):
        accounts = {account_id for about in receipt.records_of.values() for account_id in about}
        if accounts:
            receipts.save(stores.cluster, receipt.model_copy(update={"unresolved": len(accounts)}))
            stores.queue.enqueue("resolve_object", receipt.key)
            queued += 1
    return queued


def book(stores: Stores, key: str) -> None:
    """Book a judgement that lies in the lake: from now on it takes effect, whatever happens in between."""
    waiting = len(judgements.load(stores.lake, key).accounts)
    receipts.save(stores.cluster, ObjectReceipt(key=key, records=0, state=State.INDEXED, unresolved=waiting))


def judge(stores: Stores, judgement: Judgement) -> Judged:
    """Keep a judgement and let it take effect; creators that change are in the index as soon as a worker has them.

    Raises:
        NotFound: an account that is not known. LakeUnavailable: nothing was kept. ClusterUnavailable, QueueUnavailable:
            it is kept, and takes effect once they answer.
    """
    _check_known(stores, judgement)
    key = judgements.store(stores.lake, judgement)
    book(stores, key)
    changed = resolve_one(stores, key)
    return Judged(record=judgements.record_of(key), changed=tuple(sorted(changed)))


def _check_known(stores: Stores, judgement: Judgement) -> None:
    known = load_accounts(stores.cluster, judgement.accounts)
    unknown = [account_id for account_id in judgement.accounts if account_id not in known]
    if unknown:
        detail = f"no account is known as {unknown[0]!r}: write platform:native_id, as `/v1/creators/{{id}}` shows it"
        raise NotFound(detail, field="accounts")
