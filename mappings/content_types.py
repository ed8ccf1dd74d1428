"""The taxonomy of content types: what kind of piece a creator makes (``data/content_types.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from creators.errors import SetupError
from mappings.wording import Phrases


@dataclass(frozen=True, slots=True)
class ContentTypeEntry:
    """One type; the data file explains each part."""

    id: str
    label: str
    prompts: tuple[str, ...]
    titles: tuple[str, ...]
    bio: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContentTypes:
    """Everything that the data file says, and its phrases ready to be found.

    Attributes:
        types: in the order of the file.
        everyday: prompts of posts that are none of them.
        titles, bio: phrases of a title and of a bio.
        of_title, of_bio: phrase → id of its type.
    """

    types: tuple[ContentTypeEntry, ...]
    everyday: tuple[str, ...]
    titles: Phrases
    bio: Phrases
    of_title: dict[str, str]
    of_bio: dict[str, str]


@cache
def content_types() -> ContentTypes:
    """Return the taxonomy.

    Raises:
        SetupError: a phrase belongs to two types.
    """
    data = resources.files("mappings") / "data" / "content_types.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    types = tuple(
        ContentTypeEntry(
            one["id"],
            one["label"],
            tuple(one["prompts"]),
            tuple(one["titles"]),
            tuple(one["bio"]),
            tuple(one.get("kinds", ())),
        )
        for one in table["type"]
    )
    of_title, of_bio = _owners(types, "titles"), _owners(types, "bio")
    return ContentTypes(types, tuple(table["everyday"]), Phrases(of_title), Phrases(of_bio), of_title, of_bio)


def _owners(types: tuple[ContentTypeEntry, ...], part: str) -> dict[str, str]:
    owners: dict[str, str] = {}
    for one in types:
        for phrase in getattr(one, part):
            if owners.setdefault(phrase, one.id) != one.id:
                detail = f"content_types.toml: {phrase!r} belongs to {owners[phrase]} and to {one.id}: leave one"
                raise SetupError(detail, field=part)
    return owners


CONTENT_TYPES: tuple[str, ...] = tuple(one.id for one in content_types().types)
"""Ids, as filters and facets name them."""
