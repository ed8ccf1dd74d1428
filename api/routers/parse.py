"""Reading a question before it is asked."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from api.deps import SearchService
from api.routers.creators import PROBLEMS
from creators.models import Frozen
from search.filters import CleanText
from search.parse.clauses import ParsedQuery

router = APIRouter(prefix="/v1", tags=["search"], responses=PROBLEMS)


class ParseRequest(Frozen):
    """``POST /v1/search/parse``."""

    text: CleanText = Field(min_length=1)
    """A question as a person asks it, at most 1,000 characters."""


@router.post("/search/parse")
async def parse_query(request: ParseRequest, search: SearchService) -> ParsedQuery:
    """Show which filters a text names, each with its words and confidence, and which words are left to rank by."""
    return await search.parse(request.text)
