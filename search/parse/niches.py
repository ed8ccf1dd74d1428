"""The niche that a phrase is about, by meaning: for words that no table knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mappings.niches import NICHES

if TYPE_CHECKING:
    from enrich.encoders.text import TextEncoder

# Confidence = 1 / (1 + exp(-(OFFSET + PER_COSINE * cosine + PER_DEVIATION * z))), as in enrich.signals.niche for names
# of categories: z is how many standard deviations the niche stands above the mean of all niches for this phrase.
_OFFSET, _PER_COSINE, _PER_DEVIATION = -7.06, 0.96, 2.03
SURE = 0.8
"""From here on a guess is a filter; below it is a suggestion."""
LEAST = 0.3
LEAST_COSINE = 0.4
"""Below these nothing is said: nonsense is a little less unlike one niche than the others."""
_MOST = 0.89


class NicheGuesser:
    """Compares phrases with the label and the prompts of every niche; safe to share between threads."""

    def __init__(self, encoder: TextEncoder) -> None:
        """Encode the niches once."""
        prompts = [(row, text) for row, niche in enumerate(NICHES) for text in (niche.label, *niche.prompts)]
        self._encoder = encoder
        self._owners = np.array([row for row, _ in prompts])
        self._prompts = encoder.encode([text for _, text in prompts])

    def guess(self, phrase: str) -> tuple[str, float, bool] | None:
        """Return the nearest niche, its confidence and whether that is enough to filter by; None where none is near."""
        similarities = self._similarities(self._encoder.encode_one(phrase))
        best = int(similarities.argmax())
        cosine = float(similarities[best])
        deviation = max(float(similarities.std()), float(np.finfo(np.float32).eps))
        z = (cosine - float(similarities.mean())) / deviation
        confidence = min(_MOST, 1 / (1 + math.exp(-(_OFFSET + _PER_COSINE * cosine + _PER_DEVIATION * z))))
        if confidence < LEAST or cosine < LEAST_COSINE:
            return None
        return NICHES[best].id, confidence, confidence >= SURE and not NICHES[best].broad

    def nearest(self, vector: Sequence[float], count: int) -> list[str]:
        """Return the niches nearest to a text's vector, the nearest first."""
        order = np.argsort(-self._similarities(np.array(vector, dtype=np.float32)), kind="stable")
        return [NICHES[row].id for row in order[:count]]

    def _similarities(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the largest cosine of a vector to each niche, of shape (niches,)."""
        cosines = self._prompts @ vector
        result = np.full(len(NICHES), -1, dtype=np.float32)
        np.maximum.at(result, self._owners, cosines)
        return result
