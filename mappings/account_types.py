"""Words that tell a person, a brand and a medium apart (``data/account_types.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Kind = Literal["person", "brand", "media"]
KINDS: tuple[Kind, ...] = ("person", "brand", "media")


@dataclass(frozen=True, slots=True)
class WordGroup:
    """Words that speak for a kind.

    Attributes:
        kind: for which.
        weight: in log-odds.
        label: what it says of an account, for its reasons.
        words: in small letters.
    """

    kind: Kind
    weight: float
    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountTypes:
    """Everything that ``data/account_types.toml`` says; the file explains each part."""

    groups: tuple[WordGroup, ...]
    name_words: dict[str, Kind]
    categories: dict[str, Kind]


@cache
def account_types() -> AccountTypes:
    """Return the words."""
    data = resources.files("mappings") / "data" / "account_types.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    groups = tuple(
        WordGroup(kind, group["weight"], group["label"], tuple(dict.fromkeys(group["words"])))
        for kind in KINDS
        for group in table[kind].values()
    )
    return AccountTypes(
        groups,
        name_words={word: kind for kind, words in table["name_words"].items() for word in words},
        categories={word: kind for kind, words in table["categories"].items() for word in words},
    )
