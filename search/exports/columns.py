"""The columns of an export, read off the mapping of ``creators``: whatever search shows can be exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rapidfuzz import process

from mappings.fields import ID
from mappings.registry import CREATORS, definition
from search.results import HIDDEN, displayed


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


def _copies(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that the index fills by itself: no document has them."""
    for field in properties.values():
        yield from field.get("copy_to", ())
        yield from _copies(field.get("properties", {}))


def _columns(name: str, field: Mapping[str, Any]) -> Iterator[Column]:
    if "properties" in field:
        for inner, one in field["properties"].items():
            yield from _columns(f"{name}.{inner}", one)
        return
    kind = Kind.LIST if name in LISTS else _KINDS[field["type"]]
    yield Column(name, Kind.DAY if name.rpartition(".")[2] in _DAYS else kind)


def _all_columns() -> Iterator[Column]:
    properties = definition(CREATORS, encoder="")["mappings"]["properties"]
    kept = properties.keys() - set(HIDDEN) - set(_copies(properties))
    for name in displayed(dict.fromkeys(kept)):
        yield from _columns(name, properties[name])


COLUMNS: tuple[Column, ...] = tuple(_all_columns())
"""Every column, in the order in which a creator is shown."""


def _within(column: str, field: str) -> bool:
    return column == field or column.startswith(f"{field}.")


def _known(names: Iterable[str]) -> frozenset[str]:
    parts = [name.split(".") for name in names]
    return frozenset(".".join(one[:depth]) for one in parts for depth in range(1, len(one) + 1))


FIELDS = _known(column.name for column in COLUMNS)
"""What a request may name: every column, and the groups of columns above them (``accounts.youtube``)."""

GROUPS = FIELDS - {column.name for column in COLUMNS}
"""The fields that are no columns themselves."""


def check_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields in the order given, each once.

    Raises:
        ValueError: one is no field; the message has the nearest that is.
    """
    for field in fields:
        if field not in FIELDS:
            nearest = process.extractOne(field, FIELDS)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            detail = f"{field!r} is not a field of a creator{hint}"
            raise ValueError(detail)
    return tuple(dict.fromkeys(fields))


def columns_of(fields: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a request, ``creator_id`` first; no fields are all of them."""
    wanted = fields or [column.name for column in COLUMNS]
    found = [column for field in (ID, *wanted) for column in COLUMNS if _within(column.name, field)]
    return tuple(dict.fromkeys(found))


def source_filter(fields: Sequence[str]) -> dict[str, list[str]]:
    """Return what of a document has to be read: never the vector."""
    return {"includes": [ID, *fields]} if fields else {"excludes": list(HIDDEN)}
