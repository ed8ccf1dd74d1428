"""Counts are whole or none; the cluster's answers are made up, for a shard does not fail on demand."""

from types import SimpleNamespace

import pytest

from search.budget import Budget
from search.counting import Counter, Counting, Counts
from search.filters import Filters
from search.results import FacetValue, Total

FOOD = Filters(niches=("food",), platforms=("x",))
WANTED = Counting(FOOD, ("niches", "platforms"))
ERROR = {"error": {"type": "query_shard_exception", "reason": "no such field"}, "status": 400}


def whole(total, **facets):
    buckets = {name: {"buckets": [{"key": key, "doc_count": total}]} for name, key in facets.items()}
    return {
        "timed_out": False,
        "_shards": {"failed": 0},
        "hits": {"total": {"value": total}},
        "aggregations": buckets,
    }


LATE = whole(2, niches="food") | {"timed_out": True}
BROKEN = whole(2, niches="food") | {"_shards": {"failed": 1}}


@pytest.fixture
def counted():
    """Count with these answers of the cluster; returns the counts, what is left out, and what the planner learnt."""

    async def count(work, answers):
        learnt, budget = [], Budget(1000)

        async def msearch(_logical, bodies):
            assert len(bodies) == len(answers)
            return answers

        async def unknown():
            return None

        caches = SimpleNamespace(version=SimpleNamespace(current=unknown))
        planner = SimpleNamespace(learn=lambda _clause, total: learnt.append(total))
        result = await work(Counter(SimpleNamespace(msearch=msearch), caches, planner), budget)
        return result, budget.degraded, learnt

    return count


async def test_the_total_and_each_facet_come_from_their_own_request(counted):
    answers = [whole(3), whole(5, niches="food"), whole(7, platforms="x")]
    counts, degraded, learnt = await counted(lambda counter, budget: counter.count(WANTED, budget), answers)
    assert counts == Counts(
        Total(value=3),
        {"niches": (FacetValue(value="food", count=5),), "platforms": (FacetValue(value="x", count=7),)},
    )
    assert (degraded, learnt) == ([], [3])


@pytest.mark.parametrize("trouble", [ERROR, LATE, BROKEN], ids=["refused", "late", "shard"])
@pytest.mark.parametrize("place", range(3))
async def test_a_part_that_fails_leaves_nothing_half_counted(counted, trouble, place):
    answers = [whole(3), whole(5, niches="food"), whole(7, platforms="x")]
    answers[place] = trouble
    counts, degraded, learnt = await counted(lambda counter, budget: counter.count(WANTED, budget), answers)
    assert (counts, degraded, learnt) == (Counts(), ["total", "facets"], [])


async def test_a_filter_whose_relaxing_fails_is_left_out_alone(counted):
    relaxed, degraded, _ = await counted(lambda counter, budget: counter.relaxed(FOOD, budget), [ERROR, whole(9)])
    assert list(relaxed.values()) == [9]
    assert degraded == ["relaxed"]
