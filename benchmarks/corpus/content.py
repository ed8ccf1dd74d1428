"""What a creator is about: niche, country, language, platform and the clauses of a bio. Many creators share one.

``content(seed, base)`` depends on nothing but its arguments. How many there are for the first ``n`` creators is decided
block by block, so that creator ``i`` has the same content in a corpus of any size: the first 20 blocks bring 300 each,
later ones 55, which makes 600 at 2,000 creators, 6,000 at 20,000 and 59,900 at a million.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from benchmarks.corpus.tables import Country, Weighted, clauses, countries, stream, terms
from creators.models import Platform
from mappings.niches import NICHES

BLOCK = 1_000
"""Creators that are made together."""
FIRST_BLOCKS, FIRST_BASES, LATER_BASES = 20, 300, 55
SECOND_NICHE = 0.4
MOST_CLAUSES = 24

_CODE = {"programming", "web_development", "data_ai", "devops_cloud", "cybersecurity", "game_development"}
_WORDS = {"news", "politics", "finance", "crypto", "books", "business", "nonprofit"}
_SHOWN = {"fashion", "beauty", "modeling", "travel", "food", "photography", "art", "luxury"}
_CAPS = {
    Platform.INSTAGRAM: (67, 0.50, 150),
    Platform.TIKTOK: (37, 0.80, 80),
    Platform.YOUTUBE: (163, 1.20, 1_000),
    Platform.X: (56, 0.65, 160),
    Platform.GITHUB: (55, 0.63, 160),
}
"""Median, standard deviation of the logarithm and most characters of bios; fitted to real tables, see ``check``."""


@dataclass(frozen=True, slots=True)
class Content:
    """What many creators have in common."""

    niche: int
    """Place in ``NICHES``; so is ``second``."""
    second: int | None
    country: Country
    language: str
    platform: Platform
    """Where most of the audience is, as a rule."""
    own: tuple[str, ...]
    more: tuple[str, ...]
    subjects: tuple[str, str]
    topics: tuple[str, ...]


def bases_before(block: int) -> int:
    """Return how many contents the blocks before this one bring."""
    return FIRST_BASES * min(block, FIRST_BLOCKS) + LATER_BASES * max(0, block - FIRST_BLOCKS)


def base_of(seed: int, creator: int) -> int:
    """Return the content of a creator; the first of each block have those that it brings, each for the first time."""
    block, rank = divmod(creator, BLOCK)
    before, until = bases_before(block), bases_before(block + 1)
    return before + rank if rank < until - before else stream(f"{seed}/base/{creator}").randrange(until)


def is_first(creator: int) -> bool:
    """Return whether nobody before has the creator's content: then the vector is that of the creator's own text."""
    block, rank = divmod(creator, BLOCK)
    return rank < bases_before(block + 1) - bases_before(block)


def bio_length(platform: Platform, random: Random) -> int:
    """Return how long a bio becomes, in characters: log-normal, cut where the platform cuts."""
    median, spread, most = _CAPS[platform]
    return min(most, int(median * math.exp(random.gauss(0, spread))))


@cache
def _niches() -> Weighted[int]:
    # Some niches are many times larger than others, as in life; which ones is no matter of the seed.
    random = stream("niches")
    return Weighted.of({place: math.exp(random.gauss(0, 0.8)) for place in range(len(NICHES))})


@cache
def _platforms(niche: int) -> Weighted[Platform]:
    weights = {Platform.INSTAGRAM: 34.0, Platform.TIKTOK: 28.0, Platform.YOUTUBE: 25.0, Platform.X: 12.0}
    weights[Platform.GITHUB] = 0.3
    name = NICHES[niche].id
    if name in _CODE:
        weights |= {Platform.GITHUB: 45.0, Platform.INSTAGRAM: 6.0, Platform.TIKTOK: 5.0}
    if name in _WORDS:
        weights[Platform.X] *= 3
    if name in _SHOWN:
        weights[Platform.INSTAGRAM] *= 2
    return Weighted.of(weights)


@lru_cache(maxsize=100_000)
def content(seed: int, base: int) -> Content:
    """Return one content."""
    random = stream(f"{seed}/content/{base}")
    niche = _niches().draw(random)
    second = _niches().draw(random) if random.random() < SECOND_NICHE else None
    country = countries().draw(random)
    language = country.languages.draw(random)
    said, known = clauses()[language], terms()[niche].get(language) or terms()[niche]["en"]
    first = random.choice(known)
    return Content(
        niche=niche,
        second=None if second == niche else second,
        country=country,
        language=language,
        platform=_platforms(niche).draw(random),
        own=_several(said.own, 3, random),
        more=_several(said.more, MOST_CLAUSES, random),
        subjects=(first, random.choice([term for term in known if term != first] or known)),
        topics=_topics(niche, random),
    )


def _several(templates: Weighted[str], count: int, random: Random) -> tuple[str, ...]:
    return tuple(dict.fromkeys(templates.draw(random) for _ in range(count)))


def _topics(niche: int, random: Random) -> tuple[str, ...]:
    if random.random() < 0.5:
        return ()
    aliases = terms()[niche]["en"]
    return tuple(dict.fromkeys(random.choice(aliases) for _ in range(random.randint(1, 4))))
