"""Pairs of accounts that share a blocking key, of a whole population at once: sorted hashes, no look-ups; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from enrich.resolve.keys import MAX_BLOCK

Codes = NDArray[np.uint64]
"""Pairs, each as ``smaller place * accounts + larger place``: sorted, distinct."""
MERGE_AT = 1 << 25
"""Pairs that are collected before repeated ones are taken out: what bounds the memory."""


def hash_of(text: str) -> int:
    """Return 64 bits that stand for a text, the same in every process; of 20 million texts no two meet (1e-5)."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def pairs_of(hashes: NDArray[np.uint64], owners: NDArray[np.int64], total: int, *, most: int = MAX_BLOCK) -> Codes:
    """Return the pairs of accounts that share a key which at most ``most`` accounts have.

    Args:
        hashes: of the keys of all accounts, one after the other.
        owners: place of the account that has each key; no account has one key twice.
        total: accounts.
        most: as :data:`enrich.resolve.keys.MAX_BLOCK`.
    """
    found: list[Codes] = []
    waiting = 0
    for codes in _raw_pairs(hashes, owners, total, most):
        found.append(codes)
        waiting += len(codes)
        if waiting > MERGE_AT:
            found, waiting = [united(found)], 0
    return united(found)


def united(parts: Iterable[Codes]) -> Codes:
    """Return the pairs of several sets, each once."""
    return np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *parts]))


def _raw_pairs(hashes: NDArray[np.uint64], owners: NDArray[np.int64], total: int, most: int) -> Iterator[Codes]:
    """Yield pairs, some of them several times, all blocks of one size at once."""
    order = np.argsort(hashes)
    ranked, members = hashes[order], owners[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))) if len(ranked) else np.empty(0, int)
    sizes = np.diff(np.append(starts, len(ranked)))
    for size in range(2, most + 1):
        first = starts[sizes == size]
        one, other = np.triu_indices(size, 1)
        # So many blocks at a time that their pairs are a few million.
        step = max(1, MERGE_AT // 8 // len(one))
        for at in range(0, len(first), step):
            block = members[first[at : at + step, None] + np.arange(size)]
            left, right = block[:, one].ravel(), block[:, other].ravel()
            yield (np.minimum(left, right) * total + np.maximum(left, right)).astype(np.uint64)
