"""The latency budget by a clock that the test turns."""

from types import SimpleNamespace

import pytest

from search import budget as budgets
from search.budget import FLOOR_S, Budget


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now.s))
    return now


def test_what_is_left_falls_to_the_floor(clock):
    budget = Budget(500)
    assert (budget.left_s, budget.left_ms) == (0.5, 500)
    clock.s += 0.375
    assert (budget.left_s, budget.left_ms) == (0.125, 125)
    clock.s += 10
    assert (budget.left_s, budget.left_ms) == (FLOOR_S, int(FLOOR_S * 1000))


def test_a_stage_that_runs_twice_is_one_sum(clock):
    budget = Budget(500)
    for seconds in (0.25, 0.125):
        with budget.stage("retrieve"):
            clock.s += seconds
    with budget.stage("rank"):
        clock.s += 0.0625
    clock.s += 0.5
    assert budget.summary() == {"retrieve": 375.0, "rank": 62.5, "total": 937.5}


def fail_in(budget, clock):
    with budget.stage("fetch"):
        clock.s += 0.25
        raise KeyError


def test_a_stage_that_fails_is_measured_too(clock):
    budget = Budget(500)
    with pytest.raises(KeyError):
        fail_in(budget, clock)
    assert budget.took_ms == {"fetch": 250.0}


def test_what_is_left_out_is_named_once_in_order():
    budget = Budget(500)
    for what in ("knn", "total", "knn"):
        budget.leave_out(what)
    assert budget.degraded == ["knn", "total"]


def test_the_summary_is_a_copy_with_two_digits(clock):
    budget = Budget(500)
    with budget.stage("rank"):
        clock.s += 0.00123456
    budget.summary().clear()
    assert budget.summary() == {"rank": 1.23, "total": 1.23}
