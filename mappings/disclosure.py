"""Words by which posts say that somebody pays for them, in several languages (``data/disclosure.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything that ``data/disclosure.toml`` says; the file explains each part."""

    hashtags: frozenset[str]
    phrases: tuple[str, ...]
    denials: tuple[str, ...]
    code_words: tuple[str, ...]
    affiliate_hosts: frozenset[str]
    affiliate_parameters: tuple[str, ...]


@cache
def disclosure() -> Disclosure:
    """Return the words, in small letters."""
    data = resources.files("mappings") / "data" / "disclosure.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))

    def of_all_languages(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for words in table[name].values() for word in words))

    return Disclosure(
        hashtags=frozenset(of_all_languages("hashtags")),
        phrases=of_all_languages("phrases"),
        denials=of_all_languages("denials"),
        code_words=of_all_languages("code_words"),
        affiliate_hosts=frozenset(table["affiliate"]["hosts"]),
        affiliate_parameters=tuple(table["affiliate"]["parameters"]),
    )
