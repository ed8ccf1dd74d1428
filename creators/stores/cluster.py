"""Gateway to OpenSearch: the only place that knows its client; names are logical, the prefix is added here.

``Cluster`` (blocking) loads and maintains, ``AsyncCluster`` serves. Bodies come from pure builders above.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opensearchpy import AsyncOpenSearch, OpenSearch, TransportError
from opensearchpy import NotFoundError as ClientNotFound

from creators.errors import NotFound
from creators.stores import visible
from creators.stores.wire import AsyncChecking, Checking, boundary, options

if TYPE_CHECKING:
    from creators.settings import Settings

Json = dict[str, Any]
Search = tuple[str, Json]
"""An index, and the body of a search of it."""
NOT_FOUND = 404
MGET_BATCH = 500
SCAN_PAGE = 1000


class Cluster:
    """The blocking gateway, for workers and the command line."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.index_prefix
        self._bulk_timeout = settings.bulk_timeout_s
        self._client = OpenSearch(**options(settings), transport_class=Checking, pool_maxsize=4)

    def name(self, logical: str) -> str:
        """Return the name of an index or alias in the cluster."""
        return ",".join(f"{self._prefix}{part}" for part in logical.split(","))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def version(self) -> str:
        """Return the server's version; raises :class:`ClusterUnavailable`."""
        with boundary():
            return str(self._client.info()["version"]["number"])

    def bulk(self, lines: bytes | str, *, refresh: bool = False) -> Json:
        """Send newline-delimited actions; items may fail one by one, see :mod:`creators.stores.bulk`."""
        params = {
            "filter_path": "errors,items.*.status,items.*._id,items.*.error.type,items.*.error.reason",
            "require_alias": "true",
        }
        with boundary():
            return dict(
                self._client.bulk(
                    body=lines,
                    params=params | {"refresh": str(refresh).lower()},
                    request_timeout=self._bulk_timeout,
                )
            )

    def search(self, logical: str, body: Json) -> Json:
        """Run one search."""
        with boundary():
            return dict(self._client.search(index=self.name(logical), body=body))

    def msearch(self, searches: Sequence[Search]) -> list[Json]:
        """Run several searches, each of an index, in one request; raises as :meth:`search` where one of them fails."""
        lines = [line for logical, body in searches for line in ({"index": self.name(logical)}, body)]
        if not lines:
            return []
        with boundary():
            answers = list(self._client.msearch(body=lines)["responses"])
            for answer in answers:
                if error := answer.get("error"):
                    kind = ClientNotFound if answer["status"] == NOT_FOUND else TransportError
                    raise kind(answer["status"], str(error.get("type")), error)
        return answers

    def scan(
        self, logical: str, body: Json, *, size: int = SCAN_PAGE, first: Sequence[Json] | None = None
    ) -> Iterator[Json]:
        """Yield every hit, in the order of the sort fields that the body names (they must be unique).

        ``first`` is the first page where it has been read already (:meth:`scan_all`).
        """
        page = body | {"size": size, "track_total_hits": False}
        hits = self.search(logical, page)["hits"]["hits"] if first is None else first
        while hits:
            yield from hits
            if len(hits) < size:
                return
            page = page | {"search_after": hits[-1]["sort"]}
            hits = self.search(logical, page)["hits"]["hits"]

    def scan_all(
        self, searches: Sequence[Search], *, beside: Sequence[Search] = (), size: int = SCAN_PAGE
    ) -> tuple[list[list[Json]], list[Json]]:
        """Return for each search what :meth:`scan` yields, and the answers to ``beside``.

        The first pages, and what is beside, are asked for in one request.
        """
        pages = [(logical, body | {"size": size, "track_total_hits": False}) for logical, body in searches]
        answers = self.msearch([*pages, *beside])
        first = zip(searches, answers, strict=False)
        hits = [list(self.scan(*search, size=size, first=answer["hits"]["hits"])) for search, answer in first]
        return hits, answers[len(searches) :]

    def open_point_in_time(self, logical: str, *, keep_alive_s: int) -> str:
        """Return the id of a view of the index that later writes do not change."""
        with boundary():
            answer = self._client.create_pit(index=self.name(logical), params={"keep_alive": f"{keep_alive_s}s"})
        return str(answer["pit_id"])

    def search_point_in_time(self, body: Json) -> Json:
        """Run one search in the view that the body's ``pit`` names; every shard answers or the search fails.

        Raises:
            NotFound: the view has expired.
        """
        with boundary():
            return dict(self._client.search(body=body, params={"allow_partial_search_results": "false"}))

    def close_point_in_time(self, view: str) -> None:
        """Let go of a view; one that has expired is gone already."""
        with suppress(NotFound), boundary():
            self._client.delete_pit(body={"pit_id": [view]})

    def count(self, logical: str, query: Json | None = None) -> int:
        """Return how many documents match."""
        with boundary():
            return int(
                self._client.count(index=self.name(logical), body={"query": query or {"match_all": {}}})["count"]
            )

    def sources(self, logical: str, doc_ids: Iterable[str], *, fields: Sequence[str] | None = None) -> dict[str, Json]:
        """Return the documents that exist among ``doc_ids``, as written last (not as of the last refresh)."""
        wanted = list(dict.fromkeys(doc_ids))
        found: dict[str, Json] = {}
        for start in range(0, len(wanted), MGET_BATCH):
            body = {"ids": wanted[start : start + MGET_BATCH]}
            params: Json = {"_source": "false" if fields == [] else ",".join(fields)} if fields is not None else {}
            with boundary():
                answer = self._client.mget(index=self.name(logical), body=body, params=params)
            found |= {doc["_id"]: doc.get("_source", {}) for doc in answer["docs"] if doc.get("found")}
        return found

    def documents(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Json]:
        """Return the documents that exist among pairs of an index and an id, as :meth:`sources` does."""
        pairs = list(dict.fromkeys(wanted))
        found: dict[tuple[str, str], Json] = {}
        for start in range(0, len(pairs), MGET_BATCH):
            batch = pairs[start : start + MGET_BATCH]
            body = {"docs": [{"_index": self.name(logical), "_id": doc_id} for logical, doc_id in batch]}
            with boundary():
                answers = self._client.mget(body=body)["docs"]
            found |= {pair: doc["_source"] for pair, doc in zip(batch, answers, strict=True) if doc.get("found")}
        return found

    def refresh(self, logical: str) -> None:
        """Make what was written visible to searches."""
        with boundary():
            self._client.indices.refresh(index=self.name(logical))

    def create_index(self, physical: str, body: Json) -> bool:
        """Create an index unless it exists; returns whether it was created."""
        with boundary():
            if self._client.indices.exists(index=self.name(physical)):
                return False
            try:
                self._client.indices.create(index=self.name(physical), body=body)
            except TransportError as error:
                # Another process was first.
                if error.error == "resource_already_exists_exception":
                    return False
                raise
            return True

    def mapping_meta(self, logical: str) -> dict[str, Json]:
        """Return ``_meta`` of each physical index behind a name; raises :class:`NotFound`."""
        with boundary():
            answer = self._client.indices.get_mapping(index=self.name(logical))
        cut = len(self._prefix)
        return {name[cut:]: index["mappings"].get("_meta", {}) for name, index in answer.items()}

    def aliases(self) -> dict[str, set[str]]:
        """Return the physical indices of this installation, with their aliases (both logical)."""
        with boundary():
            answer = self._client.indices.get_alias(index=f"{self._prefix}*", params={"expand_wildcards": "open"})
        cut = len(self._prefix)
        return {name[cut:]: {alias[cut:] for alias in entry["aliases"]} for name, entry in answer.items()}

    def update_aliases(self, actions: Sequence[tuple[str, str, str]], *, drop: Sequence[str] = ()) -> None:
        """Apply ``(add or remove, physical, alias)``, and delete the physical indices ``drop``, in one atomic step."""
        body = {"actions": [{verb: {"index": self.name(index), "alias": self.name(a)}} for verb, index, a in actions]}
        body["actions"] += [{"remove_index": {"index": self.name(index)}} for index in drop]
        with boundary():
            self._client.indices.update_aliases(body=body)

    def delete_indices(self, physical: Sequence[str]) -> None:
        """Delete indices by their exact names."""
        for name in physical:
            with boundary():
                self._client.indices.delete(index=self.name(name), params={"ignore_unavailable": "true"})

    def put_pipeline(self, name: str, body: Json) -> None:
        """Create a search pipeline, or replace it."""
        with boundary():
            self._client.search_pipeline.put(id=self.name(name), body=body)

    def delete_pipeline(self, name: str) -> None:
        """Delete a search pipeline; one that does not exist is no error."""
        with boundary(), suppress(ClientNotFound):
            self._client.search_pipeline.delete(id=self.name(name))

    def put_settings(self, logical: str, settings: Mapping[str, Any]) -> None:
        """Change dynamic index settings."""
        with boundary():
            self._client.indices.put_settings(index=self.name(logical), body=dict(settings))

    def delete_matching(self, logical: str, query: Json) -> int:
        """Delete the documents that match now and return how many; one that is written meanwhile stays."""
        params = {"conflicts": "proceed", "filter_path": "deleted"}
        with boundary():
            answer = self._client.delete_by_query(
                index=self.name(logical), body={"query": query}, params=params, request_timeout=self._bulk_timeout
            )
        return int(answer["deleted"])


class AsyncCluster:
    """The gateway of the serving path; every call takes the time that its stage has left, in seconds."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.index_prefix
        self._limit = settings.opensearch_timeout_s
        connections = max(16, settings.max_in_flight)
        self._client = AsyncOpenSearch(**options(settings), transport_class=AsyncChecking, maxsize=connections)

    def name(self, logical: str) -> str:
        """Return the name of an index or alias in the cluster."""
        return f"{self._prefix}{logical}"

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def _call(self, method: Callable[..., Awaitable[Any]], timeout_s: float | None, **kwargs: Any) -> Json:
        with boundary():
            answer = await method(**kwargs, request_timeout=min(timeout_s or self._limit, self._limit))
        return dict(answer)

    async def ping(self, timeout_s: float) -> Json:
        """Return the server's description."""
        return await self._call(self._client.info, timeout_s)

    async def msearch(self, logical: str, bodies: Sequence[Json], *, timeout_s: float | None = None) -> list[Json]:
        """Run several searches in one request; an arm that failed is an answer with ``error``."""
        lines: list[Json] = []
        for body in bodies:
            lines += [{"index": self.name(logical)}, body]
        answer = await self._call(self._client.msearch, timeout_s, body=lines)
        return list(answer["responses"])

    async def search(
        self, logical: str, body: Json, *, timeout_s: float | None = None, params: Json | None = None
    ) -> Json:
        """Run one search."""
        return await self._call(
            self._client.search, timeout_s, index=self.name(logical), body=body, params=params or {}
        )

    async def open_point_in_time(self, logical: str, *, keep_alive_s: int) -> str:
        """Return the id of a view of the index that later writes do not change."""
        answer = await self._call(
            self._client.create_pit, None, index=self.name(logical), params={"keep_alive": f"{keep_alive_s}s"}
        )
        return str(answer["pit_id"])

    async def search_point_in_time(self, body: Json, *, timeout_s: float | None = None) -> Json:
        """Run one search in the view that the body's ``pit`` names; raises :class:`NotFound` when it has expired."""
        return await self._call(self._client.search, timeout_s, body=body)

    async def get(self, logical: str, doc_id: str, *, timeout_s: float | None = None) -> Json:
        """Return one document's source; raises :class:`NotFound`."""
        answer = await self._call(self._client.get, timeout_s, index=self.name(logical), id=doc_id)
        source: Json = answer["_source"]
        return source

    async def visible_version(self, logical: str, *, timeout_s: float | None = None) -> str:
        """Return a digest that changes exactly when what searches of a name see changes, see :mod:`.visible`.

        Raises:
            NotFound: no such index. ClusterUnavailable: a shard does not say, or OpenSearch does not answer.
        """
        name = self.name(logical)
        segments, identities = await asyncio.gather(
            self._call(self._client.indices.segments, timeout_s, index=name, params={"filter_path": visible.SEGMENTS}),
            self._call(
                self._client.indices.get_settings, timeout_s, index=name, params={"filter_path": visible.IDENTITIES}
            ),
        )
        return visible.digest(segments, identities)

    async def mapping_meta(self, logical: str) -> dict[str, Json]:
        """Return ``_meta`` of each physical index behind a name; raises :class:`NotFound`."""
        answer = await self._call(
            self._client.indices.get_mapping,
            None,
            index=self.name(logical),
            # The second names every index, so that one without the first is not taken for one that is not there.
            params={"filter_path": "*.mappings._meta,*.mappings.dynamic"},
        )
        return {name: index["mappings"].get("_meta", {}) for name, index in answer.items()}
