"""How long targets are left alone for which nobody has an allowance: no longer than whoever limits them is alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from creators.stores.tasks import Task
from creators.targets import parse_target
from fetchers.cadence import Bounds
from fetchers.outcomes import Outcome
from fetchers.rounds import HOLD_MOST, holds
from fetchers.router import route
from fetchers.settlement import Ended, Settled, changes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON, NEXT_MONTH = NOW + timedelta(minutes=5), NOW + timedelta(days=31)


def limited(target_id, until, kind="limited"):
    target = parse_target(target_id)
    return Outcome(target, kind, NOW, route(target, (), "balanced"), retry_at=until)


def test_a_group_is_held_where_all_of_it_was_limited_until_the_first_can_go_on():
    outcomes = [
        limited("profile:x:1", SOON),
        limited("profile:x:2", NEXT_MONTH),
        limited("profile:youtube:UC1", SOON),
        limited("profile:youtube:UC2", None, "found"),
        limited("search:x:chess", NEXT_MONTH),
    ]
    assert holds(outcomes, NOW) == {"profile:x": SOON, "search:x": NOW + HOLD_MOST}


def test_a_site_that_asks_to_wait_does_not_hold_the_others():
    assert holds([limited("page:x:1 https://slow.example/", NEXT_MONTH)], NOW) == {}


def test_what_is_limited_comes_back_within_the_longest_interval():
    week = timedelta(days=7)
    task = Task("profile:x:1", created_at=NOW)
    result = Settled("profile:x:1", Ended.LIMITED, until=NEXT_MONTH)
    due = changes(task, result, NOW, Bounds(3600, week.total_seconds()))["due_at"]
    assert NOW + week <= due <= NOW + week + timedelta(minutes=2)
