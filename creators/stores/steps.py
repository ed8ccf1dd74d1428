"""How a job treats failure: what may pass is tried again, what never will ends in the dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from rq.timeouts import JobTimeoutException

from creators.errors import CreatorscopeError, Reaction
from creators.stores import deadletters, receipts
from creators.stores.receipts import State

if TYPE_CHECKING:
    from creators.stores.session import Stores

MAX_ATTEMPTS = 3

log = structlog.get_logger(__name__)


def run_step(stores: Stores, key: str, step: Callable[[Stores, str], Any]) -> None:
    """Run one step of a lake object's way.

    A store that does not answer is no fault of the object: the error goes on, the receipt stays, the reconciler
    queues the step again. Any other failure counts; after ``MAX_ATTEMPTS`` the whole object is dead-lettered, so that
    one poisonous record does not hold up its queue for ever.
    """
    try:
        step(stores, key)
    except Exception as error:
        if isinstance(error, CreatorscopeError) and error.reaction is Reaction.RETRY:
            raise
        _count_failure(stores, key, step.__name__, error)
        raise


def ran_out_of_time(error: Exception) -> bool:
    """Return whether the error is the time limit of a job."""
    return isinstance(error, JobTimeoutException)


def _count_failure(stores: Stores, key: str, stage: str, error: Exception) -> None:
    receipt = receipts.load(stores.cluster, key)
    if receipt is None:
        return
    attempts = receipt.attempts + 1
    log.error("step_failed", stage=stage, key=key, attempts=attempts, error=f"{type(error).__name__}: {error}")
    if attempts < MAX_ATTEMPTS:
        receipts.save(stores.cluster, receipt.model_copy(update={"attempts": attempts}))
        return
    reason = f"gave up after {attempts} attempts, {receipt.records} records: {type(error).__name__}: {error}"
    letter = deadletters.DeadLetter(stage, "object_failed", reason, dataset_id=receipt.dataset_id, raw_key=key)
    deadletters.add(stores.cluster, [letter])
    dead = {"state": State.DEAD, "attempts": attempts, "dead_lettered": receipt.records, "stale": 0, "indexed": 0}
    receipts.save(stores.cluster, receipt.model_copy(update=dead))
