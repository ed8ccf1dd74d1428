"""Latencies as HDR histograms: three significant digits from a microsecond to an hour, merged without loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from hdrh.histogram import HdrHistogram

MOST_US = 3_600_000_000
DIGITS = 3


class Histogram:
    """Counts of latencies (http://hdrhistogram.org): buckets are the same everywhere, so counts can be added up."""

    def __init__(self, latencies_s: Iterable[float] = ()) -> None:
        self.counts = HdrHistogram(1, MOST_US, DIGITS)
        for latency in latencies_s:
            self.record(latency)

    def __len__(self) -> int:
        """Return how many latencies were recorded."""
        return int(self.counts.get_total_count())

    def record(self, latency_s: float) -> None:
        """Count one latency, in seconds; more than an hour counts as an hour."""
        self.counts.record_value(min(MOST_US, max(1, round(latency_s * 1e6))))

    def merge(self, others: Iterable[Histogram]) -> Self:
        """Add the counts of others to these; averages of percentiles mean nothing, sums of counts do."""
        for other in others:
            self.counts.add(other.counts)
        return self

    def percentile_ms(self, share: float) -> float:
        """Return the latency that ``share`` per cent do not exceed, in milliseconds; 0 when nothing was recorded."""
        return float(self.counts.get_value_at_percentile(share)) / 1000 if len(self) else 0.0

    @property
    def max_ms(self) -> float:
        """The longest, in milliseconds, in the accuracy of the buckets."""
        return float(self.counts.get_max_value()) / 1000 if len(self) else 0.0

    def curve(self, nines: int = 4) -> list[tuple[float, float]]:
        """Return (per cent, milliseconds) at 20 points for each nine: 0 to 90, 90 to 99, and so on."""
        shares = [100 * (1 - 10 ** -(step / 20)) for step in range(nines * 20 + 1)]
        known = [share for share in shares if share <= 100 * (1 - 1 / max(2, len(self)))]
        values = self.counts.get_percentile_to_value_dict(known)
        return [(round(share, 5), values[share] / 1000) for share in known if share in values]

    def encoded(self) -> str:
        """Return the counts as text (HDR V2, compressed, base64)."""
        text: bytes = self.counts.encode()
        return text.decode()

    @classmethod
    def decoded(cls, text: str) -> Self:
        """Return what :meth:`encoded` wrote."""
        histogram = cls()
        histogram.counts = HdrHistogram.decode(text.encode())
        return histogram
