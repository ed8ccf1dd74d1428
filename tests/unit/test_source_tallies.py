"""Shared counters as Prometheus reads them, and the log of fetches as it is written."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from creators.ids import account_id
from creators.models import Platform, RawRecord
from creators.stores.tallies import SECONDS, Count, drift, families, missing, seconds
from creators.targets import parse_target
from fetchers.contract import Found
from fetchers.fetch_log import documents
from fetchers.outcomes import Attempt, Outcome
from fetchers.router import Candidate, route

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shown:
    def __init__(self, counts):
        self._counts = counts

    def collect(self):
        return families(self._counts)


def exposition(counts):
    registry = CollectorRegistry()
    registry.register(Shown(counts))
    return generate_latest(registry).decode()


def test_counters_have_their_names_and_labels():
    text = exposition(
        [
            Count("source_calls", {"source": "plain", "endpoint": "users", "outcome": "2xx"}, 3),
            missing("plain", "country", 1),
            drift("plain"),
            Count("nothing_of_ours", {"source": "plain"}, 1),
        ]
    )
    assert 'creatorscope_source_calls_total{endpoint="users",outcome="2xx",source="plain"} 3.0' in text
    assert 'creatorscope_missing_fields_total{field="country",source="plain"} 1.0' in text
    assert 'creatorscope_schema_drift_total{source="plain"} 1.0' in text
    assert "nothing_of_ours" not in text


def test_latencies_are_a_cumulative_histogram():
    added: dict[tuple[str, str], float] = {}
    for value in (0.04, 0.2, 0.2, 500.0):
        for count in seconds("plain", value):
            key = (count.name, count.labels.get("le", ""))
            added[key] = added.get(key, 0) + count.amount
    counts = [
        Count(name, {"source": "plain", **({"le": edge} if name == SECONDS else {})}, amount)
        for (name, edge), amount in added.items()
    ]
    text = exposition(counts)
    assert 'creatorscope_source_seconds_bucket{le="0.05",source="plain"} 1.0' in text
    assert 'creatorscope_source_seconds_bucket{le="0.25",source="plain"} 3.0' in text
    assert 'creatorscope_source_seconds_bucket{le="+Inf",source="plain"} 4.0' in text
    assert 'creatorscope_source_seconds_sum{source="plain"} 500.44' in text


def run(value, *attempts, found=None, kind="failed"):
    target = parse_target(value)
    candidates = [Candidate(name, 1, "official", 0.0) for name in ("one", "two")]
    decision = route(target, candidates, "balanced")
    return Outcome(target, kind, AT, decision, attempts=attempts, found=found)


def test_every_source_that_was_asked_is_an_entry_with_its_reason():
    record = RawRecord(platform=Platform.X, source="two", kind="user", native_id="42", fetched_at=AT, body={})
    failed = Attempt("one", 1, "failed", error="source_unavailable", detail="users answered 503", calls=1, units=1)
    good = Attempt("two", 1, "found", calls=2, units=3, cost_usd=0.01, records=1, latency_ms=12.345)
    first, second = documents(run("profile:x:@ada", failed, good, found=Found((record,)), kind="found"))
    assert (first["outcome"], first["error"]) == ("failed", "source_unavailable")
    assert "users answered 503" in first["reason"]
    assert second["account_id"] == account_id("x", "42")
    assert (second["calls"], second["units"], second["cost_usd"], second["latency_ms"]) == (2, 3, 0.01, 12.3)
    assert [one["source"] for one in second["considered"]] == ["one", "two"]


def test_a_target_that_nobody_was_asked_for_is_an_entry_too():
    (entry,) = documents(run("profile:x:42"))
    assert entry["outcome"] == "failed"
    assert entry["account_id"] == "x:42"
    assert "source" not in entry


def test_the_account_of_a_handle_is_not_known_before_it_is_found_and_a_page_belongs_to_its_account():
    assert documents(run("profile:x:@ada"))[0]["account_id"] is None
    assert documents(run("search:x:art"))[0]["account_id"] is None
    assert documents(run("page:x:42 https://ada.example/"))[0]["account_id"] == "x:42"
