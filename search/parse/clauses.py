"""What a query was understood to say: clause by clause, each with its words, its place and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from creators.models import Frozen
from search.filters import Filters
from search.request import Sort


class Clause(Frozen):
    """One thing that the query says."""

    field: str
    """The filter (``followers``, ``accounts.youtube.followers``, ``exclude.niches``), ``sort``, or a fact unknown."""
    value: Any
    """As the filter takes it."""
    words: str
    """The words that say it."""
    start: int
    """Where they start in the cleaned query, in characters."""
    end: int
    confidence: Annotated[float, Field(ge=0, le=1)]
    applied: bool
    """Whether ``filters`` or ``sort`` contain it; where not, ``note`` says why."""
    note: str = ""


class ParsedQuery(Frozen):
    """A query as filters that can be edited, and the words that are left."""

    query: str
    """As cleaned: what the places of the clauses refer to."""
    filters: Filters = Filters()
    text: str = ""
    """The words that are left for ranking."""
    sort: Sort | None = None
    clauses: tuple[Clause, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule recognised, in tokens.

    Attributes:
        field, value: as in ``Clause``.
        start, end: its tokens, ``end`` not included.
        confidence: 0 to 1.
        note: for the reader.
        applied: False where it is only told.
        keep: its words stay in the text that ranks.
        platforms: where a fact of some account exists, if no platform is named.
    """

    field: str
    value: Any
    start: int
    end: int
    confidence: float
    note: str = ""
    applied: bool = True
    keep: bool = False
    platforms: tuple[str, ...] = ()
