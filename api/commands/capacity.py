"""How large a cluster a number of creators and a rate of searches take, from the command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from creators.errors import BadInput

if TYPE_CHECKING:
    from search.capacity.calibration import Calibration
    from search.capacity.demand import Demand, Node
    from search.capacity.spread import Capacity

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
NO_END = "no end"
_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9}
_FIGURES = (
    ("P50", "p50_ms", "ms"),
    ("P90", "p90_ms", "ms"),
    ("P99", "p99_ms", "ms"),
    ("highest rate at half load", "max_qps", "searches/s"),
    ("load at this rate", "load", "of the cores"),
    ("CPU of a search", "cpu_ms_per_search", "ms"),
    ("creators in a shard", "documents_per_shard", ""),
    ("a shard", "shard_gb", "GB"),
    ("disk, all copies", "disk_gb", "GB"),
    ("page cache, one copy", "hot_gb_per_copy", "GB"),
    ("memory, all of it", "ram_gb", "GB"),
    ("heap of a node", "heap_gb_per_node", "GB"),
    ("build of the index", "build_h", "h"),
    ("encoding of the texts, on the same cores", "embed_h", "h"),
    ("cost per month", "cost_per_month", "in the price's currency"),
    ("cost per 1,000 searches", "cost_per_1000_searches", "in the price's currency"),
)


def capacity(  # noqa: PLR0913 - one parameter for each option
    *,
    creators: Annotated[str, typer.Option(help="How many are to be found: 250e6, 250M, 1000000.")],
    qps: Annotated[float, typer.Option(help="Searches per second, on average.")],
    replicas: Annotated[int, typer.Option(help="Copies beside the primary one.")] = 1,
    bits: Annotated[int, typer.Option(help="Of each dimension of the vectors a walk reads: 32, 7 or 1.")] = 32,
    filtered: Annotated[float, typer.Option(help="Part of the searches that have a filter, 0 to 1.")] = 0.5,
    writes_per_s: Annotated[float, typer.Option(help="Updated creators per second.")] = 0.0,
    most_per_shard: Annotated[str, typer.Option(help="Creators in one shard at most.")] = "10M",
    node_vcpu: Annotated[int, typer.Option(help="Hardware threads of a node.")] = 16,
    node_ram_gb: Annotated[float, typer.Option(help="Memory of a node.")] = 128,
    node_disk_gb: Annotated[float, typer.Option(help="Local disk of a node.")] = 1_900,
    node_iops: Annotated[float, typer.Option(help="Random reads per second of that disk.")] = 100_000,
    node_price_hour: Annotated[float | None, typer.Option(help="Of one node, in any currency; unset: no cost.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Constants measured on your own machine; unset: those that are shipped.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the formulas with the numbers in them.")] = False,
    json: AsJson = False,
) -> None:
    """Plan a cluster: nodes, memory, disk, shards, time of a search, cost, each with how sure it is.

    Worked out from constants that were measured on one machine, written in `docs/capacity.md`; prices are yours.

        creatorscope capacity --creators 250e6 --qps 50 --node-price-hour 1.2

        creatorscope capacity --creators 1M --qps 10 --replicas 0 --node-vcpu 2 --node-ram-gb 8 --explain
    """
    from search.capacity.demand import Demand, Node

    demand = Demand(
        creators=_count(creators, "--creators"),
        qps=qps,
        replicas=replicas,
        bits=bits,
        filtered=filtered,
        writes_per_s=writes_per_s,
        most_per_shard=_count(most_per_shard, "--most-per-shard"),
    )
    node = Node(vcpu=node_vcpu, ram_gb=node_ram_gb, disk_gb=node_disk_gb, iops=node_iops, price_hour=node_price_hour)
    _show(demand, node, calibration, _Wanted(explain, json))


@dataclass(frozen=True, slots=True)
class _Wanted:
    formulas: bool
    json: bool


def _show(demand: Demand, node: Node, calibration: Path | None, wanted: _Wanted) -> None:
    from search.capacity.calibration import load
    from search.capacity.spread import plan

    known = load(calibration)
    found = plan(demand, node, known)
    lines = _explained(demand, node, known, found) if wanted.formulas else []
    if wanted.json:
        console.print_json(_as_json(demand, node, known, found, lines))
        return
    _print(demand, node, known, found)
    if lines:
        console.print_rows(("what", "how"), lines)


def _count(text: str, option: str) -> int:
    """Return ``250e6`` or ``250M`` as a number; raises :class:`BadInput`."""
    factor = _UNITS.get(text[-1:].lower(), 1.0)
    try:
        return round(float(text[:-1] if factor > 1 else text) * factor)
    except (ValueError, OverflowError) as error:
        detail = f"{text!r} is not a count: write 250e6, 250M or 250000000"
        raise BadInput(detail, field=option) from error


def _explained(demand: Demand, node: Node, known: Calibration, found: Capacity) -> list[tuple[str, str]]:
    from search.capacity.explain import explained
    from search.capacity.sizing import Case

    return explained(Case(demand, node, known.best, known.reference), found.layout)


def _as_json(
    demand: Demand, node: Node, known: Calibration, found: Capacity, lines: list[tuple[str, str]]
) -> dict[str, Any]:
    body = {
        "demand": asdict(demand),
        "node": asdict(node),
        "calibration": {"made": known.made, "machine": known.machine, "creators": known.creators},
        **asdict(found),
    }
    body["layout"]["binds"] = found.layout.binds
    if lines:
        body["formulas"] = dict(lines)
    return body


def _print(demand: Demand, node: Node, known: Calibration, found: Capacity) -> None:
    layout = found.layout
    low, high = found.intervals["nodes"]
    console.out.print(
        f"{layout.nodes} nodes ({_number(low)} to {_number(high)}) of {node.vcpu} vCPU and {node.ram_gb:g} GB for "
        f"{demand.creators:,} creators at {demand.qps:g} searches/s: {layout.shards} shards, {demand.copies} copies",
        highlight=False,
    )
    alone = ", ".join(f"{bound} {nodes}" for bound, nodes in layout.alone.items())
    console.out.print(f"{layout.binds} binds; nodes by each bound alone: {alone}", highlight=False)
    rows = []
    for title, name, unit in _FIGURES:
        value = getattr(found.expected, name)
        if value is None and name.startswith("cost"):
            continue
        low, high = found.intervals[name]
        rows.append((title, _number(value), f"{_number(low)} to {_number(high)}", unit))
    console.print_rows(("", "expected", "9 of 10 draws", ""), rows)
    for name, weak in found.weakest.items():
        console.out.print(
            f"weakest for {name}: {weak.constant}, {weak.meaning}; {_number(weak.low)} to {_number(weak.high)} "
            f"makes it {_number(weak.figure_at_low)} to {_number(weak.figure_at_high)}",
            highlight=False,
            markup=False,
        )
    for line in found.outside:
        console.out.print(f"note: {line}", highlight=False, markup=False)
    sizes = ", ".join(f"{one:,}" for one in known.creators)
    console.out.print(f"calibrated {known.made} with {sizes} creators in a shard", highlight=False, markup=False)


def _number(value: float | None) -> str:
    """Return a figure with three digits that count."""
    if value is None:
        return NO_END
    if value == round(value) or value >= 100:  # noqa: PLR2004 - three digits before the point
        return f"{value:,.0f}"
    return f"{value:.3g}"
