"""CPU of one search on one shard, by kind of search; milliseconds of one core of the calibrated machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

from search.capacity.constants import Constants
from search.capacity.demand import Demand

FEWEST = 100
"""Creators below which a shard is taken to hold that many: formulas with a logarithm end somewhere."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Searches that cost the same: the part of all searches, of the creators that pass, of those with the words."""

    weight: float
    passing: float
    matching: float


@dataclass(frozen=True, slots=True)
class ShardWork:
    """What one search of a kind costs one shard, in ms of CPU; the three run side by side."""

    lexical_ms: float
    knn_ms: float
    count_ms: float
    fixed_ms: float

    @property
    def total_ms(self) -> float:
        """All of it."""
        return self.lexical_ms + self.knn_ms + self.count_ms + self.fixed_ms

    @property
    def longest_ms(self) -> float:
        """What cannot be shared between cores: the longest of the three."""
        return max(self.lexical_ms, self.knn_ms, self.count_ms)


def kinds(demand: Demand) -> tuple[Kind, ...]:
    """Return the kinds of searches; their weights add up to 1."""
    passing = [(1 - demand.filtered, 1.0), *((demand.filtered / len(demand.shares), one) for one in demand.shares)]
    matching = [(1 / len(demand.matches), one) for one in demand.matches]
    return tuple(Kind(w * v, p, m) for (w, p), (v, m) in product(passing, matching) if w)


def walk_ms(documents: float, demand: Demand, c: Constants, reference: int) -> float:
    """Return a walk without a filter through one shard of so many creators.

    The measured one, which grows with the logarithm of the shard as walks through a small-world graph do (Malkov and
    Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW", 2016, section 4.2.1), once for each
    segment. Its vector part grows with the dimension; codes cost their own factor.
    """
    in_segment = max(documents / c.segments, FEWEST)
    # Below its own slope the line would make many small shards cheaper than one.
    grown = max(c.walk_growth, 1 + c.walk_growth * math.log(in_segment / reference))
    size = 1 - c.vector_part + c.vector_part * demand.dimension / 384
    factor = {32: 1.0, 7: c.walk_factor_7, 1: c.walk_factor_1}[demand.bits]
    return c.walk_ms * grown * c.segments * size * factor * demand.explore


def knn_ms(kind: Kind, documents: float, demand: Demand, c: Constants, reference: int) -> float:
    """Return the vector arm: a walk that grows as ``share ** -exponent``, or reading whoever passes if that is less.

    ``search.plan`` chooses by the same rule. Right at the border it pays up to twice this: Lucene gives a walk up after
    as many visits as creators pass, and reads them after all.
    """
    walk = walk_ms(documents, demand, c, reference) * math.pow(kind.passing, -c.walk_exponent)
    read = kind.passing * documents * c.read_us * demand.dimension / 384 / 1000
    return min(walk, read)


def on_shard(kind: Kind, documents: float, demand: Demand, c: Constants, reference: int) -> ShardWork:
    """Return what one search of this kind costs one shard of so many creators."""
    # The rarer of filter and words leads; the other is only looked up.
    led = min(kind.passing, kind.matching) * documents
    counted = kind.passing * documents if kind.passing < 1 else 0.0
    speed = 1 / c.core_speed
    return ShardWork(
        lexical_ms=led * c.lexical_ns * c.lexical_read / 1e6 * speed,
        knn_ms=knn_ms(kind, documents, demand, c, reference) * speed,
        count_ms=counted * c.count_ns / 1e6 * speed,
        fixed_ms=c.shard_requests * c.shard_ms * speed,
    )
