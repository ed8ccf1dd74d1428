"""The product as its users ask it: ``POST /v1/creators/search``, which also encodes, counts, ranks and explains."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.latency.serving import served
from benchmarks.peers import kernel
from benchmarks.peers.protocol import PAGE, Asked, Json, Material, run
from benchmarks.peers.workers.ours import Ours

PATIENCE_MS = 60_000
TIMEOUT_S = 90
IDLE_S = 2.0


class Api:
    """The service as a child of this process."""

    ladder: Sequence[str] = ()

    def __init__(self, material: Material, folder: Path) -> None:
        self._ours = Ours(material, folder)
        self._opened = ExitStack()
        self._address = ""
        self._local = threading.local()
        self._lock = threading.Lock()
        self._partial = 0

    def build(self) -> Json:
        """Do nothing, as at the level of OpenSearch."""
        return {}

    def open(self) -> None:
        """Start the service."""
        self._address = urlsplit(self._opened.enter_context(served(os.environ)).url).netloc

    def search(self, asked: Asked, _knob: int) -> list[str]:
        """Return a page; a partial answer is counted, and would be no answer to compare."""
        # Time enough for the whole work: what the product leaves out when it is late must not look like speed.
        body = {"text": asked.text, "filters": asked.filters, "limit": PAGE, "budget_ms": PATIENCE_MS}
        connection = self._connection()
        connection.request("POST", "/v1/creators/search", json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
        if answer.status != http.HTTPStatus.OK:
            detail = f"{answer.status}: {found}"
            raise ValueError(detail)
        if found["degraded"]:
            with self._lock:
                self._partial += 1
        return [hit["creator_id"] for hit in found["hits"]]

    def neighbours(self, _asked: Asked, _knob: int) -> list[str]:
        """Raise: an answer of the API does not show its arms, whose recall is that of ``ours`` as shipped."""
        detail = "the API does not show the hits of its arms"
        raise ValueError(detail)

    def update(self, count: int) -> None:
        """Write by the product's own writer and refresh."""
        self._ours.update(count)

    def settle(self) -> None:
        """Do nothing: merges are the engine's."""

    def facts(self) -> Json:
        """Return those of the index, with Redis among the servers, and how many answers were partial so far."""
        found = self._ours.facts()
        redis = kernel.listener(os.environ["CREATORSCOPE_REDIS_URL"])
        beside = {"does": "encodes the text, counts, ranks again", "partial": self._partial}
        return {**found, "pids": [*found["pids"], *([redis] if redis else [])], "settings": found["settings"] | beside}

    def close(self) -> None:
        """Stop the service."""
        self._opened.close()

    def _connection(self) -> http.client.HTTPConnection:
        """Return the connection of this thread; one that was idle is replaced, for the service closes those."""
        now, used_at = time.monotonic(), getattr(self._local, "used_at", float("-inf"))
        if now - used_at > IDLE_S:
            self._local.connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        self._local.used_at = now
        found: http.client.HTTPConnection = self._local.connection
        return found


if __name__ == "__main__":
    run(Api)
