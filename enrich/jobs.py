"""What the queue ``enrich`` runs: each job takes one lake object one stage further and books it in its receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.stores import bulk, deadletters, receipts
from creators.stores.coordination import clock_ms, lease
from creators.stores.lake import source_of
from creators.stores.receipts import State
from creators.stores.session import Stores, current_stores
from creators.stores.steps import run_step
from enrich import profiles, signal_store
from enrich.batch import Batch, Reader
from enrich.encoders.opened import open_encoder
from enrich.resolve import resolver
from enrich.signals.compute import CreatorFacts, compute_signals
from enrich.signals.niche import NicheClassifier

if TYPE_CHECKING:
    from creators.models import Account, Observation, Post
    from enrich.encoders.text import TextEncoder

RESOLVE_LEASE = "lease:resolve"


def normalise_object(key: str) -> None:
    """Turn one lake object into accounts, posts and creators."""
    run_step(current_stores(), key, normalise_one)


def enrich_object(key: str) -> None:
    """Compute the signals of the creators that one lake object touched."""
    run_step(current_stores(), key, enrich_one)


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
    batch = Reader(stores.lake).read(key, stores.lake.read(key))
    outcome = profiles.save(stores.cluster, batch.accounts, batch.posts, raw_key=key)
    stale = _book_profiles(batch, outcome, receipt)
    touched = {account_id for about in batch.records_of.values() for account_id in about}
    touched.update(profiles.newest(batch.accounts))
    with lease(stores.queue.redis, f"{stores.settings.index_prefix}{RESOLVE_LEASE}"):
        # Of every record, the superseded ones too: what is joined must not depend on how records were batched.
        resolver.save_edges(stores.cluster, batch.accounts, raw_key=key)
        creator_ids = resolver.resolve(stores.cluster, touched)
    deadletters.add(stores.cluster, batch.letters)
    receipt = receipt.model_copy(
        update={
            "state": State.NORMALISED,
            "stale": stale,
            "dead_lettered": len(batch.letters),
            "records_of": batch.records_of,
            "creator_ids": creator_ids,
            "leads": batch.leads,
            "fetched": batch.fetched,
            "attempts": 0,
        }
    )
    receipts.save(stores.cluster, receipt)
    stores.queue.enqueue("enrich_object", key, urgent=receipt.urgent)
    return receipt


def _receipt(stores: Stores, key: str) -> receipts.ObjectReceipt:
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        detail = f"no receipt for lake object {key}: it was not landed by a fetcher"
        raise NotFound(detail)
    return receipt


def load_facts(stores: Stores, creator_ids: Iterable[str]) -> list[CreatorFacts]:
    """Return everything known about creators; ids that redirect elsewhere are left out."""
    identities = stores.cluster.sources("identities", creator_ids)
    alive = {cid: doc["account_ids"] for cid, doc in identities.items() if not doc["redirect_to"]}
    wanted = [account_id for account_ids in alive.values() for account_id in account_ids]
    accounts = profiles.load_accounts(stores.cluster, wanted)
    history = profiles.load_observations(stores.cluster, wanted)
    posts = profiles.load_posts(stores.cluster, wanted)
    return [
        _facts_of(creator_id, [accounts[a] for a in account_ids if a in accounts], posts, history)
        for creator_id, account_ids in alive.items()
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


@cache
def _classifier(encoder: TextEncoder) -> NicheClassifier:
    return NicheClassifier(encoder)


def enrich_one(stores: Stores, key: str) -> receipts.ObjectReceipt:
    """Compute and store the signals of one object's creators; doing it again changes nothing."""
    receipt = _receipt(stores, key)
    read_at = clock_ms(stores.queue.redis)
    facts = load_facts(stores, receipt.creator_ids)
    encoder = open_encoder(stores.settings)
    reuse = signal_store.known_vectors(stores.cluster, [fact.creator_id for fact in facts], encoder.fingerprint)
    computed = compute_signals(facts, encoder, _classifier(encoder), reuse)
    signal_store.save(stores.cluster, computed, version=read_at)
    receipt = receipt.model_copy(update={"state": State.ENRICHED, "attempts": 0})
    receipts.save(stores.cluster, receipt)
    stores.queue.enqueue("index_object", key, urgent=receipt.urgent)
    return receipt
