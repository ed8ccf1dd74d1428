"""Signals in their index: one document a creator, the vector beside them as float32 bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from creators.models import Signals
from creators.stores import bulk

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "signals"


def _pack(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _unpack(packed: str) -> tuple[float, ...]:
    return tuple(np.frombuffer(base64.b64decode(packed), dtype="<f4").tolist())


def save(cluster: Cluster, signals: Iterable[Signals], *, version: int) -> dict[str, str]:
    """Write signals and return the creators whose signals were refused, each with the reason.

    ``version`` is the time in ms at which their inputs were read, so the latest reading stands.
    """
    outcome = bulk.write(
        cluster,
        [
            bulk.Action(
                INDEX,
                one.creator_id,
                {
                    "creator_id": one.creator_id,
                    "text_hash": one.text_hash,
                    "encoder": one.encoder,
                    "signals": one.model_dump(mode="json", exclude={"vector"}),
                    "vector": _pack(one.vector),
                },
                version,
            )
            for one in signals
        ],
    )
    return {refusal.action.doc_id: refusal.reason for refusal in outcome.refused}


def load(cluster: Cluster, creator_ids: Iterable[str]) -> dict[str, Signals]:
    """Return the signals that exist among ``creator_ids``."""
    docs = cluster.sources(INDEX, creator_ids, fields=["signals", "vector"])
    return {
        creator_id: Signals.model_validate(doc["signals"] | {"vector": _unpack(doc["vector"])})
        for creator_id, doc in docs.items()
    }


def known_vectors(cluster: Cluster, creator_ids: Iterable[str], encoder: str) -> Mapping[str, tuple[float, ...]]:
    """Return text hash → vector of texts that this encoder has encoded: a new follower count encodes nothing."""
    docs = cluster.sources(INDEX, creator_ids, fields=["text_hash", "encoder", "vector"])
    return {doc["text_hash"]: _unpack(doc["vector"]) for doc in docs.values() if doc["encoder"] == encoder}
