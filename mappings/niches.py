"""The niche taxonomy: what a niche is called by us and by the sources.

The data is ``data/niches.toml``. Names are compared by :func:`category_key`, so that ``Howto & Style``,
``howto and style`` and ``HowTo&Style`` are one.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal
from urllib.parse import unquote

from creators.errors import SetupError
from creators.text import clean_line

Risk = Literal["low", "medium", "high"]

_MIN_MENTION_LENGTH = 4
_MAX_MENTION_WORDS = 2
_URL = re.compile(r"^https?://\S+/([^/?#\s]+)/?(?:[?#]\S*)?$")
_DROPPED = re.compile("[.'`\u2019\u00b4]")
_SEPARATORS = re.compile(r"[^\w+#]+|_+")


@dataclass(frozen=True, slots=True)
class Niche:
    """One niche.

    Attributes:
        id: stable name in the index and the API.
        label: what a person reads.
        prompts: sentences whose embeddings stand for the niche.
        aliases: names that sources give it, as written in the data file.
        broad: it says little about a creator (``Lifestyle``), so their own words are worth reading too.
        risk: how sensitive the niche is to brands that advertise; None where nothing is to be said.
    """

    id: str
    label: str
    prompts: tuple[str, ...]
    aliases: tuple[str, ...]
    broad: bool = False
    risk: Risk | None = None


def category_key(name: str) -> str:
    """Return the form in which two spellings of one category name are equal.

    A web address counts as its last part (``.../wiki/Hip_hop_music``), as YouTube gives topics.
    """
    text = clean_line(name)
    if match := _URL.match(text):
        text = unquote(match[1])
    text = _DROPPED.sub("", text.casefold().replace("&", " and "))
    return " ".join(_SEPARATORS.sub(" ", text).split())


def _load() -> tuple[tuple[Niche, ...], frozenset[str]]:
    document = tomllib.loads((resources.files("mappings") / "data" / "niches.toml").read_text(encoding="utf-8"))
    niches = tuple(
        Niche(
            entry["id"],
            entry["label"],
            tuple(entry["prompts"]),
            tuple(entry["aliases"]),
            broad=entry.get("broad", False),
            risk=entry.get("risk"),
        )
        for entry in document["niche"]
    )
    return niches, frozenset(map(category_key, document["uninformative"]))


NICHES, _UNINFORMATIVE = _load()
"""Every niche, in the order of the data file."""


@cache
def niche_ids() -> frozenset[str]:
    """Return the ids of all niches."""
    return frozenset(niche.id for niche in NICHES)


def niche_for_category(name: str) -> str | None:
    """Return the id of the niche that a source means by ``name``, or None where no alias matches."""
    return _aliases().get(category_key(name))


def niches_mentioned(text: str) -> dict[str, int]:
    """Return niche id → number of its different aliases that occur in ``text`` as whole words.

    Only aliases of one or two words and at least four characters count: shorter ones are words of other languages.
    """
    words = category_key(text).split()
    terms = {*words, *(" ".join(pair) for pair in pairwise(words))}
    return dict(Counter(niche for term in sorted(terms) if (niche := _mentionable().get(term))))


def says_nothing(name: str) -> bool:
    """Return whether a source category carries no niche at all (``Digital creator``, ``Public figure``, blank)."""
    key = category_key(name)
    return not key or key in _UNINFORMATIVE


@cache
def _mentionable() -> dict[str, str]:
    return {
        key: niche
        for key, niche in _aliases().items()
        if len(key) >= _MIN_MENTION_LENGTH and len(key.split()) <= _MAX_MENTION_WORDS
    }


@cache
def _aliases() -> dict[str, str]:
    known: dict[str, str] = {}
    for niche in NICHES:
        for name in (niche.id, niche.label, *niche.aliases):
            owner = known.setdefault(category_key(name), niche.id)
            if owner != niche.id:
                detail = f"niches.toml gives the name {name!r} to both {owner} and {niche.id}; keep one"
                raise SetupError(detail)
    return known
