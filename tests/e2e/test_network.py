"""The whole way of the network on a simulated world: sockets, workers, engines are real; nobody is fetched twice."""

from __future__ import annotations

from benchmarks.faults import growth
from benchmarks.faults.report import Run


def test_an_index_grows_from_a_few_accounts_by_itself(engines, monkeypatch):
    monkeypatch.setenv("CREATORSCOPE_OPENSEARCH_URL", engines.opensearch_url)
    monkeypatch.setenv("CREATORSCOPE_REDIS_URL", engines.redis_url)
    proof = growth.prove(Run(seed=1, smoke=True))
    assert proof.holds, (proof.claims, proof.facts)
    assert proof.facts["balance"]["indexed"] > proof.facts["creators"]
