"""The capacity planner: its formulas, what must hold of every plan, the clusters that others published."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.errors import BadInput, CreatorscopeError, SetupError
from search.capacity import published, space, waiting, work
from search.capacity.calibration import Calibration, load
from search.capacity.constants import ASSUMED, MEASURED, Range
from search.capacity.demand import Demand, Node
from search.capacity.estimate import estimate
from search.capacity.explain import explained
from search.capacity.sizing import BOUNDS, BUSY, Case, Layout, lay_out
from search.capacity.spread import outside, plan

KNOWN = load()
LAPTOP = Node(vcpu=2, ram_gb=8, disk_gb=200)
FEW = settings(max_examples=40, deadline=None)
creators = st.integers(1, 2_000_000_000)
rates = st.floats(0.01, 300)


def case(demand, node=None):
    return Case(demand, node or Node(), KNOWN.best, KNOWN.reference)


def nodes_of(demand, node=None):
    """Return the nodes, or more than any number where no cluster would do."""
    try:
        return lay_out(case(demand, node)).nodes
    except BadInput:
        return math.inf


@FEW
@given(count=creators, qps=rates, more=st.floats(1, 10), bits=st.sampled_from([32, 7, 1]))
def test_more_searches_never_need_fewer_nodes(count, qps, more, bits):
    few, many = (Demand(creators=count, qps=rate, bits=bits) for rate in (qps, qps * more))
    assert nodes_of(few) <= nodes_of(many)


@FEW
@given(count=creators, more=st.floats(1, 10), qps=rates)
def test_more_creators_never_need_fewer_nodes(count, more, qps):
    assert nodes_of(Demand(creators=count, qps=qps)) <= nodes_of(Demand(creators=round(count * more), qps=qps))


@FEW
@given(count=creators, qps=rates, writes=st.floats(0, 1_000))
def test_a_layout_keeps_every_bound_and_one_node_less_breaks_one(count, qps, writes):
    asked = case(Demand(creators=count, qps=qps, writes_per_s=writes))
    try:
        found = lay_out(asked)
    except BadInput:
        return
    assert found.nodes >= asked.demand.copies
    assert all(isinstance(one, int) for one in (found.nodes, found.shards, *found.alone.values()))
    assert found.shards * asked.demand.copies % found.nodes == 0, "every node has as many shards"
    assert all(asked.fits(bound, found.nodes) for bound in BOUNDS)
    assert found.nodes == asked.demand.copies or not all(asked.fits(bound, found.nodes - 1) for bound in BOUNDS)
    assert found.alone[found.binds] == max(found.alone.values()) <= found.nodes


@FEW
@given(price=st.floats(0.01, 100), factor=st.floats(1, 50))
def test_cost_grows_with_the_price_and_with_nothing_else(price, factor):
    demand = Demand(creators=50_000_000, qps=20)
    layout = lay_out(case(demand))
    cheap, dear = (estimate(case(demand, Node(price_hour=one)), layout) for one in (price, price * factor))
    assert dear.cost_per_month == pytest.approx(cheap.cost_per_month * factor)
    assert cheap.cost_per_1000_searches == pytest.approx(price * layout.nodes / 3600 / 20 * 1000)
    assert replace(cheap, cost_per_month=0, cost_per_1000_searches=0) == replace(
        dear, cost_per_month=0, cost_per_1000_searches=0
    )


def test_percentiles_go_up_and_end_where_the_queue_has_no_end():
    asked = case(Demand(creators=1_000_000, qps=5, replicas=0), LAPTOP)
    layout = Layout(1, 1, dict.fromkeys(BOUNDS, 1))
    found = estimate(asked, layout)
    assert 0 < found.p50_ms < found.p90_ms < found.p99_ms
    busier = replace(asked, demand=replace(asked.demand, qps=found.max_qps))
    assert busier.load(1, 1) == pytest.approx(BUSY)
    assert estimate(busier, layout).p90_ms > found.p90_ms
    flooded = replace(asked, demand=replace(asked.demand, qps=found.max_qps * 3))
    assert estimate(flooded, layout).p90_ms is None


def test_bytes_are_those_of_the_format():
    # 110 bytes at 768 dimensions are published for 1 bit; 7 bits take a byte and 4 bytes of correction.
    assert space.codes_bytes(1, 768) == 110
    assert space.codes_bytes(7, 384) == 388
    assert space.codes_bytes(32, 384) == 1536
    one, hundred = (case(Demand(creators=count, qps=1)) for count in (1_000_000, 100_000_000))
    assert hundred.disk_gb == pytest.approx(100 * one.disk_gb)
    assert case(Demand(creators=1_000_000, qps=1, replicas=0)).disk_gb * 2 == pytest.approx(one.disk_gb)
    by_bits = [case(Demand(creators=1_000_000, qps=1, bits=bits)).hot_gb for bits in (32, 7, 1)]
    assert by_bits == sorted(by_bits, reverse=True)


def test_a_narrow_filter_is_read_and_a_wide_one_walked():
    demand, count = Demand(creators=10_000_000, qps=1), 10_000_000
    spent = {
        share: work.knn_ms(work.Kind(1, share, 0.01), count, demand, KNOWN.best, KNOWN.reference)
        for share in (1.0, 0.5, 0.1, 0.01, 0.001)
    }
    assert spent[1.0] == work.walk_ms(count, demand, KNOWN.best, KNOWN.reference)
    assert spent[0.5] > spent[1.0]
    assert spent[0.001] == pytest.approx(0.001 * count * KNOWN.best.read_us / 1000)
    assert sum(kind.weight for kind in work.kinds(demand)) == pytest.approx(1)


def test_the_queue_is_that_of_the_literature():
    # One core and exponential times: the mean wait of M/M/1 is rho / (1 - rho) services, exactly.
    assert waiting.wait_ms(0.8, 1, 10, 1) == pytest.approx(40)
    # Two cores at 80 %: M/M/2 waits 17.8 ms; Sakasegawa's formula is an approximation.
    assert waiting.wait_ms(0.8, 2, 10, 1) == pytest.approx(17.8, rel=0.05)
    assert waiting.wait_ms(1.0, 2, 10, 1) == math.inf
    waits = [waiting.wait_ms(load / 100, 4, 10, 1) for load in range(1, 99)]
    assert all(first < second for first, second in pairwise(waits))


def test_the_tail_of_a_wait_keeps_its_mean():
    mean = waiting.wait_ms(0.7, 2, 10, 1)
    parts = [(step + 0.5) / 5_000 for step in range(5_000)]
    found = sum(waiting.wait_at_ms(part, 0.7, 2, mean) for part in parts) / len(parts)
    assert found == pytest.approx(mean, rel=0.01)


def test_the_slowest_of_many_and_the_stretch():
    assert waiting.slowest(0.9, 32) == pytest.approx(0.9967, abs=1e-4)
    parts = [(step + 0.5) / 5_000 for step in range(5_000)]
    times = [waiting.stretch(part, 0.3) for part in parts]
    mean = sum(times) / len(times)
    assert mean == pytest.approx(1, rel=0.01)
    assert sum((one - mean) ** 2 for one in times) / len(times) == pytest.approx(0.3, rel=0.05)
    assert waiting.percentile(0.9, [(1.0, 0.85), (2.0, 0.1), (3.0, 0.05)]) == 2.0


@pytest.mark.parametrize("cluster", published.CLUSTERS, ids=lambda one: one.name)
def test_published_clusters_are_predicted_within_a_factor_of_two(cluster):
    found = published.predict(KNOWN, cluster)
    assert found.factor <= published.WITHIN, found
    assert found.holds


def test_a_prediction_that_is_off_is_seen():
    slow = replace(KNOWN, ranges={**KNOWN.ranges, "shard_ms": Range(50, 50, 50)})
    assert not published.predict(slow, published.CLUSTERS[0]).holds


def test_a_plan_has_intervals_a_weakest_assumption_and_says_what_it_does_not_know():
    found = plan(Demand(creators=250_000_000, qps=50), Node(price_hour=1.2), KNOWN, draws=30)
    again = plan(Demand(creators=250_000_000, qps=50), Node(price_hour=1.2), KNOWN, draws=30)
    assert found == again, "the same plan twice"
    low, high = found.intervals["p90_ms"]
    assert low < high
    assert found.intervals["nodes"][0] <= found.layout.nodes
    assert {weak.constant for weak in found.weakest.values()} <= set(KNOWN.ranges)
    assert any("far outside the calibration" in line for line in found.outside)
    assert any("more nodes than one" in line for line in found.outside)


def test_within_what_was_measured_nothing_is_said_to_be_outside():
    asked = case(Demand(creators=KNOWN.reference, qps=1, replicas=0), LAPTOP)
    layout = Layout(1, 1, dict.fromkeys(BOUNDS, 1))
    assert outside(asked, layout, replace(KNOWN, note="")) == ()
    assert outside(asked, layout, replace(KNOWN, note="provisional")) == ("provisional",)


def test_the_formulas_carry_the_numbers():
    asked = case(Demand(creators=250_000_000, qps=50, bits=7))
    layout = lay_out(asked)
    lines = dict(explained(asked, layout))
    assert f"{asked.disk_gb:,.0f} GB" in lines["disk"]
    assert str(layout.alone["memory"]) in lines["memory"]
    assert f"{asked.search_ms(layout.shards):,.0f} ms" in lines["CPU of a search"]


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"creators": 0}, "--creators"),
        ({"qps": 0}, "--qps"),
        ({"qps": math.nan}, "--qps"),
        ({"replicas": -1}, "--replicas"),
        ({"filtered": 1.5}, "--filtered"),
        ({"bits": 4}, "--bits"),
        ({"writes_per_s": -1}, "--writes-per-s"),
    ],
)
def test_what_cannot_be_planned_names_the_option_and_the_fix(wrong, option):
    with pytest.raises(BadInput) as raised:
        Demand(**{"creators": 1_000, "qps": 1.0} | wrong)
    assert raised.value.field == option
    assert raised.value.detail


def test_a_rate_beyond_every_cluster_says_what_helps():
    with pytest.raises(BadInput, match="replicas") as raised:
        lay_out(case(Demand(creators=1_000_000_000, qps=1_000_000)))
    assert raised.value.field == "--qps"


def test_nothing_is_planned_without_a_calibration(tmp_path):
    with pytest.raises(SetupError, match="calibrate"):
        load(tmp_path / "none.json")
    for text in ("{", "{}", '{"made": "x", "machine": {}, "creators": [], "dimension": 384, "constants": {}}'):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(CreatorscopeError, match="calibrate"):
            load(tmp_path / "broken.json")


def test_the_shipped_calibration_has_every_constant():
    assert set(KNOWN.ranges) == {*MEASURED, *ASSUMED}
    assert KNOWN.machine["cores"] >= 1
    assert isinstance(KNOWN, Calibration)
    assert KNOWN.reference >= 1_000
