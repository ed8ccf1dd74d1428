"""What is asked of a cluster, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from creators.errors import BadInput

FLOAT_BITS = 32
ENCODINGS = (FLOAT_BITS, 7, 1)
"""Bits of a dimension: floats, and the two codes that OpenSearch's Lucene engine has."""
DIMENSION = 384
FANNED = 200
"""Neighbours that every shard is asked for."""
OVERSAMPLE = 3
PAGE = 20
"""Documents that are read from disk for one page."""
SHARES = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)
"""Parts of the creators that filters pass, each as frequent as the others."""
MATCHES = (0.001, 0.02, 0.2)
"""Parts of the creators that have the words: rare, medium and broad questions, each as frequent as the others."""
LEAST_RAM_GB = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is asked.

    Attributes:
        creators: in the index.
        qps: searches per second, on average.
        replicas: copies beside the primary one.
        bits: of a dimension of the vectors that a walk reads.
        filtered: part of the searches that have a filter.
        writes_per_s: updates of creators, vector included, per second.
        most_per_shard: creators in one shard at most.
        shares: parts of the creators that filters pass.
        matches: parts of the creators that have the words of a question; 0 for vectors alone.
        dimension: of the vectors.
        explore: neighbours that a walk keeps, over those of the calibrated one.
    """

    creators: int
    qps: float
    replicas: int = 1
    bits: int = FLOAT_BITS
    filtered: float = 0.5
    writes_per_s: float = 0.0
    most_per_shard: int = 10_000_000
    shares: tuple[float, ...] = SHARES
    matches: tuple[float, ...] = MATCHES
    dimension: int = DIMENSION
    explore: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no cluster can be planned for."""
        _check("--creators", self.creators, at_least=1)
        _check("--qps", self.qps, above=0)
        _check("--replicas", self.replicas, at_least=0)
        _check("--filtered", self.filtered, at_least=0, at_most=1)
        _check("--writes-per-s", self.writes_per_s, at_least=0)
        _check("--most-per-shard", self.most_per_shard, at_least=1)
        if self.bits not in ENCODINGS:
            detail = f"vectors are kept with 32, 7 or 1 bits a dimension, not with {self.bits}"
            raise BadInput(detail, field="--bits")

    @property
    def is_quantised(self) -> bool:
        """Whether a walk reads codes, and the floats only to rescore."""
        return self.bits != FLOAT_BITS

    @property
    def copies(self) -> int:
        """Copies of every shard."""
        return 1 + self.replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine of the cluster.

    Attributes:
        vcpu: hardware threads.
        ram_gb: memory.
        disk_gb: local disk.
        iops: random reads per second of that disk.
        price_hour: of one node, in any currency; None leaves the cost out.
    """

    vcpu: int = 16
    ram_gb: float = 128
    disk_gb: float = 1_900
    iops: float = 100_000
    price_hour: float | None = None

    def __post_init__(self) -> None:
        """Refuse a machine that cannot run a node."""
        _check("--node-vcpu", self.vcpu, at_least=1)
        _check("--node-ram-gb", self.ram_gb, above=LEAST_RAM_GB)
        _check("--node-disk-gb", self.disk_gb, above=0)
        _check("--node-iops", self.iops, above=0)
        if self.price_hour is not None:
            _check("--node-price-hour", self.price_hour, at_least=0)

    @property
    def heap_gb(self) -> float:
        """Heap of OpenSearch: a quarter of the memory, 1 to 30 GB (more loses compressed pointers)."""
        return min(30.0, max(1.0, self.ram_gb / 4))

    @property
    def cache_gb(self) -> float:
        """What is left for the page cache beside heap, system and API."""
        beside = min(4.0, self.ram_gb / 4)
        return self.ram_gb - self.heap_gb - beside


def _check(
    option: str,
    value: float,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> None:
    """Refuse a number out of its range; raises :class:`BadInput` with the option and the fix."""
    wanted = [
        (at_least is None or value >= at_least, f"at least {at_least}"),
        (above is None or value > above, f"above {above}"),
        (at_most is None or value <= at_most, f"at most {at_most}"),
    ]
    for holds, words in wanted:
        # NaN fulfils no comparison, so it is refused here as well.
        if not holds:
            detail = f"{value:g} cannot be planned for: give a number that is {words}"
            raise BadInput(detail, field=option)
