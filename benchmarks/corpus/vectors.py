"""Vectors of creators: real ones where a content is new, elsewhere turned away from that of their content.

The first creator of each content has the vector that the product's encoder makes of the product's text. All others of
the content have that vector turned in a random direction, to a cosine drawn evenly between ``FAR`` and ``NEAR``
(``benchmarks/retrieval`` does the same). Noise in 384 dimensions is harder for a graph than meaning is: recall here is
a lower bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
NEAR, FAR = 0.98, 0.75
PURPOSE = 0x56454354
"""Keeps the stream of vectors apart from any other of the same seed."""


def turned(base: Vectors, *, seed: int, block: int) -> Vectors:
    """Return each row turned away from where it was; row ``i`` is the same however many rows follow.

    Args:
        base: of shape (n, 384), unit length.
        seed: of the corpus.
        block: whose rows these are.
    """
    random = np.random.Generator(np.random.PCG64([seed, PURPOSE, block]))
    cosine = random.uniform(FAR, NEAR, (1_000, 1)).astype(np.float32)[: len(base)]
    noise = random.standard_normal(base.shape, dtype=np.float32)
    noise -= (noise * base).sum(axis=1, keepdims=True) * base
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    rows = cosine * base + np.sqrt(1 - cosine**2) * noise
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit
