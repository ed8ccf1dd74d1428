"""Vectors of texts that were encoded before, for all creators: the index ``vectors``, bounded, kept by a rebuild.

A text is encoded once for as long as its vector is kept: the same bio on two accounts, the same texts after every
derived index was dropped. A vector depends on its text and the encoder alone, so what is kept never changes a result;
it is looked up in the process, then in the index. Beyond ``CREATORSCOPE_VECTORS_KEPT`` those that were longest not used
go.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from creators.ids import content_hash
from creators.stores import bulk
from creators.stores.scripts import Shared, boundary
from enrich.encoders.text import Vectors
from enrich.signal_store import packed, unpacked

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores
    from enrich.encoders.text import TextEncoder

INDEX = "vectors"
IN_PROCESS = 4_096
"""Vectors that a process remembers: names of categories and descriptions of niches come with every batch."""
USED_AGAIN = timedelta(days=7)
"""A vector that is found is dated again where it was not for so long: reading does not write every time."""
TRIM_EVERY_S = 6 * 3600

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Lookups:
    """Where vectors came from.

    Attributes:
        remembered: the process had them.
        found: they were in the index.
        encoded: they were computed.
        seconds: of computing.
    """

    remembered: int = 0
    found: int = 0
    encoded: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Memory:
    """The vectors used last in this process, by id."""

    kept: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def get(self, vector_id: str) -> Any | None:
        vector = self.kept.get(vector_id)
        if vector is not None:
            self.kept.move_to_end(vector_id)
        return vector

    def put(self, vector_id: str, vector: Any) -> None:
        self.kept[vector_id] = vector
        while len(self.kept) > IN_PROCESS:
            self.kept.popitem(last=False)


@cache
def _memory_of(_fingerprint: str) -> _Memory:
    return _Memory()


class KnownVectors:
    """Encodes texts whose vectors are not kept; not for use by several threads at once."""

    def __init__(self, cluster: Cluster, encoder: TextEncoder) -> None:
        self._cluster, self._encoder = cluster, encoder
        self._memory = _memory_of(encoder.fingerprint)
        self.lookups = Lookups()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector per text, float32 of shape (n, dimension), the same as the encoder's bit for bit.

        Raises:
            ClusterUnavailable: OpenSearch does not answer.
        """
        ids = [vector_id(self._encoder.fingerprint, text) for text in texts]
        text_of = dict(zip(ids, texts, strict=True))
        found: dict[str, Any] = {one: vector for one in text_of if (vector := self._memory.get(one)) is not None}
        self.lookups.remembered += len(found)
        found |= self._from_index([one for one in text_of if one not in found])
        missing = [one for one in text_of if one not in found]
        if missing:
            found |= self._computed(missing, [text_of[one] for one in missing])
        for one in text_of:
            self._memory.put(one, found[one])
        vectors = np.empty((len(texts), self._encoder.dimension), dtype=np.float32)
        for row, one in enumerate(ids):
            vectors[row] = found[one]
        return vectors

    def forget(self) -> None:
        """Forget what the process remembers; the index keeps it."""
        self._memory.kept.clear()

    def _from_index(self, wanted: Sequence[str]) -> dict[str, Any]:
        docs = self._cluster.sources(INDEX, wanted) if wanted else {}
        self.lookups.found += len(docs)
        now = datetime.now(UTC)
        stale = [one for one, doc in docs.items() if datetime.fromisoformat(doc["used_at"]) < now - USED_AGAIN]
        bulk.write(
            self._cluster, [bulk.Action(INDEX, one, {"used_at": now.isoformat()}, how="update") for one in stale]
        )
        return {one: np.array(unpacked(doc["vector"]), dtype=np.float32) for one, doc in docs.items()}

    def _computed(self, missing: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
        begun = perf_counter()
        vectors = self._encoder.encode(texts)
        self.lookups.seconds += perf_counter() - begun
        self.lookups.encoded += len(missing)
        fresh = dict(zip(missing, vectors, strict=True))
        shared = {"encoder": self._encoder.fingerprint, "used_at": datetime.now(UTC).isoformat()}
        writes = [
            bulk.Action(INDEX, one, shared | {"vector": packed(vector)}, how="create") for one, vector in fresh.items()
        ]
        if refused := bulk.write(self._cluster, writes).refused:
            # They are computed again next time; nothing is lost but time.
            log.warning("vectors_not_kept", vectors=len(refused), reason=refused[0].reason)
        return fresh


def vector_id(fingerprint: str, text: str) -> str:
    """Return the id of the vector that an encoder makes of a text."""
    return content_hash(f"{fingerprint}\n{text}".encode(errors="surrogatepass"))


def trim_when_due(stores: Stores) -> int:
    """Delete the vectors that were longest not used, beyond the bound, where nobody has for hours; returns how many."""
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    with boundary():
        is_due = shared.redis.set(shared.key("vectors:trimmed"), "1", nx=True, ex=TRIM_EVERY_S)
    return trim(stores.cluster, stores.settings.vectors_kept) if is_due else 0


def trim(cluster: Cluster, most: int) -> int:
    """Delete the vectors that were longest not used until about ``most`` are left; returns how many were deleted."""
    held = cluster.count(INDEX)
    if held <= most:
        return 0
    share = 100.0 * (held - most) / held
    cut = {"percentiles": {"field": "used_at", "percents": [share], "keyed": False}}
    (found,) = cluster.search(INDEX, {"size": 0, "aggs": {"cut": cut}})["aggregations"]["cut"]["values"]
    return cluster.delete_matching(INDEX, {"range": {"used_at": {"lte": int(found["value"])}}})
