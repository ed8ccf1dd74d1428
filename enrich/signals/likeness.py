"""Products of vectors that do not depend on what else is in the batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def products(vectors: Floats, weights: Floats) -> Floats:
    """Return ``vectors @ weights.T``, float32 of shape (n, m), each row as if it were the only one.

    One product of matrices adds in an order that depends on their sizes: the last bits of a row, and what is rounded
    from them, would change with its neighbours, and a rebuild would not give the same signals.

    Args:
        vectors: of shape (n, d).
        weights: of shape (m, d).
    """
    found = np.empty((len(vectors), len(weights)), dtype=np.float32)
    for row, vector in enumerate(vectors):
        found[row] = weights @ vector
    return found
