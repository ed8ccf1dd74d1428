"""The product at the level of OpenSearch: its plan, its two arms, its fusion, its fetch; no API, no second stage."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from opensearchpy import OpenSearch

from benchmarks.peers.protocol import DEPTH, PAGE, Asked, Json, Material, run
from benchmarks.peers.workers.stock import located
from creators.settings import Settings, load_settings
from creators.stores import bulk
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from creators.stores.session import Stores
from enrich.encoders.opened import open_encoder
from indexers.documents import FLOAT_DIGITS
from mappings.fields import VECTOR
from mappings.registry import CREATORS
from search.budget import Budget
from search.executors.contract import Found, Question
from search.executors.two_arm import TwoArm
from search.filters import Filters
from search.fusion import fuse
from search.planner import Planner
from search.queries.filters import filter_clause
from search.retrieval import fetch
from search.topics import Topics

if TYPE_CHECKING:
    from search.request import Arm

LADDER = (0, 512, 1024, 2048)
"""Least ``ef_search`` of a walk; 0 leaves the product's own plan as it is, which is how it is shipped."""
PATIENCE_MS = 60_000
TIMEOUT_S = 120
VERSION = 1
"""External version that :mod:`benchmarks.ingest` writes with: the same one may be written again."""


class _Client:
    """What one thread needs: an event loop, and connections that belong to it."""

    def __init__(self) -> None:
        settings = load_settings()
        self.runner = asyncio.Runner()
        self.cluster = self.runner.run(_cluster(settings))
        self.executor = TwoArm(self.cluster)
        self.planner = Planner(self.cluster, self.runner.run(_cache(settings)))
        self.runner.run(self.planner.refresh())

    def close(self) -> None:
        """Let go of the connections."""
        self.runner.run(self.cluster.close())
        self.runner.close()


class Ours:
    """The creators of an installation."""

    ladder: Sequence[str] = tuple("as shipped" if not ef else f"ef_search {ef}" for ef in LADDER)

    def __init__(self, material: Material, _folder: Path) -> None:
        self._material = material
        self._local = threading.local()
        self._clients: list[_Client] = []
        self._settings = load_settings()
        self._topics: Topics | None = None

    def build(self) -> Json:
        """Do nothing: the installation is made by :mod:`benchmarks.ingest`."""
        return {}

    def open(self) -> None:
        """Be ready to tell what a question is about, as the service is."""
        self._topics = Topics(open_encoder(self._settings))
        self._topics.guesser()

    def search(self, asked: Asked, knob: int) -> list[str]:
        """Return a page with its display fields."""
        client = self._client()
        return client.runner.run(self._page(client, asked, knob))

    def neighbours(self, asked: Asked, knob: int) -> list[str]:
        """Return the vector arm alone."""
        client = self._client()
        found = client.runner.run(self._found(client, asked, knob, ("knn",)))
        return [hit.creator_id for hit in found["knn"]]

    def update(self, count: int) -> None:
        """Write by the product's own writer and refresh."""
        stores = Stores(self._settings)
        rows, vectors = next(self._material.batches(count))
        actions = []
        for row, vector in zip(rows, vectors.astype(float).round(FLOAT_DIGITS).tolist(), strict=True):
            document = json.loads(row["document"]) | {VECTOR: vector}
            actions.append(bulk.Action(CREATORS, row["id"], document, VERSION))
        bulk.write(stores.cluster, actions)
        stores.cluster.refresh(CREATORS)

    def settle(self) -> None:
        """Do nothing: merges are the engine's."""

    def facts(self) -> Json:
        """Return versions and where the data is."""
        url = os.environ["CREATORSCOPE_OPENSEARCH_URL"]
        client = OpenSearch(url, timeout=TIMEOUT_S)
        alias = Stores(self._settings).cluster.name(CREATORS)
        return {
            "version": f"OpenSearch {client.info()['version']['number']}",
            "settings": {"index": "as shipped, one segment an index", "planner": "as shipped"},
            **located(client, url, alias),
            "lacks": "",
        }

    def close(self) -> None:
        """Let go of the connections of all threads."""
        for client in self._clients:
            client.close()

    def _client(self) -> _Client:
        if not hasattr(self._local, "client"):
            self._local.client = _Client()
            self._clients.append(self._local.client)
        return cast("_Client", self._local.client)

    async def _found(self, client: _Client, asked: Asked, knob: int, arms: tuple[Arm, ...]) -> Found:
        filters = Filters.model_validate(asked.filters)
        clause, vector = filter_clause(filters), tuple(round(float(one), 6) for one in asked.vector)
        is_off_topic = self._topics is not None and self._topics.is_left_out(vector, filters.niches)
        plan = client.planner.plan(filters, clause, size=DEPTH, is_off_topic=is_off_topic)
        if plan.ef_search:
            plan = replace(plan, ef_search=max(plan.ef_search, LADDER[knob]))
        question = Question(asked.text, vector, clause, arms, DEPTH)
        return await client.executor.retrieve(question, plan, Budget(PATIENCE_MS))

    async def _page(self, client: _Client, asked: Asked, knob: int) -> list[str]:
        found = await self._found(client, asked, knob, ("lexical", "knn"))
        ids = fuse([[hit.creator_id for hit in hits] for hits in found.values()], limit=PAGE)
        await fetch(client.cluster, ids, Budget(PATIENCE_MS))
        return ids


# Connections belong to the loop that runs while they are made.
async def _cluster(settings: Settings) -> AsyncCluster:
    return AsyncCluster(settings)


async def _cache(settings: Settings) -> Cache:
    return Cache(settings)


if __name__ == "__main__":
    run(Ours)
