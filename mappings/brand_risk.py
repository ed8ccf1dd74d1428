"""The categories of brand risk with their words and prompts (``data/brand_risk.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Level = Literal["low", "medium", "high", "floor"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "floor")
"""From the mildest to the worst."""
_LEVEL_OF: dict[str, Level] = {"mild": "low", "topic": "medium", "strong": "high", "floor": "floor"}


@dataclass(frozen=True, slots=True)
class RiskCategory:
    """One category.

    Attributes:
        id: stable name in the index and the API.
        label: what a person reads.
        words: in small letters → the level that they mean by themselves.
        prompts: sentences whose embeddings stand for it → the level that they describe.
        words_only: it is never found by meaning alone.
    """

    id: str
    label: str
    words: dict[str, Level]
    prompts: dict[str, Level]
    words_only: bool


@dataclass(frozen=True, slots=True)
class RiskVocabulary:
    """Everything that ``data/brand_risk.toml`` says; the file explains each part."""

    version: str
    categories: tuple[RiskCategory, ...]
    everyday: tuple[str, ...]
    informing: tuple[str, ...]
    negations: tuple[str, ...]
    harmless: tuple[str, ...]


@cache
def risk_vocabulary() -> RiskVocabulary:
    """Return the vocabulary."""
    data = resources.files("mappings") / "data" / "brand_risk.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    context = table["context"]
    return RiskVocabulary(
        version=table["version"],
        categories=tuple(_category(name, one) for name, one in table["category"].items()),
        everyday=tuple(table["everyday"]["prompts"]),
        informing=tuple(context["informing"]),
        negations=tuple(context["negations"]),
        harmless=tuple(context["harmless"]),
    )


def _category(name: str, table: dict[str, Any]) -> RiskCategory:
    prompts = {text: level for level in LEVELS for text in table["prompts"].get(level, ())}
    return RiskCategory(name, table["label"], dict(_words(table["words"])), prompts, table.get("words_only", False))


def _words(table: dict[str, dict[str, list[str]]]) -> Iterator[tuple[str, Level]]:
    # The worst last, so that a word of two lists means the worse.
    for kind, level in _LEVEL_OF.items():
        for words in table.get(kind, {}).values():
            yield from ((word, level) for word in words)
