"""Questions with one right answer: a creator by id or handle, and completions of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creators.errors import IndexNotReady, NotFound
from creators.text import clean_line
from mappings.fields import account_field
from mappings.registry import CREATORS
from search.queries.suggest import nearly_query, suggest_query
from search.results import Suggestion
from search.shown import displayed, source_filter

if TYPE_CHECKING:
    from creators.models import Platform
    from creators.stores.cluster import AsyncCluster
    from search.queries.filters import Clause

MAX_REDIRECTS = 5
NO_INDEX = "the creators index does not exist yet: run `creatorscope demo` or `creatorscope ingest`"
SHOWN_CHARS = 100


class Directory:
    """Looks creators up."""

    def __init__(self, cluster: AsyncCluster) -> None:
        self._cluster = cluster

    async def resolve_id(self, creator_id: str) -> str:
        """Return the id under which a creator lives now, following merges; raises :class:`NotFound` for no id."""
        if not creator_id:
            detail = "no creator has an empty id"
            raise NotFound(detail)
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
        shown = clean_line(creator_id)[:SHOWN_CHARS]
        current = await self.resolve_id(creator_id)
        return await self._one({"ids": {"values": [current]}}, f"no creator has the id {shown!r}")

    async def lookup(self, platform: Platform, handle: str) -> dict[str, Any]:
        """Return the creator that has a handle; raises :class:`NotFound`."""
        # The index drops case and blanks of both sides alike, by the normalizer of the field.
        wanted = clean_line(handle).lstrip("@ ")
        query = {"bool": {"filter": [{"term": {account_field(platform, "handle"): wanted}}]}}
        shown = clean_line(handle)[:SHOWN_CHARS]
        return await self._one(query, f"no creator on {platform} has the handle {shown!r}")

    async def _one(self, query: Clause, missing: str) -> dict[str, Any]:
        body = {
            "size": 1,
            "query": query,
            "_source": source_filter(()),
            "track_total_hits": False,
            "sort": [{"as_of": "desc"}, {"creator_id": "asc"}],
        }
        answer = await self._search(body)
        if not answer["hits"]["hits"]:
            raise NotFound(missing)
        return displayed(answer["hits"]["hits"][0]["_source"])

    async def suggest(self, prefix: str, *, limit: int) -> list[Suggestion]:
        """Return creators whose handle or name starts with what was typed, exact ones first, then the largest.

        Where they are fewer than ``limit``, those follow of whose handle or name it may be a misspelling.
        """
        typed = clean_line(prefix)
        found = await self._suggestions(suggest_query(typed, limit=limit))
        if len(found) < limit and (nearly := nearly_query(typed, limit=limit)):
            others = await self._suggestions(nearly)
            found |= {one: creator for one, creator in others.items() if one not in found}
        return list(found.values())[:limit]

    async def _suggestions(self, body: Clause) -> dict[str, Suggestion]:
        answer = await self._search(body)
        sources = [hit["_source"] for hit in answer["hits"]["hits"]]
        return {source["creator_id"]: Suggestion.model_validate(source) for source in sources}

    async def _search(self, body: Clause) -> dict[str, Any]:
        try:
            return await self._cluster.search(CREATORS, body)
        except NotFound as error:
            raise IndexNotReady(NO_INDEX) from error
