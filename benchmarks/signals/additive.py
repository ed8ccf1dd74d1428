"""Learns the model of :mod:`enrich.signals.authenticity`: logistic regression on hat functions of each feature."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.signals.scores import Matrix
from enrich.signals.authenticity import ProfileModel
from enrich.signals.profile_features import FEATURE_NAMES

QUANTILES = (0.02, 0.2, 0.4, 0.6, 0.8, 0.98)
STRENGTH = 0.3
HIDDEN = 0.3
"""Share of features that a second copy of each profile does not show: on other networks much is unknown."""
_CLOSE = 1e-6

Features = Mapping[str, float | None]


def learn(profiles: Sequence[Features], labels: NDArray[np.bool_], *, reach: float = 0.0) -> ProfileModel:
    """Return the model for the share of bots among ``profiles``; unknown features add nothing to the log-odds."""
    return ProfileModel.read(json.dumps(document(profiles, labels, reach=reach)))


def document(profiles: Sequence[Features], labels: NDArray[np.bool_], *, reach: float) -> dict[str, Any]:
    """Return the model as it is written to its file."""
    values = np.array([[_squeezed(one.get(name)) for name in FEATURE_NAMES] for one in profiles], dtype=float)
    knots = [_knots(column[~np.isnan(column)]) for column in values.T]
    hidden = np.where(np.random.default_rng(1).random(values.shape) < HIDDEN, np.nan, values)
    columns = [_hats(np.concatenate([values[:, one], hidden[:, one]]), knots[one]) for one in range(len(knots))]
    # Unknown is the average profile: every column has mean 0 over the known.
    means = [hats[~np.isnan(hats).any(axis=1)].mean(axis=0) if hats.shape[1] else np.empty(0) for hats in columns]
    design = np.hstack([np.nan_to_num(hats - mean) for hats, mean in zip(columns, means, strict=True)])
    model = LogisticRegression(C=STRENGTH, solver="newton-cholesky")
    model.fit(design, np.concatenate([labels, labels]))
    weights = np.split(model.coef_[0], np.cumsum([len(one) for one in knots])[:-1])
    curves = {
        name: {"knots": _rounded(at), "values": _rounded(weight - float(weight @ mean))}
        for name, at, weight, mean in zip(FEATURE_NAMES, knots, weights, means, strict=True)
        if len(at)
    }
    return {"bias": round(float(model.intercept_[0]), 4), "reach": reach, "curves": curves}


def _squeezed(value: float | None) -> float:
    return np.nan if value is None else math.asinh(value)


def _knots(known: Matrix) -> Matrix:
    if not len(known):
        return np.empty(0)
    found = np.unique(np.round([known.min(), *np.quantile(known, QUANTILES), known.max()], 4))
    return found[np.concatenate([[True], np.diff(found) > _CLOSE])]


def _hats(values: Matrix, knots: Matrix) -> Matrix:
    """Return, per knot, how near a value is to it: 1 at the knot, 0 at its neighbours; NaN where unknown."""
    if not len(knots):
        return np.empty((len(values), 0))
    return np.column_stack([np.interp(values, knots, row) for row in np.eye(len(knots))])


def _rounded(numbers: Matrix) -> list[float]:
    return [round(float(one), 4) for one in numbers]
