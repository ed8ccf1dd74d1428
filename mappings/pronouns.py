"""Words by which people state their pronouns, in several languages (``data/pronouns.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_TABLES = frozenset({"leads", "generic", "any"})


@dataclass(frozen=True, slots=True)
class PronounWords:
    """The words of one language.

    Attributes:
        forms: word → the usual English form (``she/her``).
        subjects: those that can start a statement.
    """

    forms: dict[str, str]
    subjects: frozenset[str]


@dataclass(frozen=True, slots=True)
class PronounTable:
    """Everything that ``data/pronouns.toml`` says; the file explains what each part is for."""

    languages: tuple[PronounWords, ...]
    leads: tuple[str, ...]
    generic: frozenset[str]
    any: frozenset[str]


@cache
def pronoun_table() -> PronounTable:
    """Return the table, English first."""
    data = resources.files("mappings") / "data" / "pronouns.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    languages = tuple(_words(forms) for code, forms in table.items() if code not in _TABLES)
    return PronounTable(languages, tuple(table["leads"]), frozenset(table["generic"]), frozenset(table["any"]))


def _words(forms: dict[str, Any]) -> PronounWords:
    words = {word: form for form, kinds in forms.items() for word in (*kinds["subject"], *kinds["other"])}
    return PronounWords(words, frozenset(word for kinds in forms.values() for word in kinds["subject"]))
