"""Logs and metrics: set up in one place, every metric named here."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from creators.settings import Settings

LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.25, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0)

REQUESTS = Counter("creatorscope_http_requests_total", "Answers of the API.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "creatorscope_http_request_seconds", "Time of an answer at the API's edge.", ["route"], buckets=LATENCY_BUCKETS
)
STAGE_SECONDS = Histogram(
    "creatorscope_search_stage_seconds", "Time of one stage of a search.", ["stage"], buckets=LATENCY_BUCKETS
)
OVER_BUDGET = Counter("creatorscope_search_over_budget_total", "Searches that took longer than their budget.")
DEGRADED = Counter("creatorscope_search_degraded_total", "Parts of answers that were left out.", ["part"])
SEARCH_LATENCY = Gauge(
    "creatorscope_search_latency_seconds",
    "Rolling latency of this process's searches at the API's edge.",
    ["window", "quantile"],
)
CACHE_READS = Counter("creatorscope_cache_reads_total", "Look-ups in the caches of searches.", ["space", "result"])
CACHE_WRITES = Counter("creatorscope_cache_writes_total", "Writes to the caches of searches.", ["space", "result"])
CACHE_EVICTED = Counter(
    "creatorscope_cache_evicted_total", "Values that younger ones pushed out of a full cache.", ["space"]
)
RECORDS = Gauge(
    "creatorscope_records",
    "Source records by where they ended; in = indexed + stale + dead_lettered + pending.",
    ["state"],
)
QUEUE_DEPTH = Gauge("creatorscope_queue_depth", "Jobs that wait.", ["queue"])
WORKERS = Gauge("creatorscope_workers", "Workers that live.")
UNRESOLVED = Gauge(
    "creatorscope_identity_unresolved", "Accounts that are visible and still to be compared with others."
)
REVIEWS_OPEN = Gauge("creatorscope_identity_reviews_open", "Pairs of accounts that wait for a person's decision.")

QUALITY_MISSING = Gauge(
    "creatorscope_quality_missing_ratio", "Share of creators on a platform that lack a field.", ["platform", "field"]
)
QUALITY_OFF = Gauge(
    "creatorscope_quality_outlier_ratio", "Share of accounts whose newest count is off their own past.", ["platform"]
)
QUALITY_DRIFT = Gauge(
    "creatorscope_quality_drift", "How far the newest measured day lies from the week before.", ["measure"]
)
QUALITY_SHIFTED = Gauge("creatorscope_quality_shifted", "Measures of drift that are beyond their bounds.")


class Told(NamedTuple):
    """A counter that all processes share: its help and its labels."""

    help: str
    labels: tuple[str, ...]


class Times(NamedTuple):
    """A histogram of times in seconds that all processes share: its help, its labels and its upper edges."""

    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...]


SHARED_TIMES = {
    "source_seconds": Times(
        "Time of one fetch of a target from a source.",
        ("source",),
        (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0),
    ),
    "identity_resolve_seconds": Times(
        "Time of comparing and grouping the accounts of one object.",
        (),
        (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0),
    ),
}
"""Histograms kept by :mod:`creators.stores.tallies`, shown as ``creatorscope_<name>``."""
SHARED = {
    "source_calls": Told("Requests that were sent to a source.", ("source", "endpoint", "outcome")),
    "source_fetches": Told("Targets that a source was asked for.", ("source", "platform", "outcome")),
    "source_cost_usd": Told("Money that a source took, in USD.", ("source", "platform")),
    "source_units": Told("Units of its allowance that a source took.", ("source", "endpoint")),
    "decisions": Told("Choices of the router.", ("strategy", "source", "outcome")),
    "missing_fields": Told("Fields that records of a source lack.", ("source", "field")),
    "identity_pairs_scored": Told("Pairs of accounts that were compared.", ()),
    "identity_matches": Told("Matches that were new or changed, by what they lead to.", ("decision",)),
    "schema_drift": Told("Records of a source that have not the documented form.", ("source",)),
    "signals_computed": Told("Signals of creators by why they were computed, or not.", ("signal", "reason")),
    "signal_seconds": Told("Time of computing a signal, encoding included.", ("signal",)),
    "pictures_looked": Told("Pictures that were looked at, by how it ended.", ("result",)),
    "vector_lookups": Told("Vectors that were needed, by where they came from.", ("result",)),
    "encoding_seconds": Told("Time of encoding texts that had no vector.", ()),
    "llm_calls": Told("Questions to a language model by how they ended.", ("result",)),
    "llm_usd": Told("Money that a language model took, in USD.", ("model",)),
}
"""Counters kept by :mod:`creators.stores.tallies`, shown as ``creatorscope_<name>_total``."""

_SECRET_WORDS = ("password", "secret", "token", "authorization")


def _redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "[redacted]"
    return event


def configure_logging(settings: Settings) -> None:
    """Send structured log lines to stderr: for people, or as JSON."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(
        level=max(level, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    # Its warnings are answers (404, 409) that the gateways translate; what matters is logged by whoever catches it.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # The stream of the moment: whoever embeds this program may have replaced the one of now, and closed it.
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
