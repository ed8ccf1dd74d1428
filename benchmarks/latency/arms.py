"""The ways to ask the same question of the same index, and how each answer is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from benchmarks.latency.client import Client, Reply
from benchmarks.latency.openloop import Answer, Send
from mappings import fields
from mappings.registry import CREATORS
from search.filters import Filters
from search.queries.filters import filter_clause

LIMIT = 20
FACETS = ("platforms", "niches", "countries")
FACET_VALUES = 50
CARD = ("name", "handles", "platforms", "niches", "countries", "followers", "engagement_rate", "growth_90d", "verified")
"""What a list of creators shows of each."""
NEIGHBOURS = 100
"""``k`` of the naive hybrid, as the examples in OpenSearch's documentation have it."""
SEARCH = "/v1/creators/search"
Body = dict[str, Any]


class Asked(Protocol):
    """What a question has: see ``benchmarks.corpus.questions.Question``."""

    @property
    def text(self) -> str:
        """The words."""

    @property
    def filters(self) -> dict[str, Any]:
        """The filters, as the API takes them."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to ask.

    Attributes:
        name: in results.
        body: of the request for a question and, where the arm needs one, its vector.
        direct: asks OpenSearch itself rather than the API.
        needs_vector: the vector is given by whoever asks; encoding it is not counted, which favours such an arm.
    """

    name: str
    body: Callable[[Asked, Sequence[float]], Body]
    direct: bool = False
    needs_vector: bool = False


def api_body(question: Asked, _vector: Sequence[float] = ()) -> Body:
    """Return the request of a user of the API: text, filters, one page, three facets."""
    return {"text": question.text, "filters": question.filters, "facets": list(FACETS), "limit": LIMIT}


def _cards(question: Asked, _vector: Sequence[float] = ()) -> Body:
    return api_body(question) | {"fields": list(CARD)}


def _native(question: Asked, _vector: Sequence[float] = ()) -> Body:
    return api_body(question) | {"ranking": {"executor": "native_hybrid"}}


def _counted(query: Body) -> Body:
    """Return what a stock client writes: everything of every hit, all hits counted, facets of the same request."""
    return {
        "query": query,
        "size": LIMIT,
        "track_total_hits": True,
        "aggs": {name: {"terms": {"field": fields.FACETS[name], "size": FACET_VALUES}} for name in FACETS},
    }


def _words(question: Asked) -> Body:
    return {"multi_match": {"query": question.text, "fields": list(fields.TEXT_FIELDS)}}


def _filters(question: Asked) -> Body | None:
    return filter_clause(Filters.model_validate(question.filters))


def _filtered(query: Body, filters: Body | None) -> Body:
    return {"bool": {"must": [query], "filter": [filters]}} if filters else query


def _naive(question: Asked, _vector: Sequence[float] = ()) -> Body:
    return _counted(_filtered(_words(question), _filters(question)))


def _naive_hybrid(question: Asked, vector: Sequence[float]) -> Body:
    filters = _filters(question)
    knn: Body = {"vector": list(vector), "k": NEIGHBOURS} | ({"filter": filters} if filters else {})
    arms = [_filtered(_words(question), filters), {"knn": {fields.VECTOR: knn}}]
    pipeline: Body = {"phase_results_processors": [{"normalization-processor": {}}]}
    return _counted({"hybrid": {"queries": arms}}) | {"search_pipeline": pipeline}


ARMS: dict[str, Arm] = {
    one.name: one
    for one in (
        Arm("ours", api_body),
        Arm("cards", _cards),
        Arm("native", _native),
        Arm("naive", _naive, direct=True),
        Arm("naive-hybrid", _naive_hybrid, direct=True, needs_vector=True),
    )
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Clients of both servers, and the index in OpenSearch."""

    api: Client
    opensearch: Client
    prefix: str


def sender(arm: Arm, servers: Servers, questions: Sequence[Asked], vectors: Sequence[Sequence[float]] = ()) -> Send:
    """Return what sends the question at a place and checks the answer; bodies are written before the run."""
    given = vectors if arm.needs_vector else [()] * len(questions)
    bodies = [orjson.dumps(arm.body(one, vector)) for one, vector in zip(questions, given, strict=True)]
    client, path = servers.api, SEARCH
    if arm.direct:
        client, path = servers.opensearch, f"/{servers.prefix}{CREATORS}/_search"
    return posting(client, path, bodies, read_hits if arm.direct else read_page)


def posting(client: Client, path: str, bodies: Sequence[bytes], read: Callable[[Reply], Answer]) -> Send:
    """Return what posts the body at a place; there are as many bodies as there are places, or they come again."""

    async def send(place: int) -> Answer:
        return read(await client.post(path, bodies[place % len(bodies)]))

    return send


def read_page(reply: Reply) -> Answer:
    """Check an answer of the API: 200, and hits unless nobody passes the filters."""
    if reply.status != 200:
        return _refused(reply)
    page = orjson.loads(reply.body)
    total = page["total"]
    is_empty = not page["hits"] and (total is None or total["value"] > 0)
    return Answer(
        ok=not is_empty,
        degraded=bool(page["degraded"]),
        stages=page["took_ms"],
        size=len(reply.body),
        received=reply.received,
        why="no hits" if is_empty else "+".join(page["degraded"]),
    )


def read_hits(reply: Reply) -> Answer:
    """Check an answer of OpenSearch: 200, every shard, not cut short."""
    if reply.status != 200:
        return _refused(reply)
    found: Mapping[str, Any] = orjson.loads(reply.body)
    is_whole = not found["timed_out"] and not found["_shards"]["failed"]
    return Answer(
        ok=is_whole,
        stages={"took": float(found["took"])},
        size=len(reply.body),
        received=reply.received,
        why="" if is_whole else "partial",
    )


def _refused(reply: Reply) -> Answer:
    why = f"status {reply.status}"
    return Answer(ok=False, status=reply.status, size=len(reply.body), received=reply.received, why=why)
