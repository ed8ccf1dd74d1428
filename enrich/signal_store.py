"""Signals in their index: one document a creator, the vector beside them as float32 bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from pydantic import ValidationError

from creators.signals.creator import Signals
from creators.stores import bulk
from enrich.signals.compute import Computed, Known, Stamp

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "signals"
MOST_VERSIONS = 1_000
"""Pairs of signal and version that are told apart; older ones than the most frequent are counted as outdated anyway."""

log = structlog.get_logger(__name__)


def packed(vector: Sequence[float]) -> str:
    """Return a vector as text: float32, little end first, base64."""
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def unpacked(text: str) -> tuple[float, ...]:
    """Return the vector behind a text, bit for bit; the inverse of :func:`packed`."""
    return tuple(np.frombuffer(base64.b64decode(text), dtype="<f4").tolist())


def version_key(name: str, version: str) -> str:
    """Return how the index names the version of a signal that a creator's value has."""
    return f"{name}={version}"


def _document(one: Computed) -> dict[str, Any]:
    return {
        "creator_id": one.signals.creator_id,
        "text_hash": one.signals.text_hash,
        "encoder": one.signals.encoder,
        "versions": sorted(version_key(name, stamp.version) for name, stamp in one.stamps.items()),
        "stamps": {name: stamp.model_dump() for name, stamp in one.stamps.items()},
        "signals": one.signals.model_dump(mode="json", exclude={"vector"}),
        "vector": packed(one.signals.vector),
    }


def save(cluster: Cluster, computed: Iterable[Computed], *, version: int) -> dict[str, str]:
    """Write signals and return the creators whose signals were refused, each with the reason.

    ``version`` is the time in ms at which their inputs were read, so the latest reading stands.
    """
    outcome = bulk.write(
        cluster, [bulk.Action(INDEX, one.signals.creator_id, _document(one), version) for one in computed]
    )
    return {refusal.action.doc_id: refusal.reason for refusal in outcome.refused}


def forget(cluster: Cluster, creator_ids: Iterable[str], *, version: int) -> None:
    """Delete the signals of creators of whom nothing is known any more; ``version`` as in :func:`save`."""
    present = cluster.sources(INDEX, creator_ids, fields=[])
    bulk.write(cluster, [bulk.Action(INDEX, creator_id, None, version) for creator_id in present])


def load(cluster: Cluster, creator_ids: Iterable[str]) -> dict[str, Signals]:
    """Return the signals that exist among ``creator_ids``; what another version of this program wrote is unknown."""
    docs = cluster.sources(INDEX, creator_ids, fields=["signals", "vector"])
    return {
        creator_id: _read(creator_id, doc["signals"] | {"vector": unpacked(doc["vector"])})
        for creator_id, doc in docs.items()
    }


def _read(creator_id: str, values: dict[str, Any]) -> Signals:
    try:
        return Signals.model_validate(values)
    except ValidationError as error:
        unreadable = {str(problem["loc"][0]) for problem in error.errors()}
        log.warning("signals_of_another_version", creator=creator_id, signals=sorted(unreadable))
        return Signals.model_validate({name: value for name, value in values.items() if name not in unreadable})


def known(cluster: Cluster, creator_ids: Iterable[str]) -> Mapping[str, Known]:
    """Return what was computed of creators before: values that are still current need not be computed again."""
    docs = cluster.sources(INDEX, creator_ids, fields=["signals", "stamps"])
    return {
        creator_id: Known(doc["signals"], {name: Stamp.model_validate(stamp) for name, stamp in doc["stamps"].items()})
        for creator_id, doc in docs.items()
    }


def versions(cluster: Cluster) -> tuple[int, dict[str, int]]:
    """Return how many creators have signals, and how many have each version of each (:func:`version_key`)."""
    body = {
        "size": 0,
        "track_total_hits": True,
        "aggs": {"versions": {"terms": {"field": "versions", "size": MOST_VERSIONS}}},
    }
    answer = cluster.search(INDEX, body)
    buckets = answer["aggregations"]["versions"]["buckets"]
    return answer["hits"]["total"]["value"], {bucket["key"]: bucket["doc_count"] for bucket in buckets}


def outdated(cluster: Cluster, current: Sequence[str]) -> Iterator[str]:
    """Yield the creators that lack one of these versions (:func:`version_key`), in the order of their ids."""
    lacking = [{"bool": {"must_not": [{"term": {"versions": key}}]}} for key in current]
    body = {
        "query": {"bool": {"should": lacking, "minimum_should_match": 1}},
        "sort": [{"creator_id": "asc"}],
        "_source": False,
    }
    return (hit["_id"] for hit in cluster.scan(INDEX, body))
