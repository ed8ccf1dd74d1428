"""What the learnt head adds to the niches of the product: similarity and mentions alone, and with the head beside them.

The head answers channels that it was not trained on (five parts). The constants of the blend, five numbers, are fitted
on the same channels as the present ones were; a niche is right where the channel's own category accepts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.machine import machine
from benchmarks.signals import niche
from benchmarks.signals.ridge import Matrix, combined, fit, softmax, temperature
from benchmarks.signals.scores import PACKAGES
from benchmarks.signals.ship import CHOICE, distinct
from benchmarks.signals.tables import Row, folds
from benchmarks.signals.views import METADATA, channels, kernels, scale_of
from creators.settings import load_settings
from creators.text import clean_line
from enrich.encoders.text import default_encoder
from enrich.signals.contract import Encode
from enrich.signals.niche import BIO_CALIBRATION, NicheClassifier, calibrated, mention_counts
from enrich.signals.niche_head import CATEGORY_NICHES, HEAD_NICHES, LEAST_MASS, head_mass, head_text
from mappings.niches import NICHES


def blend(train: Path, seed: int) -> dict[str, Any]:
    """Return how often the first niche is right, now and with the head, and the constants of the blend."""
    settings = load_settings()
    encode = niche.remembered(default_encoder(settings.cache_dir, settings.encoder_dir, "cpu", 0).encode)
    rows = distinct(niche.labelled(train))
    classes = sorted({row[niche.LABEL] for row in rows})
    labels = np.array([classes.index(row[niche.LABEL]) for row in rows])
    classifier = NicheClassifier(encode)
    texts = [head_text(row.get("channel_title"), row["channel_description"]) for row in rows]
    before = classifier.similarities(encode([clean_line(row["channel_description"]) for row in rows]))
    similar = classifier.similarities(encode(texts))
    mentions = mention_counts([row["channel_description"] for row in rows])
    mass = head_mass(_left_out(rows, labels, encode, seed), classes)
    right = np.array([[one.id in CATEGORY_NICHES[row[niche.LABEL]] for one in NICHES] for row in rows])
    deviating = (similar - similar.mean(axis=1, keepdims=True)) / similar.std(axis=1, keepdims=True)
    told = np.stack([similar, deviating, mentions, np.log(mass + LEAST_MASS)], axis=-1)
    meant = np.array([one.id in HEAD_NICHES for one in NICHES])
    model = LogisticRegression(C=1e3, max_iter=500)
    model.fit(told[:, meant].reshape(-1, told.shape[-1]), right[:, meant].ravel())
    with_head = calibrated(similar, mentions, BIO_CALIBRATION)
    told_flat = told[:, meant].reshape(-1, told.shape[-1])
    with_head[:, meant] = model.predict_proba(told_flat)[:, 1].reshape(len(rows), -1)
    return {
        "channels": len(rows),
        "now": _quality(calibrated(before, mentions, BIO_CALIBRATION), right),
        "with_head": _quality(with_head, right),
        "constants": [round(float(one), 2) for one in (*model.intercept_, *model.coef_[0])],
        "seed": seed,
        "machine": machine(PACKAGES),
    }


def _left_out(rows: Sequence[Row], labels: np.ndarray[Any, Any], encode: Encode, seed: int) -> Matrix:
    classes = int(labels.max()) + 1
    found = np.zeros((len(rows), classes))
    classifier = NicheClassifier(encode)
    for part in folds(rows, seed, lambda row: row["channel_description"]):
        rest = np.setdiff1d(np.arange(len(rows)), part)
        read, asked = (channels([rows[one] for one in some], encode, classifier) for some in (rest, part))
        scale = scale_of(read)
        known, new = ({**kernels(read, one, scale)} for one in (read, asked))
        known.pop(METADATA, None)
        fitted = fit(known, labels[rest], classes, CHOICE)
        heat = temperature(fitted.left_out, labels[rest])
        found[part] = softmax(combined(new, CHOICE.weights) @ fitted.alpha * heat)
    return found


def _quality(confidences: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> dict[str, Any]:
    best = confidences.argmax(axis=1)
    hits = right[np.arange(len(best)), best]
    sure = confidences.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    bands = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (0.6, 0.75), (0.75, 1.01)]
    return {
        "first_right": round(float(hits.mean()), 4),
        "first_right_of_the_surest_half": round(float(hits[order[: len(order) // 2]].mean()), 4),
        "answered": round(float((sure >= BIO_CALIBRATION.least).mean()), 4),
        "first_right_when_answered": round(float(hits[sure >= BIO_CALIBRATION.least].mean()), 4),
        "bands": {
            f"{low}-{min(high, 1.0)}": {
                "niches": int(((confidences >= low) & (confidences < high)).sum()),
                "right": round(float(right[(confidences >= low) & (confidences < high)].mean()), 2),
            }
            for low, high in bands
            if ((confidences >= low) & (confidences < high)).any()
        },
    }
