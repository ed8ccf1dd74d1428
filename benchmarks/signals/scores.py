"""What is reported of predictions; the README defines each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

PACKAGES = ("numpy", "scikit-learn", "onnxruntime", "creatorscope")
"""What the figures of signals are computed with."""
BINS = 10
Matrix = NDArray[np.float64]


def score_classes(
    truth: Sequence[str], classes: Sequence[str], scores: Matrix, *, probabilities: bool = True
) -> dict[str, float]:
    """Return accuracy, macro-F1 and average precision (macro), and the Brier score where scores are probabilities.

    Args:
        truth: labels; one that is not among ``classes`` is always answered wrongly.
        classes: names of the columns.
        scores: of shape (rows, classes).
        probabilities: whether rows sum to one.
    """
    names = np.array(classes)
    found = names[scores.argmax(axis=1)]
    right = np.array(truth)[:, None] == names
    present = [column for column in range(len(names)) if right[:, column].any()]
    unseen = len(set(truth) - set(classes))
    precise = [average_precision_score(right[:, column], scores[:, column]) for column in present]
    result = {
        "accuracy": float((found == np.array(truth)).mean()),
        "macro_f1": _macro_f1(truth, found),
        # A class that was never seen in training is never ranked: it counts as zero.
        "average_precision": float(sum(precise) / max(1, len(present) + unseen)),
    }
    if probabilities:
        missed = (~right.any(axis=1)).astype(float)
        result["brier"] = float((((scores - right) ** 2).sum(axis=1) + missed).mean())
    return {name: round(value, 4) for name, value in result.items()}


def _macro_f1(truth: Sequence[str], found: NDArray[np.str_]) -> float:
    with warnings.catch_warnings():
        # A class that is never found has F1 0, which is meant.
        warnings.simplefilter("ignore")
        return float(f1_score(truth, found, labels=sorted(set(truth)), average="macro", zero_division=0))


def score_binary(truth: NDArray[np.bool_], scores: Matrix, *, probabilities: bool = True) -> dict[str, float | None]:
    """Return accuracy at 0.5, macro-F1, average precision, ROC AUC, and for probabilities the Brier score."""
    found = scores >= 0.5
    both = truth.any() and not truth.all()
    result: dict[str, float | None] = {
        "accuracy": float((found == truth).mean()),
        "macro_f1": float(f1_score(truth, found, average="macro", zero_division=0)),
        "average_precision": float(average_precision_score(truth, scores)) if truth.any() else None,
        "roc_auc": area(truth, scores) if both else None,
    }
    if probabilities:
        result["brier"] = float(((scores - truth) ** 2).mean())
    return {name: None if value is None else round(value, 4) for name, value in result.items()}


def area(truth: NDArray[np.bool_], scores: Matrix) -> float:
    """Return the chance that a true row scores above a false one; ties count half."""
    true, false = scores[truth], np.sort(scores[~truth])
    above = np.searchsorted(false, true, side="left") + np.searchsorted(false, true, side="right")
    return float(above.sum() / (2 * len(true) * len(false)))


def reliability(confidences: Matrix, right: NDArray[np.bool_] | Matrix) -> dict[str, Any]:
    """Return, for ten bands of probability, rows, mean probability and mean truth, and the mean distance of the two."""
    bands = np.minimum((confidences * BINS).astype(int), BINS - 1)
    table = [
        {
            "from": band / BINS,
            "rows": int((bands == band).sum()),
            "said": round(float(confidences[bands == band].mean()), 4),
            "true": round(float(np.asarray(right, dtype=float)[bands == band].mean()), 4),
        }
        for band in range(BINS)
        if (bands == band).any()
    ]
    error = sum(row["rows"] * abs(row["said"] - row["true"]) for row in table) / max(1, len(confidences))
    return {"bands": table, "expected_calibration_error": round(error, 4)}
