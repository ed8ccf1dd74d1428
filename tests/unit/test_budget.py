"""The latency budget by a clock that the test turns."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import budget as budgets
from search.budget import FLOOR_S, RESERVE_MS, Budget


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


def test_a_stage_leaves_the_reserve_of_those_after_it(clock):
    budget = Budget(500)
    assert budget.left_for_s("retrieve") == pytest.approx(0.5 - RESERVE_MS["retrieve"] / 1000)
    assert budget.left_for_ms("retrieve") == 500 - RESERVE_MS["retrieve"]
    clock.s += 0.3
    assert budget.left_for_s("retrieve") == pytest.approx(0.2 - RESERVE_MS["retrieve"] / 1000)
    assert budget.left_for_s("fetch") > budget.left_for_s("retrieve")
    assert budget.left_for_s("explain") == budget.left_s
    clock.s += 0.15
    assert budget.left_for_s("retrieve") == FLOOR_S
    assert budget.left_for_ms("retrieve") == int(FLOOR_S * 1000)


def test_what_follows_a_dot_makes_no_difference(clock):
    budget = Budget(500)
    assert budget.left_for_s("complete.knn") == budget.left_for_s("complete") < budget.left_s


@pytest.mark.parametrize("times", [0.2, 4])
def test_another_budget_is_shared_out_in_proportion(clock, times):
    usual, other = Budget(500), Budget(int(500 * times))
    for stage in RESERVE_MS:
        assert other.left_for_s(stage) == pytest.approx(usual.left_for_s(stage) * times)


STAGES = ("check", "parse", "encode", "seeds", "retrieve", "complete", "diversity", "fetch")


@given(st.integers(20, 60_000), st.data())
def test_stages_that_take_all_they_may_leave_time_for_the_next(budget_ms, data):
    now = SimpleNamespace(s=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now.s))
        budget = Budget(budget_ms)
        floors = 0
        for stage in STAGES:
            allowed = budget.left_for_s(stage)
            assert allowed >= FLOOR_S
            floors += allowed == FLOOR_S
            now.s += allowed if data.draw(st.booleans()) else 0.0
        # Only a floor can lead over the budget.
        assert now.s <= budget_ms / 1000 + floors * FLOOR_S + 1e-9


async def test_a_deadline_ends_what_is_late_and_nothing_else():
    budget = Budget(20)
    with pytest.raises(TimeoutError):
        async with budget.deadline("retrieve"):
            await asyncio.Event().wait()
    async with Budget(60_000).deadline("retrieve"):
        await asyncio.sleep(0)
