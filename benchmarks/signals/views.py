"""The views of a channel that the niche head is trained on; what is fitted is of the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.signals.ridge import Matrix
from benchmarks.signals.tables import Row, number
from enrich.signals.contract import Encode
from enrich.signals.niche import NicheClassifier
from enrich.signals.niche_head import TABLE_BITS, head_text, ngrams

COUNTS = ("subscriber_count", "view_count", "video_count")
METADATA = "metadata"
_LEAST_ROWS = 2
_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """What the training rows say about the sizes of features.

    Attributes:
        mean: of the similarities.
        deviation: of the similarities, times the root of their number.
        rarity: of each row of the table of n-grams; 0 for what only one text has.
    """

    mean: Matrix
    deviation: Matrix
    rarity: Matrix


@dataclass(frozen=True, slots=True)
class Channels:
    """What is read of a table: texts, vectors, similarities, counted n-grams and metadata (NaN where missing)."""

    texts: list[str]
    vectors: Matrix
    similarities: Matrix
    counted: sparse.csr_matrix
    metadata: Matrix


def channels(rows: Sequence[Row], encode: Encode, classifier: NicheClassifier) -> Channels:
    """Read a table of channels."""
    texts = [head_text(row.get("channel_title"), row.get("channel_description")) for row in rows]
    vectors = encode(texts)
    return Channels(
        texts, vectors.astype(float), classifier.similarities(vectors).astype(float), _counted(texts), _metadata(rows)
    )


def _counted(texts: Sequence[str]) -> sparse.csr_matrix:
    found = [ngrams(text) for text in texts]
    ends = np.cumsum([0, *(len(rows) for rows, _ in found)])
    columns = np.concatenate([rows for rows, _ in found]) if found else np.empty(0, np.int64)
    weights = np.concatenate([weights for _, weights in found]) if found else np.empty(0)
    return sparse.csr_matrix((weights.astype(float), columns, ends), shape=(len(texts), 1 << TABLE_BITS))


def _metadata(rows: Sequence[Row]) -> Matrix:
    """Return ln(1 + counts), their ratios, the year of the channel, and ln(1 + characters of the description)."""
    logs = {name: np.array([_log(number(row.get(name))) for row in rows]) for name in COUNTS}
    return np.column_stack(
        [
            *logs.values(),
            logs["view_count"] - logs["video_count"],
            logs["view_count"] - logs["subscriber_count"],
            [_year(row.get("created_at", "")) for row in rows],
            [np.log1p(len(row["channel_description"])) if "channel_description" in row else np.nan for row in rows],
        ]
    )


def _log(value: float | None) -> float:
    return float(np.log1p(max(0.0, value))) if value is not None else np.nan


def _year(text: str) -> float:
    year, month = number(text[:4]), number(text[5:7])
    return year + ((month or 1) - 1) / 12 if year and 2000 < year < 2100 else np.nan


def scale_of(train: Channels) -> Scale:
    """Return the sizes of features among the training rows."""
    spread = np.maximum(train.similarities.std(axis=0), 1e-6) * np.sqrt(train.similarities.shape[1])
    having = np.asarray((train.counted > 0).sum(axis=0)).ravel()
    rarity = np.where(having >= _LEAST_ROWS, np.log((1 + len(train.texts)) / (1 + having)) + 1, 0.0)
    return Scale(train.similarities.mean(axis=0), spread, rarity)


def linear_views(read: Channels, scale: Scale) -> dict[str, sparse.csr_matrix | Matrix]:
    """Return the views in which the head is linear: name → matrix of one row per channel."""
    weighted = sparse.csr_matrix(read.counted.multiply(scale.rarity))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return {
        "vector": read.vectors,
        "similarities": (read.similarities - scale.mean) / scale.deviation,
        "ngrams": sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighted),
    }


def kernels(train: Channels, other: Channels, scale: Scale) -> dict[str, Matrix]:
    """Return name → kernel of shape (rows of ``other``, rows of ``train``); metadata where both tables have some."""
    left, right = linear_views(other, scale), linear_views(train, scale)
    found = {name: _dense(left[name] @ right[name].T) for name in left}
    usable = ~np.isnan(train.metadata).all(axis=0) & ~np.isnan(other.metadata).all(axis=0)
    if usable.any():
        found[METADATA] = _radial(train.metadata[:, usable], other.metadata[:, usable])
    return found


def _dense(matrix: sparse.spmatrix | NDArray[np.float64]) -> Matrix:
    result: Matrix = matrix.toarray() if sparse.issparse(matrix) else matrix
    return result


def _radial(train: Matrix, other: Matrix) -> Matrix:
    mean, spread = np.nanmean(train, axis=0), np.maximum(np.nanstd(train, axis=0), 1e-6)
    # What is missing counts as average.
    left, right = (np.nan_to_num((part - mean) / spread) for part in (other, train))
    return np.exp(-_SPREAD * ((left[:, None, :] - right[None, :, :]) ** 2).mean(axis=2))


def present(weights: Mapping[str, float], names: Mapping[str, Matrix]) -> dict[str, float]:
    """Return the weights of the views that there are."""
    return {name: weight for name, weight in weights.items() if name in names}
