"""What the latency benchmark computes: schedules, histograms, intervals, and what counts as a good answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.latency import intervals, openloop, usage
from benchmarks.latency.arms import read_hits, read_page
from benchmarks.latency.client import Client, Reply
from benchmarks.latency.histogram import Histogram
from benchmarks.latency.openloop import Answer
from benchmarks.latency.schedule import Plan, constant, poisson
from creators.errors import SetupError


def test_poisson_arrivals_have_the_mean_and_spread_of_a_poisson_process():
    gaps = np.diff(poisson(100.0, 100.0, seed=7).at)
    # 10,000 exponential gaps: their mean is within four standard errors of 10 ms, and as large as their deviation.
    assert gaps.mean() == pytest.approx(0.01, rel=0.04)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.06)


@given(st.floats(1, 200), st.floats(0.5, 20), st.integers(0, 1000))
def test_a_schedule_is_ascending_inside_its_time_and_follows_from_its_seed(rate, seconds, seed):
    plan = poisson(rate, seconds, seed)
    assert np.all(np.diff(plan.at) >= 0)
    assert np.all((plan.at >= 0) & (plan.at < seconds))
    assert np.array_equal(plan.at, poisson(rate, seconds, seed).at)


def test_constant_arrivals_are_at_equal_distances():
    plan = constant(20.0, 3.0)
    assert len(plan) == 60
    assert np.allclose(np.diff(plan.at), 0.05)
    assert plan.rate == 20.0


@settings(max_examples=15)
@given(st.lists(st.lists(st.floats(1e-5, 60), max_size=30), min_size=1, max_size=5))
def test_merged_histograms_are_the_histogram_of_everything(runs):
    merged = Histogram().merge(Histogram.decoded(Histogram(run).encoded()) for run in runs)
    whole = Histogram([one for run in runs for one in run])
    assert len(merged) == len(whole)
    assert [merged.percentile_ms(share) for share in (0, 50, 90, 99, 100)] == [
        whole.percentile_ms(share) for share in (0, 50, 90, 99, 100)
    ]
    assert merged.max_ms == whole.max_ms
    assert merged.curve() == whole.curve()


def test_a_histogram_is_as_accurate_as_it_says():
    values = np.random.default_rng(3).lognormal(-4, 1, 5000)
    counts = Histogram(values)
    for share in (50, 90, 99):
        assert counts.percentile_ms(share) == pytest.approx(1000 * np.percentile(values, share), rel=0.01)


def runs_of(median, *, seed, count=5):
    random = np.random.default_rng(seed)
    return [random.lognormal(np.log(median), 0.5, 200) for _ in range(count)]


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    truth = 1000 * 0.02 * np.exp(0.5 * 1.2815515655)
    found = [intervals.percentile(runs_of(0.02, seed=seed), 90, seed=seed) for seed in range(10)]
    assert sum(one.low <= truth <= one.high for one in found) >= 8
    assert all(one.low <= one.value <= one.high for one in found)


def test_more_runs_make_the_interval_narrower():
    few, many = (intervals.percentile(runs_of(0.02, seed=1, count=count), 50) for count in (2, 12))
    assert many.high - many.low < (few.high - few.low) * 0.7


def test_a_ratio_tells_twice_as_slow_from_equal():
    ours = runs_of(0.02, seed=1)
    twice = intervals.ratio(ours, runs_of(0.04, seed=2), 50)
    same = intervals.ratio(ours, runs_of(0.02, seed=3), 50)
    assert twice.low > 1.5
    assert twice.low < 2 < twice.high
    assert same.low < 1 < same.high


@given(st.lists(st.floats(5, 6), min_size=5, max_size=5))
def test_windows_that_stay_are_steady(medians):
    assert abs(intervals.drift(medians)) <= 0.85
    assert intervals.is_steady([5.0] * 5)


def test_windows_that_fall_are_not_steady_nor_are_too_few():
    assert intervals.drift([100, 50, 10, 9, 8, 7, 6]) == pytest.approx(-0.5)
    assert not intervals.is_steady([100, 50, 10, 9, 8, 7, 6])
    assert not intervals.is_steady([5.0] * 4)


def reply(status, body):
    return Reply(status, body, 1.0)


def test_a_page_without_hits_fails_only_where_somebody_passes():
    page = b'{"hits": [], "total": {"value": %d}, "degraded": [], "took_ms": {"total": 3.5}}'
    assert read_page(reply(200, page % 0)).ok
    refused = read_page(reply(200, page % 5))
    assert (refused.ok, refused.why) == (False, "no hits")


def test_a_degraded_page_is_told_apart():
    page = b'{"hits": [1], "total": null, "degraded": ["knn", "fetch"], "took_ms": {"total": 3.5}}'
    answer = read_page(reply(200, page))
    assert (answer.ok, answer.degraded, answer.why, answer.stages) == (True, True, "knn+fetch", {"total": 3.5})


@pytest.mark.parametrize("read", [read_page, read_hits])
def test_a_refusal_is_a_failure(read):
    answer = read(reply(429, b"not even JSON"))
    assert (answer.ok, answer.status, answer.why) == (False, 429, "status 429")


def test_a_partial_answer_of_the_engine_is_a_failure():
    body = b'{"took": 4, "timed_out": %s, "_shards": {"failed": %d}}'
    assert read_hits(reply(200, body % (b"false", 0))).ok
    assert not read_hits(reply(200, body % (b"true", 0))).ok
    assert not read_hits(reply(200, body % (b"false", 1))).ok


async def answers(place):
    if place == 1:
        raise TimeoutError
    if place == 2:
        raise ConnectionResetError
    return Answer(ok=True, degraded=place == 3, stages={"knn": 2.0 * place}, size=100)


async def test_nothing_that_fails_is_dropped():
    outcome = await openloop.run(Plan(np.zeros(5), 1.0, "constant"), answers, timeout_s=7.0)
    told = outcome.summary()
    assert (told["count"], told["failed"], told["degraded"]) == (5, 2, 1)
    assert told["why"] == {"time-out": 1, "ConnectionResetError": 1}
    # What failed or was degraded is as slow as a time-out in the strict figures.
    assert np.count_nonzero(outcome.strict_s >= 7.0) == 3
    assert outcome.stages()["knn"] == {"count": 3, "p50_ms": 6.0, "p90_ms": 7.6, "p99_ms": 7.96}


async def test_the_warming_is_cut_off_and_runs_are_joined():
    plan = Plan(np.array([0.0, 0.01, 0.02, 0.03]), 0.04, "constant")
    outcome = await openloop.run(plan, answers)
    kept = outcome.after(0.015)
    assert list(kept.planned_s) == [0.02, 0.03]
    assert [one.degraded for one in kept.answers] == [False, True]
    both = openloop.joined([kept, kept])
    assert np.allclose(both.latency_s, [*kept.latency_s, *kept.latency_s])
    assert np.all(np.diff(both.planned_s) > 0)


async def test_a_defect_of_the_caller_is_not_taken_for_an_answer():
    sent = []

    async def broken(place):
        sent.append(place)
        raise KeyError(place)

    with pytest.raises(KeyError):
        await openloop.run(constant(100.0, 0.5), broken)
    assert len(sent) < 50


def test_usage_is_the_difference_of_two_readings():
    first = usage.Reading(0.0, {"server": 1.0, "client": 0.5}, 0.0, 100.0)
    last = usage.Reading(10.0, {"server": 3.0, "client": 0.6}, 2.0, 120.0)
    told = usage.summary([usage.Usage.between(first, last)], 100)
    assert told["cpu_ms_per_request"] == {"server": 20.0, "client": 1.0}
    assert told["steal_share"] == 0.1


@pytest.mark.parametrize("url", ["https://somewhere:9200", "localhost:9200", ""])
def test_the_client_says_which_addresses_it_takes(url):
    with pytest.raises(SetupError, match="plain http"):
        Client(url)
