"""Pronouns as a creator states them, in a name or a bio; nothing else is ever read as gender."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from creators.models import Account
from creators.signals.content import Pronouns
from creators.text import clean
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import as_of
from mappings.pronouns import PronounTable, PronounWords, pronoun_table
from mappings.versions import data_version

MAX_CHARACTERS = 2_000
METHOD = "self_declared"
_JOINED = re.compile(r"(?<![\w/.@#:])[^\W\d_]{1,6}(?: ?[/|·•] ?[^\W\d_]{1,6}){1,3}(?![\w/]|\.\w)")
_JOINTS = re.compile(r" ?[/|·•] ?")


class PronounsSignal:
    """The pronouns that a creator's names and bios state."""

    name = "pronouns"
    version = f"1.{data_version('pronouns.toml')}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the texts that are read."""
        return [[_texts(account) for account in by_audience(facts.accounts)], as_of(facts, ()).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Pronouns | None]:
        """Return the pronouns of each creator; None where none are stated."""
        return [_pronouns(facts) for facts in batch]


def _pronouns(facts: CreatorFacts) -> Pronouns | None:
    stated = [[*stated_pronouns(text)] for account in by_audience(facts.accounts) for text in _texts(account)]
    found = [one for statements in stated for one in statements]
    if not found:
        return None
    return Pronouns(
        pronouns=tuple(dict.fromkeys(form for forms, _ in found for form in forms)),
        declared=tuple(dict.fromkeys(written for _, written in found)),
        method=METHOD,
        as_of=as_of(facts, ()),
        sample_size=sum(map(bool, stated)),
    )


def _texts(account: Account) -> tuple[str, ...]:
    bio = None if account.bio_composed else account.bio
    return tuple(text for text in (account.name, bio) if text)


def stated_pronouns(text: str) -> Iterable[tuple[tuple[str, ...], str]]:
    """Yield each statement of pronouns in a text: their usual English forms, and the words as written, small.

    ``Ada (she/they)`` gives ``(("she/her", "they/them"), "she/they")``; words that are joined for want of knowing
    (``he/she who dares``) give nothing.
    """
    table, words = pronoun_table(), clean(text[:MAX_CHARACTERS]).casefold()
    for phrase in sorted(table.any):
        if phrase in words:
            yield ("any",), phrase
            return
    for match in _JOINED.finditer(words):
        parts = _JOINTS.split(match[0])
        written = "/".join(parts)
        forms = () if written in table.generic else _forms(parts, table)
        if forms:
            yield forms, written
    for match in _led().finditer(words):
        forms = _forms([match["word"]], table, least=1)
        if forms:
            yield forms, match["word"]


def _forms(parts: Sequence[str], table: PronounTable, least: int = 2) -> tuple[str, ...]:
    if len(parts) < least:
        return ()
    # "elle" alone is Spanish or French; what stands beside it decides: the language in which both are of one form.
    found = [forms for words in table.languages if (forms := _in_one_language(parts, words))]
    return min(found, key=len, default=())


def _in_one_language(parts: Sequence[str], words: PronounWords) -> tuple[str, ...]:
    if not all(part in words.forms for part in parts) or parts[0] not in words.subjects:
        return ()
    return tuple(dict.fromkeys(words.forms[part] for part in parts))


@cache
def _led() -> re.Pattern[str]:
    leads = "|".join(re.escape(lead) for lead in sorted(pronoun_table().leads, key=len, reverse=True))
    return re.compile(rf"\b(?:{leads})(?: ?[:=-] ?| )(?P<word>[^\W\d_]{{1,6}})(?! ?[/|·•\w])")
