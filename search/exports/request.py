"""What is to be exported: frozen, validated, with the hash that names the question."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from creators.ids import content_hash
from creators.models import Frozen
from mappings.fields import SORTS
from search.exports.formats import Format
from search.filters import CleanText, Filters, Ids
from search.request import Sort
from search.shown import FieldNames

ORDER_OF_RELEVANCE = Sort(field="followers", order="desc")
"""Relevance ranks a window of candidates; a whole result has no such order."""
MAX_ROWS = 2**31


class ExportQuery(Frozen):
    """Which creators, in which order: the part of a search that has a meaning for a whole result."""

    text: CleanText = ""
    """Has no effect: text ranks, it does not filter. The notes say so."""
    filters: Filters = Filters()
    sort: Sort = Sort()


class ExportRequest(Frozen):
    """``POST /v1/exports``."""

    request: ExportQuery = ExportQuery()
    creator_ids: Annotated[Ids, Field(min_length=1)] | None = None
    """Only these, as far as they pass the filters; an id that was merged stands for the creator it became."""
    format: Format = Format.CSV
    fields: FieldNames = ()
    """Names of fields, or of groups of fields (``accounts.youtube``); none are all. ``creator_id`` is always there."""
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] | None = None
    """At most so many creators, the first in the order."""

    @property
    def query_hash(self) -> str:
        """What was asked, in 16 hex digits: equal for the same creators in the same order, whatever the format."""
        asked = self.model_dump(mode="json", include={"request", "creator_ids", "limit"}, exclude_defaults=True)
        return content_hash(json.dumps(asked, sort_keys=True).encode())[:16]

    @property
    def order(self) -> Sort:
        """The order of the rows."""
        sort = self.request.sort
        return ORDER_OF_RELEVANCE if sort.field == "relevance" else sort

    def sort_clause(self) -> list[dict[str, Any]]:
        """Return the order as the index takes it: ties by id, so that every creator has one place."""
        order = self.order
        return [{SORTS[order.field]: {"order": order.order, "missing": "_last"}}, {"creator_id": "asc"}]


class Order(Frozen):
    """A request as it was accepted."""

    request: ExportRequest
    created_at: datetime
    target: int
    """Most rows that the file will have."""
