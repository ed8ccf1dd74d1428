"""The point in the space of meaning that a few creators stand for, and that others are to be kept away from.

Rocchio, "Relevance feedback in information retrieval", 1971: the weighted mean of the wanted vectors minus a part of
the weighted mean of the unwanted ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from creators.errors import NotFound
from mappings.fields import VECTOR
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.stores.cluster import AsyncCluster
    from search.directory import Directory
    from search.request import Seed, SimilarRequest

AWAY = 0.5
"""Part of the unwanted mean that is taken off: with less, a seed that is near both wins."""
Floats = NDArray[np.float32]


class Seeds:
    """Where the wanted and the unwanted creators of one request are, by the ids under which they live now."""

    def __init__(
        self, wanted: Mapping[str, float], unwanted: Mapping[str, float], vectors: Mapping[str, Floats]
    ) -> None:
        self._wanted, self._unwanted, self._vectors = wanted, unwanted, vectors

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all seeds, which the answer leaves out."""
        return tuple(sorted({*self._wanted, *self._unwanted}))

    @property
    def centre(self) -> tuple[float, ...]:
        """The vector to search near, of length 1."""
        point = self._mean(self._wanted)
        if self._unwanted:
            point = point - AWAY * self._mean(self._unwanted)
        norm = float(np.linalg.norm(point))
        return tuple((point / norm if norm > 0 else self._mean(self._wanted)).tolist())

    def _mean(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = np.average(
            [self._vectors[one] for one in weights], axis=0, weights=list(weights.values())
        )
        return mean


async def load_seeds(cluster: AsyncCluster, directory: Directory, request: SimilarRequest) -> Seeds:
    """Return the seeds of a request with their vectors: one read, and another only for ids that were merged.

    Raises:
        NotFound: a seed does not exist.
    """
    asked = {seed.creator_id for seed in (*request.seeds, *request.negative_seeds)}
    # The index refuses an empty id; the directory knows nobody by it.
    vectors = await _vectors(cluster, asked - {""})
    unknown = sorted(asked - vectors.keys())
    moved = dict(zip(unknown, await asyncio.gather(*map(directory.resolve_id, unknown)), strict=True))
    if moved:
        vectors |= await _vectors(cluster, set(moved.values()))
    for old, new in moved.items():
        if new not in vectors:
            detail = f"no creator has the id {old!r}"
            raise NotFound(detail, field="seeds")
    wanted, unwanted = (_weights(seeds, moved) for seeds in (request.seeds, request.negative_seeds))
    return Seeds(wanted, unwanted, vectors)


def _weights(seeds: Sequence[Seed], moved: Mapping[str, str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for seed in seeds:
        current = moved.get(seed.creator_id, seed.creator_id)
        weights[current] = weights.get(current, 0.0) + seed.weight
    return weights


async def _vectors(cluster: AsyncCluster, creator_ids: set[str]) -> dict[str, Floats]:
    body = {"size": len(creator_ids), "query": {"ids": {"values": sorted(creator_ids)}}, "_source": [VECTOR]}
    answer = await cluster.search(CREATORS, body)
    return {hit["_id"]: np.array(hit["_source"][VECTOR], dtype=np.float32) for hit in answer["hits"]["hits"]}
