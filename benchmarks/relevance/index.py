"""A collection becomes creators, through the product's own signals, documents and bulk writer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from benchmarks.relevance.collection import Document
from creators.models import Account, Platform
from creators.settings import Settings
from creators.signals.creator import Signals
from creators.stores import bulk
from creators.stores.session import Stores
from enrich.encoders.text import TextEncoder
from enrich.normalise.masking import safe_line, safe_text
from enrich.signals.compute import Workshop, compute_signals
from enrich.signals.embedding_text import RECIPE, text_hash
from enrich.signals.facts import CreatorFacts
from indexers import lifecycle
from indexers.documents import build_document
from mappings.registry import CREATORS

BATCH = 250
FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 60.0
"""Limit of every request: a busy machine makes a run longer, it does not end it."""


@contextmanager
def own_index(settings: Settings, encoder: TextEncoder) -> Iterator[Stores]:
    """Give stores with empty indices under a prefix of their own; everything under it is deleted at the end."""
    patient = {"opensearch_timeout_s": PATIENCE_S, "redis_timeout_s": PATIENCE_S}
    stores = Stores(settings.model_copy(update={"index_prefix": f"relevance-{uuid4().hex[:8]}-", **patient}))
    try:
        lifecycle.ensure(stores.cluster, encoder=encoder.fingerprint)
        yield stores
    finally:
        prefix = stores.settings.index_prefix
        stores.cluster.delete_indices(list(stores.cluster.aliases()))
        for key in stores.queue.redis.scan_iter(match=f"{prefix}*", count=1000):
            stores.queue.redis.delete(key)
        stores.cluster.close()
        stores.queue.redis.close()


def account_of(document: Document) -> Account:
    """Return the account that stands for a document: title as name, text as bio, nothing else known.

    The bio counts as composed: it is nobody's description of himself, so no niche and no language is read from it.
    """
    return Account(
        platform=Platform.YOUTUBE,
        native_id=document.doc_id,
        name=safe_line(document.title),
        bio=safe_text(document.text),
        bio_composed=True,
        source="judged-collection",
        fetched_at=FETCHED_AT,
    )


class VectorFile:
    """Vectors of earlier runs by text hash; they are good for the encoder that made them only."""

    def __init__(self, path: Path | None, encoder: TextEncoder) -> None:
        self._path, self._encoder, self._fingerprint = path, encoder, encoder.fingerprint
        self.known: dict[str, list[float]] = {}
        if path is not None and path.is_file():
            stored = np.load(path)
            if str(stored["encoder"]) == self._fingerprint:
                self.known = dict(zip(stored["hashes"].tolist(), stored["vectors"].tolist(), strict=True))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector per text; those that are not known are remembered, and :meth:`save` writes them."""
        missing = [text for text in dict.fromkeys(texts) if text_hash(text) not in self.known]
        fresh = zip(missing, self._encoder.encode(missing).tolist(), strict=True)
        self.known |= {text_hash(text): vector for text, vector in fresh}
        return np.array([self.known[text_hash(text)] for text in texts], dtype=np.float32)

    def save(self) -> None:
        """Write the file, where one was named."""
        if self._path is not None and self.known:
            vectors = np.array(list(self.known.values()), dtype=np.float32)
            np.savez(self._path, encoder=self._fingerprint, hashes=np.array(list(self.known)), vectors=vectors)


def fill(stores: Stores, documents: tuple[Document, ...], encoder: TextEncoder, vectors: VectorFile) -> None:
    """Write every document and make it visible; raises ``ValueError`` when OpenSearch refuses one."""
    workshop = Workshop((), vectors.encode, encoder.fingerprint)
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        facts = [CreatorFacts(one.doc_id, (account_of(one),)) for one in batch]
        computed = compute_signals(facts, workshop)
        actions = [_action(fact, one.signals) for fact, one in zip(facts, computed, strict=True)]
        refused = bulk.write(stores.cluster, actions).refused
        if refused:
            detail = f"document {refused[0].action.doc_id} was refused: {refused[0].reason}"
            raise ValueError(detail)
        print(f"indexed {start + len(batch)} of {len(documents)}", file=sys.stderr, flush=True)
    vectors.save()
    stores.cluster.refresh(CREATORS)


def _action(facts: CreatorFacts, signals: Signals) -> bulk.Action:
    document = build_document(facts.creator_id, facts.accounts, signals, recipe=RECIPE)
    return bulk.Action(CREATORS, facts.creator_id, document)


class Analysis:
    """The words that the index makes of a text, asked from OpenSearch itself."""

    ANALYZER = "words"

    def __init__(self, stores: Stores) -> None:
        self._client = OpenSearch(hosts=[stores.settings.opensearch_url], timeout=PATIENCE_S)
        self._index = stores.cluster.name(next(iter(stores.cluster.mapping_meta(CREATORS))))

    def words(self, text: str) -> list[str]:
        """Return the words of a text, in order."""
        if not text.strip():
            return []
        answer = self._client.indices.analyze(index=self._index, body={"analyzer": self.ANALYZER, "text": text})
        return [token["token"] for token in answer["tokens"]]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
