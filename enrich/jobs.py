"""What the queue ``enrich`` runs: each job takes one lake object one stage further and books it in its receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.keys import derived_key, installation_key
from creators.stores import bulk, deadletters, receipts
from creators.stores.coordination import clock_ms
from creators.stores.lake import source_of
from creators.stores.receipts import State
from creators.stores.scripts import Shared
from creators.stores.session import Stores, current_stores
from creators.stores.steps import MAX_ATTEMPTS, run_step
from creators.stores.tallies import Tallies
from enrich import annotation_store, profiles, signal_store, workshop
from enrich.batch import Batch, Reader
from enrich.media import offered
from enrich.resolve import resolver
from enrich.resolve.resolution import resolve_one
from enrich.resolve.rules import rules_of
from enrich.signals.facts import CreatorFacts

if TYPE_CHECKING:
    from creators.models import Account, Observation, Post

KILLED = f"gave up after {MAX_ATTEMPTS} attempts: each ended the process that computed this creator's signals"


def normalise_object(key: str) -> None:
    """Turn one lake object into accounts, posts and creators."""
    run_step(current_stores(), key, normalise_one)


def enrich_object(key: str) -> None:
    """Compute the signals of the creators that one lake object touched."""
    run_step(current_stores(), key, enrich_one)


def resolve_object(key: str) -> None:
    """Compare the accounts of one lake object with all others, or let one judgement take effect."""
    run_step(current_stores(), key, resolve_one)


def _book_profiles(batch: Batch, outcome: bulk.BulkOutcome, receipt: receipts.ObjectReceipt) -> int:
    """Take stale records out of the batch, dead-letter those that were refused; returns how many were stale."""
    refused = {refusal.action.doc_id: refusal.reason for refusal in outcome.refused}
    described = {account.account_id for account in batch.accounts}
    stale = 0
    for line, account_ids in list(batch.records_of.items()):
        reasons = [refused[account_id] for account_id in account_ids if account_id in refused]
        if reasons:
            where: dict[str, Any] = {"dataset_id": receipt.dataset_id, "raw_key": receipt.key, "line": int(line)}
            source = source_of(receipt.key)
            batch.letters.append(deadletters.DeadLetter("profiles", "refused_by_index", reasons[0], source, **where))
            del batch.records_of[line]
        elif (told := described.intersection(account_ids)) and outcome.stale.issuperset(told):
            stale += 1
            del batch.records_of[line]
    return stale


def normalise_one(stores: Stores, key: str) -> receipts.ObjectReceipt:
    """Normalise and resolve one lake object; doing it again changes nothing."""
    receipt = _receipt(stores, key)
    seal_key = derived_key(installation_key(stores.settings), "contact")
    batch = Reader(stores.lake, seal_key).read(key, stores.lake.read(key), only=receipt.only)
    outcome = profiles.save(stores.cluster, batch.accounts, batch.posts, raw_key=key)
    annotation_store.save(stores.cluster, batch.annotations)
    stale = _book_profiles(batch, outcome, receipt)
    touched = {account_id for about in batch.records_of.values() for account_id in about}
    touched.update(profiles.newest(batch.accounts))
    with resolver.holding(stores):
        # Of every record, the superseded ones too: what is joined must not depend on how records were batched.
        resolver.save_edges(stores.cluster, batch.accounts, raw_key=key)
        creator_ids = resolver.resolve(stores.cluster, touched, rules_of(stores.settings))
    deadletters.add(stores.cluster, batch.letters)
    receipt = receipt.model_copy(
        update={
            "state": State.NORMALISED,
            "stale": stale,
            "dead_lettered": len(batch.letters),
            "dead": [letter.line for letter in batch.letters],
            "records_of": batch.records_of,
            "creator_ids": creator_ids,
            "leads": batch.leads,
            "fetched": batch.fetched,
            "attempts": 0,
        }
    )
    receipts.save(stores.cluster, receipt)
    Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).add(batch.quality)
    stores.queue.enqueue("enrich_object", key, urgent=receipt.urgent)
    return receipt


def _receipt(stores: Stores, key: str) -> receipts.ObjectReceipt:
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        detail = f"no receipt for lake object {key}: it was not landed by a fetcher"
        raise NotFound(detail)
    return receipt


def load_facts(stores: Stores, creator_ids: Iterable[str]) -> list[CreatorFacts]:
    """Return everything known about creators; ids that redirect elsewhere and creators that are gone are left out."""
    identities = stores.cluster.sources("identities", creator_ids)
    alive = {cid: doc["account_ids"] for cid, doc in identities.items() if not doc["redirect_to"]}
    wanted = [account_id for account_ids in alive.values() for account_id in account_ids]
    loaded = profiles.load_accounts(stores.cluster, wanted)
    accounts = {account_id: account for account_id, account in loaded.items() if not account.gone}
    history = profiles.load_observations(stores.cluster, wanted)
    posts = profiles.load_posts(stores.cluster, wanted)
    own = {cid: [accounts[a] for a in account_ids if a in accounts] for cid, account_ids in alive.items()}
    read = annotation_store.load(stores.cluster, wanted)
    facts = [_facts_of(creator_id, known, posts, history) for creator_id, known in own.items() if known]
    return [
        replace(one, annotations=tuple(said for a in one.accounts for said in read.get(a.account_id, ())))
        for one in facts
    ]


def _facts_of(
    creator_id: str,
    accounts: list[Account],
    posts: Mapping[str, tuple[Post, ...]],
    history: Mapping[str, tuple[Observation, ...]],
) -> CreatorFacts:
    heirs = profiles.successors(accounts)
    seen: dict[str, tuple[Observation, ...]] = {}
    for account in accounts:
        points = history.get(account.account_id, ())
        heir = heirs.get(account.account_id, account.account_id)
        seen[heir] = (*seen.get(heir, ()), *points)
    current = tuple(account for account in accounts if account.account_id not in heirs)
    return CreatorFacts(
        creator_id=creator_id,
        accounts=current,
        posts=tuple(post for account in current for post in posts.get(account.account_id, ())),
        observations={account_id: points for account_id, points in seen.items() if points},
    )


def _without(
    stores: Stores, receipt: receipts.ObjectReceipt, lost: Mapping[str, tuple[str, str, int]]
) -> dict[str, Any]:
    """Dead-letter the records about lost accounts (account id → error, reason, attempts); returns what changes."""
    letters: list[deadletters.DeadLetter] = []
    where: dict[str, Any] = {"source": source_of(receipt.key), "dataset_id": receipt.dataset_id, "raw_key": receipt.key}
    for line, account_ids in receipt.records_of.items():
        why = next((lost[account_id] for account_id in account_ids if account_id in lost), None)
        if why is not None:
            error, reason, attempts = why
            letter = deadletters.DeadLetter("enrich", error, reason, line=int(line), attempts=attempts, **where)
            letters.append(letter)
    deadletters.add(stores.cluster, letters)
    gone = {letter.line for letter in letters}
    return {
        "records_of": {line: about for line, about in receipt.records_of.items() if int(line) not in gone},
        "dead": sorted({*receipt.dead, *gone}),
    }


def enrich_one(stores: Stores, key: str) -> receipts.ObjectReceipt:
    """Compute and store the signals of one object's creators; doing it again changes nothing."""
    receipt = _receipt(stores, key)
    if receipt.state < State.NORMALISED:
        return receipt  # a late twin of this job, from before the records were tried again
    read_at = clock_ms(stores.queue.redis)
    facts = load_facts(stores, receipt.creator_ids)
    computed, poisoned = workshop.compute(stores, facts, receipt.creator_ids)
    refused = signal_store.save(stores.cluster, computed, version=read_at)
    # Of creators that were merged away, or whose accounts are gone, nothing is kept that somebody could find.
    signal_store.forget(stores.cluster, set(receipt.creator_ids) - {one.creator_id for one in facts}, version=read_at)
    why = {creator_id: ("refused_by_index", reason, 1) for creator_id, reason in refused.items()}
    why |= dict.fromkeys(poisoned, (deadletters.POISON, KILLED, MAX_ATTEMPTS))
    lost = {
        account.account_id: why[one.creator_id] for one in facts if one.creator_id in why for account in one.accounts
    }
    offered.offer(stores, facts, datetime.fromtimestamp(read_at / 1000, UTC))
    booked = _without(stores, receipt, lost) if lost else {}
    receipt = receipt.model_copy(update={"state": State.ENRICHED, "attempts": 0, **booked})
    receipts.save(stores.cluster, receipt)
    stores.queue.enqueue("index_object", key, urgent=receipt.urgent)
    return receipt
