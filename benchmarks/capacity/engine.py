"""One engine under test: its index of creators, its clock, the bytes of its files by what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from benchmarks.corpus.store import Corpus
from benchmarks.ingest.engine import connect
from benchmarks.ingest.installed import installed
from benchmarks.latency.usage import listening
from creators.errors import SetupError
from creators.settings import Settings
from mappings.registry import CREATORS

Json = dict[str, Any]
KINDS = {
    "vector_bytes": ("vec", "vem", "vemf", "veq", "vemq", "veb", "vemb"),
    "graph_bytes": ("vex",),
    "stored_bytes": ("fdt", "fdx", "fdm"),
    "postings_bytes": ("doc", "pos", "pay", "tim", "tip", "tmd", "psm"),
}
"""Kinds of Lucene files by what they hold; every other file counts as ``values_bytes``."""
BATCHES = 3


@dataclass(frozen=True)
class Engine:
    """An installation's engine, reached directly."""

    client: OpenSearch
    pid: int
    alias: str
    corpus: Corpus
    settings: Settings
    env: dict[str, str]

    def cpu_ms(self) -> float:
        """Return milliseconds that the engine has computed, all threads together, as the kernel counts them."""
        return sum(map(_computed_ns, Path(f"/proc/{self.pid}/task").iterdir())) / 1e6

    def cost_ms(self, bodies: Sequence[Json], *, times: int) -> float:
        """Return the CPU of one of these requests: the least mean of three batches, so that others' work weighs less.

        Args:
            bodies: of searches; every batch sends each ``times`` times.
            times: see above; once before the batches for the caches.
        """
        self._send(bodies, 1)
        spent = []
        for _ in range(BATCHES):
            before = self.cpu_ms()
            self._send(bodies, times)
            spent.append((self.cpu_ms() - before) / (times * len(bodies)))
        return min(spent)

    def cost_once_ms(self, bodies: Sequence[Json]) -> float:
        """Return the same of requests that are sent once each: those that come again are kept by the engine's cache."""
        spent = []
        for batch in range(BATCHES):
            part, before = bodies[batch::BATCHES], self.cpu_ms()
            self._send(part, 1)
            spent.append((self.cpu_ms() - before) / len(part))
        return min(spent)

    def _send(self, bodies: Sequence[Json], times: int) -> None:
        for _ in range(times):
            for body in bodies:
                self.client.search(index=self.alias, body=body, params={"request_cache": "false"})

    def hits(self, query: Json) -> int:
        """Return how many creators a query matches."""
        answer = self.client.search(index=self.alias, body={"size": 0, "track_total_hits": True, "query": query})
        return int(answer["hits"]["total"]["value"])

    def shape(self) -> Json:
        """Return shards, segments and the bytes of one creator by what they hold."""
        stats = self.client.indices.stats(index=self.alias, params={"include_segment_file_sizes": "true"})
        whole = stats["_all"]["primaries"]
        files = {kind: one["size_in_bytes"] for kind, one in whole["segments"]["file_sizes"].items()}
        size = self.corpus.size
        by_kind = {name: sum(files.get(kind, 0) for kind in kinds) / size for name, kinds in KINDS.items()}
        by_kind["values_bytes"] = sum(files.values()) / size - sum(by_kind.values())
        filled = [one for one in stats["indices"].values() if one["primaries"]["docs"]["count"]]
        return {
            "shards": len(filled),
            "segments": whole["segments"]["count"],
            "deleted": whole["docs"]["deleted"],
            "disk_bytes": whole["store"]["size_in_bytes"] / size,
            **by_kind,
        }

    def queries(self) -> int:
        """Return how many searches of one shard there have been."""
        stats = self.client.indices.stats(index=self.alias, metric="search")
        return int(stats["_all"]["total"]["search"]["query_total"])


@contextmanager
def engine(creators: int) -> Iterator[Engine]:
    """Give an installation with so many creators; what was started for it ends with the block.

    Raises:
        SetupError: the engine does not run on this machine, so its CPU cannot be read.
    """
    with installed(creators) as made:
        url = str(made.settings.opensearch_url)
        pid = listening(url)
        if pid is None:
            detail = f"no process of this machine listens at {url}: its CPU cannot be read; unset the address"
            raise SetupError(detail, field="opensearch_url")
        with connect(url) as client:
            yield Engine(client, pid, f"{made.prefix}{CREATORS}", made.corpus, made.settings, made.env)


def _computed_ns(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text(encoding="ascii").split()[0])
    except OSError:  # the thread has ended meanwhile
        return 0
