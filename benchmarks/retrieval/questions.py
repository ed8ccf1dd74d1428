"""What is asked: texts of the niches, as users type them; filters of a given share, in their topic or off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval.corpus import SEED, Corpus
from enrich.encoders.text import TextEncoder
from mappings.niches import NICHES
from search.filters import Filters, RateRange

Correlation = Literal["aligned", "random", "opposed"]
Breadth = Literal["rare", "medium", "broad"]
SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001)
CORRELATIONS: tuple[Correlation, ...] = ("aligned", "random", "opposed")


@dataclass(frozen=True)
class Asked:
    """One question: its words and their vector, rounded as the product sends it."""

    text: str
    vector: tuple[float, ...]


@dataclass(frozen=True)
class Cell:
    """One filter for one question, and who passes it."""

    filters: Filters
    passing: NDArray[np.bool_]


def topics(encoder: TextEncoder, count: int) -> list[Asked]:
    """Return questions about a niche in two of its words."""
    random = np.random.default_rng(SEED + 3)
    return _asked(encoder, [" ".join(random.choice(NICHES[place % len(NICHES)].aliases, 2)) for place in range(count)])


def of_breadth(encoder: TextEncoder, breadth: Breadth, count: int) -> list[Asked]:
    """Return questions whose words are in one creator, in one in a hundred, or in every third."""
    random = np.random.default_rng(SEED + 4)
    texts = []
    for place in range(count):
        word = str(random.choice(NICHES[place % len(NICHES)].aliases))
        rare, broad = (
            f"{word} ana_almeida{random.integers(200_000)}",
            f"{word} videos and posts every week for everyone",
        )
        texts.append({"rare": rare, "medium": word, "broad": broad}[breadth])
    return _asked(encoder, texts)


def cell(corpus: Corpus, asked: Asked, share: float, correlation: Correlation) -> Cell:
    """Return a filter that passes ``share`` of the creators.

    ``aligned``: niches nearest to the question first, ``opposed``: farthest first, until enough creators are in them;
    what is too many is thinned by lot. ``random``: by lot alone.
    """
    if correlation == "random" or share >= 1:
        return Cell(Filters(growth_180d=RateRange(max=share)), corpus.lot <= share)
    order = np.argsort(corpus.means @ np.array(asked.vector))
    chosen = _enough(corpus, order[::-1] if correlation == "aligned" else order, share)
    inside = np.isin(corpus.niche, chosen)
    lot = float(np.quantile(corpus.lot[inside], min(1.0, share / inside.mean())))
    filters = Filters(niches=tuple(NICHES[place].id for place in chosen), growth_180d=RateRange(max=lot))
    return Cell(filters, inside & (corpus.lot <= lot))


def nearest(corpus: Corpus, asked: Asked, passing: NDArray[np.bool_], count: int) -> set[str]:
    """Return the true nearest creators that pass."""
    cosines = np.where(passing, corpus.vectors @ np.array(asked.vector, dtype=np.float32), -2.0)
    count = min(count, int(passing.sum()))
    return {f"c{row}" for row in np.argpartition(-cosines, count - 1)[:count]}


def _enough(corpus: Corpus, order: NDArray[np.intp], share: float) -> list[int]:
    sizes = np.bincount(corpus.niche, minlength=len(NICHES))[order]
    needed = int(np.searchsorted(np.cumsum(sizes), share * len(corpus))) + 1
    return [int(place) for place in order[:needed]]


def _asked(encoder: TextEncoder, texts: Sequence[str]) -> list[Asked]:
    return [
        Asked(text, tuple(round(float(one), 6) for one in vector))
        for text, vector in zip(texts, encoder.encode(list(texts)), strict=True)
    ]
