"""Every question asked: of each arm, of both fusions, and of the product as a user would ask."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks.relevance.collection import Collection, Lists, Runs
from benchmarks.relevance.index import Analysis, account_of
from benchmarks.relevance.reference import ReferenceBM25
from creators.errors import ClusterUnavailable
from creators.settings import Settings
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from enrich.encoders.text import TextEncoder
from mappings.registry import CREATORS
from search.filters import MAX_TEXT
from search.fusion import fuse, fuse_scores
from search.queries.knn import knn_arm
from search.queries.lexical import lexical_arm
from search.rank.candidates import ArmHit, parse_hits
from search.request import WINDOW, Ranking, SearchRequest
from search.service import CreatorSearch

DEPTH = 100
PATIENCE_MS = 60_000
"""Budget of a question: what is measured is what the product answers with enough time, not how busy the machine is."""
EVERY = 100


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text that a request may hold: on one line, cut after the last word that fits."""
    words = " ".join(text.split())
    if len(words) <= limit:
        return words
    end = words.rfind(" ", 0, limit + 1)
    return words[: end if end > 0 else limit]


def reference_run(collection: Collection, analysis: Analysis) -> Lists:
    """Return the rankings of the reference BM25."""
    accounts = [account_of(document) for document in collection.documents]
    words = [analysis.words(f"{account.name or ''}\n{account.bio or ''}") for account in accounts]
    reference = ReferenceBM25([document.doc_id for document in collection.documents], words)
    return {one: reference.rank(analysis.words(shortened(text)), DEPTH) for one, text in collection.queries.items()}


async def product_runs(settings: Settings, encoder: TextEncoder, queries: Mapping[str, str]) -> Runs:
    """Return the rankings of the arms, of the fusions without second stage, and of whole searches.

    Raises:
        ClusterUnavailable: an arm failed or an answer is incomplete: half an answer is not what is measured here.
    """
    cluster, cache = AsyncCluster(settings), Cache(settings)
    service = CreatorSearch(settings, cluster, cache, encoder)
    runs: Runs = defaultdict(dict)
    try:
        await service.check_index()
        for number, (one, text) in enumerate(queries.items(), start=1):
            asked = shortened(text)
            for name, ranked in (await _retrieved(cluster, encoder, asked)).items():
                runs[name][one] = ranked
            runs["relevance"][one] = await _answer(service, asked, Ranking(profile="relevance"))
            runs["default"][one] = await _answer(service, asked, None)
            if number % EVERY == 0:
                print(f"asked {number} of {len(queries)}", file=sys.stderr, flush=True)
    finally:
        await service.close()
        await cache.close()
        await cluster.close()
    return dict(runs)


async def _retrieved(cluster: AsyncCluster, encoder: TextEncoder, text: str) -> Lists:
    bodies = [
        lexical_arm(text, None, size=WINDOW, timeout_ms=PATIENCE_MS),
        knn_arm(encoder.encode_one(text).tolist(), None, size=WINDOW, timeout_ms=PATIENCE_MS),
    ]
    answers = await cluster.msearch(CREATORS, bodies)
    for answer in answers:
        if "error" in answer or answer["timed_out"]:
            detail = f"an arm did not answer {text!r}: {answer.get('error', 'timed out')}"
            raise ClusterUnavailable(detail)
    words, near = (parse_hits(answer) for answer in answers)
    return {
        "bm25": _ids(words)[:DEPTH],
        "vector": _ids(near)[:DEPTH],
        "rrf": fuse([_ids(words), _ids(near)], limit=DEPTH),
        "normalised": fuse_scores([_scores(words), _scores(near)], limit=DEPTH),
    }


def _ids(hits: Sequence[ArmHit]) -> list[str]:
    return [hit.creator_id for hit in hits]


def _scores(hits: Sequence[ArmHit]) -> dict[str, float]:
    return {hit.creator_id: hit.score for hit in hits}


async def _answer(service: CreatorSearch, text: str, ranking: Ranking | None) -> list[str]:
    """Return what a user gets; only the page is longer and the patience greater, neither of which changes the order."""
    request = SearchRequest(text=text, limit=DEPTH, budget_ms=PATIENCE_MS)
    page = await service.run(request if ranking is None else request.model_copy(update={"ranking": ranking}))
    if page.degraded:
        detail = f"the answer to {text!r} lacks {', '.join(page.degraded)}: OpenSearch or Redis is too slow or broken"
        raise ClusterUnavailable(detail)
    return [hit.creator_id for hit in page.hits]
