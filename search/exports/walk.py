"""The rows of an export, page by page, in a view of the index that later writes do not change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from creators.errors import IndexNotReady, NotFound
from mappings.registry import CREATORS
from search.directory import MAX_REDIRECTS, NO_INDEX
from search.filters import Filters
from search.queries.filters import Clause, filter_query
from search.shown import source_filter

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from search.exports.request import ExportRequest

VIEW_S = 600
"""How long a view outlives its last page: enough for another worker to notice that the first has died."""
PAGE_ROWS = 1000


def resolve(cluster: Cluster, creator_ids: Sequence[str]) -> dict[str, str]:
    """Return each id with the id under which that creator lives now, following merges; unknown ids stay."""
    current = {one: one for one in creator_ids}
    for _ in range(MAX_REDIRECTS):
        identities = cluster.sources("identities", current.values(), fields=["redirect_to"])
        moved = {one: target for one, doc in identities.items() if (target := doc.get("redirect_to"))}
        if not moved:
            break
        current = {given: moved.get(now, now) for given, now in current.items()}
    return current


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk over the creators that pass."""

    cluster: Cluster
    query: Clause
    sort: Sequence[Mapping[str, Any]]
    source: Mapping[str, Any]

    @classmethod
    def of(cls, cluster: Cluster, request: ExportRequest) -> Walk:
        """Return the walk that a request asks for."""
        filters = request.request.filters
        if request.creator_ids:
            selected = tuple(sorted(set(resolve(cluster, request.creator_ids).values())))
            filters = Filters(all=(filters, Filters(creator_ids=selected)))
        query: Clause = filter_query(filters).to_dict()
        return cls(cluster, query, request.sort_clause(), source_filter(request.fields))

    def open(self) -> str:
        """Return the id of a new view.

        Raises:
            IndexNotReady: nothing was indexed yet.
        """
        try:
            return self.cluster.open_point_in_time(CREATORS, keep_alive_s=VIEW_S)
        except NotFound as error:
            raise IndexNotReady(NO_INDEX) from error

    def _ask(self, view: str, body: Clause) -> Clause:
        pit = {"id": view, "keep_alive": f"{VIEW_S}s"}
        hits: Clause = self.cluster.search_point_in_time({"query": self.query, "pit": pit, **body})["hits"]
        return hits

    def count(self, view: str) -> int:
        """Return how many pass; raises :class:`NotFound` when the view has expired."""
        return int(self._ask(view, {"size": 0, "track_total_hits": True})["total"]["value"])

    def page(self, view: str, after: Sequence[Any] | None, size: int) -> list[Clause]:
        """Return the hits that follow those sort values; raises :class:`NotFound` when the view has expired."""
        body = {"size": size, "track_total_hits": False, "sort": list(self.sort), "_source": dict(self.source)}
        if after:
            body["search_after"] = list(after)
        hits: list[Clause] = self._ask(view, body)["hits"]
        return hits
