"""The whole way of a question: the only module of the package that talks to stores."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from creators.errors import BadCursor, EncoderMismatch, IndexNotReady, NotFound, QueueUnavailable
from creators.models import Platform
from creators.text import clean_line, normalise_handle
from mappings.fields import SORTS, VECTOR, account_field
from mappings.registry import CREATORS
from search import cursor as cursors
from search import retrieval
from search.budget import Budget
from search.explain import Explanation, explain
from search.fusion import fuse
from search.queries import arms
from search.queries.filters import Clause, filter_clause
from search.queries.suggest import suggest_query
from search.rank.candidates import ArmHit, collect
from search.rank.features import Wish
from search.rank.model import FEATURES, rank, weights_of
from search.request import WINDOW, Filters, Ranking, SearchRequest, SimilarRequest
from search.results import CreatorHit, SearchPage, Suggestion

if TYPE_CHECKING:

    from creators.settings import Settings
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from enrich.encoders.text import TextEncoder

MAX_REDIRECTS = 5
TEXT_CACHE_SIZE = 10_000
RANKED_KEY = "ranked:"
SORTED_KEY = "sorted:"
SORT_NOTE = "text has no effect on a page sorted by a field: it ranks, it does not filter"

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Ordered:
    """A ranked window: ids with their scores and, when asked for, their reasons."""

    ids: list[str]
    explanations: dict[str, Explanation]

    def stored(self) -> dict[str, Any]:
        """Return the window as JSON."""
        return {"ids": self.ids, "why": {one: why.model_dump() for one, why in self.explanations.items()}}

    @classmethod
    def restored(cls, value: Mapping[str, Any]) -> _Ordered:
        """Return the window that :meth:`stored` wrote."""
        return cls(value["ids"], {one: Explanation.model_validate(why) for one, why in value["why"].items()})


class CreatorSearch:
    """Answers questions about creators from the index."""

    def __init__(self, settings: Settings, cluster: AsyncCluster, cache: Cache, encoder: TextEncoder) -> None:
        self._settings = settings
        self._cluster = cluster
        self._cache = cache
        self._encoder = encoder
        self._key = cursors.signing_key(settings)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        self._vectors: dict[str, Vector] = {}

    async def check_index(self) -> None:
        """Make sure that queries and documents speak of the same vectors.

        Raises:
            IndexNotReady: nothing was indexed yet. EncoderMismatch: another encoder built the index.
        """
        try:
            metas = await self._cluster.mapping_meta(CREATORS)
        except NotFound as error:
            detail = "the creators index does not exist yet: run `creatorscope demo` or `creatorscope ingest`"
            raise IndexNotReady(detail) from error
        for index, meta in metas.items():
            if meta.get("encoder") != self._encoder.fingerprint:
                detail = (
                    f"{index} was built by encoder {meta.get('encoder')}, this process has "
                    f"{self._encoder.fingerprint}: set CREATORSCOPE_ENCODER_DIR back, or run `creatorscope rebuild`"
                )
                raise EncoderMismatch(detail)

    def close(self) -> None:
        """Stop the encoder's thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    # Search

    async def run(self, request: SearchRequest) -> SearchPage:
        """Answer a search.

        Raises:
            BadCursor: forged, expired or of another query. ClusterUnavailable: OpenSearch does not answer.
        """
        budget = Budget(request.budget_ms or self._settings.budget_ms)
        if request.sort.field != "relevance":
            return await self._run_sorted(request, budget)
        filters = filter_clause(request.filters)
        counting = asyncio.create_task(retrieval.count(self._cluster, filters, request.facets, budget))
        try:
            if request.cursor:
                position = cursors.decode(request.cursor, self._key, fingerprint=request.fingerprint)
                ordered = _Ordered.restored(await self._recall(RANKED_KEY + position.token))
            else:
                hits = await self._retrieve(request, filters, budget)
                ordered = self._rank(hits, request.ranking, request.filters, budget, text=bool(request.text))
                position = cursors.Position(cursors.new_token(), 0, request.fingerprint)
            page = await self._page(ordered, request, position, budget)
            total, facets = await counting
        finally:
            counting.cancel()
        return page.model_copy(
            update={
                "total": total,
                "facets": facets,
                "took_ms": budget.summary(),
                "degraded": tuple(budget.degraded),
            }
        )

    async def _recall(self, key: str) -> Any:
        stored = await self._cache.get(key)
        if stored is None:
            detail = f"cursor has expired after {self._settings.cursor_ttl_s} s: search again without a cursor"
            raise BadCursor(detail, field="cursor")
        return stored

    async def _retrieve(
        self, request: SearchRequest, filters: Clause | None, budget: Budget
    ) -> dict[str, list[ArmHit]]:
        wanted = request.ranking.arms
        if not request.text:
            bodies = {"browse": arms.browse_arm(filters, size=WINDOW, timeout_ms=budget.left_ms)}
            return await retrieval.run_arms(self._cluster, bodies, budget)
        bodies = {}
        vector = await self._encode(request.text, budget) if "knn" in wanted else None
        if "lexical" in wanted:
            bodies["lexical"] = arms.lexical_arm(request.text, filters, size=WINDOW, timeout_ms=budget.left_ms)
        if vector is not None:
            bodies["knn"] = arms.knn_arm(vector, filters, size=WINDOW, timeout_ms=budget.left_ms)
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

    def _rank(
        self,
        hits: dict[str, list[ArmHit]],
        ranking: Ranking,
        filters: Filters,
        budget: Budget,
        *,
        text: bool,
    ) -> _Ordered:
        with budget.stage("rank"):
            lists = [[hit.creator_id for hit in found] for found in hits.values()]
            ids = fuse(lists, limit=WINDOW)
            lexical = hits.get("lexical", hits.get("browse", []))
            candidates = collect(ids, lexical, hits.get("knn", []), now_ms=int(time.time() * 1000))
            usable = frozenset(FEATURES) - ({"text_match"} if "lexical" not in hits else set())
            usable -= {"semantic"} if "knn" not in hits else set()
            # Without text there is nothing to be similar to: what is left of the profile orders the largest.
            weights = weights_of(ranking.profile, ranking.weights, usable=usable)
            if not weights and not text:
                weights = {"follower_fit": 1.0}
            band = filters.followers
            ranked = rank(candidates, weights, Wish(band.min if band else None, band.max if band else None))
            return _Ordered(list(ranked.ids), {one: explain(ranked, i) for i, one in enumerate(ranked.ids)})

    async def _page(
        self, ordered: _Ordered, request: SearchRequest, position: cursors.Position, budget: Budget
    ) -> SearchPage:
        end = position.offset + request.limit
        ids = ordered.ids[position.offset : end]
        following = None
        if end < len(ordered.ids):
            try:
                if position.offset == 0:
                    ttl = self._settings.cursor_ttl_s
                    await self._cache.put(RANKED_KEY + position.token, ordered.stored(), ttl_s=ttl)
                following = cursors.encode(cursors.Position(position.token, end, position.fingerprint), self._key)
            except QueueUnavailable:
                budget.leave_out("next_cursor")
        sources = await retrieval.fetch(self._cluster, ids, budget)
        hits = tuple(
            CreatorHit(
                rank=position.offset + number,
                creator_id=one,
                score=ordered.explanations[one].score,
                creator=sources.get(one, {}),
                explanation=ordered.explanations[one] if request.explain else None,
            )
            for number, one in enumerate(ids, start=1)
        )
        return SearchPage(
            hits=hits,
            total=None,
            ranked=len(ordered.ids),
            facets={},
            next_cursor=following,
            profile=request.ranking.profile,
            took_ms={},
            degraded=(),
        )

    # Pages in the order of a field

    async def _run_sorted(self, request: SearchRequest, budget: Budget) -> SearchPage:
        filters = filter_clause(request.filters)
        counting = asyncio.create_task(retrieval.count(self._cluster, filters, request.facets, budget))
        try:
            hits, following = await self._sorted_hits(request, filters, budget)
            total, facets = await counting
        finally:
            counting.cancel()
        return SearchPage(
            hits=hits,
            total=total,
            ranked=None,
            facets=facets,
            next_cursor=following,
            profile=request.ranking.profile,
            took_ms=budget.summary(),
            degraded=tuple(budget.degraded),
            notes=(SORT_NOTE,) if request.text else (),
        )

    async def _sorted_hits(
        self, request: SearchRequest, filters: Clause | None, budget: Budget
    ) -> tuple[tuple[CreatorHit, ...], str | None]:
        ttl = self._settings.cursor_ttl_s
        if request.cursor:
            position = cursors.decode(request.cursor, self._key, fingerprint=request.fingerprint)
            state = await self._recall(SORTED_KEY + position.token)
        else:
            position = cursors.Position(cursors.new_token(), 0, request.fingerprint)
            state = {"pit": await self._cluster.open_point_in_time(CREATORS, keep_alive_s=ttl), "after": None}
        order = (SORTS[request.sort.field], request.sort.order)
        body = arms.sorted_page(
            filters, sort=order, size=request.limit, after=state["after"], timeout_ms=budget.left_ms
        )
        body["pit"] = {"id": state["pit"], "keep_alive": f"{ttl}s"}
        try:
            with budget.stage("retrieve"):
                answer = await self._cluster.search_point_in_time(body)
        except NotFound as error:
            detail = f"cursor has expired after {ttl} s: search again without a cursor"
            raise BadCursor(detail, field="cursor") from error
        found = answer["hits"]["hits"]
        sources = await retrieval.fetch(self._cluster, [hit["_id"] for hit in found], budget)
        hits = tuple(
            CreatorHit(
                rank=position.offset + number, creator_id=hit["_id"], score=None, creator=sources.get(hit["_id"], {})
            )
            for number, hit in enumerate(found, start=1)
        )
        if len(found) < request.limit:
            return hits, None
        # Every page has a name of its own, so that an earlier cursor can be used again.
        following = cursors.Position(cursors.new_token(), position.offset + len(found), request.fingerprint)
        after = {"pit": answer.get("pit_id", state["pit"]), "after": found[-1]["sort"]}
        await self._cache.put(SORTED_KEY + following.token, after, ttl_s=ttl)
        return hits, cursors.encode(following, self._key)

    # Similar creators

    async def similar(self, request: SimilarRequest) -> SearchPage:
        """Return the creators nearest to the weighted mean of the seeds, the seeds left out.

        Raises:
            NotFound: a seed does not exist.
        """
        budget = Budget(request.budget_ms or self._settings.budget_ms)
        seeds = {await self.resolve_id(seed.creator_id): seed.weight for seed in request.seeds}
        vector = await self._centre(seeds, budget)
        excluded = request.filters.exclude
        without_seeds = excluded.model_copy(update={"creator_ids": (*excluded.creator_ids, *sorted(seeds))})
        filters = request.filters.model_copy(update={"exclude": without_seeds})
        clause = filter_clause(filters)
        body = arms.knn_arm(vector, clause, size=WINDOW, timeout_ms=budget.left_ms)
        hits = await retrieval.run_arms(self._cluster, {"knn": body}, budget)
        ordered = self._rank(hits, request.ranking, request.filters, budget, text=True)
        plain = SearchRequest(limit=request.limit, explain=request.explain, ranking=request.ranking)
        page = await self._page(ordered, plain, cursors.Position("", 0, ""), budget)
        total, _ = await retrieval.count(self._cluster, clause, (), budget)
        return page.model_copy(
            update={
                "total": total,
                "next_cursor": None,
                "took_ms": budget.summary(),
                "degraded": tuple(budget.degraded),
            }
        )

    async def _centre(self, seeds: Mapping[str, float], budget: Budget) -> Vector:
        body = {"size": 2 * len(seeds), "query": {"ids": {"values": sorted(seeds)}}, "_source": [VECTOR]}
        with budget.stage("seeds"):
            answer = await self._cluster.search(CREATORS, body)
        vectors = {hit["_id"]: hit["_source"][VECTOR] for hit in answer["hits"]["hits"]}
        missing = sorted(seeds.keys() - vectors.keys())
        if missing:
            detail = f"no creator has the id {missing[0]}"
            raise NotFound(detail, field="seeds")
        mean = np.average([vectors[one] for one in seeds], axis=0, weights=list(seeds.values()))
        norm = float(np.linalg.norm(mean))
        return tuple((mean / norm if norm > 0 else mean).tolist())

    # One creator

    async def resolve_id(self, creator_id: str) -> str:
        """Return the id under which a creator lives now, following merges."""
        current = creator_id
        for _ in range(MAX_REDIRECTS):
            try:
                identity = await self._cluster.get("identities", current)
            except NotFound:
                return current
            if not identity["redirect_to"]:
                return current
            current = identity["redirect_to"]
        return current

    async def get(self, creator_id: str) -> dict[str, Any]:
        """Return one creator's display fields; raises :class:`NotFound`."""
        current = await self.resolve_id(creator_id)
        return await self._one({"ids": {"values": [current]}}, f"no creator has the id {creator_id}")

    async def lookup(self, platform: Platform, handle: str) -> dict[str, Any]:
        """Return the creator that has a handle; raises :class:`NotFound`."""
        wanted = normalise_handle(handle)
        query = {"bool": {"filter": [{"term": {account_field(platform, "handle"): wanted}}]}}
        return await self._one(query, f"no creator on {platform} has the handle {clean_line(handle)[:100]!r}")

    async def _one(self, query: Clause, missing: str) -> dict[str, Any]:
        body = {
            "size": 1,
            "query": query,
            "_source": {"excludes": list(retrieval.HIDDEN)},
            "sort": [{"as_of": "desc"}, {"creator_id": "asc"}],
        }
        answer = await self._cluster.search(CREATORS, body)
        if not answer["hits"]["hits"]:
            raise NotFound(missing)
        found: dict[str, Any] = answer["hits"]["hits"][0]["_source"]
        return found

    async def suggest(self, prefix: str, *, limit: int) -> list[Suggestion]:
        """Return creators whose handle or name starts with what was typed, the largest first."""
        body = suggest_query(clean_line(prefix), limit=limit)
        answer = await self._cluster.search(CREATORS, body)
        return [
            Suggestion(
                creator_id=hit["_id"],
                name=hit["_source"]["name"],
                handles=tuple(hit["_source"].get("handles", ())),
                platforms=tuple(hit["_source"]["platforms"]),
                followers=hit["_source"].get("followers"),
            )
            for hit in answer["hits"]["hits"]
        ]
