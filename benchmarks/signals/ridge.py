"""Kernel ridge regression over weighted views of the same rows, with exact leave-one-out scores.

One against the rest with targets ±1: ``alpha = (K + λ S)^-1 Y`` with ``K = Σ w_v K_v`` and ``S`` the inverse weights of
the rows. Left out, row i scores ``Y_i - alpha_i / ((K + λ S)^-1)_ii`` (Rifkin & Lippert, "Notes on regularized least
squares", MIT-CSAIL-TR-2007-025, §4), so choosing and calibrating never need a second fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

CONSTANT = 0.05
"""Kernel of the intercept."""
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
PENALTIES = (0.5, 0.7, 1.0, 1.5, 2.0)
BALANCES = (0.0, 0.5, 1.0)
SWEEPS = 2
_LEAST_GAIN = 0.002

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        weights: of each view.
        penalty: λ.
        balance: rows weigh (1 / size of their class) to this power.
    """

    weights: Mapping[str, float]
    penalty: float = 1.0
    balance: float = 0.5


@dataclass(frozen=True, slots=True)
class Fitted:
    """A solution: coefficients of shape (rows, classes) and what each row scores when it is left out."""

    alpha: Matrix
    left_out: Matrix


def combined(kernels: Mapping[str, Matrix], weights: Mapping[str, float]) -> Matrix:
    """Return the weighted sum of the kernels, with the intercept."""
    total: Matrix = sum((weights[name] * kernels[name] for name in weights if weights[name]), np.float64(CONSTANT))
    return total


def fit(kernels: Mapping[str, Matrix], labels: NDArray[np.int64], classes: int, choice: Choice) -> Fitted:
    """Return the solution for labels 0 … classes - 1."""
    targets = 2 * (labels[:, None] == np.arange(classes)) - 1.0
    rarity = (1 / np.bincount(labels, minlength=classes)[labels]) ** choice.balance
    kernel = combined(kernels, choice.weights) + choice.penalty * np.diag(rarity.mean() / rarity)
    inverse = np.linalg.inv(kernel)
    alpha = inverse @ targets
    return Fitted(alpha, targets - alpha / np.diag(inverse)[:, None])


def quality(scores: Matrix, labels: NDArray[np.int64]) -> float:
    """Return accuracy plus half the macro-F1: what is chosen by."""
    found = scores.argmax(axis=1)
    return float((found == labels).mean() + 0.5 * f1_score(labels, found, average="macro", zero_division=0))


def choose(kernels: Mapping[str, Matrix], labels: NDArray[np.int64], classes: int) -> Choice:
    """Return the weights, penalty and balance that are best when each row is left out: one at a time, two sweeps."""
    best = Choice(dict.fromkeys(kernels, 0.3))
    reached = quality(fit(kernels, labels, classes, best).left_out, labels)
    moves = [("weights", (name, weight)) for name in kernels for weight in WEIGHTS]
    moves += [("penalty", value) for value in PENALTIES] + [("balance", value) for value in BALANCES]
    for _ in range(SWEEPS):
        for move in moves:
            option = _moved(best, move)
            if option == best or not any(option.weights.values()):
                continue
            found = quality(fit(kernels, labels, classes, option).left_out, labels)
            if found > reached + _LEAST_GAIN:
                best, reached = option, found
    return best


def _moved(start: Choice, move: tuple[str, Any]) -> Choice:
    what, value = move
    if what == "weights":
        return replace(start, weights={**start.weights, value[0]: value[1]})
    return replace(start, **{what: value})


def temperature(left_out: Matrix, labels: NDArray[np.int64]) -> float:
    """Return the factor by which scores become the logits of the likeliest softmax, by golden-section search."""
    low, high = 0.1, 50.0
    ratio = (5**0.5 - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (
            (low, right) if surprise(left_out * left, labels) < surprise(left_out * right, labels) else (left, high)
        )
    return (low + high) / 2


def surprise(logits: Matrix, labels: NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood of the labels, in nats."""
    return float(-np.log(np.maximum(softmax(logits)[np.arange(len(labels)), labels], 1e-12)).mean())


def softmax(logits: Matrix) -> Matrix:
    """Return probabilities, row by row."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Matrix = shifted / shifted.sum(axis=1, keepdims=True)
    return result
