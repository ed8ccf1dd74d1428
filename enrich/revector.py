"""Vectors of an encoder that the settings name now, made ahead of a rebuild from the texts of the signals index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from enrich import signal_store
from enrich.vectors import KnownVectors, Lookups

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from enrich.encoders.text import TextEncoder

PAGE = 500
"""Texts encoded and kept at a time: what an interruption can lose."""


def outdated(cluster: Cluster, fingerprint: str) -> int:
    """Return how many creators have a vector of another encoder than ``fingerprint``."""
    cluster.refresh(signal_store.INDEX)
    body = {"size": 0, "track_total_hits": True, "query": _of_others(fingerprint)}
    return int(cluster.search(signal_store.INDEX, body)["hits"]["total"]["value"])


def encode_outdated(cluster: Cluster, encoder: TextEncoder) -> Iterator[tuple[int, Lookups]]:
    """Keep a vector of each text whose creator has one of another encoder; yield creators done and lookups so far.

    A text whose vector is kept already is not encoded again, so what was interrupted goes on where it stopped. The
    creators themselves are brought up to date by a rebuild, which then finds every vector.

    Raises:
        ClusterUnavailable: OpenSearch does not answer.
    """
    known = KnownVectors(cluster, encoder)
    body = {
        "query": _of_others(encoder.fingerprint),
        "sort": [{"creator_id": "asc"}],
        "_source": ["signals.text"],
    }
    hits = cluster.scan(signal_store.INDEX, body)
    done = 0
    while page := list(islice(hits, PAGE)):
        known.encode([hit["_source"]["signals"]["text"] for hit in page])
        done += len(page)
        yield done, known.lookups


def _of_others(fingerprint: str) -> dict[str, object]:
    return {"bool": {"must_not": [{"term": {"encoder": fingerprint}}]}}
