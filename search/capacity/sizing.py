"""The smallest cluster that holds the creators and answers the searches, and what it then does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from creators.errors import BadInput
from search.capacity.constants import Constants
from search.capacity.demand import FANNED, OVERSAMPLE, PAGE, Demand, Node
from search.capacity.space import GB, disk_bytes, hot_bytes
from search.capacity.work import kinds, on_shard

Bound = Literal["memory", "cpu", "disk", "io"]
BOUNDS: tuple[Bound, ...] = ("memory", "cpu", "disk", "io")

BUSY = 0.5
"""Part of the cores' time that a plan takes: beyond it the tail grows faster than the rate."""
IO_BUSY = 0.3
"""Part of a disk's random reads that a plan takes."""
MOST_SHARD_GB = 40.0
"""Largest shard: a larger one takes hours to merge and to move."""
MOST_NODES = 1_000
ARMS_WITH_HITS = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """How an index is spread: the nodes, its primary shards, and how many nodes each bound alone would take."""

    nodes: int
    shards: int
    alone: dict[Bound, int]

    @property
    def binds(self) -> Bound:
        """What takes the most nodes."""
        return max(BOUNDS, key=lambda bound: self.alone[bound])


@dataclass(frozen=True, slots=True)
class Case:
    """One demand on one kind of node with one value of every constant.

    ``reference`` is the size of the shard whose walk was measured.
    """

    demand: Demand
    node: Node
    constants: Constants
    reference: int

    @property
    def least_shards(self) -> int:
        """Primary shards below which one holds too many creators or bytes."""
        data_gb = self.demand.creators * disk_bytes(self.demand, self.constants) / GB
        return max(1, math.ceil(self.demand.creators / self.demand.most_per_shard), math.ceil(data_gb / MOST_SHARD_GB))

    def shards_on(self, nodes: int) -> int:
        """Primary shards on so many nodes: few and large, and as many on every node.

        Where there are more copies than one, nodes can have an equal part of them without a primary on each.
        """
        copies = self.demand.copies
        step = nodes // math.gcd(nodes, copies)
        return step * math.ceil(self.least_shards / step)

    def search_ms(self, shards: int) -> float:
        """CPU of the mean search over all shards and the API, in ms of one core of the node."""
        c = self.constants
        documents = self.demand.creators / shards
        engine = sum(
            one.weight * on_shard(one, documents, self.demand, c, self.reference).total_ms for one in kinds(self.demand)
        )
        merged = shards * c.reduce_ms * c.shard_requests if shards > 1 else 0.0
        return shards * engine + (c.api_ms + ARMS_WITH_HITS * c.hits_ms + merged) / c.core_speed

    @property
    def writes(self) -> float:
        """Cores that updates take; every copy indexes for itself."""
        c = self.constants
        cost_ms = c.index_ms * c.write_factor / c.core_speed
        return self.demand.writes_per_s * self.demand.copies * cost_ms / 1000

    def load(self, nodes: int, shards: int) -> float:
        """Part of all cores' time that searches and updates take."""
        return (self.demand.qps * self.search_ms(shards) / 1000 + self.writes) / (nodes * self.node.vcpu)

    @property
    def disk_gb(self) -> float:
        """Disk of the cluster: all copies, with room for merges."""
        c = self.constants
        return self.demand.copies * self.demand.creators * disk_bytes(self.demand, c) * c.merge_slack / GB

    @property
    def hot_gb(self) -> float:
        """Page cache that the searches of all copies fill."""
        return self.demand.copies * self.demand.creators * hot_bytes(self.demand, self.constants) / GB

    def reads_per_search(self, shards: int) -> float:
        """Random reads of one search: the page, and the floats of quantised neighbours that are not in memory."""
        return PAGE + (shards * OVERSAMPLE * FANNED * self.constants.rescore_miss if self.demand.is_quantised else 0)

    def fits(self, bound: Bound, nodes: int) -> bool:
        """Tell whether so many nodes are enough for one bound; with replicas, for memory after the loss of one."""
        if bound == "memory":
            left = nodes - 1 if self.demand.replicas else nodes
            return left * self.node.cache_gb * self.constants.cache_use >= self.hot_gb
        if bound == "disk":
            return nodes * self.node.disk_gb >= self.disk_gb
        shards = self.shards_on(nodes)
        if bound == "cpu":
            return self.load(nodes, shards) <= BUSY
        return self.demand.qps * self.reads_per_search(shards) <= IO_BUSY * self.node.iops * nodes


def lay_out(case: Case) -> Layout:
    """Return the smallest layout that fits.

    Raises:
        BadInput: no cluster of :data:`MOST_NODES` such nodes would do.
    """
    least = case.demand.copies
    alone: dict[Bound, int] = {bound: _fewest(case, (bound,), least) for bound in BOUNDS}
    nodes = _fewest(case, BOUNDS, max(alone.values()))
    return Layout(nodes, case.shards_on(nodes), alone)


def _fewest(case: Case, bounds: tuple[Bound, ...], start: int) -> int:
    nodes = max(start, _no_fewer(case, bounds))
    while nodes > MOST_NODES or not all(case.fits(bound, nodes) for bound in bounds):
        nodes += 1
        if nodes > MOST_NODES:
            detail = (
                f"more than {MOST_NODES:,} such nodes would be needed, for {' and '.join(bounds)}: every shard answers "
                "every search, so beyond some rate only more replicas (--replicas) or larger nodes help"
            )
            raise BadInput(detail, field="--qps")
    return nodes


def _no_fewer(case: Case, bounds: tuple[Bound, ...]) -> int:
    """Return nodes below which the bounds cannot hold, so that the search begins near its end."""
    fewest = 1.0
    if "memory" in bounds:
        fewest = max(fewest, case.hot_gb / (case.node.cache_gb * case.constants.cache_use))
    if "disk" in bounds:
        fewest = max(fewest, case.disk_gb / case.node.disk_gb)
    if "cpu" in bounds:
        # More shards never cost less, so the fewest shards give a lower limit.
        fewest = max(fewest, case.load(1, case.least_shards) / BUSY)
    if "io" in bounds:
        reads = case.demand.qps * case.reads_per_search(case.least_shards)
        fewest = max(fewest, reads / (IO_BUSY * case.node.iops))
    return MOST_NODES + 1 if _is_out_of_reach(case, bounds) else max(1, math.floor(fewest))


def _is_out_of_reach(case: Case, bounds: tuple[Bound, ...]) -> bool:
    """Tell whether even nodes without number would not do, because each more brings a shard that every search asks."""
    demand, node, c = case.demand, case.node, case.constants
    per_node = demand.qps / demand.copies
    reads = per_node * (case.reads_per_search(1) - case.reads_per_search(0))
    fixed = per_node * c.shard_requests * (c.shard_ms / c.core_speed + c.reduce_ms / c.core_speed) / 1000
    return ("io" in bounds and reads > IO_BUSY * node.iops) or ("cpu" in bounds and fixed > BUSY * node.vcpu)
