"""Candidates of one request as columns: what the arms returned, ready for vectorised features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

COLUMNS = ("followers", "engagement_rate", "growth_90d")
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Candidates:
    """``n`` candidates; every column has shape ``(n,)``, unknown is NaN."""

    ids: tuple[str, ...]
    lexical: Column
    """BM25 score; NaN where the lexical arm did not return the candidate."""
    cosine: Column
    """Cosine of text and query vector; NaN where the k-NN arm did not return the candidate."""
    followers: Column
    engagement_rate: Column
    growth_90d: Column
    age_days: Column
    """Days since the newest fact was observed."""


@dataclass(frozen=True, slots=True)
class ArmHit:
    """One hit of one arm."""

    creator_id: str
    score: float
    values: Mapping[str, Any]


def parse_hits(answer: Mapping[str, Any]) -> list[ArmHit]:
    """Return an arm's hits with their doc values, each creator once (it may lie in two indices while it moves)."""
    found: dict[str, ArmHit] = {}
    for hit in answer["hits"]["hits"]:
        values = {name: column[0] for name, column in hit.get("fields", {}).items()}
        creator_id = values.get("creator_id", hit["_id"])
        found.setdefault(creator_id, ArmHit(creator_id, hit["_score"] or 0.0, values))
    return list(found.values())


def _column(values: Sequence[float | None]) -> Column:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def cosine_of(score: float) -> float:
    """Return the cosine behind a Lucene ``cosinesimil`` score, which is ``(1 + cosine) / 2``."""
    return 2.0 * score - 1.0


def _epoch_ms(value: Any) -> float | None:
    return None if value is None else np.datetime64(str(value).removesuffix("Z"), "ms").astype("int64").item()


def collect(ids: Sequence[str], lexical: Sequence[ArmHit], knn: Sequence[ArmHit], *, now_ms: int) -> Candidates:
    """Return the candidates ``ids`` as columns.

    Args:
        ids: the candidates, in order.
        lexical: hits of the lexical arm (or of browsing).
        knn: hits of the k-NN arm.
        now_ms: the time of the request.
    """
    by_text = {hit.creator_id: hit for hit in lexical}
    by_vector = {hit.creator_id: hit for hit in knn}
    values = [(by_text.get(one) or by_vector[one]).values for one in ids]
    seen = [_epoch_ms(v.get("as_of")) for v in values]
    return Candidates(
        ids=tuple(ids),
        lexical=_column([by_text[one].score if one in by_text else None for one in ids]),
        cosine=_column([cosine_of(by_vector[one].score) if one in by_vector else None for one in ids]),
        followers=_column([v.get("followers") for v in values]),
        engagement_rate=_column([v.get("engagement_rate") for v in values]),
        growth_90d=_column([v.get("growth_90d") for v in values]),
        age_days=_column([None if at is None else max(0.0, (now_ms - at) / _MS_PER_DAY) for at in seen]),
    )
