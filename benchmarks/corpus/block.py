"""A thousand creators: their documents, the facts that shares of filters are counted from, and the texts to encode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import orjson
import zstandard
from numpy.typing import NDArray

from benchmarks.corpus.content import BLOCK, base_of, is_first
from benchmarks.corpus.people import Made, made
from benchmarks.corpus.tables import clauses, countries
from creators.models import Platform
from enrich.signals.embedding_text import RECIPE
from indexers.documents import build_document, primary_account
from mappings.niches import NICHES

GENERATOR = 1
"""Goes up with every change after which a creator is another one; a test holds the first of them."""
LEVEL = 3
COLUMNS = np.dtype(
    [("niche", "i1"), ("second", "i1"), ("followers", "i8"), ("platform", "i1"), ("language", "i1"), ("country", "i1")]
)
"""Places in ``NICHES``, ``Platform`` and the tables; -1 is none, or unknown."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a corpus as it is kept."""

    lines: bytes
    """Documents as JSON lines, compressed with Zstandard."""
    columns: NDArray[np.void]


@cache
def _places() -> tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]]:
    return (
        {niche.id: place for place, niche in enumerate(NICHES)},
        {str(platform): place for place, platform in enumerate(Platform)},
        {language: place for place, language in enumerate(clauses())},
        {country.code: place for place, country in enumerate(countries().values)},
    )


def document(one: Made) -> dict[str, object]:
    """Return the document that the product makes of a creator, without the vector."""
    return build_document(one.creator_id, one.accounts, one.signals, recipe=RECIPE)


def make_block(seed: int, number: int, size: int) -> Block:
    """Return block ``number`` of a corpus of ``size`` creators; the last one may be short."""
    start = number * BLOCK
    people = [made(seed, creator) for creator in range(start, min(start + BLOCK, size))]
    lines = b"".join(
        orjson.dumps(document(one), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE) for one in people
    )
    return Block(zstandard.compress(lines, LEVEL), np.array([_row(one) for one in people], dtype=COLUMNS))


def _row(one: Made) -> tuple[int, ...]:
    niches, platforms, languages, countries_ = _places()
    first = primary_account(one.accounts)
    scores = [niches[score.niche] for score in one.signals.niches]
    return (
        scores[0],
        scores[1] if len(scores) > 1 else -1,
        -1 if first.followers is None else first.followers,
        platforms[str(first.platform)],
        languages[one.content.language],
        countries_[one.content.country.code],
    )


def first_texts(seed: int, number: int, size: int) -> list[str]:
    """Return the texts of the block's creators who are the first to have their content: those that are encoded."""
    start = number * BLOCK
    rows = range(start, min(start + BLOCK, size))
    return [made(seed, creator).signals.text for creator in rows if is_first(creator)]


def bases(seed: int, number: int, size: int) -> NDArray[np.int64]:
    """Return the content of each creator of a block; the first of them are the block's own."""
    start = number * BLOCK
    return np.array([base_of(seed, creator) for creator in range(start, min(start + BLOCK, size))], dtype=np.int64)
