"""What is due becomes jobs: one planner leads at a time, beside its worker's work, and the others wait to follow.

The ledger is the truth, the schedule in Redis is made from it. A planner that stops for any time, or dies at any
point, leaves nothing queued twice and nothing forgotten: see :mod:`creators.stores.schedule`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from creators.errors import NotFound, Unavailable
from creators.stores import deadletters, tasks
from creators.stores.schedule import BATCH, Claim, Due, Schedule
from creators.stores.tasks import Lane, Task, TaskState
from fetchers.landing import land
from fetchers.retention import expired

if TYPE_CHECKING:
    from creators.stores.session import Stores

TICK_S = 2.0
"""How often a planner looks."""
LEASE_S = 15.0
"""A leader that has not looked for this long is followed by another."""
MAX_QUEUED_JOBS = 8
"""Jobs that wait in the queue of a lane before the next are made: what is queued can no longer be put in order."""
MAX_RETURNS = 3
"""A target whose job has died so often is given up; from the first time on it gets a job of its own."""
SWEEP_S = 30.0
SWEEP_PAGE = 1000
EXPIRE_S = 300.0
"""How often the leader looks for what is older than its owner lets it be kept."""

_QUEUE_OF = {Lane.FRESH: "fetch", Lane.BACKFILL: "backfill"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one look has done, in targets but for ``jobs``."""

    leads: bool
    queued: int = 0
    jobs: int = 0
    returned: int = 0
    restored: int = 0
    given_up: int = 0


class Planner:
    """The planner of one process."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._schedule = Schedule(stores)
        self._token = uuid4().hex
        self._swept_at = self._expired_at = float("-inf")
        self._sweep_after: Sequence[Any] | None = None

    def tick(self) -> Ticked:
        """Queue what is due as far as there is room, where this planner leads; returns what was done.

        Ticks that were missed are not made up for: a target is due once, however late. Nor is one for which a store did
        not answer: the next goes on.
        """
        try:
            return self._tick()
        except Unavailable as error:
            log.warning("planning_postponed", reason=error.detail)
            return Ticked(leads=False)

    def _tick(self) -> Ticked:
        if not self._leads():
            return Ticked(leads=False)
        restored = self._restore() if not self._schedule.is_made() else self._sweep()
        returned, given_up = self._take_back()
        self._expire()
        claims = [claim for lane in Lane for claim in self._claims(lane)]
        queued = sum(len(claim.target_ids) for claim in claims)
        if claims and not self._schedule.hand_over(self._token, claims):
            return Ticked(leads=False, returned=returned, restored=restored, given_up=given_up)
        done = Ticked(
            leads=True, queued=queued, jobs=len(claims), returned=returned, restored=restored, given_up=given_up
        )
        if returned or restored or given_up:
            log.info("planned", queued=queued, returned=returned, restored=restored, given_up=given_up)
        return done

    def _leads(self) -> bool:
        return self._schedule.lead(self._token, LEASE_S)

    def _claims(self, lane: Lane) -> list[Claim]:
        room = MAX_QUEUED_JOBS - self._stores.queue.depth()[_QUEUE_OF[lane]]
        if room <= 0:
            return []
        size = self._stores.settings.fetch_batch
        return claims_of(lane, self._schedule.due(lane, room * size), size)[:room]

    def _restore(self) -> int:
        """Make the schedule from the ledger: Redis has none, or has lost it."""
        tasks.refresh(self._stores.cluster)
        restored = 0
        page: list[Task] = []
        for task in tasks.waiting(self._stores.cluster):
            page.append(task)
            if len(page) == BATCH:
                restored += self._put(page)
                page = []
                if not self._leads():
                    return restored
        restored += self._put(page)
        self._schedule.mark_made()
        return restored

    def _put(self, page: Sequence[Task]) -> int:
        missing = self._schedule.missing(page)
        return len(missing) if self._schedule.put(missing, leader=self._token) else 0

    def _sweep(self) -> int:
        """Look at one page of the ledger for what is due and not in the schedule: Redis may lose its last second."""
        if time.monotonic() < self._swept_at + SWEEP_S:
            return 0
        self._swept_at = time.monotonic()
        page, self._sweep_after = tasks.due(
            self._stores.cluster, datetime.now(UTC), limit=SWEEP_PAGE, after=self._sweep_after
        )
        missing = self._schedule.missing(page)
        # A search sees what was true a second ago; what has been settled since is not missing.
        now_true = tasks.load(self._stores.cluster, [task.target_id for task in missing])
        still = [task for task in now_true.values() if task.state is TaskState.WAITING]
        return self._put(still)

    def _expire(self) -> None:
        """Land the end of accounts that nobody could fetch for longer than their data may be kept."""
        if time.monotonic() < self._expired_at + EXPIRE_S:
            return
        self._expired_at = time.monotonic()
        now = datetime.now(UTC)
        try:
            records = expired(self._stores.cluster, now)
        except NotFound:
            return  # the profiles are being made again
        if records:
            land(self._stores, records, landed_on=now.date())
            log.info("expired", accounts=len(records))

    def _take_back(self) -> tuple[int, int]:
        """Schedule again what a job that has died was given; returns how many came back, and how many are given up."""
        lost = self._schedule.lost(SWEEP_PAGE)
        known = tasks.load(self._stores.cluster, lost)
        waiting = {key: task for key, task in known.items() if task.state is TaskState.WAITING}
        now = datetime.now(UTC)
        settled = {key for key, task in waiting.items() if task.due_at is not None and task.due_at > now}
        # Its job booked it in the ledger, and died before the schedule followed; or nobody wants it any more.
        self._schedule.settle([waiting[key] for key in settled], set(lost) - set(waiting), leader=self._token)
        died = [task for key, task in waiting.items() if key not in settled]
        counted = self._schedule.come_back(self._token, died)
        hopeless = [task for task in died if counted.get(task.target_id, 0) >= MAX_RETURNS]
        self._give_up(hopeless)
        return len(counted) - len(hopeless), len(hopeless)

    def _give_up(self, hopeless: Iterable[Task]) -> None:
        by_id = {task.target_id: task for task in hopeless}
        if not by_id:
            return
        reason = f"{MAX_RETURNS} jobs that fetched it have died: look for what it does to a worker, then replay it"
        letters = [
            deadletters.DeadLetter(
                "fetch",
                deadletters.POISON,
                reason,
                source=task.source or "unknown",
                target=target_id,
                attempts=MAX_RETURNS,
            )
            for target_id, task in by_id.items()
        ]
        deadletters.add(self._stores.cluster, letters)
        failed = {"state": TaskState.FAILED, "due_at": None, "error": deadletters.POISON, "attempts": MAX_RETURNS}
        tasks.revise(self._stores.cluster, dict.fromkeys(by_id, failed))
        self._schedule.settle([], by_id)


def claims_of(lane: Lane, groups: Sequence[Sequence[Due]], size: int) -> list[Claim]:
    """Return the jobs for what is due, ``size`` targets of one group each, the groups in turn.

    A target whose job has died gets a job of its own: if it is to blame, it takes nobody with it again.
    """
    batches: list[list[tuple[str, ...]]] = []
    for group in groups:
        calm = [due.target_id for due in group if not due.returns]
        alone = [(due.target_id,) for due in group if due.returns]
        batches.append([*(tuple(calm[start : start + size]) for start in range(0, len(calm), size)), *alone])
    return [Claim(lane, ids) for turn in zip_longest(*batches) for ids in turn if ids]
