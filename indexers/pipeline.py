"""The whole offline chain from outside: start it, follow it, bring back what fell out, do it all again.

    ingest → fetch_dataset ─┐
    planner → fetch_targets ┼→ normalise_object → enrich_object → index_object      (jobs, one lake object each)
    POST /v1/ingest ────────┘                                                    └→ resolve_object (who else is it?)

The lake and the receipts say what is to be done; the queue only carries it. A queue that lost everything is refilled
from them by :func:`reconcile`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from creators.errors import CreatorscopeError, EngineFailed, LakeCorrupt, NotFound
from creators.stores import receipts
from creators.stores.lake import JUDGEMENTS, RAW, LakeObject, day_prefixes, source_of
from creators.stores.scripts import Shared, boundary
from enrich import vectors
from enrich.encoders.opened import fingerprint_of
from enrich.resolve import resolution
from fetchers import fetch_log, intake
from indexers import lifecycle, migration, pictures, population, quality
from mappings.fields import VECTOR
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.datasets import DatasetMapping
    from creators.stores.session import Stores

POLL_S = 0.5
STRAY_AGE = timedelta(hours=1)
"""How far back from the last look a worker looks for objects that were written and not booked."""
LOOKED_KEY = "adopted:looked"

log = structlog.get_logger(__name__)


def prepare(stores: Stores) -> list[str]:
    """Create missing indices for the encoder of the settings, and bring primary ones up to this version's definition.

    Returns the names of those created.
    """
    encoder = fingerprint_of(stores.settings)
    migration.migrate(stores, encoder=encoder)
    return lifecycle.ensure(stores.cluster, encoder=encoder, creators_shards=stores.settings.creators_shards)


def ingest(stores: Stores, path: Path, mapping: DatasetMapping) -> intake.Dataset:
    """Register a file as a dataset and queue its rows; a dataset that is complete is left alone."""
    dataset = intake.register(stores.lake, path, mapping)
    resume(stores, dataset.dataset_id)
    return dataset


def resume(stores: Stores, dataset_id: str) -> bool:
    """Queue the part of a dataset that has not been read yet; returns whether it was neither queued nor running."""
    done = receipts.slices(stores.cluster, dataset_id)
    if done and done[-1]["complete"]:
        return False
    return stores.queue.enqueue("fetch_dataset", dataset_id, str(done[-1]["end"] if done else 0))


def adopt(stores: Stores, *, since: datetime | None = None) -> int:
    """Book and queue what lies in the lake without a receipt: whoever put it there died in between; returns how many.

    Args:
        stores: to work with.
        since: look only at what was written at that time or later; None looks at the whole lake.
    """
    prefixes = [RAW] if since is None else day_prefixes(since.date(), datetime.now(UTC).date())
    listed = (key for prefix in prefixes for key in stores.lake.list_keys(prefix, since=since))
    keys = [key for key in listed if source_of(key) != "dataset"]
    decided = stores.lake.list_keys(JUDGEMENTS, since=since)
    booked = receipts.known(stores.cluster, [*keys, *decided])
    strays = [key for key in keys if key not in booked]
    for key in strays:
        _book(stores, key)
    waiting = [key for key in decided if key not in booked]
    for key in waiting:
        resolution.book(stores, key)
        stores.queue.enqueue("resolve_object", key)
    return len(strays) + len(waiting)


def _book(stores: Stores, key: str) -> None:
    try:
        found = LakeObject(key, len(stores.lake.read(key)))
    except LakeCorrupt as error:
        # It was never answered for, and must not keep the others waiting; `lake verify` names it, too.
        log.warning("stray_cannot_be_read", key=key, reason=error.detail)
        return
    for waiting in receipts.arrived(stores.cluster, [found]):
        stores.queue.enqueue("normalise_object", waiting)


def adopt_since_last(stores: Stores) -> int:
    """Do as :func:`adopt` with what was written since any worker last did, however long ago; returns how many.

    Where Redis does not know when that was, the whole lake is looked at.
    """
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    now = datetime.now(UTC)
    with boundary():
        told: Any = shared.redis.get(shared.key(LOOKED_KEY))
    adopted = adopt(stores, since=None if told is None else datetime.fromisoformat(told.decode()) - STRAY_AGE)
    with boundary():
        shared.redis.set(shared.key(LOOKED_KEY), now.isoformat())
    return adopted


def reconcile(stores: Stores) -> int:
    """Queue every piece of work that is not finished, not waiting and not running; returns how many were queued."""
    queued = 0
    for receipt in receipts.unfinished(stores.cluster):
        queued += stores.queue.enqueue(receipts.NEXT_JOB[receipt.state], receipt.key, urgent=receipt.urgent)
    for receipt in receipts.unresolved(stores.cluster) if stores.settings.identity_matching != "off" else ():
        queued += stores.queue.enqueue("resolve_object", receipt.key)
    for dataset_id in intake.registered(stores.lake):
        queued += resume(stores, dataset_id)
    return queued


def tend(stores: Stores, *, burst: bool = False) -> None:
    """Reconcile, keep the population current, and let a store that does not answer pass until the next time.

    A worker that ends when its queues are empty (``burst``) asks nobody to measure: it does so itself at its end.
    """
    try:
        queued = reconcile(stores) + adopt_since_last(stores)
        fetch_log.expire_when_due(stores)
        vectors.trim_when_due(stores)
        if not burst:
            population.request_when_due(stores)
            quality.request_when_due(stores)
            pictures.request_when_due(stores)
    except CreatorscopeError as error:
        log.warning("reconcile_postponed", reason=error.detail)
        return
    if queued:
        log.info("reconciled", queued=queued)


def wait(
    stores: Stores,
    dataset_id: str | None,
    *,
    on_progress: Callable[[receipts.Balance], None],
    alive: Callable[[], bool] = lambda: True,
) -> receipts.Balance:
    """Follow the work on one dataset, or on all, until nothing is pending; returns the final balance.

    Where workers look for probable matches, it is followed until all accounts that are known have been compared, too.

    At its end the population is measured, where creators have changed.

    Raises:
        EngineFailed: ``alive`` says that nobody is left to do the work; it is kept, and goes on with the next worker.
    """
    wanted = 1 if dataset_id else len(intake.registered(stores.lake))
    while True:
        balance = receipts.balance(stores.cluster, dataset_id)
        on_progress(balance)
        if balance.datasets_read >= wanted and balance.pending == 0 and _is_resolved(stores):
            stores.cluster.refresh(CREATORS)
            population.measure_when_due(stores)
            return balance
        if not alive():
            detail = (
                f"no worker is left, with {balance.pending} records pending; they are kept: "
                "start one (`creatorscope worker`), or run this again"
            )
            raise EngineFailed(detail)
        time.sleep(POLL_S)


def _is_resolved(stores: Stores) -> bool:
    return stores.settings.identity_matching == "off" or receipts.balance(stores.cluster).unresolved == 0


def rebuild(stores: Stores) -> int:
    """Drop every derived index and queue the whole lake again; returns how many objects the lake holds.

    Dead letters stay. Searches find nothing, then more and more, until the work is done.
    """
    for index in lifecycle.drop_derived(stores.cluster):
        log.info("dropped", index=index)
    prepare(stores)
    for dataset_id in intake.registered(stores.lake):
        resume(stores, dataset_id)
    adopt(stores)
    return len(stores.lake.list_keys())


class Digest(NamedTuple):
    """A checksum over every creator document, and their number."""

    checksum: str
    creators: int


def digest(stores: Stores) -> Digest:
    """Return the digest of the index as it is now.

    Vectors are left out: the hash of their text and the encoder's fingerprint stand for them.
    """
    stores.cluster.refresh(CREATORS)
    body = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}], "_source": {"excludes": [VECTOR]}}
    checksum = hashlib.sha256()
    count = 0
    for hit in stores.cluster.scan(CREATORS, body):
        checksum.update(json.dumps(hit["_source"], sort_keys=True, ensure_ascii=False).encode())
        count += 1
    return Digest(checksum.hexdigest(), count)


def digest_or_none(stores: Stores) -> str | None:
    """Return the checksum, or None when there is no index."""
    try:
        return digest(stores).checksum
    except NotFound:
        return None
