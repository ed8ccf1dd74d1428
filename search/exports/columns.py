"""The columns of an export, read off the mapping of ``creators``: whatever search shows can be exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mappings.fields import ID
from search.shown import FIELDS, LEAVES


class Kind(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    WHOLE = "whole"
    FRACTION = "fraction"
    FLAG = "flag"
    DAY = "day"
    INSTANT = "instant"
    LIST = "list"
    """Texts."""
    JSON = "json"
    """Structures that have no columns of their own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; its name is the dotted path of the value in a creator."""

    name: str
    kind: Kind


LISTS = frozenset(
    (
        *(
            "names",
            "handles",
            "platforms",
            "niches",
            "categories",
            "topics",
            "media_text",
            "countries",
            "languages",
            "has",
            "sources",
        ),
        *("brands", "pronouns", "anomalies", "brand_risk_categories", "content_types"),
    )
)
_DAYS = frozenset({"joined_on"})
_KINDS = {
    "keyword": Kind.TEXT,
    "text": Kind.TEXT,
    "long": Kind.WHOLE,
    "integer": Kind.WHOLE,
    "byte": Kind.WHOLE,
    "float": Kind.FRACTION,
    "boolean": Kind.FLAG,
    "date": Kind.INSTANT,
    "object": Kind.JSON,
}


def _column(name: str, field: Mapping[str, Any]) -> Column:
    kind = Kind.LIST if name in LISTS else _KINDS[field["type"]]
    return Column(name, Kind.DAY if name.rpartition(".")[2] in _DAYS else kind)


COLUMNS: tuple[Column, ...] = tuple(_column(name, field) for name, field in LEAVES.items())
"""Every column, in the order in which a creator is shown."""
GROUPS = FIELDS - LEAVES.keys()
"""The fields that are no columns themselves."""


def _within(column: str, field: str) -> bool:
    return column == field or column.startswith(f"{field}.")


def columns_of(fields: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a request, ``creator_id`` first; no fields are all of them."""
    wanted = fields or [column.name for column in COLUMNS]
    found = [column for field in (ID, *wanted) for column in COLUMNS if _within(column.name, field)]
    return tuple(dict.fromkeys(found))
