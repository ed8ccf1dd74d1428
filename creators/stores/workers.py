"""A worker: runs queued jobs one after another, with its chores beside them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from creators.errors import CreatorscopeError, QueueUnavailable, Reaction
from creators.stores.queue import LEASE_S, MEDIA, QUEUES, RESOLVE, AllowedJob, WorkQueue, connect

if TYPE_CHECKING:
    from redis import Redis
    from rq.job import Job

    from creators.settings import Settings

log = structlog.get_logger(__name__)

WORKER_TTL_S = 30
PAUSE_S = 2.0
"""How long a worker waits after a job that failed because a store did not answer."""


def _on_failure(job: Job, _kind: type[BaseException], error: BaseException, _trace: object) -> bool:
    """Say what failed; where a store does not answer, pause, or the queue would run dry in a second."""
    ours = isinstance(error, CreatorscopeError)
    passing = isinstance(error, CreatorscopeError) and error.reaction is Reaction.RETRY
    said = f"{type(error).__name__}: {error}"
    log.warning("job_failed", job=job.id, error=said, comes_back=passing, exc_info=None if ours else error)
    if passing:
        time.sleep(PAUSE_S)
    return True


@dataclass(frozen=True, slots=True)
class Chore:
    """What a worker does beside its jobs: at once, then every ``every_s`` seconds."""

    do: Callable[[], object]
    every_s: float


def work(settings: Settings, *, burst: bool, chores: Sequence[Chore] = ()) -> None:
    """Run jobs until SIGINT or SIGTERM (the job at hand is finished first), or, with ``burst``, until none is left.

    Args:
        settings: of this process.
        burst: stop when the queues are empty.
        chores: done beside the work, such as bringing back what fell out of the queue.

    Raises:
        QueueUnavailable: Redis does not answer, or the worker gave up.
    """
    work_queue = WorkQueue(settings)
    worker = _worker(work_queue, connect(settings), queues_of(settings))
    work_queue.renew_lease(worker.name)
    with contextlib.ExitStack() as beside:
        for chore in (Chore(lambda: work_queue.renew_lease(worker.name), LEASE_S / 4), *chores):
            beside.enter_context(_beside(chore))
        try:
            worker.work(burst=burst, logging_level="ERROR")
        finally:
            with contextlib.suppress(QueueUnavailable):
                work_queue.end_lease(worker.name)
    if not burst and worker._shutdown_requested_date is None:  # noqa: SLF001 - rq has no public word for it
        detail = "the worker ended by itself, for the reason above; its work is kept: start it again"
        raise QueueUnavailable(detail)


def queues_of(settings: Settings) -> tuple[str, ...]:
    """Return the queues that a worker of these settings serves, in order of priority."""
    only = {RESOLVE: settings.identity_matching == "only", MEDIA: settings.media_fetch == "only"}
    if any(only.values()):
        return tuple(queue for queue in QUEUES if only.get(queue))
    wanted = {RESOLVE: settings.identity_matching == "on", MEDIA: settings.media_fetch == "on"}
    return tuple(queue for queue in QUEUES if wanted.get(queue, True))


def _worker(work_queue: WorkQueue, connection: Redis, queues: Sequence[str]) -> SimpleWorker:
    # Its own lines are a traceback for every failure, where ours say as much; but if it ends, it says why.
    logging.getLogger("rq.worker").addFilter(lambda record: "quitting" in record.getMessage())
    return SimpleWorker(
        [work_queue.queue(queue) for queue in queues],
        name=uuid4().hex,
        connection=connection,
        job_class=AllowedJob,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=LEASE_S,
        log_job_description=False,
        exception_handlers=[_on_failure],
    )


@contextlib.contextmanager
def _beside(chore: Chore) -> Iterator[None]:
    """Do the chore now and every so often in a thread while the block runs; what it raises is logged, not fatal."""
    stop = threading.Event()

    def repeat() -> None:
        while True:
            try:
                chore.do()
            except CreatorscopeError as error:
                log.warning("chore_postponed", reason=error.detail)
            except Exception:  # the thread must live: without it nothing comes back
                log.exception("task_failed")
            if stop.wait(chore.every_s):
                return

    threading.Thread(target=repeat, daemon=True).start()
    try:
        yield
    finally:
        stop.set()
