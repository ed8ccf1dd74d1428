"""Ways of getting the same creators into the same indices: who encodes how, and what travels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import orjson
import urllib3
from opensearch.protobufs.schemas import common_pb2
from opensearch.protobufs.services.document_service_pb2_grpc import DocumentServiceStub
from opensearchpy import OpenSearch, helpers

from benchmarks.corpus.store import Corpus
from benchmarks.ingest import smile
from benchmarks.ingest.node import Node
from creators.errors import CreatorscopeError
from creators.stores import bulk
from creators.stores.cluster import Cluster
from indexers.documents import FLOAT_DIGITS
from mappings.fields import VECTOR
from mappings.registry import CREATORS

PART = 500
TIMEOUT_S = 300.0
SHORT_DIGITS = 5
NO_LIMITS = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS

Document = dict[str, Any]
Vector = Any
"""A list of numbers, or an array of them."""
Encode = Callable[[Mapping[str, Any]], bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """What is loaded where."""

    node: Node
    cluster: Cluster
    corpus: Corpus

    def parts(self) -> range:
        """First creators of the parts."""
        return range(0, self.corpus.size, PART)

    def documents(self, start: int, digits: int | None) -> Iterator[Document]:
        """Yield the documents of a part, their vectors as arrays of float32 rounded to so many digits."""
        vectors = np.array(self.corpus.vectors[start : start + PART])
        rounded = vectors if digits is None else np.round(vectors, digits)
        for document, vector in zip(self.corpus.documents(start, start + PART), rounded, strict=True):
            yield document | {VECTOR: vector}

    @property
    def index(self) -> str:
        """The alias that documents are written to."""
        return self.cluster.name(CREATORS)


Way = Callable[[Job], None]


def stock(job: Job) -> None:
    """Load with the client's own helper, as its manual shows: vectors as the encoder gives them, as lists."""
    client = OpenSearch(hosts=[job.node.url], timeout=TIMEOUT_S)
    helpers.bulk(client, _stock_actions(job), chunk_size=PART)


def stock_parallel(job: Job) -> None:
    """Do the same with the helper that sends two requests at once."""
    client = OpenSearch(hosts=[job.node.url], timeout=TIMEOUT_S)
    for done, item in helpers.parallel_bulk(client, _stock_actions(job), chunk_size=PART, thread_count=2):
        assert done, item


def _stock_actions(job: Job) -> Iterator[Document]:
    for start in job.parts():
        for document in job.documents(start, None):
            document[VECTOR] = document[VECTOR].tolist()
            yield {"_index": job.index, "_id": document["creator_id"], "_source": document}


def product(in_flight: int) -> Way:
    """Return the way of the product's bulk writer."""

    def send(job: Job, start: int) -> None:
        actions = (bulk.Action(CREATORS, one["creator_id"], one, 1) for one in job.documents(start, FLOAT_DIGITS))
        refused = bulk.write(job.cluster, actions).refused
        assert not refused, refused[0].reason

    return _together(send, in_flight)


def rest(encode: Encode, *, digits: int | None, in_flight: int, is_smile: bool = False) -> Way:
    """Return a way by REST with an encoding."""
    kind, end = ("application/smile", smile.SEPARATOR) if is_smile else ("application/x-ndjson", b"\n")
    pool = urllib3.PoolManager(maxsize=4)

    def send(job: Job, start: int) -> None:
        lines = (
            encode({"index": {"_index": job.index, "_id": one["creator_id"]}}) + end + encode(one) + end
            for one in job.documents(start, digits)
        )
        answer = pool.request(
            "POST",
            f"{job.node.url}/_bulk?filter_path=errors,items.*.error",
            body=b"".join(lines),
            headers={"Content-Type": kind, "Accept": "application/json"},
            timeout=TIMEOUT_S,
            retries=False,
        )
        _check(answer.status, answer.data)

    return _together(send, in_flight)


def _check(status: int, data: bytes) -> None:
    if status != 200 or json.loads(data)["errors"]:
        detail = f"OpenSearch answered {status}: {data[:500]!r}"
        raise CreatorscopeError(detail)


def by_grpc(encode: Encode, *, digits: int | None, in_flight: int) -> Way:
    """Return a way by gRPC with an encoding."""

    def send(job: Job, start: int) -> None:
        with grpc.insecure_channel(job.node.grpc, options=NO_LIMITS) as channel:
            bodies = [
                common_pb2.BulkRequestBody(
                    operation_container=common_pb2.OperationContainer(
                        index=common_pb2.IndexOperation(x_index=job.index, x_id=one["creator_id"])
                    ),
                    object=encode(one),
                )
                for one in job.documents(start, digits)
            ]
            request = common_pb2.BulkRequest(bulk_request_body=bodies)
            try:
                answer = DocumentServiceStub(channel).Bulk(request, timeout=TIMEOUT_S)
            except grpc.RpcError as error:
                raise CreatorscopeError(str(error)) from error
        if answer.errors:
            detail = f"OpenSearch refused a document by gRPC: {str(answer.items[0])[:500]}"
            raise CreatorscopeError(detail)

    return _together(send, in_flight)


def _together(send: Callable[[Job, int], None], in_flight: int) -> Way:
    def load(job: Job) -> None:
        with ThreadPoolExecutor(in_flight) as pool:
            list(pool.map(lambda start: send(job, start), job.parts()))

    return load


def as_json(value: Mapping[str, Any]) -> bytes:
    """Return JSON by the standard library, as the product wrote it before."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_listed).encode()


def as_short_json(value: Mapping[str, Any]) -> bytes:
    """Return JSON by orjson; an array of float32 gets the fewest digits that tell it from its neighbours."""
    return orjson.dumps(value, option=_OPTIONS)


def _listed(value: Any) -> Any:
    # What the product's documents hold: Python's own numbers, rounded.
    return [round(one, FLOAT_DIGITS) for one in value.tolist()]


def without_vector(value: Mapping[str, Any]) -> bytes:
    """Return JSON of everything but the vector: what all the rest costs."""
    return orjson.dumps({name: one for name, one in value.items() if name != VECTOR}, option=_OPTIONS)


WAYS: dict[str, Way] = {
    "stock helper": stock,
    "stock helper, settings as made": stock,
    "stock parallel_bulk": stock_parallel,
    "product before": rest(as_json, digits=None, in_flight=1),
    "product": product(1),
    "product, two at once": product(2),
    "JSON, 5 digits": rest(as_short_json, digits=SHORT_DIGITS, in_flight=2),
    "SMILE": rest(smile.dumps, digits=None, in_flight=2, is_smile=True),
    "gRPC, JSON": by_grpc(as_short_json, digits=FLOAT_DIGITS, in_flight=2),
    "gRPC, SMILE": by_grpc(smile.dumps, digits=None, in_flight=2),
    "SMILE, vectors in the source": rest(smile.dumps, digits=None, in_flight=2, is_smile=True),
    "JSON, vectors in the source": rest(as_short_json, digits=FLOAT_DIGITS, in_flight=2),
    "no vectors": rest(without_vector, digits=None, in_flight=2),
}
"""The first is what the others are compared with."""
AS_MADE = frozenset({"stock helper, settings as made"})
"""Ways whose indices keep the settings of their definition: a refresh every 5 s, the translog written each time."""
IN_SOURCE = frozenset(name for name in WAYS if name.endswith("in the source"))
"""Ways whose indices keep the vectors in the stored document, too: with derived ones k-NN 3.6 takes JSON only."""
