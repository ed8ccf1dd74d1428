"""Whether a person, a brand or a medium speaks: a probability for each, with what it rests on.

``P(kind) = exp(s_kind) / sum of exp(s)``, where ``s`` is the sum of the weights (log-odds) of the hints for a kind and
a prior: most accounts are people. Hints are categories of the source, words of the bio, words and shape of the name,
and stated pronouns; each counts at most twice, so that a long bio does not outvote everything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from creators.models import Account, Platform
from creators.signals.content import AccountKind, AccountType
from creators.text import clean, clean_line
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.pronouns import stated_pronouns
from enrich.signals.said import as_of
from mappings.account_types import KINDS, WordGroup, account_types
from mappings.versions import data_version
from mappings.wording import Phrases

METHOD = "additive_log_odds"
PRIOR: dict[AccountKind, float] = {"person": 0.6, "brand": -0.3, "media": -0.5}
"""A little for people, who are the most; so little that one clear hint outweighs it."""
CATEGORY_WEIGHT = 1.6
NAME_WORD_WEIGHT = 1.3
NAME_SHAPE_WEIGHT = 0.7
PRONOUNS_WEIGHT = 2.0
TRADEMARK_WEIGHT = 1.5
LEAST_CONFIDENCE = 0.6
MAX_COUNT = 2
MAX_CHARACTERS = 2_000
MAX_REASONS = 6
_PERSONAL_NAME = re.compile(r"[^\W\d_][^\W\d_'\u2019.-]*(?: [^\W\d_][^\W\d_'\u2019-]*\.?){1,2}")
_LEAST_NAME = 2


class Hint(NamedTuple):
    """Something that speaks for a kind: its weight in log-odds, and what it is."""

    kind: AccountKind
    weight: float
    reason: str


class AccountTypeSignal:
    """Whether a creator is a person, a brand or a medium."""

    name = "account_type"
    version = f"2.{data_version('account_types.toml', 'pronouns.toml')}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the names, bios and categories."""
        ordered = by_audience(facts.accounts)
        read = [[a.platform, a.name, None if a.bio_composed else a.bio, list(a.categories)] for a in ordered]
        return [read, as_of(facts, ()).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[AccountType | None]:
        """Return the kind of each creator; None where nothing tells, or no kind reaches 0.6."""
        return [_account_type(facts) for facts in batch]


def _account_type(facts: CreatorFacts) -> AccountType | None:
    hints = hints_of(by_audience(facts.accounts))
    if not hints:
        return None
    shares = probabilities(hints)
    kind = max(KINDS, key=lambda one: shares[one])
    if shares[kind] < LEAST_CONFIDENCE:
        return None
    strongest = sorted(hints, key=lambda hint: (-hint.weight, hint.kind, hint.reason))
    return AccountType(
        kind=kind,
        probabilities=shares,
        reasons=tuple(f"{hint.kind}: {hint.reason}" for hint in strongest[:MAX_REASONS]),
        confidence=shares[kind],
        method=METHOD,
        as_of=as_of(facts, ()),
        sample_size=len(facts.accounts),
    )


def probabilities(hints: Sequence[Hint]) -> dict[AccountKind, float]:
    """Return the probability of each kind, 0 to 1; they sum to 1 within rounding."""
    scores = {kind: PRIOR[kind] + sum(hint.weight for hint in hints if hint.kind == kind) for kind in KINDS}
    highest = max(scores.values())
    powers = {kind: math.exp(score - highest) for kind, score in scores.items()}
    total = sum(powers.values())
    return {kind: round(power / total, 4) for kind, power in powers.items()}


def hints_of(accounts: Sequence[Account]) -> list[Hint]:
    """Return what speaks for each kind in any of the accounts, each hint once; the strongest of two alike."""
    found: dict[tuple[str, str], Hint] = {}
    for account in accounts:
        for hint in _hints(account):
            key = (hint.kind, hint.reason)
            if key not in found or found[key].weight < hint.weight:
                found[key] = hint
    return list(found.values())


def _hints(account: Account) -> Iterator[Hint]:
    yield from _of_categories(account)
    yield from _of_name(clean_line(account.name or ""))
    bio = "" if account.bio_composed else clean((account.bio or "")[:MAX_CHARACTERS])
    if any(stated_pronouns(f"{account.name or ''}\n{bio}")):
        yield Hint("person", PRONOUNS_WEIGHT, "states pronouns")
    for group, phrases in _groups():
        distinct = {wording.phrase for wording in phrases.find(bio)}
        if distinct:
            yield Hint(group.kind, group.weight * min(len(distinct), MAX_COUNT), group.label)


def _of_categories(account: Account) -> Iterator[Hint]:
    # A topic of YouTube says what videos are about, not who makes them.
    if account.platform is Platform.YOUTUBE:
        return
    known = account_types().categories
    kinds = dict.fromkeys(known[name] for category in account.categories if (name := category.casefold()) in known)
    yield from (Hint(kind, CATEGORY_WEIGHT, "category of the source") for kind in kinds)


def _of_name(name: str) -> Iterator[Hint]:
    if "™" in name or "®" in name:
        yield Hint("brand", TRADEMARK_WEIGHT, "trade mark in the name")
    known = account_types().name_words
    kinds = dict.fromkeys(known[wording.phrase] for wording in _name_words().find(name))
    yield from (Hint(kind, NAME_WORD_WEIGHT, "word of the name") for kind in kinds)
    capitalised = all(part[:1].isupper() or not part[:1].islower() for part in name.split())
    if not kinds and len(name) > _LEAST_NAME and capitalised and _PERSONAL_NAME.fullmatch(name):
        yield Hint("person", NAME_SHAPE_WEIGHT, "shape of the name")


@cache
def _groups() -> tuple[tuple[WordGroup, Phrases], ...]:
    return tuple((group, Phrases(group.words)) for group in account_types().groups)


@cache
def _name_words() -> Phrases:
    return Phrases(account_types().name_words)
