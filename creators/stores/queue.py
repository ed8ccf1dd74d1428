"""Work between stages: RQ on Redis carries the names of what is to be done, never data.

Arguments are ids in JSON. A worker runs a function only if its name is in ``JOBS``: whoever can write to Redis can
still queue anything, so the check stands where the function is looked up, and callbacks and webhooks are dropped.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from creators.errors import JobRefused, QueueUnavailable

if TYPE_CHECKING:
    from redis.client import Pipeline

    from creators.settings import Settings

URGENT = "urgent"
"""The queue of any job that somebody waits for."""
RESOLVE = "resolve"
MEDIA = "media"
"""Pictures that profiles and posts name."""
QUEUES = (URGENT, "index", "export", "enrich", "fetch", RESOLVE, MEDIA, "backfill")
"""In order of priority: what is nearly done goes first, so that little is ever in flight; people wait for exports.

Comparing accounts comes after everything that makes a record visible, and so never delays it by more than the one job
that is in hand; so do pictures, whose jobs are short. A backfill has no end and takes what is left. Where fetching
never pauses, a worker of its own (``CREATORSCOPE_IDENTITY_MATCHING=only``) keeps comparisons from waiting for ever."""
LEASE_S = 20
"""A worker that has not renewed its lease for this long is dead, and its jobs are free."""
FAILURE_TTL_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class JobKind:
    """One function that may be queued."""

    queue: str
    function: str


JOBS: dict[str, JobKind] = {
    "fetch_dataset": JobKind("fetch", "fetchers.jobs.fetch_dataset"),
    "fetch_targets": JobKind("fetch", "fetchers.jobs.fetch_targets"),
    "backfill_targets": JobKind("backfill", "fetchers.jobs.backfill_targets"),
    "normalise_object": JobKind("enrich", "enrich.jobs.normalise_object"),
    "enrich_object": JobKind("enrich", "enrich.jobs.enrich_object"),
    "resolve_object": JobKind(RESOLVE, "enrich.jobs.resolve_object"),
    "index_object": JobKind("index", "indexers.jobs.index_object"),
    "look_pictures": JobKind(MEDIA, "indexers.jobs.look_pictures"),
    "measure_population": JobKind("index", "indexers.jobs.measure_population"),
    "measure_quality": JobKind("index", "indexers.jobs.measure_quality"),
    "write_export": JobKind("export", "search.jobs.write_export"),
}
_ALLOWED = frozenset(kind.function for kind in JOBS.values())


class AllowedJob(Job):
    """A job whose function is on the list, without callbacks, webhooks or an instance to call it on."""

    @property
    def func(self) -> Any:
        """The function to run; raises :class:`JobRefused` for any name outside the list."""
        if self.func_name not in _ALLOWED or self.instance is not None:
            detail = f"job {self.id} names {self.func_name!r}, which is not on the list of jobs: refused"
            raise JobRefused(detail)
        return super().func

    def restore(self, raw_data: Any) -> Any:
        """Read the job from Redis, leaving out everything else that names code or an address.

        Raises:
            NoSuchJobError: it is not there, or not a job: the worker passes over it and lives.
        """
        try:
            restored = super().restore(raw_data)
        except Exception as error:  # whatever its fields hold, it costs itself and not the worker
            detail = f"job {self.id} cannot be read: {error}"
            raise NoSuchJobError(detail) from error
        self._success_callback_name = None
        self._failure_callback_name = None
        self._stopped_callback_name = None
        self.webhooks = []
        # What is unfinished comes back by its receipt, never by the library: it writes the job anew, and cannot where
        # ``meta`` was not JSON.
        self.retries_left = self.repeats_left = None
        self.meta = {}
        return restored


@contextlib.contextmanager
def _boundary() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        detail = f"Redis does not answer: {error}"
        raise QueueUnavailable(detail) from error


def connect(settings: Settings) -> Redis:
    """Return a connection with the time limits of the settings."""
    if settings.redis_url is None:
        detail = "no Redis address: set CREATORSCOPE_REDIS_URL or start the embedded engines"
        raise QueueUnavailable(detail)
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        # RESP3, the client's default, is promised for servers from 7.2 on; the embedded one is 6.2.
        protocol=2,
    )


class WorkQueue:
    """Gateway to the queues of one installation."""

    def __init__(self, settings: Settings, connection: Redis | None = None) -> None:
        self._prefix = settings.index_prefix
        self._timeout = settings.job_timeout_s
        self.redis = connection or connect(settings)

    def queue(self, name: str) -> Queue:
        """Return one queue."""
        return Queue(f"{self._prefix}{name}", connection=self.redis, serializer=JSONSerializer, job_class=AllowedJob)

    def job_id(self, name: str, *ids: str) -> str:
        """Return the id of a job: the same work is the same job."""
        digest = hashlib.sha256("\x00".join(ids).encode()).hexdigest()[:32]
        return f"{self._prefix}{name}-{digest}"

    def enqueue(self, name: str, *ids: str, urgent: bool = False) -> bool:
        """Queue one piece of work; returns False when the same work is waiting or running already.

        Args:
            name: of the job.
            ids: what it works on.
            urgent: whether it goes before everything else.

        Raises:
            KeyError: no such job. QueueUnavailable: Redis does not answer.
        """
        kind = JOBS[name]
        job_id = self.job_id(name, *ids)
        with _boundary():
            self._forget_ended(job_id)
            try:
                self.queue(URGENT if urgent else kind.queue).enqueue(
                    kind.function,
                    *ids,
                    job_id=job_id,
                    unique=True,
                    job_timeout=self._timeout,
                    result_ttl=0,
                    failure_ttl=FAILURE_TTL_S,
                    description=name,
                )
            except DuplicateJobError:
                return False
        return True

    def add_to(self, pipeline: Pipeline, name: str, *ids: str) -> str:
        """Queue one piece of work as part of a transaction, and return the id of the job, which is new."""
        job_id = f"{self._prefix}{name}-{uuid4().hex}"
        options = {"job_timeout": self._timeout, "result_ttl": 0, "failure_ttl": FAILURE_TTL_S, "description": name}
        self.queue(JOBS[name].queue).enqueue(JOBS[name].function, *ids, job_id=job_id, pipeline=pipeline, **options)
        return job_id

    def is_alive(self, job_id: str) -> bool:
        """Return whether a job waits or is run by a worker that lives."""
        with _boundary():
            try:
                return self._is_live(AllowedJob.fetch(job_id, connection=self.redis, serializer=JSONSerializer))
            except NoSuchJobError:
                return False

    def _forget_ended(self, job_id: str) -> None:
        """Remove a job that no living worker will finish, so that its work can be queued again."""
        try:
            job = AllowedJob.fetch(job_id, connection=self.redis, serializer=JSONSerializer)
        except NoSuchJobError:
            return
        if not self._is_live(job):
            job.delete()

    def _is_live(self, job: Job) -> bool:
        try:
            status = job.get_status()
        except InvalidJobOperation:
            return False  # it ended since it was read
        if status == JobStatus.QUEUED:
            queue = Queue(job.origin, connection=self.redis, serializer=JSONSerializer, job_class=AllowedJob)
            # Taken off the list but not started: its worker died in between, unless it is alive and about to start.
            return queue.get_job_position(job.id) is not None or (self.workers_alive() > 0 and self._is_young(job))
        if status == JobStatus.STARTED:
            return bool(self.redis.exists(self._lease_key(job.worker_name or "")))
        return status in {JobStatus.DEFERRED, JobStatus.SCHEDULED}

    @staticmethod
    def _is_young(job: Job) -> bool:
        from rq.utils import now

        return job.enqueued_at is not None and (now() - job.enqueued_at).total_seconds() < LEASE_S

    def depth(self) -> dict[str, int]:
        """Return how many jobs wait in each queue."""
        with _boundary():
            return {name: self.queue(name).count for name in QUEUES}

    def running(self) -> int:
        """Return how many jobs run now."""
        with _boundary():
            return sum(self.queue(name).started_job_registry.count for name in QUEUES)

    def failures(self) -> dict[str, str]:
        """Return the failed jobs with the last line of what went wrong."""
        found: dict[str, str] = {}
        with _boundary():
            for name in QUEUES:
                for job_id in self.queue(name).failed_job_registry.get_job_ids():
                    with contextlib.suppress(NoSuchJobError):
                        job = AllowedJob.fetch(job_id, connection=self.redis, serializer=JSONSerializer)
                        result = job.latest_result()
                        text = (result.exc_string if result else None) or "no reason kept"
                        found[job_id] = text.strip().splitlines()[-1]
        return found

    def _lease_key(self, worker: str) -> str:
        return f"{self._prefix}worker:{worker}"

    def renew_lease(self, worker: str) -> None:
        """Say that a worker lives."""
        with _boundary():
            self.redis.set(self._lease_key(worker), "1", ex=LEASE_S)

    def end_lease(self, worker: str) -> None:
        """Say that a worker has ended."""
        with _boundary():
            self.redis.delete(self._lease_key(worker))

    def workers_alive(self) -> int:
        """Return how many workers of this installation live."""
        with _boundary():
            return sum(1 for _ in self.redis.scan_iter(match=self._lease_key("*"), count=1000))
