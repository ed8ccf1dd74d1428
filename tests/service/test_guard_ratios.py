"""The regression guard on the engines of the tests: it passes as the program is, and not without lean fetching."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.corpus.questions import questions
from benchmarks.guard.__main__ import COUNTED, SEED, measured
from benchmarks.guard.bounds import judge, read
from benchmarks.guard.measure import counts
from benchmarks.ingest.installed import installed, remove
from benchmarks.load.questions import Asked
from enrich.encoders.opened import open_encoder
from search import shown
from search.queries import knn, lexical
from search.queries.lean import lean

CREATORS = 1_000
"""The bounds are of 5,000; ratios and bytes are smaller here, requests the same."""
ROUNDS = 2
A_ROUND = 6
NOTICED = 15
"""Searches that are enough to see what is fetched too much."""


@pytest.fixture(scope="module")
def ready(engines, tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CREATORSCOPE_BENCH_DIR", str(tmp_path_factory.mktemp("bench")))
        environment.setenv("CREATORSCOPE_OPENSEARCH_URL", engines.opensearch_url)
        environment.setenv("CREATORSCOPE_REDIS_URL", engines.redis_url)
        with installed(CREATORS, progress=False) as made:
            yield made
            remove(made)


@pytest.fixture(scope="module")
def asked(ready):
    wanted = COUNTED + (ROUNDS + 1) * A_ROUND
    return [Asked(one.text, one.filters, one.kind) for one in questions(ready.corpus, wanted, seed=SEED)]


def test_nothing_moved(ready, asked):
    judgement = judge(measured(ready.settings, asked, rounds=ROUNDS), read())
    assert judgement.moved == ()


def whole(query, *, size, timeout_ms):
    """An arm that asks for the source of every candidate, as a stock client does."""
    return lean(query, size=size, timeout_ms=timeout_ms) | {"_source": True, "stored_fields": ["_source"]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([(shown, "HIDDEN", ())], id="the page with its vectors"),
        pytest.param([(lexical, "lean", whole), (knn, "lean", whole)], id="candidates with their source"),
    ],
)
def test_the_guard_notices_what_is_fetched_too_much(ready, asked, monkeypatch, changes):
    for change in changes:
        monkeypatch.setattr(*change)
    figures = asyncio.run(counts(ready.settings, open_encoder(ready.settings), asked[:NOTICED]))
    bounds = {name: bound for name, bound in read().items() if name in figures}
    assert any(fault.startswith("bytes_fetched_per_search") for fault in judge(figures, bounds).moved)
