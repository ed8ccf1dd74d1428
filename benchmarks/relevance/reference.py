"""A reference for the lexical arm: BM25 over title and text as one field, with the product's own analysis.

Lucene's formula with exact document lengths: Kamphuis, de Vries, Boytsov and Lin, "Which BM25 do you mean?", ECIR
2020, variant "Lucene (accurate)"; ``k1`` and ``b`` as the index has them. No boosts, no fields, no limits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75


class ReferenceBM25:
    """Scores every document for every question; made from the words of each document."""

    def __init__(self, doc_ids: Sequence[str], documents: Sequence[Sequence[str]]) -> None:
        self._ids = np.array(doc_ids, dtype=np.str_)
        lengths = np.array([len(words) for words in documents], dtype=np.float64)
        self._norms = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0))
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, words in enumerate(documents):
            for word, count in Counter(words).items():
                postings[word].append((row, count))
        self._postings = {word: np.array(found) for word, found in postings.items()}

    def scores(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each document; a word that is asked twice counts twice, as in Lucene."""
        scores = np.zeros(len(self._ids))
        for word, times in Counter(words).items():
            found = self._postings.get(word)
            if found is None:
                continue
            rows, counts = found[:, 0], found[:, 1]
            idf = np.log1p((len(self._ids) - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += times * idf * counts / (counts + self._norms[rows])
        return scores

    def rank(self, words: Sequence[str], size: int) -> list[str]:
        """Return the ids of the best ``size`` documents that have any of the words, ties in the order given."""
        scores = self.scores(words)
        best = np.argsort(-scores, kind="stable")[:size]
        return [str(one) for one in self._ids[best[scores[best] > 0]]]
