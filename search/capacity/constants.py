"""Every number that a plan rests on: its unit, its meaning, and its range where it is assumed rather than measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Range:
    """A constant as it is known: the likeliest value between the least and the largest that are credible."""

    low: float
    best: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.best <= self.high:
            detail = f"a range goes up from above 0: {self.low}, {self.best}, {self.high}"
            raise ValueError(detail)


def _measured(unit: str, meaning: str) -> Any:
    return field(metadata={"unit": unit, "meaning": meaning, "range": None})


def _assumed(low: float, best: float, high: float, unit: str, meaning: str) -> Any:
    return field(metadata={"unit": unit, "meaning": meaning, "range": Range(low, best, high)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """One value of every constant.

    Those without a range of their own come from ``python -m benchmarks.capacity calibrate``; the ranges of the others
    are judgement, with the published figure behind them where there is one.
    """

    graph_bytes: float = _measured("B", "links of one creator in the graph")
    stored_bytes: float = _measured("B", "stored fields of one creator: the document itself")
    postings_bytes: float = _measured("B", "words and their positions, one creator")
    values_bytes: float = _measured("B", "columns, points, norms and the rest, one creator")
    shard_ms: float = _measured("ms of CPU", "a request to one shard that matches nothing")
    hits_ms: float = _measured("ms of CPU", "the hits of one arm read and sent, one search")
    shard_requests: float = _measured("requests", "sent to every shard by one search")
    api_ms: float = _measured("ms of CPU", "the API and the encoder, one search")
    base_ms: float = _measured("ms", "one search beside what grows with the index, on one node")
    base_scv: float = _measured("", "squared coefficient of variation of that time")
    walk_ms: float = _measured("ms of CPU", "a walk without a filter through the graph of the largest measured shard")
    walk_growth: float = _measured("", "part by which a walk grows for each factor e of creators in the shard")
    walk_exponent: float = _measured("", "a walk under a filter grows as share ** -exponent")
    read_us: float = _measured("µs of CPU", "the vector of one creator that is read instead of walked to")
    count_ns: float = _measured("ns of CPU", "one creator that is counted under a filter, with three facets")
    lexical_ns: float = _measured("ns of CPU", "one creator that matches the words, all of them scored")
    lexical_read: float = _measured("", "part of the matches that is scored when nobody asks for their number")
    service_scv: float = _measured("", "squared coefficient of variation of one shard's time for one kind of search")
    index_ms: float = _measured("ms of CPU", "one creator written and merged, at the size that was measured")
    embed_ms: float = _measured("ms of CPU", "one creator's text encoded")

    merge_slack: float = _assumed(1.2, 1.45, 2.0, "", "disk over data: merges, and the watermark of 85 %")
    hot_overhead: float = _assumed(1.0, 1.1, 1.2, "", "memory over the bytes of vectors and graph")
    hot_postings: float = _assumed(0.1, 0.3, 0.6, "", "part of the words that searches keep reading")
    hot_values: float = _assumed(0.2, 0.5, 0.9, "", "part of the columns that searches keep reading")
    hot_stored: float = _assumed(0.01, 0.05, 0.2, "", "part of the documents that pages keep reading")
    rescore_hot: float = _assumed(0.03, 0.07, 0.2, "", "part of the float vectors that rescoring keeps reading")
    rescore_miss: float = _assumed(0.05, 0.3, 1.0, "", "part of the rescored floats that are read from disk")
    cache_use: float = _assumed(0.7, 0.85, 0.95, "", "part of the page cache that can be counted on")
    segments: float = _assumed(1.0, 2.0, 5.0, "", "graphs of equal size in one shard, between merges")
    walk_factor_7: float = _assumed(1.0, 1.13, 1.4, "", "7-bit rescored twofold over float (docs/decisions/0012)")
    walk_factor_1: float = _assumed(0.5, 1.2, 2.4, "", "1-bit rescored threefold over float, with native code")
    vector_part: float = _assumed(0.4, 0.7, 0.9, "", "part of a walk that grows with the dimension")
    core_speed: float = _assumed(0.6, 1.0, 1.3, "", "a core of the node over one of the calibrated machine")
    network_ms: float = _assumed(0.1, 0.3, 1.0, "ms", "one round trip between two nodes")
    rounds: float = _assumed(2.0, 4.0, 5.0, "", "round trips of one search that follow each other")
    reduce_ms: float = _assumed(0.01, 0.03, 0.1, "ms of CPU", "the answers of one shard merged into one search's")
    build_slack: float = _assumed(1.0, 2.0, 3.0, "", "wall time of a build over its CPU spread evenly")
    write_factor: float = _assumed(1.5, 2.5, 4.0, "", "CPU of an update over that of a creator in a bulk build")

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return constants by name."""
        return cls(**values)


UNITS: dict[str, str] = {one.name: one.metadata["unit"] for one in fields(Constants)}
MEANINGS: dict[str, str] = {one.name: one.metadata["meaning"] for one in fields(Constants)}
ASSUMED: dict[str, Range] = {one.name: one.metadata["range"] for one in fields(Constants) if one.metadata["range"]}
MEASURED = tuple(name for name in UNITS if name not in ASSUMED)
