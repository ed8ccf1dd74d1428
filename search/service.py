"""The whole way of a question: parse, encode, rank, cut a page, count, fetch; each stage within the budget."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from creators.errors import ClusterUnavailable, CreatorscopeError, EncoderMismatch, IndexNotReady, NotFound
from mappings.registry import CREATORS
from search import cursor as cursors
from search import retrieval
from search.budget import Budget
from search.caches import SearchCaches
from search.counting import Counter, Counting
from search.directory import NO_INDEX, Directory
from search.encoding import QueryEncoder
from search.explain import explain
from search.filters import Filters
from search.ordered import ordered_page
from search.paging import Pages
from search.parse.merge import apply
from search.parse.parser import parse
from search.planner import Planner
from search.queries.filters import filter_clause
from search.rank.model import Ranked
from search.ranking import NEEDED, Ranker, Wanted, Window
from search.request import SearchRequest, Sort
from search.results import CreatorHit, FacetPage, SearchPage
from search.seeds import load_seeds
from search.topics import Topics

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from enrich.encoders.text import TextEncoder
    from search.parse.clauses import ParsedQuery
    from search.request import FacetRequest, SimilarRequest

CHECK_EVERY_S = 30.0
WARMING_TEXTS = ("music", "people who cook", "learn to code with short videos")
WARMING_BUDGET_MS = 30_000
RANKED_KEY = "ranked:"
SORT_NOTE = "a page sorted by a field is in that order alone: text, ranking and diversity have no effect"


class CreatorSearch:
    """Answers questions about creators from the index."""

    def __init__(self, settings: Settings, cluster: AsyncCluster, cache: Cache, encoder: TextEncoder) -> None:
        self._budget_ms = settings.budget_ms
        self._cluster = cluster
        self._pages = Pages(settings, cache)
        self._caches = SearchCaches(cluster, cache, encoder=encoder.fingerprint, dimension=encoder.dimension)
        self._planner = Planner(cluster, cache)
        self._counter = Counter(cluster, self._caches, self._planner)
        self._encoder = QueryEncoder(encoder, self._caches.vectors)
        self._topics = Topics(encoder)
        self._ranker = Ranker(cluster, self._planner, self._topics)
        self._checked_until = 0.0
        self._checking: asyncio.Task[None] | None = None
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
                    f"{self._encoder.fingerprint}: set CREATORSCOPE_ENCODER_DIR and CREATORSCOPE_ENCODER_PRECISION "
                    "back, or run `creatorscope rebuild`"
                )
                raise EncoderMismatch(detail)

    async def _check_index(self, budget: Budget) -> None:
        """Check the index now and then, so that one that was replaced meanwhile is noticed.

        Once it was found right, it is looked at again beside the searches; where it is not any more, the search after
        that looks itself, and says so.
        """
        if time.monotonic() < self._checked_until:
            return
        if self._checked_until:
            if self._checking is None or self._checking.done():
                self._checking = asyncio.create_task(self._check_beside())
            return
        with budget.stage("check"), suppress(TimeoutError, ClusterUnavailable):
            async with budget.deadline("check"):
                await self.check_index()
            self._checked_until = time.monotonic() + CHECK_EVERY_S

    async def _check_beside(self) -> None:
        try:
            await self.check_index()
        except CreatorscopeError:
            self._checked_until = 0.0
        else:
            self._checked_until = time.monotonic() + CHECK_EVERY_S

    async def warm(self) -> None:
        """Learn what questions need, and ask a few that nobody waits for: the first ones take many times longer."""
        await asyncio.gather(self._planner.refresh(), self._ranker.population.refresh())
        for text in WARMING_TEXTS:
            await self.run(SearchRequest(text=text, parse=True, facets=("niches",), budget_ms=WARMING_BUDGET_MS))

    async def close(self) -> None:
        """Stop what runs beside the searches, before the stores are closed."""
        self._encoder.close()
        if self._checking is not None:
            self._checking.cancel()
            with suppress(asyncio.CancelledError):
                await self._checking
        await self._planner.close()
        await self._ranker.population.close()
        await self._caches.close()

    async def parse(self, text: str) -> ParsedQuery:
        """Return the filters that a text names, and the words that are left to rank by."""
        # The first time it encodes the names of all niches.
        return await self._encoder.run(lambda: parse(text, guess=self._topics.guesser()))

    async def run(self, request: SearchRequest) -> SearchPage:
        """Answer a search.

        Raises:
            BadCursor: forged, expired or of another query. ClusterUnavailable: OpenSearch does not answer.
        """
        budget = Budget(request.budget_ms or self._budget_ms)
        await self._check_index(budget)
        parsed = await self._parsed(request, budget) if request.parse else None
        if parsed:
            request = request.model_copy(
                update={"text": parsed.text, "filters": apply(request.filters, parsed), "sort": _sort(request, parsed)}
            )
        counting = asyncio.create_task(self._counter.count(Counting(request.filters, request.facets), budget))
        try:
            if request.sort.field == "relevance":
                page = await self._ranked_page(request, budget)
            else:
                page = await self._ordered_page(request, budget)
            counts = await counting
        finally:
            counting.cancel()
        found: dict[str, Any] = {"total": counts.total, "facets": counts.facets, "parsed": parsed}
        if counts.total and counts.total.value == 0 and request.filters != Filters():
            found["relaxed"] = await self._counter.relaxed(request.filters, budget)
        return _closed(page.model_copy(update=found), budget)

    async def _parsed(self, request: SearchRequest, budget: Budget) -> ParsedQuery | None:
        with budget.stage("parse"):
            try:
                async with budget.deadline("parse"):
                    return await self.parse(request.text)
            except TimeoutError:
                budget.leave_out("parse")
                return None

    async def facets(self, request: FacetRequest) -> FacetPage:
        """Count without searching: the total, and the values of the facets."""
        budget = Budget(request.budget_ms or self._budget_ms)
        await self._check_index(budget)
        wanted = Counting(request.filters, request.facets, request.limit, request.starts_with)
        counts = await self._counter.count(wanted, budget)
        return FacetPage(
            total=counts.total, facets=counts.facets, took_ms=budget.summary(), degraded=tuple(budget.degraded)
        )

    async def similar(self, request: SimilarRequest) -> SearchPage:
        """Return the creators nearest to the seeds and away from the negative ones, all of them left out.

        Raises:
            NotFound: a seed does not exist.
        """
        budget = Budget(request.budget_ms or self._budget_ms)
        await self._check_index(budget)
        nothing = SearchPage(hits=(), profile=request.ranking.profile)
        try:
            async with budget.deadline("seeds"):
                with budget.stage("seeds"):
                    seeds = await load_seeds(self._cluster, self.directory, request)
        except TimeoutError:
            budget.leave_out("knn")
            return _closed(nothing, budget)
        exclude = request.filters.exclude
        without_seeds = exclude.model_copy(update={"creator_ids": (*exclude.creator_ids, *seeds.ids)})
        filters = request.filters.model_copy(update={"exclude": without_seeds})
        counting = asyncio.create_task(self._counter.count(Counting(filters), budget))
        try:
            window = await self._ranker.window(Wanted("", seeds.centre, filters, request.ranking), budget)
            hits = await self._hits(window.ranked, 0, request, budget)
            counts = await counting
        finally:
            counting.cancel()
        found = {"hits": hits, "ranked": len(window.ranked.ids), "total": counts.total}
        return _closed(nothing.model_copy(update=found | _told(window, request)), budget)

    async def _ordered_page(self, request: SearchRequest, budget: Budget) -> SearchPage:
        page = await ordered_page(self._cluster, self._pages, request, filter_clause(request.filters), budget)
        plain = SearchRequest(sort=request.sort)
        is_plain = request.text == plain.text and request.ranking == plain.ranking
        return SearchPage(
            hits=page.hits,
            next_cursor=page.next_cursor,
            profile=request.ranking.profile,
            notes=() if is_plain else (SORT_NOTE,),
        )

    async def _ranked_page(self, request: SearchRequest, budget: Budget) -> SearchPage:
        if request.cursor:
            position, stored = await self._pages.recall(RANKED_KEY, request.cursor, request.fingerprint, budget)
            window = Window.from_json(stored)
        else:
            position = cursors.Position(cursors.new_token(), 0, request.fingerprint)
            window = await self._window(request, budget)
        end = position.offset + request.limit
        has_more = end < len(window.ranked.ids)
        hits, is_kept = await asyncio.gather(
            self._hits(window.ranked, position.offset, request, budget),
            self._keep(position, window, request, budget) if has_more else asyncio.sleep(0, result=False),
        )
        following = cursors.Position(position.token, end, position.fingerprint)
        return SearchPage(
            hits=hits,
            ranked=len(window.ranked.ids),
            next_cursor=self._pages.cursor_of(following) if is_kept else None,
            profile=request.ranking.profile,
            **_told(window, request),
        )

    async def _keep(self, position: cursors.Position, window: Window, request: SearchRequest, budget: Budget) -> bool:
        if request.cursor:
            return True
        return await self._pages.keep(RANKED_KEY, position, window.as_json(), budget)

    async def _window(self, request: SearchRequest, budget: Budget) -> Window:
        """Return the ranked window of a request: that of the same question a moment ago, or a new one."""
        version = await self._caches.version.current()
        has_vector = bool(request.text) and "knn" in request.ranking.arms
        # Asked for in the same turn, and so with one request to Redis.
        kept, known = await asyncio.gather(
            self._caches.ranked.get(version, request.fingerprint) if version else _nothing(),
            self._encoder.known(request.text) if has_vector else _nothing(),
        )
        if kept is not None:
            return Window.from_json(kept)
        vector = known
        if has_vector and vector is None:
            vector = await self._encoder.encode(request.text, budget)
        window = await self._ranker.window(Wanted(request.text, vector, request.filters, request.ranking), budget)
        if version and NEEDED.isdisjoint(budget.degraded):
            self._caches.ranked.put(version, request.fingerprint, window.as_json())
        return window

    async def _hits(
        self, ranked: Ranked, start: int, request: SearchRequest | SimilarRequest, budget: Budget
    ) -> tuple[CreatorHit, ...]:
        """Return the page of a window that begins at ``start``."""
        ids = ranked.ids[start : start + request.limit]
        sources = await retrieval.fetch(self._cluster, ids, budget, request.fields)
        with budget.stage("explain"):
            return tuple(
                CreatorHit(
                    rank=position + 1,
                    creator_id=one,
                    score=float(ranked.scores[position]),
                    creator=sources.get(one, {}),
                    explanation=explain(ranked, position) if request.explain else None,
                )
                for position, one in enumerate(ids, start=start)
            )


async def _nothing() -> None:
    return None


def _sort(request: SearchRequest, parsed: ParsedQuery) -> Sort:
    """Return the order that the request names, else the one that its text names."""
    return parsed.sort if parsed.sort and request.sort == Sort() else request.sort


def _told(window: Window, request: SearchRequest | SimilarRequest) -> dict[str, Any]:
    return {"plan": window.plan} if request.explain else {}


def _closed(page: SearchPage, budget: Budget) -> SearchPage:
    return page.model_copy(update={"took_ms": budget.summary(), "degraded": tuple(budget.degraded)})
