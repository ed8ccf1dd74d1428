"""What one layout does: time of a search, highest rate, time of a build, cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from search.capacity.sizing import BUSY, Case, Layout
from search.capacity.space import GB, disk_bytes
from search.capacity.waiting import percentile, slowest, stretch, wait_at_ms, wait_ms
from search.capacity.work import Kind, kinds, on_shard

HOURS_A_MONTH = 730
ARMS = 3
"""Tasks that a search puts to every shard at once: words, vectors, count."""
STEPS = tuple((step + 0.5) / 100 for step in range(100))
"""Quantiles of each kind of search, from which those of all kinds are taken."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected; None where it was not asked for or has no end."""

    documents_per_shard: float
    shard_gb: float
    disk_gb: float
    hot_gb_per_copy: float
    ram_gb: float
    heap_gb_per_node: float
    cpu_ms_per_search: float
    load: float
    max_qps: float
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    build_h: float
    embed_h: float
    cost_per_month: float | None
    cost_per_1000_searches: float | None


FIGURES = tuple(one.name for one in fields(Estimate))


def estimate(case: Case, layout: Layout) -> Estimate:
    """Return what a layout does under a demand."""
    demand, node = case.demand, case.node
    hour = None if node.price_hour is None else node.price_hour * layout.nodes
    search_ms = case.search_ms(layout.shards)
    p50, p90, p99 = latencies_ms(case, layout, (0.5, 0.9, 0.99))
    spare_cores = layout.nodes * node.vcpu * BUSY - case.writes
    cores = layout.nodes * node.vcpu
    return Estimate(
        documents_per_shard=demand.creators / layout.shards,
        shard_gb=demand.creators * disk_bytes(demand, case.constants) / layout.shards / GB,
        disk_gb=case.disk_gb,
        hot_gb_per_copy=case.hot_gb / demand.copies,
        ram_gb=case.hot_gb + layout.nodes * (node.ram_gb - node.cache_gb),
        heap_gb_per_node=node.heap_gb,
        cpu_ms_per_search=search_ms,
        load=case.load(layout.nodes, layout.shards),
        max_qps=max(0.0, spare_cores / search_ms * 1000),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        build_h=build_ms(case, layout) * demand.copies * case.constants.build_slack / cores / 3.6e6,
        embed_h=demand.creators * case.constants.embed_ms / case.constants.core_speed / cores / 3.6e6,
        cost_per_month=None if hour is None else hour * HOURS_A_MONTH,
        cost_per_1000_searches=None if hour is None else hour / 3600 / demand.qps * 1000,
    )


def build_ms(case: Case, layout: Layout) -> float:
    """Return the CPU of writing and merging one copy: it grows with the shard as a walk through its graph does."""
    c = case.constants
    documents = max(case.demand.creators / layout.shards, 1)
    grown = max(c.walk_growth, 1 + c.walk_growth * math.log(documents / case.reference))
    return case.demand.creators * c.index_ms * grown / c.core_speed


def latencies_ms(case: Case, layout: Layout, parts: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return quantiles of the time of a search at the API; None where the queue would grow without end.

    Of every kind of search 100 quantiles are taken, and of all of them, weighted, those that are wanted. Within a kind
    the parts of the time are taken to be late together, which errs on the late side.
    """
    c = case.constants
    searches = kinds(case.demand)
    services_ms = [service_ms(case, layout, kind) for kind in searches]
    across_ms = (c.network_ms + layout.shards * c.reduce_ms) * c.rounds if layout.nodes > 1 else 0.0
    touched, load = min(layout.shards, layout.nodes), case.load(layout.nodes, layout.shards)
    mean_ms = waited_ms(case, layout)
    samples = []
    for part in STEPS:
        late_ms = wait_at_ms(slowest(part, touched), load, case.node.vcpu, mean_ms)
        alike_ms = c.base_ms / c.core_speed * stretch(part, c.base_scv) + across_ms + late_ms
        tail = stretch(slowest(part, layout.shards), c.service_scv)
        samples += [(alike_ms + tail * one_ms, kind.weight) for kind, one_ms in zip(searches, services_ms, strict=True)]
    samples.sort()
    found = [percentile(part, samples) for part in parts]
    return tuple(one if math.isfinite(one) else None for one in found)


def service_ms(case: Case, layout: Layout, kind: Kind) -> float:
    """Return the time of a search of one kind on one shard beside its fixed part, which the base holds."""
    work = on_shard(kind, case.demand.creators / layout.shards, case.demand, case.constants, case.reference)
    on_one = layout.shards / min(layout.shards, layout.nodes)
    # A node with more shards than cores cannot search them all at once.
    together_ms = (on_one * work.total_ms - work.fixed_ms) / case.node.vcpu
    return max(work.longest_ms, together_ms)


def waited_ms(case: Case, layout: Layout) -> float:
    """Return the mean wait for a core; tasks come in batches, whose variability is their size."""
    touched = min(layout.shards, layout.nodes)
    tasks = ARMS * layout.shards / touched
    load = case.load(layout.nodes, layout.shards)
    task_ms = case.search_ms(layout.shards) / touched / tasks
    return wait_ms(load, case.node.vcpu, task_ms, (tasks + case.constants.service_scv) / 2)
