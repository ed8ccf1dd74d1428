"""The formulas of a plan with its numbers in them, one line each, so that a person can follow or dispute it."""

from __future__ import annotations

from search.capacity.demand import FANNED, OVERSAMPLE
from search.capacity.estimate import ARMS, waited_ms
from search.capacity.sizing import BUSY, IO_BUSY, MOST_SHARD_GB, Case, Layout
from search.capacity.space import GB, codes_bytes, disk_bytes, hot_bytes
from search.capacity.waiting import slowest
from search.capacity.work import kinds, on_shard, walk_ms


def explained(case: Case, layout: Layout) -> list[tuple[str, str]]:
    """Return what is worked out and how, in order."""
    return [*_space(case, layout), *_cpu(case, layout), *_time(case, layout)]


def _space(case: Case, layout: Layout) -> list[tuple[str, str]]:
    demand, node, c = case.demand, case.node, case.constants
    text = c.stored_bytes + c.postings_bytes + c.values_bytes
    codes = f" + codes {codes_bytes(demand.bits, demand.dimension):.0f}" if demand.is_quantised else ""
    return [
        (
            "disk of a creator, one copy",
            (
                f"floats 4·{demand.dimension}{codes} + graph {c.graph_bytes:.0f} + text {text:.0f} "
                f"= {disk_bytes(demand, c):,.0f} B"
            ),
        ),
        (
            "disk",
            (
                f"{demand.copies} copies · {demand.creators:,} · {disk_bytes(demand, c):,.0f} B · {c.merge_slack:.2f} "
                f"= {case.disk_gb:,.0f} GB; nodes {case.disk_gb:,.0f} / {node.disk_gb:,.0f} = {layout.alone['disk']}"
            ),
        ),
        (
            "hot bytes of a creator, one copy",
            (
                f"{c.hot_overhead:.2f}·({codes_bytes(demand.bits, demand.dimension):.0f} + {c.graph_bytes:.0f}) "
                f"+ parts of words, columns, documents{' and rescored floats' if codes else ''} "
                f"= {hot_bytes(demand, c):,.0f} B"
            ),
        ),
        (
            "memory",
            (
                f"{case.hot_gb:,.1f} GB of all copies / ({c.cache_use:.2f} · {node.cache_gb:.1f} GB of cache: "
                f"{node.ram_gb:g} - heap {node.heap_gb:.1f} - 4){' + 1 that may fail' if demand.replicas else ''} "
                f"= {layout.alone['memory']} nodes"
            ),
        ),
        (
            "shards",
            (
                f"at most {demand.most_per_shard:,} creators and {MOST_SHARD_GB:.0f} GB each: {case.least_shards} "
                f"or more; equal parts on {layout.nodes} nodes: {layout.shards} of "
                f"{demand.creators * disk_bytes(demand, c) / layout.shards / GB:.1f} GB"
            ),
        ),
    ]


def _cpu(case: Case, layout: Layout) -> list[tuple[str, str]]:
    demand, node, c = case.demand, case.node, case.constants
    documents = demand.creators / layout.shards
    mean = _mean_ms(case, documents)
    parts = " + ".join(f"{name} {value:.2f}" for name, value in mean.items())
    search_ms = case.search_ms(layout.shards)
    reads = case.reads_per_search(layout.shards)
    # Of the floats of quantised neighbours, those that are not in memory.
    rescored = f", {layout.shards}·{OVERSAMPLE}·{FANNED}·{c.rescore_miss:.2f} of them floats" * demand.is_quantised
    return [
        (
            "walk through one shard",
            (
                f"{c.walk_ms:.2f} ms at {case.reference:,} · (1 + {c.walk_growth:.2f}·ln(n / {case.reference:,})), "
                f"{c.segments:.1f} segments: {walk_ms(documents, demand, c, case.reference):.2f} ms; under a filter "
                f"· share^-{c.walk_exponent:.2f}, or {c.read_us:.2f} µs for each that passes where that is less"
            ),
        ),
        (
            "CPU of a search",
            (
                f"{layout.shards} shards · ({parts}) ms + hits 2·{c.hits_ms:.1f} + API {c.api_ms:.1f} + merging "
                f"= {search_ms:,.0f} ms"
            ),
        ),
        (
            "cpu",
            (
                f"({demand.qps:g}/s · {search_ms / 1000:.3f} s + writes {case.writes:.2f}) / ({node.vcpu} · {BUSY}) "
                f"= {layout.alone['cpu']} nodes; load on {layout.nodes}: {case.load(layout.nodes, layout.shards):.2f}"
            ),
        ),
        (
            "io",
            (
                f"{demand.qps:g}/s · {reads:,.0f} random reads"
                f"{rescored} / ({IO_BUSY} · {node.iops:,.0f}) = {layout.alone['io']} nodes"
            ),
        ),
    ]


def _mean_ms(case: Case, documents: float) -> dict[str, float]:
    """Return the CPU of the mean search on one shard, by part."""
    works = [
        (kind.weight, on_shard(kind, documents, case.demand, case.constants, case.reference))
        for kind in kinds(case.demand)
    ]
    return {
        part: sum(weight * getattr(work, f"{part}_ms") for weight, work in works)
        for part in ("lexical", "knn", "count", "fixed")
    }


def _time(case: Case, layout: Layout) -> list[tuple[str, str]]:
    c, shards, nodes = case.constants, layout.shards, layout.nodes
    load, tasks = case.load(nodes, shards), ARMS * shards / min(shards, nodes)
    task_ms = case.search_ms(shards) / min(shards, nodes) / tasks
    return [
        (
            "queue",
            (
                f"({tasks:.1f} + {c.service_scv:.2f})/2 · {load:.2f}^(√(2·({case.node.vcpu}+1)) - 1) / "
                f"({case.node.vcpu}·(1 - {load:.2f})) · {task_ms:.1f} ms = {waited_ms(case, layout):.2f} ms"
            ),
        ),
        (
            "tail",
            (
                f"P90 of the slowest of {shards} shards is P{100 * slowest(0.9, shards):.2f} of one "
                f"(log-normal, cv² {c.service_scv:.2f})"
            ),
        ),
        (
            "time of a search",
            f"base {c.base_ms:.1f} ms (cv² {c.base_scv:.2f})"
            + (f" + {c.rounds:.0f} rounds · ({c.network_ms:.2f} + {shards}·{c.reduce_ms:.2f})" if nodes > 1 else "")
            + " + the slowest shard + queue",
        ),
    ]
