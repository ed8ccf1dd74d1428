"""The creators that people ask for stay on the first page: nDCG@10 of the judged collection against the frozen one.

Both tables of the collection come in through real workers into an installation of this module's own, because the
shared one holds the bundled creators only.
"""

from __future__ import annotations

import asyncio
import sys

import pytest

from benchmarks.relevance.creators.asked import Asker, bring_in, keys_by_account
from benchmarks.relevance.creators.facts import read_facts
from benchmarks.relevance.creators.figures import comparison, figures, is_worse, read_baseline
from benchmarks.relevance.creators.judge import read_qrels, read_queries
from enrich.encoders.opened import open_encoder
from search.request import Ranking

QUERIES = read_queries()
ARMS_ALONE = (Ranking(arms=("lexical",)), Ranking(arms=("knn",)))


@pytest.fixture(scope="module")
def ask(new_installation):
    stores = new_installation()
    bring_in(stores)
    keys = keys_by_account(read_facts())

    def answers(ranking: Ranking):
        async def asked():
            async with Asker(stores.settings, open_encoder(stores.settings), keys) as asker:
                return await asker.ask(QUERIES, ranking)

        return asyncio.run(asked())

    return answers


@pytest.fixture(scope="module")
def shipped(ask):
    return ask(Ranking())


def test_the_first_page_is_as_good_as_when_it_was_frozen(shipped, capsys):
    found, frozen = figures(shipped, read_qrels(), QUERIES), read_baseline()
    told = comparison(found, frozen, QUERIES)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    assert not is_worse(found, frozen), f"nDCG@10 fell from {frozen.ndcg} to {found.ndcg}\n{told}"


def test_an_order_turned_round_is_noticed(shipped):
    turned = {query: ranked[::-1] for query, ranked in shipped.items()}
    assert is_worse(figures(turned, read_qrels(), QUERIES), read_baseline())


def test_a_ranking_by_size_alone_is_noticed(ask):
    answers = ask(Ranking(profile="reach", weights={"reach": 1000.0}))
    assert is_worse(figures(answers, read_qrels(), QUERIES), read_baseline())


@pytest.mark.parametrize("ranking", ARMS_ALONE, ids=lambda ranking: ranking.arms[0])
def test_both_arms_together_beat_each_alone(ask, shipped, ranking):
    alone = figures(ask(ranking), read_qrels(), QUERIES)
    assert figures(shipped, read_qrels(), QUERIES).ndcg > alone.ndcg
