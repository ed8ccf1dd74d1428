"""How a text's likeness to descriptions of risk and its words become a probability for each category.

``P = 1 / (1 + exp(-(b + w * words + v * more_words + c * cosine + m * margin + s * standing)))``: ``words`` is whether
the lists find any of the category, ``more_words`` how many beside the first (2 at most), ``cosine`` the largest to a
prompt of the category, ``margin`` by how much it exceeds the largest to an everyday prompt, ``standing`` how many
standard deviations the category stands above the others for this text. The weights are those of
``data/brand_risk.json``; ``python -m benchmarks.signals.brand_risk`` fits and checks them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from creators.ids import content_hash
from creators.signals.content import RiskSource
from enrich.signals.brand_risk_words import WordFinding
from enrich.signals.contract import Encode
from enrich.signals.likeness import products
from mappings.brand_risk import Level, risk_vocabulary

Floats = NDArray[np.float32]
FEATURES = ("words", "more_words", "cosine", "margin", "standing")
THRESHOLD = 0.5
MEANING_ALONE = 0.7
"""The least probability of what no word says: likeness alone is wrong more often than its probability tells."""
_MAX_MORE = 2


class TextFinding(NamedTuple):
    """A category that one text shows: its probability, its level, and who found it."""

    category: str
    probability: float
    level: Level
    source: RiskSource


@dataclass(frozen=True, slots=True)
class RiskModel:
    """Weights of :data:`FEATURES` and the intercept, with the hash of their file."""

    weights: tuple[float, ...]
    intercept: float
    digest: str


@cache
def risk_model() -> RiskModel:
    """Return the weights that are shipped."""
    raw = (resources.files("enrich.signals") / "data" / "brand_risk.json").read_bytes()
    table = json.loads(raw)
    return RiskModel(tuple(table["weights"][name] for name in FEATURES), table["intercept"], content_hash(raw)[:12])


class RiskMeaning:
    """The prompts of all categories as vectors, encoded once."""

    def __init__(self, encode: Encode) -> None:
        vocabulary = risk_vocabulary()
        pairs = [
            (row, text, level) for row, one in enumerate(vocabulary.categories) for text, level in one.prompts.items()
        ]
        self._owners = np.array([row for row, _, _ in pairs])
        self._levels: list[Level] = [level for _, _, level in pairs]
        self._ids = [category.id for category in vocabulary.categories]
        vectors = encode([*(text for _, text, _ in pairs), *vocabulary.everyday])
        self._prompts, self._everyday = vectors[: len(pairs)], vectors[len(pairs) :]

    def features(self, vectors: Floats, words: Sequence[Mapping[str, WordFinding]]) -> Floats:
        """Return :data:`FEATURES` of shape (texts, categories, features).

        Args:
            vectors: of the texts, of shape (texts, dimension).
            words: what the word lists found in each.
        """
        best = self._best(vectors)
        result = np.zeros((len(vectors), len(self._ids), len(FEATURES)), dtype=np.float32)
        for row, found in enumerate(words):
            for category, finding in found.items():
                column = self._ids.index(category)
                result[row, column, :2] = 1, min(finding.count - 1, _MAX_MORE)
        everyday = products(vectors, self._everyday).max(axis=1, keepdims=True)
        deviation = np.maximum(best.std(axis=1, keepdims=True), 1e-6)
        result[:, :, 2] = best
        result[:, :, 3] = best - everyday
        result[:, :, 4] = (best - best.mean(axis=1, keepdims=True)) / deviation
        return result

    def levels(self, vectors: Floats) -> list[list[Level]]:
        """Return for each text and category the level of the prompt that it is most like."""
        cosines = products(vectors, self._prompts)
        return [[self._level(row, column) for column in range(len(self._ids))] for row in cosines]

    def _best(self, vectors: Floats) -> Floats:
        cosines = products(vectors, self._prompts)
        best = np.full((len(vectors), len(self._ids)), -1, dtype=np.float32)
        for column, owner in enumerate(self._owners):
            np.maximum(best[:, owner], cosines[:, column], out=best[:, owner])
        return best

    def _level(self, cosines: Any, category: int) -> Level:
        own = np.flatnonzero(self._owners == category)
        return self._levels[int(own[np.argmax(cosines[own])])]


def probabilities(features: Floats, model: RiskModel) -> Floats:
    """Return the probability of each category for each text, of shape (texts, categories)."""
    # Added up text by text: a product of matrices would depend on the batch.
    exponent = (features * np.array(model.weights, dtype=np.float32)).sum(axis=-1) + model.intercept
    return np.asarray(1 / (1 + np.exp(-exponent)), dtype=np.float32)


def found(shares: Sequence[float], words: Mapping[str, WordFinding], levels: Sequence[Level]) -> Iterator[TextFinding]:
    """Yield what one text shows.

    Args:
        shares: the probability of each category, in the order of the vocabulary.
        words: what the word lists found.
        levels: for each category the level that the text is most like; it counts where no word says another.
    """
    for category, share, level in zip(risk_vocabulary().categories, shares, levels, strict=True):
        finding = words.get(category.id)
        if finding is not None and share >= THRESHOLD:
            yield TextFinding(category.id, float(share), finding.level, "words")
        elif finding is None and share >= MEANING_ALONE and not category.words_only:
            yield TextFinding(category.id, float(share), level, "meaning")
