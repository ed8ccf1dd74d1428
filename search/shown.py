"""What of a creator is shown: the fields, their order, and how a request names some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mappings.fields import ID
from mappings.registry import CREATORS, definition
from search.filters import check_known

HIDDEN = ("embedding", "names_ascii", "text_hash", "recipe", "niche_labels")
"""Fields of a document that serve the search and not the reader."""

_ORDER = (
    *("creator_id", "name", "names", "handles", "platforms", "domain", "niches", "primary_niche", "niche_scores"),
    *("categories", "topics", "countries", "languages", "language_confidence", "followers", "follower_band"),
    *("engagement_rate", "growth_30d", "growth_90d", "growth_180d", "momentum", "acceleration", "posts_per_week"),
    *("audience_quality", "audience_quality_band", "audience_quality_coverage", "bot_probability", "anomalies"),
    *("brand_safe", "brand_risk", "brand_risk_categories", "sponsored_share", "brands", "account_kind", "pronouns"),
    "content_types",
    *("shipping_velocity", "technical_score", "stars"),
    *("country", "country_confidence", "verified", "has", "website", "bio"),
    *("bio_composed", "joined_on", "last_posted_at", "as_of", "account_count", "sources", "degraded", "accounts"),
    *("links", "engagement", "growth", "signals"),
)
_PLACED = frozenset(_ORDER)


def displayed(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the display fields of a document in an order that reads well, the same for every creator."""
    shown = {name: source[name] for name in _ORDER if name in source}
    if len(shown) < len(source):
        shown |= {name: source[name] for name in sorted(source.keys() - _PLACED)}
    return shown


def _copies(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that the index fills by itself: no document has them."""
    for field in properties.values():
        yield from field.get("copy_to", ())
        yield from _copies(field.get("properties", {}))


def _leaves(name: str, field: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "properties" not in field:
        yield name, field
    for inner, one in field.get("properties", {}).items():
        yield from _leaves(f"{name}.{inner}", one)


def _all_leaves() -> Iterator[tuple[str, Mapping[str, Any]]]:
    properties = definition(CREATORS, encoder="")["mappings"]["properties"]
    kept = properties.keys() - set(HIDDEN) - set(_copies(properties))
    for name in displayed(dict.fromkeys(kept)):
        yield from _leaves(name, properties[name])


LEAVES: Mapping[str, Mapping[str, Any]] = dict(_all_leaves())
"""Dotted path of every value that is shown, in the order in which a creator is shown → its mapping."""


def _with_groups(names: Sequence[str]) -> frozenset[str]:
    parts = [name.split(".") for name in names]
    return frozenset(".".join(one[:depth]) for one in parts for depth in range(1, len(one) + 1))


FIELDS = _with_groups(list(LEAVES))
"""What a request may name: every value, and the groups of values above them (``accounts.youtube``)."""
MAX_FIELDS = 200


def check_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields in the order given, each once.

    Raises:
        ValueError: one is no field; the message has the nearest that is.
    """
    check_known("field of a creator", fields, FIELDS)
    return tuple(dict.fromkeys(fields))


FieldNames = Annotated[tuple[str, ...], Field(max_length=MAX_FIELDS), AfterValidator(check_fields)]


def source_filter(fields: Sequence[str]) -> dict[str, list[str]]:
    """Return what of a document has to be read for these fields, or for all; never the vector."""
    return {"includes": [ID, *fields]} if fields else {"excludes": list(HIDDEN)}
