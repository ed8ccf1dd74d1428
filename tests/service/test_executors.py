"""The ways to ask the arms, on a small real index whose nearest neighbours are known from NumPy."""

import json
import socket

import numpy as np
import pytest
from pydantic import SecretStr

from creators.errors import ClusterUnavailable
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from mappings.fields import VECTOR
from search.budget import Budget
from search.executors.contract import Question
from search.executors.native_hybrid import NativeHybrid
from search.executors.two_arm import TwoArm
from search.filters import CountRange, Filters
from search.fusion import fuse
from search.plan import EXPLORE, Plan, choose
from search.planner import Planner
from search.queries.filters import filter_clause
from search.rank.candidates import cosine_of

CREATORS = 1_500
SIZE = 100
UNIT = (1.0, *[0.0] * 383)
WORDS = ("bread", "guitar", "chess", "garden", "yoga")
NICHES = ("food", "music", "gaming")
EVERYBODY = Filters()
FOOD = Filters(niches=("food",))
FEW = Filters(niches=("food",), followers=CountRange(max=200))
WAYS = (("unfiltered", EVERYBODY), ("filtered", FOOD), ("exact", FOOD), ("exact", FEW), ("exact", EVERYBODY))


def passes(row, filters):
    if filters.niches and NICHES[row % 3] not in filters.niches:
        return False
    return filters.followers is None or row <= filters.followers.max


@pytest.fixture(scope="module")
def vectors():
    drawn = np.random.default_rng(7).standard_normal((CREATORS, 384))
    return np.round(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), 6)


@pytest.fixture(scope="module")
def stores(new_installation, vectors):
    made = new_installation()
    index, lines = made.cluster.name("creators"), []
    for row in range(CREATORS):
        document = {
            "creator_id": f"c{row}",
            "name": f"Creator {row}",
            "bio": f"{WORDS[row % 5]} and {WORDS[row % 4]}",
            "niches": [NICHES[row % 3]],
            "platforms": ["youtube"],
            "followers": row,
            "verified": row % 10 == 0,
            VECTOR: vectors[row].tolist(),
        }
        lines += [
            json.dumps({"index": {"_index": index, "_id": f"c{row}"}}),
            json.dumps(document),
        ]
    assert not made.cluster.bulk("\n".join([*lines, ""]), refresh=True)["errors"]
    return made


@pytest.fixture
async def cluster(stores):
    opened = AsyncCluster(stores.settings)
    yield opened
    await opened.close()


@pytest.fixture(params=[TwoArm, NativeHybrid])
def executor(request, cluster):
    return request.param(cluster)


def question(vectors, filters=EVERYBODY, *, text="bread", arms=("lexical", "knn"), row=0):
    return Question(text, tuple(vectors[row]), filter_clause(filters), arms, SIZE)


def plan(strategy, k=SIZE):
    return Plan(strategy, 0.3, CREATORS, "as the test says", k, max(EXPLORE, k))


def nearest(vectors, filters, row=0):
    """The true nearest creators that pass, with their cosines."""
    cosines = vectors @ vectors[row]
    rows = [place for place in np.argsort(-cosines) if passes(place, filters)][:SIZE]
    return [f"c{place}" for place in rows], cosines[rows]


def ids(hits):
    return [hit.creator_id for hit in hits]


def lists(found):
    return [ids(hits) for hits in found.values()]


@pytest.mark.parametrize(("strategy", "filters"), WAYS, ids=lambda value: value if isinstance(value, str) else "")
async def test_every_hit_passes_the_filter_and_none_is_missing(executor, vectors, strategy, filters):
    budget = Budget(20_000)
    found = await executor.retrieve(question(vectors, filters), plan(strategy), budget)
    assert budget.degraded == []
    passing = sum(passes(row, filters) for row in range(CREATORS))
    assert max(map(len, found.values())) == min(SIZE, passing)
    for hits in found.values():
        assert all(passes(int(hit.creator_id[1:]), filters) for hit in hits)
        assert len(set(ids(hits))) == len(hits)
        assert hits[0].values["niches"]


@pytest.mark.parametrize("filters", [EVERYBODY, FOOD, FEW])
async def test_a_scan_is_exact(cluster, vectors, filters):
    asked = question(vectors, filters, arms=("knn",))
    found = await TwoArm(cluster).retrieve(asked, plan("exact"), Budget(20_000))
    expected, cosines = nearest(vectors, filters)
    assert ids(found["knn"]) == expected
    assert [cosine_of(hit.score) for hit in found["knn"]] == pytest.approx(cosines, abs=2e-5)


async def test_every_way_gives_a_creator_the_same_score(cluster, vectors):
    scores = []
    for strategy, filters in (("exact", FOOD), ("filtered", FOOD), ("post_filter", FOOD), ("unfiltered", EVERYBODY)):
        asked = question(vectors, filters, arms=("knn",))
        found = await TwoArm(cluster).retrieve(asked, plan(strategy, k=1_000), Budget(20_000))
        scores.append({hit.creator_id: hit.score for hit in found["knn"]})
    for other in scores[1:]:
        shared = scores[0].keys() & other.keys()
        assert len(shared) >= SIZE // 5
        assert [other[one] for one in shared] == pytest.approx([scores[0][one] for one in shared], abs=2e-5)


@pytest.mark.parametrize("k", [int(1.2 * SIZE), 1_000], ids=["the estimate was wrong", "wide enough"])
async def test_filtering_afterwards_misses_nobody(cluster, vectors, k):
    asked = question(vectors, FOOD, arms=("knn",))
    found = await TwoArm(cluster).retrieve(asked, plan("post_filter", k), Budget(20_000))
    expected, _ = nearest(vectors, FOOD)
    assert len(found["knn"]) == SIZE
    assert len(set(expected) & set(ids(found["knn"]))) >= 0.95 * SIZE


@pytest.mark.parametrize("filters", [EVERYBODY, FOOD])
async def test_both_executors_find_the_same(cluster, vectors, filters):
    asked, chosen = question(vectors, filters), plan("exact")
    two = await TwoArm(cluster).retrieve(asked, chosen, Budget(20_000))
    one = await NativeHybrid(cluster).retrieve(asked, chosen, Budget(20_000))
    fused = fuse(lists(two), limit=SIZE)
    assert len(set(fused) & set(ids(one["hybrid"]))) >= 0.9 * SIZE
    assert one["hybrid"][0].creator_id == fused[0]


async def test_native_fusion_can_be_by_score(cluster, vectors):
    executor = NativeHybrid(cluster, "hybrid-normalised")
    found = await executor.retrieve(question(vectors), plan("exact"), Budget(20_000))
    scores = [hit.score for hit in found["hybrid"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1
    assert found["hybrid"][0].creator_id == "c0"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (Question("bread", UNIT, None, ("lexical",), SIZE), {"lexical"}),
        (Question("bread", None, None, ("lexical", "knn"), SIZE), {"lexical"}),
        (Question("", UNIT, None, ("lexical", "knn"), SIZE), {"knn"}),
        (Question("", None, None, ("lexical", "knn"), SIZE), set()),
        (Question("zzzz", UNIT, None, ("lexical", "knn"), SIZE), {"lexical", "knn"}),
    ],
)
async def test_an_arm_with_nothing_to_look_for_is_not_asked(cluster, asked, answered):
    budget = Budget(20_000)
    assert set(await TwoArm(cluster).retrieve(asked, plan("unfiltered"), budget)) == answered
    native = await NativeHybrid(cluster).retrieve(asked, plan("unfiltered"), budget)
    assert set(native) == ({"hybrid"} if answered else set())
    assert budget.degraded == []


async def test_an_arm_that_fails_is_named_and_the_other_answers(cluster):
    budget = Budget(20_000)
    asked = Question("bread", (1.0, 0.0), None, ("lexical", "knn"), SIZE)
    found = await TwoArm(cluster).retrieve(asked, plan("unfiltered"), budget)
    assert set(found) == {"lexical"}
    assert budget.degraded == ["knn"]


async def test_nothing_but_failures_is_an_error(executor):
    asked = Question("bread", (1.0, 0.0), {"no such query": {}}, ("lexical", "knn"), SIZE)
    with pytest.raises(ClusterUnavailable):
        await executor.retrieve(asked, plan("filtered"), Budget(20_000))


@pytest.mark.parametrize("made", [TwoArm, NativeHybrid])
async def test_a_cluster_that_never_answers_leaves_every_arm_out(stores, vectors, made):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        cluster = AsyncCluster(stores.settings.model_copy(update={"opensearch_url": url}))
        budget = Budget(50)
        assert await made(cluster).retrieve(question(vectors), plan("unfiltered"), budget) == {}
        assert set(budget.degraded) == ({"lexical", "knn"} if made is TwoArm else {"hybrid"})
        await cluster.close()


# The planner over the same index


@pytest.fixture
async def cache(stores):
    opened = Cache(stores.settings)
    yield opened
    await opened.close()


@pytest.fixture
def nobody_listens():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


def planned(planner, filters):
    return planner.plan(filters, filter_clause(filters), size=SIZE)


async def test_the_estimate_is_near_the_truth_and_the_truth_replaces_it(cluster, cache):
    planner = Planner(cluster, cache)
    await planner.refresh(reuse=False)
    assert planned(planner, EVERYBODY).documents == CREATORS
    for filters, truth in ((FOOD, 1 / 3), (FEW, 67 / CREATORS), (Filters(verified=True), 0.1)):
        assert planned(planner, filters).share == pytest.approx(truth, rel=0.1)
    planner.learn(filter_clause(FEW), 67)
    assert planned(planner, FEW).share == 67 / CREATORS
    assert planned(planner, FEW) == choose(67 / CREATORS, CREATORS, is_filtered=True, size=SIZE)


async def test_before_the_first_counts_a_search_does_not_wait_for_them(cluster, cache):
    planner = Planner(cluster, cache)
    assert planned(planner, FOOD).strategy == "filtered"
    assert planned(planner, EVERYBODY).strategy == "unfiltered"
    await planner._refreshing
    assert planned(planner, FOOD).documents == CREATORS
    await planner.close()


async def test_counts_are_shared_between_processes_and_survive_a_lost_cluster(stores, cluster, cache, nobody_listens):
    await Planner(cluster, cache).refresh(reuse=False)
    lost = AsyncCluster(stores.settings.model_copy(update={"opensearch_url": f"http://{nobody_listens}"}))
    planner = Planner(lost, cache)
    await planner.refresh()
    assert planned(planner, FOOD).documents == CREATORS
    await planner.refresh(reuse=False)
    assert planned(planner, FOOD).documents == CREATORS
    await lost.close()


async def test_counts_are_taken_without_a_cache(stores, cluster, nobody_listens):
    lost = Cache(stores.settings.model_copy(update={"redis_url": SecretStr(f"redis://{nobody_listens}/0")}))
    planner = Planner(cluster, lost)
    await planner.refresh()
    assert planned(planner, FOOD).documents == CREATORS
    await lost.close()


async def test_an_index_that_was_filled_since_is_counted_again(new_installation, cluster, cache):
    before = AsyncCluster(new_installation().settings)
    planner = Planner(before, cache)
    await planner.refresh(reuse=False)
    assert planned(planner, FOOD).strategy == "filtered"
    planner._cluster, planner._asked_at = cluster, -1e9
    planner.learn(filter_clause(FOOD), 500)
    await planner._refreshing
    assert planned(planner, FOOD).documents == CREATORS
    await before.close()
