"""Search is as good as it was measured to be: the words as a plain BM25, both together better than either alone.

The collection in ``tests/fixtures/collection`` is written for this test and always there. Cranfield is asked where
``CREATORSCOPE_TEST_DATA`` has it: a fifth of its questions over those documents that answer them and a quarter
of the others, which takes seconds.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.relevance.__main__ import measure
from benchmarks.relevance.collection import read_collection
from benchmarks.relevance.index import own_index
from creators.settings import load_settings
from creators.stores.session import Stores
from enrich.encoders.opened import open_encoder

OURS = Path(__file__).parents[1] / "fixtures" / "collection"
DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
CLOSE = 0.02
"""What the boosts of names and the dropped words may cost against a BM25 without either."""


@pytest.fixture(scope="module")
def settings(engines):
    addresses = {"opensearch_url": engines.opensearch_url, "redis_url": SecretStr(engines.redis_url)}
    return load_settings().model_copy(update=addresses)


@pytest.fixture(scope="module")
def ours(settings):
    return measure(settings, read_collection(OURS), None)


def ndcg(result, run):
    return result["runs"][run]["ndcg@10"]


def check_gate(result):
    assert ndcg(result, "bm25") >= ndcg(result, "reference_bm25") - CLOSE
    assert ndcg(result, "default") > max(ndcg(result, "bm25"), ndcg(result, "vector"))


def test_our_collection_passes_the_gate(ours):
    check_gate(ours)
    assert ndcg(ours, "default") > 0.9
    assert ours["runs"]["default"]["recall@100"] == 1.0


def test_the_report_is_whole(ours):
    assert (ours["collection"], ours["docs"], ours["queries"]) == ("collection", 38, 8)
    runs = {"reference_bm25", "bm25", "vector", "rrf", "normalised", "relevance", "default"}
    assert set(ours["runs"]) == set(ours["halves"]["tuning"]["runs"]) == runs
    assert sum(half["queries"] for half in ours["halves"].values()) == 8
    assert all(0 < value <= 1 for figures in ours["runs"].values() for value in figures.values())
    assert ours["significance"]["difference"] == pytest.approx(
        ndcg(ours, "default") - max(ndcg(ours, "bm25"), ndcg(ours, "vector")), abs=2e-4
    )
    assert 0 < ours["significance"]["p"] <= 1


def test_nothing_is_left_behind(settings):
    with own_index(settings, open_encoder(settings)) as stores:
        assert "creators" in {alias for held in stores.cluster.aliases().values() for alias in held}
        stores.queue.redis.set(f"{stores.settings.index_prefix}cache:x", "1")
    after = Stores(stores.settings)
    try:
        assert after.cluster.aliases() == {}
        assert list(after.queue.redis.scan_iter(match=f"{stores.settings.index_prefix}*", count=1000)) == []
    finally:
        after.cluster.close()
        after.queue.redis.close()


@pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA is not set")
def test_cranfield_passes_the_gate(settings):
    whole = read_collection(Path(DATA) / "relevance" / "cranfield")
    queries = dict(list(whole.queries.items())[::5])
    relevant = {document for query in queries for document in whole.judgements[query]}
    documents = tuple(one for number, one in enumerate(whole.documents) if number % 4 == 0 or one.doc_id in relevant)
    judged = {query: whole.judgements[query] for query in queries}
    result = measure(settings, replace(whole, documents=documents, queries=queries, judgements=judged), None)
    check_gate(result)
