"""One round of fetching: targets go out, answers come to lie in the lake, the ledger learns how it went.

A round may be cut off anywhere and done again: what was landed is landed once, and only the settlement at the end frees
a target for its next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from creators.models import RawRecord
from creators.stores import tasks
from creators.stores.schedule import Schedule, group_of
from creators.stores.tasks import Task, TaskState
from creators.targets import TaskKind, parse_target
from fetchers import fetch_log
from fetchers.controller import Controller
from fetchers.landing import land, last_known
from fetchers.outcomes import Outcome
from fetchers.retention import confirmed_gone, deletions
from fetchers.settlement import Ended, Settled, forget, settle
from fetchers.sources import all_sources

if TYPE_CHECKING:
    from creators.stores.session import Stores

WANTED = frozenset({TaskState.WAITING, TaskState.PAUSED})
"""A paused backfill leaves an account that is known its usual turn."""
BEGIN_SHARE, ASK_SHARE = 0.5, 0.9
"""Parts of a job's time in which targets are begun, and are waited for; the rest is for landing."""
HOLD_MOST = timedelta(hours=1)


def fetch_round(stores: Stores, target_ids: Sequence[str]) -> list[Outcome]:
    """Fetch targets, land what was found and settle every one of them; returns how each ended.

    Raises:
        Unavailable: a store does not answer; the round is done again.
    """
    known = tasks.load(stores.cluster, target_ids)
    wanted = {i: task for i in target_ids if (task := known.get(i)) and task.state in WANTED}
    forget(stores, [target_id for target_id in target_ids if target_id not in wanted])
    if not wanted:
        return []
    outcomes = asyncio.run(_ask(stores, list(wanted)))
    records = [record for outcome in outcomes for record in _records(stores, wanted, outcome)]
    settled, now = [_settled(outcome) for outcome in outcomes], datetime.now(UTC)
    records += deletions(stores.cluster, confirmed_gone(stores, wanted, settled, now), now)
    land(stores, records, landed_on=now.date())
    settle(stores, settled)
    _hold(stores, outcomes)
    fetch_log.write(stores.cluster, outcomes)
    return outcomes


async def _ask(stores: Stores, target_ids: Sequence[str]) -> list[Outcome]:
    async with Controller(stores, all_sources()) as controller:
        targets = [parse_target(target_id) for target_id in target_ids]
        limit_s = stores.settings.job_timeout_s
        return await controller.run_all(targets, within_s=limit_s * BEGIN_SHARE, done_s=limit_s * ASK_SHARE)


def _hold(stores: Stores, outcomes: Sequence[Outcome]) -> None:
    for group, until in holds(outcomes, datetime.now(UTC)).items():
        Schedule(stores).hold(group, until)


def holds(outcomes: Sequence[Outcome], now: datetime) -> dict[str, datetime]:
    """Return which groups of targets nobody has an allowance for, and until when to leave them alone.

    For ``HOLD_MOST`` at most: an operator may add a credential meanwhile. Never pages, where it is one site of many
    that asks to wait.
    """
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.target.kind is not TaskKind.PAGE:
            groups.setdefault(group_of(str(outcome.target)), []).append(outcome)
    found: dict[str, datetime] = {}
    for group, ended in groups.items():
        until = [outcome.retry_at for outcome in ended if outcome.kind == "limited" and outcome.retry_at]
        if len(until) == len(ended):
            found[group] = min(*until, now + HOLD_MOST)
    return found


def _records(stores: Stores, wanted: dict[str, Task], outcome: Outcome) -> list[RawRecord]:
    """Return what a target is worth landing: its answer, or, where every source failed, what was known last."""
    if outcome.found is not None:
        return list(outcome.found.records)
    account_id = wanted[str(outcome.target)].account_id
    # Where nobody was asked and nobody will be, sources are switched off: that says nothing about the account.
    failed = outcome.kind == "failed" and (outcome.attempts or outcome.retry_at)
    return last_known(stores, account_id) if failed and account_id and outcome.target.kind is TaskKind.PROFILE else []


def _settled(outcome: Outcome) -> Settled:
    ended = Ended.LIMITED if outcome.was_not_asked else Ended(outcome.kind)
    return Settled(str(outcome.target), ended, source=outcome.source, until=outcome.retry_at, error=outcome.error)
