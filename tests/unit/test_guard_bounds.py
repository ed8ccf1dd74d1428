"""The bounds of the regression guard: each has its reason, and what is beyond one is named."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.guard.bounds import Bound, judge, read, rebased, write
from benchmarks.guard.counting import Counter, Sent, kind_of
from benchmarks.guard.measure import Turns, against, in_turns
from benchmarks.retrieval.machine import EngineClock

BOUNDS = {"bytes": Bound(100.0, 1.2, "Bytes."), "cpu": Bound(2.0, 1.5, "CPU.")}


def test_the_committed_bounds_have_measured_values_and_reasons():
    assert {"requests_per_search", "bytes_fetched_per_search", "cpu_ours_to_native"} <= set(read())


@pytest.mark.parametrize(
    "entry",
    [
        {"measured": 1, "slack": 1.2},
        {"measured": 1, "slack": 1.2, "reason": " "},
        {"measured": 0, "slack": 1.2, "reason": "why"},
        {"measured": 1, "slack": 0.9, "reason": "why"},
        {"measured": "many", "slack": 2, "reason": "why"},
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(tmp_path, entry):
    (tmp_path / "bounds.json").write_text(json.dumps({"bytes": entry}), encoding="utf-8")
    with pytest.raises(ValueError, match="bytes"):
        read(tmp_path / "bounds.json")


def test_what_is_within_passes_and_what_is_beyond_is_named_with_its_reason():
    assert judge({"bytes": 120.0, "cpu": 1.0}, BOUNDS).moved == ()
    moved = judge({"bytes": 121.0, "cpu": 1.0}, BOUNDS).moved
    assert len(moved) == 1
    assert "bytes is 121" in moved[0]
    assert "Bytes." in moved[0]


def test_a_figure_that_cannot_be_had_is_told_and_one_that_vanished_has_moved():
    judgement = judge({"cpu": math.nan}, BOUNDS)
    assert judgement.unmeasured == ("cpu",)
    assert judgement.moved == ("bytes is not measured any more",)


def test_new_bounds_keep_slack_and_reason_and_what_was_not_measured(tmp_path):
    again = rebased({"bytes": 80.0, "cpu": math.nan, "other": 1.0}, BOUNDS)
    assert again == {"bytes": Bound(80.0, 1.2, "Bytes."), "cpu": BOUNDS["cpu"]}
    write(again, tmp_path / "bounds.json")
    assert read(tmp_path / "bounds.json") == again


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"POST /t1-creators/_search?request_cache=true HTTP/1.1\r\n", "_search"),
        (b"POST /_msearch HTTP/1.1\r\n", "_msearch"),
        (b"GET /t1-creators/_segments HTTP/1.1\r\n", "_segments"),
        (b"GET / HTTP/1.1\r\n", "/"),
    ],
)
def test_a_request_is_counted_by_what_it_is_for(head, kind):
    assert kind_of(head) == kind


def test_only_requests_for_creators_count():
    sent = [Sent("_search", 10), Sent("_segments", 20), Sent("_msearch", 30)]
    assert [one.answer_bytes for one in Counter(sent=sent).searches()] == [10, 30]


def test_a_ratio_is_of_medians():
    turns = {"ours": Turns([4.0, 6.0, 90.0], [3.0, 3.0, 3.0]), "naive": Turns([2.0, 3.0, 1.0], [1.0, 2.0, 0.0])}
    figures = against("ours", turns)
    assert figures["wall_ours_to_naive"] == 3.0
    assert figures["cpu_ours_to_naive"] == 3.0


async def test_everybody_is_asked_every_question_once_and_is_first_as_often_as_last():
    asked = []

    class Still(EngineClock):
        def __init__(self) -> None:
            self._tasks = None

    def way(name):
        async def ask(place):
            asked.append((name, place))

        return ask

    turns = await in_turns({name: way(name) for name in "abc"}, Still(), count=9, rounds=2)
    assert sorted(asked) == [(name, place) for name in "abc" for place in range(9)]
    firsts = [name for name, _ in asked[::3]]
    # Round 0 warms: rounds 1 and 2 count, three questions each.
    assert firsts[3:] == ["a"] * 3 + ["c"] * 3
    assert all(len(one.wall) == 6 for one in turns.values())
    assert all(math.isnan(value) for value in turns["a"].cpu)
