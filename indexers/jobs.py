"""What the queue ``index`` runs: creators become searchable, and their source records are booked as indexed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.stores import bulk, deadletters, receipts
from creators.stores.coordination import clock_ms
from creators.stores.lake import source_of
from creators.stores.receipts import State
from creators.stores.session import Stores, current_stores
from creators.stores.steps import run_step
from enrich import profiles, signal_store
from enrich.encoders.opened import fingerprint_of
from enrich.signals.embedding_text import RECIPE
from indexers import lifecycle, pictures, population, quality
from indexers.documents import build_document
from indexers.following import follow
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.models import Account
    from creators.stores.cluster import Cluster


def index_object(key: str) -> None:
    """Index the creators that one lake object touched."""
    run_step(current_stores(), key, index_one)


def look_pictures(turn: str) -> None:
    """Look at pictures that are due; ``turn``, 0 or 1, tells a job from the one that it queues to go on."""
    pictures.look(current_stores(), turn=turn)


def measure_population(_creators: str) -> None:
    """Measure whom creators are compared with; ``_creators``, their number, tells one request from the next."""
    population.measure(current_stores())


def measure_quality(day: str) -> None:
    """Measure the data of one day, ``YYYY-MM-DD``."""
    quality.measure(current_stores(), date.fromisoformat(day))


def _actions(cluster: Cluster, creator_ids: Iterable[str], version: int) -> tuple[list[bulk.Action], dict[str, str]]:
    """Return the writes and deletions, and account id → creator id."""
    identities = cluster.sources("identities", creator_ids)
    members = [account_id for doc in identities.values() for account_id in doc["account_ids"]]
    accounts = _dated(cluster, profiles.load_accounts(cluster, members))
    signals = signal_store.load(cluster, identities)
    actions: list[bulk.Action] = []
    creator_of: dict[str, str] = {}
    for creator_id, identity in identities.items():
        own = _current(accounts[a] for a in identity["account_ids"] if a in accounts)
        if identity["redirect_to"] or not own or creator_id not in signals:
            # Also where there is no document: the version stops a writer that read earlier and comes later.
            actions.append(bulk.Action(CREATORS, creator_id, None, version))
            continue
        creator_of |= dict.fromkeys((a for a in identity["account_ids"] if a in accounts), creator_id)
        doc = build_document(creator_id, own, signals[creator_id], recipe=RECIPE)
        actions.append(bulk.Action(CREATORS, creator_id, doc, version))
    return actions, creator_of


def _current(accounts: Iterable[Account]) -> list[Account]:
    """Leave out accounts that are gone, and those known by handle only whose native id is known by now."""
    known = [account for account in accounts if not account.gone]
    superseded = profiles.successors(known)
    return [account for account in known if account.account_id not in superseded]


def _dated(cluster: Cluster, accounts: dict[str, Account]) -> dict[str, Account]:
    """Let the newest post that is known say when an account last posted, where its source does not."""
    silent = [account_id for account_id, account in accounts.items() if account.last_posted_at is None]
    posted = profiles.latest_post_times(cluster, silent)
    return accounts | {a: accounts[a].model_copy(update={"last_posted_at": at}) for a, at in posted.items()}


def index_creators(stores: Stores, creator_ids: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Write the documents of creators as their stores are now.

    The version of each document is the time at which its inputs were read: of two writers the one that read last
    stands, and every change of an input is followed by a reading of its own.

    Returns:
        account id → creator id of every account indexed, and creator id → reason of every refused document.
    """
    version = clock_ms(stores.queue.redis)
    # An index that another worker has rebuilt for another encoder must not get vectors of this one.
    lifecycle.check_encoder(stores.cluster, fingerprint_of(stores.settings))
    actions, creator_of = _actions(stores.cluster, creator_ids, version)
    outcome = bulk.write(stores.cluster, actions)
    return creator_of, {refusal.action.doc_id: refusal.reason for refusal in outcome.refused}


def index_one(stores: Stores, key: str) -> receipts.ObjectReceipt:
    """Index one object's creators and book its records; doing it again changes nothing."""
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        detail = f"no receipt for lake object {key}"
        raise NotFound(detail)
    if receipt.state < State.ENRICHED:
        return receipt  # a late twin of this job, from before the records were tried again
    creator_of, refused = index_creators(stores, receipt.creator_ids)
    letters = []
    for line, account_ids in receipt.records_of.items():
        reasons = [refused[creator_of[a]] for a in account_ids if creator_of.get(a) in refused]
        if reasons:
            where: dict[str, Any] = {"dataset_id": receipt.dataset_id, "raw_key": key, "line": int(line)}
            letters.append(
                deadletters.DeadLetter("index", "refused_by_index", reasons[0], source=source_of(key), **where)
            )
    deadletters.add(stores.cluster, letters)
    follow(stores, receipt)
    if receipt.urgent:
        stores.cluster.refresh(CREATORS)
    receipt = receipt.model_copy(
        update={
            "state": State.INDEXED,
            "attempts": 0,
            "leads": [],
            "unresolved": len({account_id for about in receipt.records_of.values() for account_id in about}),
            "indexed": len(receipt.records_of) - len(letters),
            # Not added to what was booked before: this job may run twice.
            "dead_lettered": receipt.due - receipt.stale - len(receipt.records_of) + len(letters),
            "dead": sorted({*receipt.dead, *(letter.line for letter in letters)}),
        }
    )
    receipts.save(stores.cluster, receipt)
    if receipt.unresolved:
        stores.queue.enqueue("resolve_object", key)
    if receipt.round or receipt.settled.dead_lettered:
        deadletters.close(stores.cluster, key)
    return receipt
