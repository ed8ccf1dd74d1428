"""What everybody asks of a corpus: words of every breadth, names, and filters of a given share and correlation.

Shares are counted over the columns of the corpus, so they are exact. The same corpus, count, seed and mix give the same
questions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus.store import Corpus
from benchmarks.corpus.tables import ENGLISH, stream, terms
from creators.errors import BadInput
from mappings.niches import NICHES

SHARES = (100.0, 50.0, 20.0, 10.0, 5.0, 1.0, 0.1)
"""Of creators that a filter passes, in per cent."""
CORRELATIONS = ("aligned", "random", "opposed")
"""Whether those that pass are about the topic of the words, about anything, or about something far from it."""
MIXED = {"broad": 15, "medium": 25, "rare": 10, "named": 15, "filtered": 35}
READ = 20_000
"""Creators whose words are counted."""
_BOUNDS = {"broad": (0.05, 1.0), "medium": (0.002, 0.02), "rare": (0.0, 0.0005)}
"""Shares of creators that a word of each breadth occurs in."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_SHAPES = ("{a}", "{a} {b}", "{a} creators", "best {a} {b}", "{a} in {b}", "{b} {a} tips", "someone who does {a}")


@dataclass(frozen=True, slots=True)
class Question:
    """One search."""

    text: str
    filters: dict[str, Any]
    """As the API takes them."""
    kind: str
    """``broad``, ``medium``, ``rare``, ``named`` or ``filtered-<per cent>-<correlation>``."""
    share: float
    """Of the creators, those that the filters pass; 1 without filters."""


def questions(corpus: Corpus, count: int, *, seed: int, mix: str = "mixed") -> list[Question]:
    """Return questions.

    Args:
        corpus: of whose creators they are asked.
        count: how many.
        seed: another one asks others.
        mix: ``mixed`` (``MIXED``, in per cent); or one kind: ``broad``, ``medium``, ``rare``, ``named``, ``filtered``
            (every share and correlation in turn), ``filtered:10`` (one share), ``filtered:10:aligned`` (one cell).

    Raises:
        BadInput: there is no such mix.
    """
    random, asker = stream(f"questions/{seed}"), _asker(corpus)
    return [asker.ask(kind, random) for kind in islice(_kinds(mix, random), count)]


def _kinds(mix: str, random: Random) -> Iterator[str]:
    name, _, cell = mix.partition(":")
    cells = [f"filtered:{share:g}:{way}" for share in SHARES for way in CORRELATIONS]
    wanted = [one for one in cells if not cell or one == mix or one.startswith(f"{mix}:")]
    if name not in {"mixed", *MIXED} or (cell and name != "filtered") or not wanted:
        detail = f"no mix is called {mix!r}: mixed, {', '.join(MIXED)}, or such as filtered:10 and filtered:10:aligned"
        raise BadInput(detail, field="mix")
    turn = 0
    while True:
        kind = random.choices(list(MIXED), list(MIXED.values()))[0] if name == "mixed" else name
        yield wanted[turn % len(wanted)] if kind == "filtered" else kind
        turn += kind == "filtered"


@lru_cache(maxsize=4)
def _asker(corpus: Corpus) -> _Asker:
    return _Asker(corpus)


@dataclass
class _Asker:
    """What has to be read of a corpus to ask well."""

    corpus: Corpus
    _passing: dict[tuple[int, str, str], tuple[dict[str, Any], float]] = field(default_factory=dict)

    def ask(self, kind: str, random: Random) -> Question:
        if kind == "named":
            return Question(random.choice(self.names), {}, kind, 1.0)
        if kind in _BOUNDS:
            words = self.words[kind]
            return Question(" ".join(random.sample(words, min(len(words), random.randint(1, 3)))), {}, kind, 1.0)
        _, share, way = kind.split(":")
        niche = int(self.corpus.columns["niche"][random.randrange(self.corpus.size)])
        filters, passed = self.filters(niche, share, way)
        return Question(_topic(niche, random), filters, f"filtered-{share}-{way}", passed)

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """Words by breadth; of a breadth that a small corpus lacks, the words nearest to it."""
        counts = Counter(word for document in self._read() for word in _words_of(document))
        read = min(READ, self.corpus.size)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        found = {}
        for kind, (low, high) in _BOUNDS.items():
            within = [word for word in ranked if low < counts[word] / read <= high]
            found[kind] = within or (ranked[:20] if kind == "broad" else ranked[-500:])
        return found

    @cached_property
    def names(self) -> list[str]:
        """Names and handles, in turn."""
        return [
            document["name"] if place % 2 else document["handles"][0] for place, document in enumerate(self._read())
        ]

    def _read(self) -> Iterator[dict[str, Any]]:
        return self.corpus.documents(0, READ)

    def filters(self, niche: int, share: str, way: str) -> tuple[dict[str, Any], float]:
        """Return filters for a topic, and the share of creators that they pass."""
        if (niche, share, way) not in self._passing:
            self._passing[niche, share, way] = self._filters(niche, float(share) / 100, way)
        return self._passing[niche, share, way]

    def _filters(self, niche: int, share: float, way: str) -> tuple[dict[str, Any], float]:
        if share >= 1:
            return {}, 1.0
        chosen = [] if way == "random" else self._niches(niche, share, way)
        columns = self.corpus.columns
        of_niche = np.isin(columns["niche"], chosen) | np.isin(columns["second"], chosen) if chosen else True
        followers = columns["followers"]
        fit = np.sort(followers[of_niche & (followers >= 0)])[::-1]
        wanted = max(1, round(share * self.corpus.size))
        least = int(fit[min(wanted, len(fit)) - 1])
        passed = int(np.searchsorted(-fit, -least, side="right"))
        filters: dict[str, Any] = {"followers": {"min": least}}
        if chosen:
            filters["niches"] = sorted(NICHES[place].id for place in chosen)
        return filters, passed / self.corpus.size

    def _niches(self, niche: int, share: float, way: str) -> list[int]:
        """Return the nearest niches, or the farthest, until their creators are at least the share."""
        nearness = self._nearness[niche]
        order = [int(place) for place in np.argsort(-nearness if way == "aligned" else nearness, kind="stable")]
        if way == "opposed":
            order = [place for place in order if place != niche]
        columns = self.corpus.columns
        passing: NDArray[np.bool_] = np.zeros(self.corpus.size, dtype=bool)
        for count, place in enumerate(order, 1):
            passing |= (columns["niche"] == place) | (columns["second"] == place)
            if (passing & (columns["followers"] >= 0)).sum() >= share * self.corpus.size:
                return order[:count]
        return order

    @cached_property
    def _nearness(self) -> NDArray[np.float32]:
        """Cosine of the mean vectors of each two niches."""
        read = min(READ, self.corpus.size)
        vectors, niches = self.corpus.vectors[:read], self.corpus.columns["niche"][:read]
        means = np.stack([vectors[niches == place].sum(axis=0, initial=0.0) for place in range(len(NICHES))]).astype(
            np.float32
        )
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        np.fill_diagonal(near := means @ means.T, 1.0)
        return near


def _topic(niche: int, random: Random) -> str:
    known = terms()[niche][ENGLISH]
    return random.choice(_SHAPES).format(a=random.choice(known), b=random.choice(known))


def _words_of(document: dict[str, Any]) -> set[str]:
    parts: Sequence[str] = (document.get("bio", ""), *document.get("niche_labels", ()), *document.get("topics", ()))
    return {word for part in parts for word in _WORD.findall(part.casefold())}
