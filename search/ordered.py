"""Pages in the order of a field: no window, a view of the index that later writes do not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from creators.errors import BadCursor, NotFound
from mappings.fields import ID, SORTS
from search import cursor as cursors
from search import retrieval
from search.queries import ordered
from search.results import CreatorHit

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.budget import Budget
    from search.paging import Pages
    from search.queries.filters import Clause
    from search.request import SearchRequest

KEY = "sorted:"


@dataclass(frozen=True, slots=True)
class OrderedPage:
    """Hits in order, and the cursor of those that follow."""

    hits: tuple[CreatorHit, ...]
    next_cursor: str | None


async def ordered_page(
    cluster: AsyncCluster, pages: Pages, request: SearchRequest, filters: Clause | None, budget: Budget
) -> OrderedPage:
    """Return one page of the creators that pass the filters, in the order of ``request.sort``.

    Raises:
        BadCursor: forged, expired or of another query.
    """
    try:
        async with budget.deadline("retrieve"):
            position, state = await _start(cluster, pages, request, budget)
            with budget.stage("retrieve"):
                try:
                    answer = await cluster.search_point_in_time(_body(pages, request, filters, state, budget))
                except NotFound as error:
                    if request.cursor:
                        raise BadCursor(pages.expired, field="cursor") from error
                    # The shared view ended with the node that kept it: a first page takes a new one.
                    state["pit"] = await pages.view(cluster, renew=True)
                    answer = await cluster.search_point_in_time(_body(pages, request, filters, state, budget))
    except TimeoutError:
        budget.leave_out("retrieve")
        return OrderedPage((), None)
    found = answer["hits"]["hits"]
    ids = [hit["fields"][ID][0] for hit in found]
    sources = await retrieval.fetch(cluster, ids, budget, request.fields)
    hits = tuple(
        CreatorHit(rank=position.offset + number, creator_id=one, score=None, creator=sources.get(one, {}))
        for number, one in enumerate(ids, start=1)
    )
    if len(found) < request.limit:
        return OrderedPage(hits, None)
    # Every page has a name of its own, so that an earlier cursor can be used again.
    following = cursors.Position(cursors.new_token(), position.offset + len(found), request.fingerprint)
    kept = {"pit": answer.get("pit_id", state["pit"]), "after": found[-1]["sort"]}
    is_kept = await pages.keep(KEY, following, kept, budget)
    return OrderedPage(hits, pages.cursor_of(following) if is_kept else None)


async def _start(
    cluster: AsyncCluster, pages: Pages, request: SearchRequest, budget: Budget
) -> tuple[cursors.Position, dict[str, Any]]:
    """Return where the page starts, and the view of the index that it is cut from."""
    if request.cursor:
        return await pages.recall(KEY, request.cursor, request.fingerprint, budget)
    position = cursors.Position(cursors.new_token(), 0, request.fingerprint)
    return position, {"pit": await pages.view(cluster), "after": None}


def _body(
    pages: Pages, request: SearchRequest, filters: Clause | None, state: dict[str, Any], budget: Budget
) -> Clause:
    order = (SORTS[request.sort.field], request.sort.order)
    left_ms = budget.left_for_ms("retrieve")
    body = ordered.sorted_page(filters, sort=order, size=request.limit, after=state["after"], timeout_ms=left_ms)
    return body | {"pit": {"id": state["pit"], "keep_alive": f"{pages.ttl_s}s"}}
