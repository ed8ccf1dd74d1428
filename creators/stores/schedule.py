"""When each target is due: sorted sets in Redis, made from the ledger and made again from it when they are lost.

A target is in the set of its lane and group (``kind:platform``) until it is due, then in hand, until the job that was
given it has settled it. Claiming and queueing are one transaction that only the leader of the moment can complete: no
target is queued twice, and none is claimed and forgotten. Every method raises :class:`QueueUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from redis.exceptions import WatchError

from creators.models import Platform
from creators.stores.coordination import clock_ms
from creators.stores.scripts import Shared, boundary, script
from creators.stores.tasks import Lane, Task
from creators.targets import TaskKind

if TYPE_CHECKING:
    from redis.client import Pipeline

    from creators.stores.session import Stores

JOB_OF = {Lane.FRESH: "fetch_targets", Lane.BACKFILL: "backfill_targets"}
GROUPS = tuple(f"{kind}:{platform}" for kind in TaskKind for platform in Platform)
IN_HAND_S = 60
"""How long a target is in hand before it is asked whether its job lives."""
BATCH = 500

_Item = TypeVar("_Item")
_TAKEN = "schedule:taken"
_JOBS = "schedule:jobs"
_RETURNS = "schedule:returns"
_HELD = "schedule:held"
_MADE = "schedule:made"
_LEADER = "schedule:leader"


class Due(NamedTuple):
    """A target that can be queued now."""

    target_id: str
    returns: int
    """How often a job that was given it has died."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The targets of one job."""

    lane: Lane
    target_ids: tuple[str, ...]


def group_of(target_id: str) -> str:
    """Return ``kind:platform``: what is fetched in one job, and held together."""
    return ":".join(target_id.split(":", 2)[:2])


def _set(lane: Lane, group: str) -> str:
    return f"schedule:{lane}:{group}"


class Schedule:
    """Gateway to the schedule of one installation."""

    def __init__(self, stores: Stores) -> None:
        self._queue = stores.queue
        self._shared = Shared(stores.queue.redis, stores.settings.index_prefix)

    def put(self, tasks: Iterable[Task], *, leader: str | None = None, beside: bool = False) -> bool:
        """Say when targets are due; one that is in hand stays in hand.

        Args:
            tasks: with their lane and time.
            leader: do it only while this token leads.
            beside: leave them in the other lane, too; the job that is first settles both.

        Returns:
            False where ``leader`` does not lead any more: then some or all of it has not happened.
        """
        return self._each(list(tasks), self._enter if beside else self._place, leader)

    def settle(self, tasks: Iterable[Task], ended: Iterable[str] = (), *, leader: str | None = None) -> bool:
        """Take targets out of hand: those of ``tasks`` are due again, those of ``ended`` never; else as :meth:`put`."""

        def place(pipe: Pipeline, task: Task) -> None:
            self._free(pipe, task.target_id)
            self._place(pipe, task)

        return self._each(list(tasks), place, leader) and self._each(list(ended), self._end, leader)

    def _each(self, items: Sequence[_Item], write: Callable[[Pipeline, _Item], object], leader: str | None) -> bool:
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]

            def fill(pipe: Pipeline, batch: Sequence[_Item] = batch) -> None:
                for item in batch:
                    write(pipe, item)

            if self._at_once(fill, leader) is None:
                return False
        return True

    def _at_once(self, fill: Callable[[Pipeline], object], leader: str | None) -> list[Any] | None:
        """Do all that ``fill`` asks for or nothing: nothing (None) where ``leader`` is a token that does not lead."""
        name = self._shared.key(_LEADER)
        with boundary(), self._shared.redis.pipeline(transaction=True) as pipe:
            if leader is not None:
                # Whatever happens to the lease from here on, another leader or its end, undoes all of it.
                pipe.watch(name)  # type: ignore[no-untyped-call]  # the client leaves it untyped
                if pipe.get(name) != leader.encode():
                    return None
                pipe.multi()
            fill(pipe)
            try:
                return pipe.execute()
            except WatchError:
                return None

    def _key(self, lane: Lane, target_id: str) -> str:
        return self._shared.key(_set(lane, group_of(target_id)))

    def _enter(self, pipe: Pipeline, task: Task) -> None:
        if task.due_at is not None:
            pipe.zadd(self._key(task.lane, task.target_id), {task.target_id: task.due_at.timestamp()})

    def _place(self, pipe: Pipeline, task: Task) -> None:
        for lane in Lane:
            if lane is not task.lane or task.due_at is None:
                pipe.zrem(self._key(lane, task.target_id), task.target_id)
        self._enter(pipe, task)

    def _free(self, pipe: Pipeline, target_id: str) -> None:
        pipe.zrem(self._shared.key(_TAKEN), target_id)
        for name in (_JOBS, _RETURNS):
            pipe.hdel(self._shared.key(name), target_id)

    def _end(self, pipe: Pipeline, target_id: str) -> None:
        self._free(pipe, target_id)
        for lane in Lane:
            pipe.zrem(self._key(lane, target_id), target_id)

    def withdraw(self, lane: Lane, target_ids: Sequence[str]) -> None:
        """Take targets out of one lane; those that are in hand stay in hand."""
        self._each(target_ids, lambda pipe, target_id: pipe.zrem(self._key(lane, target_id), target_id), None)

    def hold(self, group: str, until: datetime) -> None:
        """Queue nothing of a group until a time: no source has anything left for it."""
        self._shared.batch(lambda pipe: pipe.hset(self._shared.key(_HELD), group, until.timestamp()))

    def lead(self, token: str, ttl_s: float) -> bool:
        """Take or keep the lead for ``ttl_s`` seconds; returns whether ``token`` leads."""
        return bool(self._shared.run(script("schedule_lead"), [_LEADER], token, int(ttl_s * 1000)))

    def due(self, lane: Lane, each: int) -> list[list[Due]]:
        """Return up to ``each`` targets of every group that are due and not in hand, the longest due first."""
        keys = [_TAKEN, _RETURNS, _HELD, *(_set(lane, group) for group in GROUPS)]
        found = self._shared.run_json(script("schedule_due"), keys, each, *GROUPS)
        return [[Due(target_id, returns) for target_id, returns in group] for group in found if group]

    def hand_over(self, token: str, claims: Sequence[Claim]) -> bool:
        """Queue one job for each claim, and take its targets in hand, all in one step.

        Returns:
            False where ``token`` does not lead any more: then nothing has happened.
        """
        free_at = clock_ms(self._shared.redis) / 1000 + IN_HAND_S

        def fill(pipe: Pipeline) -> None:
            for claim in claims:
                self._hand_over(pipe, claim, free_at)

        return self._at_once(fill, token) is not None

    def _hand_over(self, pipe: Pipeline, claim: Claim, free_at: float) -> None:
        job_id = self._queue.add_to(pipe, JOB_OF[claim.lane], *claim.target_ids)
        pipe.zadd(self._shared.key(_TAKEN), dict.fromkeys(claim.target_ids, free_at))
        pipe.hset(self._shared.key(_JOBS), mapping=dict.fromkeys(claim.target_ids, job_id))
        for target_id in claim.target_ids:
            for lane in Lane:
                pipe.zrem(self._key(lane, target_id), target_id)

    def lost(self, limit: int) -> list[str]:
        """Return targets that are in hand of no job that waits or runs; those of the others stay in hand."""
        now = clock_ms(self._shared.redis) / 1000
        with boundary():
            overdue: list[Any] = self._shared.redis.zrangebyscore(
                self._shared.key(_TAKEN), "-inf", now, start=0, num=limit
            )
            if not overdue:
                return []
            jobs: list[Any] = self._shared.redis.hmget(self._shared.key(_JOBS), overdue)
        alive = {job: job is not None and self._queue.is_alive(job.decode()) for job in set(jobs)}
        kept = {target.decode(): now + IN_HAND_S for target, job in zip(overdue, jobs, strict=True) if alive[job]}
        if kept:
            self._shared.batch(lambda pipe: pipe.zadd(self._shared.key(_TAKEN), kept))
        return [target.decode() for target, job in zip(overdue, jobs, strict=True) if not alive[job]]

    def come_back(self, token: str, tasks: Sequence[Task]) -> Mapping[str, int]:
        """Take targets out of a dead job's hand; returns how often each has come back by now.

        Nothing happens, and nothing is returned, where ``token`` does not lead any more.
        """

        def fill(pipe: Pipeline) -> None:
            for task in tasks:
                pipe.hincrby(self._shared.key(_RETURNS), task.target_id, 1)
            for task in tasks:
                pipe.zrem(self._shared.key(_TAKEN), task.target_id)
                pipe.hdel(self._shared.key(_JOBS), task.target_id)
                self._place(pipe, task)

        counted = self._at_once(fill, token) or []
        return {task.target_id: count for task, count in zip(tasks, counted, strict=False)}

    def missing(self, tasks: Sequence[Task]) -> list[Task]:
        """Return those that are neither scheduled nor in hand: Redis has lost them."""
        if not tasks:
            return []

        def ask(pipe: Pipeline) -> None:
            for task in tasks:
                pipe.zscore(self._key(task.lane, task.target_id), task.target_id)
                pipe.zscore(self._shared.key(_TAKEN), task.target_id)

        scores = self._shared.batch(ask)
        pairs = zip(tasks, scores[::2], scores[1::2], strict=True)
        return [task for task, due, taken in pairs if due is None and taken is None]

    def is_made(self) -> bool:
        """Return whether the schedule has been made from the ledger; a Redis that lost everything says no."""
        with boundary():
            return bool(self._shared.redis.exists(self._shared.key(_MADE)))

    def mark_made(self) -> None:
        """Say that the schedule has been made from the ledger."""
        now = datetime.now(UTC).isoformat()
        self._shared.batch(lambda pipe: pipe.set(self._shared.key(_MADE), now))

    def depth(self) -> dict[str, int]:
        """Return how many targets each lane holds, and how many are in hand (``taken``)."""
        names = [_TAKEN, *(_set(lane, group) for lane in Lane for group in GROUPS)]
        sizes = self._shared.batch(lambda pipe: [pipe.zcard(self._shared.key(name)) for name in names])
        fresh, backfill = sum(sizes[1 : 1 + len(GROUPS)]), sum(sizes[1 + len(GROUPS) :])
        return {Lane.FRESH: fresh, Lane.BACKFILL: backfill, "taken": sizes[0]}
