"""Every query asked of the product, over the tables brought in by real workers; answers as keys of the judgements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self
from uuid import uuid4

from api.installation import workers
from benchmarks.relevance.creators.facts import TABLES, Facts
from benchmarks.relevance.creators.judge import Query
from creators.datasets import load_mapping
from creators.errors import ClusterUnavailable
from creators.settings import Settings
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from creators.stores.session import Stores
from enrich.encoders.text import TextEncoder
from indexers import pipeline
from mappings.registry import PIPELINES, pipeline_name
from search.request import Ranking, SearchRequest
from search.results import SearchPage
from search.service import CreatorSearch

DEPTH = 100
PATIENCE_MS = 60_000
"""Budget of a question: what is measured is what the product answers with enough time, not how busy the machine is."""

Answers = dict[str, list[str]]
"""Query id → keys of the creators, the best first."""


@contextmanager
def filled(settings: Settings, worker_count: int = 1) -> Iterator[Settings]:
    """Give settings of an installation under a prefix of its own that holds the tables; it is deleted at the end."""
    own = settings.model_copy(update={"index_prefix": f"judged-{uuid4().hex[:8]}-", "reconcile_s": 2.0})
    stores = Stores(own)
    try:
        pipeline.prepare(stores)
        bring_in(stores, worker_count)
        yield own
    finally:
        _sweep(stores)


def bring_in(stores: Stores, worker_count: int = 1) -> None:
    """Ingest the tables through worker processes; returns when every creator can be found.

    Raises:
        ClusterUnavailable: not every row became an account that can be found.
    """
    datasets = [pipeline.ingest(stores, table, load_mapping(table.with_suffix(".toml"))) for table in TABLES]
    with workers(stores.settings, worker_count) as running:
        for table, dataset in zip(TABLES, datasets, strict=True):
            balance = pipeline.wait(
                stores,
                dataset.dataset_id,
                on_progress=lambda _balance: None,
                alive=lambda: all(worker.poll() is None for worker in running),
            )
            if not balance.is_balanced or balance.dead_lettered:
                detail = f"{table.name} was not brought in whole: {balance}"
                raise ClusterUnavailable(detail)


def _sweep(stores: Stores) -> None:
    prefix = stores.settings.index_prefix
    stores.cluster.delete_indices(list(stores.cluster.aliases()))
    for name in PIPELINES:
        stores.cluster.delete_pipeline(pipeline_name(name))
    for pattern in (f"rq:*{prefix}*", f"{prefix}*"):
        for key in stores.queue.redis.scan_iter(match=pattern, count=1000):
            stores.queue.redis.delete(key)
    stores.cluster.close()
    stores.queue.redis.close()


def keys_by_account(creators: Sequence[Facts]) -> dict[str, str]:
    """Return the key of its creator for every account."""
    return {account: one.key for one in creators for account in one.accounts}


class Asker:
    """Asks queries of one installation; to be entered before the first."""

    def __init__(self, settings: Settings, encoder: TextEncoder, keys: Mapping[str, str]) -> None:
        self._cluster, self._cache = AsyncCluster(settings), Cache(settings)
        self._service = CreatorSearch(settings, self._cluster, self._cache, encoder)
        self._keys = keys

    async def __aenter__(self) -> Self:
        # As the API starts: what compares creators with their peers is read before the first question, not during it.
        await self._service.warm()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._service.close()
        await self._cache.close()
        await self._cluster.close()

    async def ask(self, queries: Sequence[Query], ranking: Ranking, *, parse: bool = False) -> Answers:
        """Return the answers to the queries.

        Args:
            queries: in the order in which they are asked.
            ranking: the profile, weights and arms that are measured.
            parse: read filters out of the text first.

        Raises:
            ClusterUnavailable: an answer is incomplete: half an answer is not what is measured here.
        """
        return {query.query_id: await self._answer(query, ranking, parse=parse) for query in queries}

    async def _answer(self, query: Query, ranking: Ranking, *, parse: bool) -> list[str]:
        page = await self._service.run(
            SearchRequest(
                text=query.text,
                filters=query.filters,
                ranking=ranking,
                parse=parse,
                limit=DEPTH,
                budget_ms=PATIENCE_MS,
            )
        )
        if page.degraded:
            detail = f"the answer to {query.text!r} lacks {', '.join(page.degraded)}: is an engine too slow or broken?"
            raise ClusterUnavailable(detail)
        return self._keys_of(page)

    def _keys_of(self, page: SearchPage) -> list[str]:
        accounts = (account["account_id"] for hit in page.hits for account in hit.creator["accounts"].values())
        return list(dict.fromkeys(self._keys[one] for one in accounts))
