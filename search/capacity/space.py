"""Bytes of one creator: on disk, and kept in memory by searches."""

from __future__ import annotations

from search.capacity.constants import Constants
from search.capacity.demand import Demand

GB = 1e9


def codes_bytes(bits: int, dimension: int) -> float:
    """Return the bytes of one vector as a walk reads it.

    Float: 4 bytes a dimension. 7 bits are padded to a byte and carry 4 bytes of correction; 1 bit carries 14
    (110 bytes at 768 dimensions: apache/lucene pull request 15564).
    """
    return {32: 4 * dimension, 7: dimension + 4, 1: dimension / 8 + 14}[bits]


def disk_bytes(demand: Demand, c: Constants) -> float:
    """Return the bytes of one creator in one copy of the index: floats are kept beside their codes."""
    floats = 4 * demand.dimension
    codes = codes_bytes(demand.bits, demand.dimension) if demand.is_quantised else 0.0
    return floats + codes + c.graph_bytes + c.stored_bytes + c.postings_bytes + c.values_bytes


def hot_bytes(demand: Demand, c: Constants) -> float:
    """Return the bytes of one creator in one copy that searches keep in the page cache.

    Codes and graph with the overhead that OpenSearch's own sizing guide takes (1.1), the read parts of words, columns
    and documents, and for quantised vectors the floats that rescoring reads again and again.
    """
    codes = codes_bytes(demand.bits, demand.dimension)
    vectors = c.hot_overhead * (codes + c.graph_bytes)
    rescored = c.rescore_hot * 4 * demand.dimension if demand.is_quantised else 0.0
    text = c.hot_postings * c.postings_bytes + c.hot_values * c.values_bytes + c.hot_stored * c.stored_bytes
    return vectors + rescored + text
