"""Rolling latencies by a clock that the test turns: exact where they claim it, within a bucket's error elsewhere."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from api import slo
from api.slo import BUCKETS, GROWTH, LEAST_MS, MAX_STAGES, MOST_MS, Measured, Objective, Series, bucket_of, middle_of

ROUTE = "/v1/creators/search"
ERROR = GROWTH**0.5 - 1 + 1e-9


@pytest.fixture
def clock():
    return SimpleNamespace(s=100_000.0)


@pytest.fixture
def objective(clock):
    return Objective(clock=lambda: clock.s)


def answer(objective, ms, *, budget_ms=500, status=200, route=ROUTE, **stages):
    objective.observe(route, status, ms / 1000, Measured(budget_ms, stages))


def window(objective, name="5m"):
    return objective.report(500)["windows"][name]


def test_without_searches_nothing_is_claimed(objective):
    report = objective.report(400)
    assert report["objective"] == {"share_within_budget": 0.9, "budget_ms": 400}
    for found in report["windows"].values():
        assert (found["count"], found["failed"], found["stages"]) == (0, 0, {})
        assert {found[name] for name in ("p50_ms", "p90_ms", "p99_ms", "max_ms", "share_within_budget", "met")} == {
            None
        }


def test_a_known_sequence(objective):
    for ms in range(1, 101):
        answer(objective, float(ms), budget_ms=95)
    found = window(objective)
    assert found["count"] == 100
    assert found["p50_ms"] == pytest.approx(50, rel=ERROR)
    assert found["p90_ms"] == pytest.approx(90, rel=ERROR)
    assert found["p99_ms"] == pytest.approx(99, rel=ERROR)
    assert (found["max_ms"], found["share_within_budget"], found["met"]) == (100, 0.95, True)


@pytest.mark.parametrize(("slow", "met"), [(10, True), (11, False)])
def test_the_objective_is_met_by_ninety_of_a_hundred(objective, slow, met):
    for number in range(100):
        answer(objective, 501.0 if number < slow else 499.0)
    assert window(objective)["met"] is met


def test_each_search_is_held_to_its_own_budget(objective):
    answer(objective, 800.0, budget_ms=1000)
    answer(objective, 800.0, budget_ms=100)
    assert window(objective)["share_within_budget"] == 0.5


def test_a_percentile_is_of_all_searches_and_not_a_mean_of_percentiles(objective, clock):
    for _ in range(98):
        answer(objective, 10.0)
    clock.s += 10
    for _ in range(2):
        answer(objective, 1000.0)
    found = window(objective)
    assert found["p90_ms"] == pytest.approx(10, rel=ERROR)
    assert found["p99_ms"] == pytest.approx(1000, rel=ERROR)


def test_windows_roll(objective, clock):
    answer(objective, 100.0, retrieve=80.0)
    clock.s += 299
    assert window(objective)["count"] == 1
    clock.s += 12
    assert (window(objective)["count"], window(objective)["stages"]) == (0, {})
    assert window(objective, "60m")["count"] == 1
    clock.s += 3300
    assert window(objective, "60m")["count"] == 0


def test_a_slot_that_comes_round_again_starts_empty(objective, clock):
    answer(objective, 5000.0)
    clock.s += slo.SLOTS * slo.SLOT_S
    answer(objective, 10.0)
    for name in slo.WINDOWS:
        assert (window(objective, name)["count"], window(objective, name)["max_ms"]) == (1, 10)


def test_what_failed_is_counted_apart_and_wrong_requests_not_at_all(objective):
    answer(objective, 1.0, status=503, budget_ms=None)
    answer(objective, 1.0, status=429, budget_ms=None)
    answer(objective, 1.0, status=422, budget_ms=None)
    answer(objective, 1.0, route="/v1/suggest")
    assert (window(objective)["count"], window(objective)["failed"]) == (0, 2)


def test_stages_have_percentiles_of_their_own(objective):
    for number in range(10):
        answer(objective, 100.0, retrieve=40.0, **({"encode": 8.0} if number == 0 else {}))
    stages = window(objective)["stages"]
    assert {name: found["count"] for name, found in stages.items()} == {"retrieve": 10, "encode": 1}
    assert stages["retrieve"]["p50_ms"] == pytest.approx(40, rel=ERROR)
    assert "share_within_budget" not in stages["retrieve"]


def test_stages_are_bounded(objective):
    answer(objective, 100.0, **{f"stage{number}": 1.0 for number in range(MAX_STAGES + 5)})
    stages = window(objective)["stages"]
    assert len(stages) == MAX_STAGES + 1
    assert stages["other"]["count"] == 5


def test_the_gauges_show_the_same_and_go_with_the_searches(objective, clock):
    def gauge(name, q):
        return REGISTRY.get_sample_value("creatorscope_search_latency_seconds", {"window": name, "quantile": q})

    for ms in (10.0, 20.0, 400.0):
        answer(objective, ms)
    objective.export()
    assert gauge("5m", "0.5") == pytest.approx(0.02, rel=ERROR)
    assert (gauge("5m", "1"), gauge("60m", "1")) == (0.4, 0.4)
    clock.s += 1000
    objective.export()
    assert (gauge("5m", "0.5"), gauge("60m", "1")) == (None, 0.4)


def test_a_route_notes_what_it_answered_only_where_somebody_asks():
    measured = slo.begin()
    slo.note({"rank": 1.0}, 300)
    assert (measured.budget_ms, measured.took_ms) == (300, {"rank": 1.0})
    assert slo.begin().budget_ms is None


def test_a_report_never_shows_half_of_an_answer(objective, monkeypatch):
    inside, go_on, seen = threading.Event(), threading.Event(), []
    add = objective._within.add

    def stopped_half_way(ms, number):
        inside.set()
        go_on.wait(30)
        add(ms, number)

    monkeypatch.setattr(objective._within, "add", stopped_half_way)
    writer = threading.Thread(target=answer, args=(objective, 10.0))
    reader = threading.Thread(target=lambda: seen.append(window(objective)["share_within_budget"]))
    writer.start()
    assert inside.wait(30)
    reader.start()
    # Long enough for a reader that does not wait for the writer to see the search without its share.
    reader.join(0.3)
    go_on.set()
    for thread in (writer, reader):
        thread.join()
    assert seen == [1.0]


@given(
    st.lists(st.floats(LEAST_MS, MOST_MS), min_size=1, max_size=200),
    st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]),
    st.integers(1, 40),
)
def test_quantiles_are_within_a_bucket_of_the_true_ones(latencies, q, per_slot):
    series = Series()
    for number, ms in enumerate(latencies):
        series.add(ms, number // per_slot)
    found = series.window((len(latencies) - 1) // per_slot, 3600)
    assert (found.count, found.max_ms) == (len(latencies), max(latencies))
    assert found.quantile_ms(q) == pytest.approx(np.quantile(latencies, q, method="inverted_cdf"), rel=ERROR)


@given(st.floats(0, 1e9))
def test_every_latency_has_a_bucket_and_larger_ones_no_smaller(ms):
    assert 0 <= bucket_of(ms) <= bucket_of(ms * 1.06) < BUCKETS
    if LEAST_MS <= ms <= MOST_MS:
        assert middle_of(bucket_of(ms)) == pytest.approx(ms, rel=ERROR)
