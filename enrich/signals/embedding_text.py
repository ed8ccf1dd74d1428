"""The text that stands for a creator in semantic search, by a versioned recipe.

Recipe v2: labels of the niches; topics and categories; bios, longest-known audience first. What is certain comes first,
because the encoder reads 256 tokens and only the end of a long bio may be lost. Names are looked for as words: they
stand before the rest only where nobody wrote a bio, because then there is little else (measured: ``docs/findings``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creators.ids import content_hash
from creators.models import Account
from creators.signals.creator import NicheScore
from creators.text import clean_line
from mappings.niches import NICHES, says_nothing

RECIPE = "v2"
MAX_CHARACTERS = 1_000
MAX_TERMS = 20
_LABELS = {niche.id: niche.label for niche in NICHES}


def embedding_text(accounts: Sequence[Account], niches: Sequence[NicheScore]) -> str:
    """Return the text of a creator, at most 1,000 characters; the order of ``accounts`` does not matter."""
    ordered = by_audience(accounts)
    terms = [term for account in ordered for term in (*account.topics, *account.categories) if not says_nothing(term)]
    described = any(account.bio and not account.bio_composed for account in ordered)
    names = () if described else _distinct(account.name or account.handle or "" for account in ordered)
    parts = (
        ", ".join(names),
        ", ".join(_LABELS[score.niche] for score in niches),
        ", ".join(_distinct(terms)[:MAX_TERMS]),
        " ".join(_distinct(account.bio or "" for account in ordered)),
    )
    return ". ".join(part for part in parts if part)[:MAX_CHARACTERS].rstrip()


def text_hash(text: str) -> str:
    """Return the hash by which the vector of an unchanged text is found again; it covers the recipe."""
    return content_hash(f"{RECIPE}\n{text}".encode())


def by_audience(accounts: Iterable[Account]) -> list[Account]:
    """Return the accounts with the most followers first, ties by id."""
    return sorted(accounts, key=lambda account: (-(account.followers or 0), account.account_id))


def _distinct(values: Iterable[str]) -> list[str]:
    cleaned = (clean_line(value) for value in values)
    return list({value.casefold(): value for value in reversed([v for v in cleaned if v])}.values())[::-1]
