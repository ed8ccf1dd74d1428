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
SECONDS_SUM = f"{SECONDS}_sum"


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
    return timed(SECONDS, {"source": source}, value)


def timed(name: str, labels: Mapping[str, str], value: float) -> list[Count]:
    """Return the counts that put one time, in seconds, into the histogram ``name`` of :mod:`creators.telemetry`."""
    bucket = next((edge for edge in telemetry.SHARED_TIMES[name].buckets if value <= edge), None)
    edge = "+Inf" if bucket is None else str(bucket)
    return [Count(name, {**labels, "le": edge}), Count(f"{name}_sum", labels, value)]


@dataclass
class _Histogram:
    counts: dict[str, float] = field(default_factory=dict)
    total: float = 0.0


_Key = tuple[str, tuple[str, ...]]


def families(counts: Iterable[Count]) -> list[Metric]:
    """Return the counters as Prometheus shows them; those without a name in :mod:`creators.telemetry` are left out."""
    plain: dict[str, CounterMetricFamily] = {}
    histograms: dict[_Key, _Histogram] = {}
    for count in counts:
        base = count.name.removesuffix("_sum")
        if base in telemetry.SHARED_TIMES:
            labels = tuple(count.labels[label] for label in telemetry.SHARED_TIMES[base].labels)
            histogram = histograms.setdefault((base, labels), _Histogram())
            if count.name != base:
                histogram.total = count.amount
            else:
                histogram.counts[count.labels["le"]] = count.amount
        elif count.name in telemetry.SHARED:
            told = telemetry.SHARED[count.name]
            if count.name not in plain:
                plain[count.name] = CounterMetricFamily(f"creatorscope_{count.name}", told.help, labels=told.labels)
            plain[count.name].add_metric([count.labels.get(label, "") for label in told.labels], count.amount)
    return [*plain.values(), *_latencies(histograms)]


def _latencies(histograms: Mapping[_Key, _Histogram]) -> list[Metric]:
    found: dict[str, HistogramMetricFamily] = {}
    for (name, labels), histogram in sorted(histograms.items()):
        told = telemetry.SHARED_TIMES[name]
        if name not in found:
            found[name] = HistogramMetricFamily(f"creatorscope_{name}", told.help, labels=told.labels)
        below, so_far = [], 0.0
        for edge in [*map(str, told.buckets), "+Inf"]:
            so_far += histogram.counts.get(edge, 0.0)
            below.append((edge, so_far))
        found[name].add_metric(labels, buckets=below, sum_value=histogram.total)
    return list(found.values())
