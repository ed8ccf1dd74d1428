"""Counters that all processes add to: one Redis hash, read by ``/metrics`` and the admin pages.

They are for looking at: what they lose with Redis is missed by nobody's decision. Labels come from small sets (sources,
platforms, endpoints, fields of payload models), never from what a source sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from creators import telemetry
from creators.stores.scripts import Shared

if TYPE_CHECKING:
    from redis.client import Pipeline

KEY = "tallies"
SECONDS = "source_seconds"
"""A histogram: its counts carry the label ``le``, its sum is in :data:`SECONDS_SUM`."""
SECONDS_SUM = "source_seconds_sum"


@dataclass(frozen=True, slots=True)
class Count:
    """An amount to add, or what was added up."""

    name: str
    labels: Mapping[str, str]
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Tallies:
    """Gateway to the counters of one installation; raises ``QueueUnavailable`` where Redis does not answer."""

    shared: Shared

    def add(self, counts: Iterable[Count]) -> None:
        """Add amounts in one round trip."""
        wanted = [count for count in counts if count.amount]
        if not wanted:
            return

        def fill(pipeline: Pipeline) -> None:
            for count in wanted:
                pipeline.hincrbyfloat(self.shared.key(KEY), _field(count), count.amount)

        self.shared.batch(fill)

    def read(self) -> list[Count]:
        """Return every counter."""
        found = []
        for name, value in sorted(self.shared.hash(KEY).items()):
            kind, labels = json.loads(name)
            found.append(Count(kind, labels, float(value)))
        return found


def _field(count: Count) -> str:
    return json.dumps([count.name, dict(count.labels)], sort_keys=True)


def missing(source: str, name: str, records: int) -> Count:
    """Return the count of records of a source that lack a field."""
    return Count("missing_fields", {"source": source, "field": name}, records)


def drift(source: str) -> Count:
    """Return the count of one record that has not the documented form."""
    return Count("schema_drift", {"source": source})


def seconds(source: str, value: float) -> list[Count]:
    """Return the counts that put one latency into the histogram of a source."""
    bucket = next((edge for edge in telemetry.SOURCE_BUCKETS if value <= edge), None)
    edge = "+Inf" if bucket is None else str(bucket)
    return [Count(SECONDS, {"source": source, "le": edge}), Count(SECONDS_SUM, {"source": source}, value)]


@dataclass
class _Histogram:
    counts: dict[str, float] = field(default_factory=dict)
    total: float = 0.0


def families(counts: Iterable[Count]) -> list[Metric]:
    """Return the counters as Prometheus shows them; those without a name in :mod:`creators.telemetry` are left out."""
    plain: dict[str, CounterMetricFamily] = {}
    histograms: dict[str, _Histogram] = {}
    for count in counts:
        if count.name in {SECONDS, SECONDS_SUM}:
            histogram = histograms.setdefault(count.labels["source"], _Histogram())
            if count.name == SECONDS_SUM:
                histogram.total = count.amount
            else:
                histogram.counts[count.labels["le"]] = count.amount
        elif count.name in telemetry.SHARED:
            told = telemetry.SHARED[count.name]
            if count.name not in plain:
                plain[count.name] = CounterMetricFamily(f"creatorscope_{count.name}", told.help, labels=told.labels)
            plain[count.name].add_metric([count.labels.get(label, "") for label in told.labels], count.amount)
    return [*plain.values(), *_latencies(histograms)]


def _latencies(histograms: Mapping[str, _Histogram]) -> list[Metric]:
    if not histograms:
        return []
    family = HistogramMetricFamily(
        "creatorscope_source_seconds", "Time of one fetch of a target from a source.", labels=["source"]
    )
    for source, histogram in sorted(histograms.items()):
        below, so_far = [], 0.0
        for edge in [*map(str, telemetry.SOURCE_BUCKETS), "+Inf"]:
            so_far += histogram.counts.get(edge, 0.0)
            below.append((edge, so_far))
        family.add_metric([source], buckets=below, sum_value=histogram.total)
    return [family]
