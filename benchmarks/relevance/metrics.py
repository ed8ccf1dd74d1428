"""Measures of a ranking, and whether two rankings differ by more than chance.

nDCG as trec_eval computes ``ndcg_cut``: the gain is the grade itself (linear, not ``2^grade - 1``), the discount is
``log2(1 + rank)``, a negative grade counts 0 and the ideal order is that of all judgements of the query. Unlike
trec_eval, which orders ties of scores by document id, the order that the product returned counts as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
SEED = 20_261_121
_AT_ONCE = 500

Values = NDArray[np.float64]


def ndcg(ranked: Sequence[str], judged: Mapping[str, int], cut: int) -> float:
    """Return the normalised discounted cumulative gain of the first ``cut`` documents, 0 to 1.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with the discount of
    trec_eval. Without a relevant document it is 0.
    """
    ideal = _gain(sorted((max(grade, 0) for grade in judged.values()), reverse=True)[:cut])
    return _gain([max(judged.get(one, 0), 0) for one in ranked[:cut]]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return float((np.array(grades) / np.log2(np.arange(2, len(grades) + 2))).sum())


def recall(ranked: Sequence[str], judged: Mapping[str, int], cut: int) -> float:
    """Return the share of the relevant documents (grade above 0) among the first ``cut``; 0 where there are none."""
    relevant = {one for one, grade in judged.items() if grade > 0}
    return len(relevant.intersection(ranked[:cut])) / len(relevant) if relevant else 0.0


def randomisation_p(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the two-sided p of the paired randomisation test on the mean difference of two runs.

    Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval
    evaluation", CIKM 2007: had the runs no difference, the sign of each query's difference would be a coin. Of
    ``RESAMPLES`` seeded throws, and the one seen, p is the share with a mean at least as far from 0.
    """
    difference = np.asarray(left, dtype=np.float64) - np.asarray(right, dtype=np.float64)
    seen = abs(difference.sum())
    random = np.random.default_rng(SEED)
    as_far = 1
    for _ in range(RESAMPLES // _AT_ONCE):
        signs = random.integers(0, 2, size=(_AT_ONCE, len(difference)), dtype=np.int8) * 2 - 1
        # A hair of tolerance: sums of the same numbers in another order differ in their last bits.
        as_far += int((np.abs(signs @ difference) >= seen - 1e-12).sum())
    return as_far / (RESAMPLES + 1)
