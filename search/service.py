"""The whole way of a question: encode, retrieve, fuse, rank, explain, fetch; each stage within the budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from creators.errors import EncoderMismatch, IndexNotReady, NotFound
from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search import cursor as cursors
from search import retrieval
from search.budget import Budget
from search.directory import NO_INDEX, Directory
from search.explain import explain
from search.filters import Filters
from search.fusion import fuse
from search.ordered import ordered_page
from search.paging import Pages
from search.queries import knn, lexical, ordered
from search.queries.filters import Clause, filter_clause
from search.rank.candidates import ArmHit, collect
from search.rank.features import Wish
from search.rank.model import FEATURES, Ranked, rank, weights_of
from search.request import WINDOW, Ranking, SearchRequest, SimilarRequest
from search.results import CreatorHit, SearchPage

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from enrich.encoders.text import TextEncoder

TEXT_CACHE_SIZE = 10_000
CHECK_EVERY_S = 30.0
WARMING_TEXTS = ("music", "people who cook", "learn to code with short videos")
WARMING_BUDGET_MS = 30_000
RANKED_KEY = "ranked:"
SORT_NOTE = "text has no effect on a page sorted by a field: it ranks, it does not filter"

Vector = tuple[float, ...]
ArmHits = dict[str, list[ArmHit]]


class CreatorSearch:
    """Answers questions about creators from the index."""

    def __init__(self, settings: Settings, cluster: AsyncCluster, cache: Cache, encoder: TextEncoder) -> None:
        self._budget_ms = settings.budget_ms
        self._cluster = cluster
        self._pages = Pages(settings, cache)
        self._encoder = encoder
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="encode")
        self._vectors: dict[str, Vector] = {}
        self._checked_until = 0.0
        self.directory = Directory(cluster)

    async def check_index(self) -> None:
        """Make sure that queries and documents speak of the same vectors.

        Raises:
            IndexNotReady: nothing was indexed yet. EncoderMismatch: another encoder built the index.
        """
        try:
            metas = await self._cluster.mapping_meta(CREATORS)
        except NotFound as error:
            raise IndexNotReady(NO_INDEX) from error
        for index, meta in metas.items():
            if meta.get("encoder") != self._encoder.fingerprint:
                detail = (
                    f"{index} was built by encoder {meta.get('encoder')}, this process has "
                    f"{self._encoder.fingerprint}: set CREATORSCOPE_ENCODER_DIR back, or run `creatorscope rebuild`"
                )
                raise EncoderMismatch(detail)

    async def _check_index(self, budget: Budget) -> None:
        """Check the index now and then, so that one that was replaced meanwhile is noticed."""
        if time.monotonic() < self._checked_until:
            return
        with budget.stage("check"), suppress(TimeoutError):
            async with asyncio.timeout(budget.left_s):
                await self.check_index()
            self._checked_until = time.monotonic() + CHECK_EVERY_S

    async def warm(self) -> None:
        """Ask a few questions whose answers nobody waits for: the first ones after a start take many times longer."""
        for text in WARMING_TEXTS:
            await self.run(SearchRequest(text=text, facets=("niches",), budget_ms=WARMING_BUDGET_MS))

    def close(self) -> None:
        """Stop the encoder's threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, request: SearchRequest) -> SearchPage:
        """Answer a search.

        Raises:
            BadCursor: forged, expired or of another query. ClusterUnavailable: OpenSearch does not answer.
        """
        budget = Budget(request.budget_ms or self._budget_ms)
        await self._check_index(budget)
        filters = filter_clause(request.filters)
        counting = asyncio.create_task(retrieval.count(self._cluster, request.filters, request.facets, budget))
        try:
            if request.sort.field == "relevance":
                page = await self._ranked_page(request, filters, budget)
            else:
                page = await self._ordered_page(request, filters, budget)
            total, facets = await counting
        finally:
            counting.cancel()
        return _closed(page.model_copy(update={"total": total, "facets": facets}), budget)

    async def similar(self, request: SimilarRequest) -> SearchPage:
        """Return the creators nearest to the weighted mean of the seeds, the seeds left out.

        Raises:
            NotFound: a seed does not exist.
        """
        budget = Budget(request.budget_ms or self._budget_ms)
        await self._check_index(budget)
        try:
            async with asyncio.timeout(budget.left_s):
                seeds = {await self.directory.resolve_id(seed.creator_id): seed.weight for seed in request.seeds}
                vector = await self._centre(seeds, budget)
        except TimeoutError:
            budget.leave_out("knn")
            return _closed(SearchPage(hits=(), profile=request.ranking.profile), budget)
        exclude = request.filters.exclude
        without_seeds = exclude.model_copy(update={"creator_ids": (*exclude.creator_ids, *sorted(seeds))})
        wanted = request.filters.model_copy(update={"exclude": without_seeds})
        filters = filter_clause(wanted)
        counting = asyncio.create_task(retrieval.count(self._cluster, wanted, (), budget))
        try:
            body = knn.knn_arm(vector, filters, size=WINDOW, timeout_ms=budget.left_ms)
            hits = await retrieval.run_arms(self._cluster, {"knn": body}, budget)
            window = self._rank(hits, request.ranking, request.filters, budget)
            plain = SearchRequest(limit=request.limit, explain=request.explain, ranking=request.ranking)
            page = await self._cut(window, plain, 0, None, budget)
            total, _ = await counting
        finally:
            counting.cancel()
        return _closed(page.model_copy(update={"total": total}), budget)

    async def _ordered_page(self, request: SearchRequest, filters: Clause | None, budget: Budget) -> SearchPage:
        page = await ordered_page(self._cluster, self._pages, request, filters, budget)
        return SearchPage(
            hits=page.hits,
            next_cursor=page.next_cursor,
            profile=request.ranking.profile,
            notes=(SORT_NOTE,) if request.text else (),
        )

    async def _ranked_page(self, request: SearchRequest, filters: Clause | None, budget: Budget) -> SearchPage:
        if request.cursor:
            position, stored = await self._pages.recall(RANKED_KEY, request.cursor, request.fingerprint, budget)
            window = Ranked.from_json(stored)
        else:
            position = cursors.Position(cursors.new_token(), 0, request.fingerprint)
            hits = await self._retrieve(request, filters, budget)
            window = self._rank(hits, request.ranking, request.filters, budget)
        end = position.offset + request.limit
        following = None
        if end < len(window.ids) and (
            request.cursor or await self._pages.keep(RANKED_KEY, position, window.as_json(), budget)
        ):
            following = self._pages.cursor_of(cursors.Position(position.token, end, position.fingerprint))
        return await self._cut(window, request, position.offset, following, budget)

    async def _retrieve(self, request: SearchRequest, filters: Clause | None, budget: Budget) -> ArmHits:
        bodies: dict[str, Clause] = {}
        if not request.text:
            bodies["browse"] = ordered.browse_arm(filters, size=WINDOW, timeout_ms=budget.left_ms)
            return await retrieval.run_arms(self._cluster, bodies, budget)
        wanted = request.ranking.arms
        vector = await self._encode(request.text, budget) if "knn" in wanted else None
        if "lexical" in wanted:
            bodies["lexical"] = lexical.lexical_arm(request.text, filters, size=WINDOW, timeout_ms=budget.left_ms)
        if vector is not None:
            bodies["knn"] = knn.knn_arm(vector, filters, size=WINDOW, timeout_ms=budget.left_ms)
        return await retrieval.run_arms(self._cluster, bodies, budget)

    async def _encode(self, text: str, budget: Budget) -> Vector | None:
        known = self._vectors.get(text)
        if known is not None:
            return known
        with budget.stage("encode"):
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(budget.left_s):
                    encoded = await loop.run_in_executor(self._pool, self._encoder.encode_one, text)
            except TimeoutError:
                budget.leave_out("knn")
                return None
        vector = tuple(encoded.tolist())
        if len(self._vectors) >= TEXT_CACHE_SIZE:
            self._vectors.pop(next(iter(self._vectors)))
        self._vectors[text] = vector
        return vector

    def _rank(self, hits: ArmHits, ranking: Ranking, filters: Filters, budget: Budget) -> Ranked:
        with budget.stage("rank"):
            ids = fuse([[hit.creator_id for hit in found] for found in hits.values()], limit=WINDOW)
            words = hits.get("lexical", hits.get("browse", []))
            candidates = collect(ids, words, hits.get("knn", []), now_ms=int(time.time() * 1000))
            unusable = {feature for feature, arm in _ARM_OF.items() if arm not in hits}
            weights = weights_of(ranking.profile, ranking.weights, usable=frozenset(FEATURES) - unusable)
            band = filters.followers
            # A profile of nothing but relevance says nothing without text: the largest come first.
            return rank(
                candidates,
                weights or {"follower_fit": 1.0},
                Wish(band.min if band else None, band.max if band else None),
            )

    async def _cut(
        self, window: Ranked, request: SearchRequest, start: int, following: str | None, budget: Budget
    ) -> SearchPage:
        """Return the page of a window that begins at ``start``."""
        ids = window.ids[start : start + request.limit]
        sources = await retrieval.fetch(self._cluster, ids, budget)
        with budget.stage("explain"):
            hits = tuple(
                CreatorHit(
                    rank=position + 1,
                    creator_id=one,
                    score=float(window.scores[position]),
                    creator=sources.get(one, {}),
                    explanation=explain(window, position) if request.explain else None,
                )
                for position, one in enumerate(ids, start=start)
            )
        return SearchPage(hits=hits, ranked=len(window.ids), next_cursor=following, profile=request.ranking.profile)

    async def _centre(self, seeds: Mapping[str, float], budget: Budget) -> Vector:
        body = {"size": 2 * len(seeds), "query": {"ids": {"values": sorted(seeds)}}, "_source": [VECTOR]}
        with budget.stage("seeds"):
            answer = await self._cluster.search(CREATORS, body)
        vectors: dict[str, Sequence[float]] = {hit["_id"]: hit["_source"][VECTOR] for hit in answer["hits"]["hits"]}
        missing = sorted(seeds.keys() - vectors.keys())
        if missing:
            detail = f"no creator has the id {missing[0]!r}"
            raise NotFound(detail, field="seeds")
        mean = np.average([vectors[one] for one in seeds], axis=0, weights=list(seeds.values()))
        norm = float(np.linalg.norm(mean))
        return tuple((mean / norm if norm > 0 else mean).tolist())


_ARM_OF = {"text_match": "lexical", "semantic": "knn"}
"""Features that only one arm can feed."""


def _closed(page: SearchPage, budget: Budget) -> SearchPage:
    return page.model_copy(update={"took_ms": budget.summary(), "degraded": tuple(budget.degraded)})
