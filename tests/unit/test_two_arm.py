"""What the two arms give within the time of a question, with a cluster of which only the delays are made up."""

import asyncio

import pytest

from creators.errors import ClusterUnavailable
from search import budget as budgets
from search.budget import Budget
from search.executors.contract import Question
from search.executors.two_arm import TwoArm
from search.plan import choose

QUESTION = Question("music", (0.1, 0.2), None, ("lexical", "knn"), 5)
PLAN = choose(1.0, 10, is_filtered=False, size=5)


class Cluster:
    """Answers each arm with one creator of its name, when its event is set."""

    def __init__(self, **ready):
        self.ready = ready

    async def search(self, _logical, body):
        arm = "knn" if "knn" in body["query"] else "lexical"
        ready = self.ready[arm]
        if isinstance(ready, Exception):
            raise ready
        await ready.wait()
        hit = {"_score": 1.0, "fields": {"creator_id": [arm]}}
        return {"took": 1, "timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": [hit]}}


@pytest.fixture
def hurried(monkeypatch):
    """A budget of minutes in which a retrieval has the floor alone, and the last arm has all the time."""
    monkeypatch.setitem(budgets.RESERVE_MS, "retrieve", budgets.USUAL_BUDGET_MS)
    monkeypatch.setitem(budgets.RESERVE_MS, "last_arm", 0)
    return Budget(60_000)


def event(*, is_set):
    ready = asyncio.Event()
    if is_set:
        ready.set()
    return ready


def names(found):
    return {arm: [hit.creator_id for hit in hits] for arm, hits in found.items()}


async def test_an_arm_that_is_late_is_left_out_where_the_other_came(hurried):
    never = event(is_set=False)
    found = await TwoArm(Cluster(lexical=event(is_set=True), knn=never)).retrieve(QUESTION, PLAN, hurried)
    assert names(found) == {"lexical": ["lexical"]}
    assert hurried.degraded == ["knn"]


@pytest.mark.parametrize("arm", ["lexical", "knn"])
async def test_where_both_are_late_the_first_to_come_is_waited_for(hurried, arm):
    ready = {"lexical": event(is_set=False), "knn": event(is_set=False)}
    asyncio.get_running_loop().call_later(4 * budgets.FLOOR_S, ready[arm].set)
    found = await TwoArm(Cluster(**ready)).retrieve(QUESTION, PLAN, hurried)
    assert names(found) == {arm: [arm]}
    assert hurried.degraded == [one for one in ("lexical", "knn") if one != arm]


async def test_where_one_fails_and_the_other_is_late_the_late_one_is_waited_for(hurried):
    late = event(is_set=False)
    asyncio.get_running_loop().call_later(4 * budgets.FLOOR_S, late.set)
    found = await TwoArm(Cluster(lexical=late, knn=ClusterUnavailable("gone"))).retrieve(QUESTION, PLAN, hurried)
    assert names(found) == {"lexical": ["lexical"]}
    assert hurried.degraded == ["knn"]


async def test_without_any_in_time_both_are_named_and_nothing_is_left_running():
    budget = Budget(20)
    found = await TwoArm(Cluster(lexical=event(is_set=False), knn=event(is_set=False))).retrieve(QUESTION, PLAN, budget)
    assert found == {}
    assert budget.degraded == ["lexical", "knn"]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_where_both_fail_the_question_fails(hurried):
    gone = ClusterUnavailable("gone")
    with pytest.raises(ClusterUnavailable):
        await TwoArm(Cluster(lexical=gone, knn=gone)).retrieve(QUESTION, PLAN, hurried)
