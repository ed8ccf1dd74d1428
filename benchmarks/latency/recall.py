"""How many of the truly nearest creators a search at the edge of the API finds, against a scan of every vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.latency.arms import SEARCH, Servers
from benchmarks.latency.bench import Bench
from creators.errors import ClusterUnavailable
from mappings.registry import CREATORS
from search.filters import Filters
from search.queries.filters import filter_clause
from search.queries.knn import exact_query

if TYPE_CHECKING:
    from benchmarks.corpus.questions import Question

NEIGHBOURS = 100
TIES = 50
"""How many beyond them are asked for: who is as near as the last one is as right."""
SAME = 1e-5
PATIENCE_MS = 60_000
Json = dict[str, Any]


def nearness_only(question: Question) -> Json:
    """Return a request that the vectors alone answer: one arm, one feature, a page of a hundred, all the time."""
    return {
        "text": question.text,
        "filters": question.filters,
        "limit": NEIGHBOURS,
        "budget_ms": PATIENCE_MS,
        "ranking": {"profile": "relevance", "arms": ["knn"], "weights": {"text_match": 0.0, "semantic": 1.0}},
    }


def share_found(found: Sequence[str], truth: Sequence[tuple[str, float]]) -> float:
    """Return recall: of the ``NEIGHBOURS`` nearest, how many were found; of equals at the edge any will do.

    Args:
        found: ids, the nearest first.
        truth: id and score of the nearest, and of some beyond, the nearest first.
    """
    wanted = min(NEIGHBOURS, len(truth))
    if not wanted:
        return 1.0
    edge = truth[wanted - 1][1]
    right = {one for one, score in truth if score >= edge - SAME}
    return min(1.0, len(right & set(found[:NEIGHBOURS])) / wanted)


async def against_a_scan(bench: Bench, servers: Servers, asked: Sequence[Question]) -> Json:
    """Return the mean and the least recall@100 over questions.

    Raises:
        ClusterUnavailable: one of them was not answered.
    """
    shares = []
    for question, vector in zip(asked, bench.vectors(asked), strict=True):
        page = await _answer(servers.api.post(SEARCH, orjson.dumps(nearness_only(question))))
        clause = filter_clause(Filters.model_validate(question.filters))
        body = {"size": NEIGHBOURS + TIES, "query": exact_query(vector, clause), "_source": ["creator_id"]}
        scan = await _answer(servers.opensearch.post(f"/{servers.prefix}{CREATORS}/_search", orjson.dumps(body)))
        truth = [(str(hit["_source"]["creator_id"]), float(hit["_score"])) for hit in scan["hits"]["hits"]]
        shares.append(share_found([str(hit["creator_id"]) for hit in page["hits"]], truth))
    return {"recall_100": round(float(np.mean(shares)), 4), "recall_100_least": round(min(shares), 4)}


async def _answer(reply: Any) -> Json:
    answer = await reply
    if answer.status != 200:
        detail = f"status {answer.status}: {answer.body[:300].decode(errors='replace')}"
        raise ClusterUnavailable(detail)
    found: Json = orjson.loads(answer.body)
    return found
