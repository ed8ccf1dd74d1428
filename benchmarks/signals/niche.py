"""The category of a channel from its words and counters, beside simpler ways of telling it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeClassifier

from benchmarks.machine import machine
from benchmarks.signals.ridge import CONSTANT, Choice, Matrix, choose, combined, fit, softmax, temperature
from benchmarks.signals.scores import PACKAGES, reliability, score_classes
from benchmarks.signals.tables import Row, read_table, splits
from benchmarks.signals.views import METADATA, Channels, channels, kernels, linear_views, scale_of
from creators.settings import load_settings
from creators.text import clean_line
from enrich.encoders.text import default_encoder
from enrich.signals.contract import Encode
from enrich.signals.niche import NicheClassifier, mention_counts
from enrich.signals.niche_head import CATEGORY_NICHES
from mappings.niches import NICHES

LABEL = "category"
NEIGHBOURS = 10
OURS = "ours"
WORDS_ONLY = "words only"
PROBABLE = {OURS, WORDS_ONLY, "majority", "knn_10"}
"""What answers with probabilities; the rest with scores that order."""


def run(train_path: Path, test_path: Path | None, seed: int) -> dict[str, Any]:
    """Return the result as it is printed; without a test table the first one is cross-validated in five parts."""
    started = time.perf_counter()
    settings = load_settings()
    encode = remembered(default_encoder(settings.cache_dir, settings.encoder_dir, "cpu", 0).encode)
    train = labelled(train_path)
    pairs = splits(train, labelled(test_path) if test_path else None, seed, _text)
    result = compare(pairs, encode)
    return {
        "benchmark": "signals niche",
        **result,
        "seed": seed,
        "split": "by file" if test_path else "five parts by seed, equal descriptions together",
        "seconds": round(time.perf_counter() - started, 1),
        "machine": machine(PACKAGES),
    }


def labelled(path: Path) -> list[Row]:
    """Return the rows that have a category."""
    return [row for row in read_table(path) if row.get(LABEL)]


def remembered(encode: Encode) -> Encode:
    """Return an ``encode`` that makes each vector once."""
    known: dict[str, Any] = {}

    def remember(texts: Sequence[str]) -> Any:
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, encode(missing), strict=True))
        return np.array([known[text] for text in texts])

    return remember


def compare(pairs: Sequence[tuple[list[Row], list[Row]]], encode: Encode) -> dict[str, Any]:
    """Return how well the head and the baselines do on the second of each pair, trained on the first."""
    classes = sorted({row[LABEL] for train, _ in pairs for row in train})
    answers = [predictions(train, test, classes, encode) for train, test in pairs]
    truth = [row[LABEL] for _, test in pairs for row in test]
    pooled = {name: np.vstack([answer[name] for answer in answers]) for name in answers[0]}
    new = np.concatenate([_unseen(train, test) for train, test in pairs])
    scored = {
        name: score_classes(truth, classes, found, probabilities=name in PROBABLE) for name, found in pooled.items()
    }
    best = pooled[OURS]
    sure = np.array(classes)[best.argmax(axis=1)] == np.array(truth)
    return {
        "n_train": round(float(np.mean([len(train) for train, _ in pairs]))),
        "n_test": len(truth),
        "classes": len(classes),
        **scored.pop(OURS),
        "without_metadata": scored.pop(WORDS_ONLY),
        "unseen_texts": {
            "n_test": int(new.sum()),
            **score_classes([name for name, one in zip(truth, new, strict=True) if one], classes, best[new]),
        },
        "baselines": scored,
        "reliability": reliability(best.max(axis=1), sure),
    }


def _unseen(train: Sequence[Row], test: Sequence[Row]) -> np.ndarray[Any, Any]:
    known = {_text(row) for row in train} - {""}
    return np.array([_text(row) not in known for row in test], dtype=bool)


def _text(row: Row) -> str:
    return row.get("channel_description", "")


def predictions(train: Sequence[Row], test: Sequence[Row], classes: Sequence[str], encode: Encode) -> dict[str, Matrix]:
    """Return, by way of answering, scores of shape (rows to test, classes)."""
    classifier = NicheClassifier(encode)
    labels = np.array([list(classes).index(row[LABEL]) for row in train])
    read, asked = channels(train, encode, classifier), channels(test, encode, classifier)
    scale = scale_of(read)
    known, new = kernels(read, read, scale), kernels(read, asked, scale)
    known = {name: kernel for name, kernel in known.items() if name in new}
    words = {name: kernel for name, kernel in known.items() if name != METADATA}
    return {
        OURS: predict(known, new, labels, len(classes)),
        WORDS_ONLY: predict(words, new, labels, len(classes)),
        **learnt(train, test, classes, encode),
        **untaught(test, labels, classes, encode),
    }


def predict(
    known: Mapping[str, Matrix], new: Mapping[str, Matrix], labels: np.ndarray[Any, Any], classes: int
) -> Matrix:
    """Return calibrated probabilities of shape (new rows, classes); all is chosen on the training rows alone."""
    choice = choose(known, labels, classes)
    fitted = fit(known, labels, classes, choice)
    scores = combined({name: new[name] for name in known}, choice.weights) @ fitted.alpha
    return softmax(scores * temperature(fitted.left_out, labels))


def learnt(train: Sequence[Row], test: Sequence[Row], classes: Sequence[str], encode: Encode) -> dict[str, Matrix]:
    """Return what the baselines that learn from the training table say."""
    labels = np.array([list(classes).index(row[LABEL]) for row in train])
    one_hot = np.eye(len(classes))[labels]
    left, right = encode([_raw(row) for row in test]), encode([_raw(row) for row in train])
    nearest = np.argsort(-(left @ right.T), axis=1, kind="stable")[:, :NEIGHBOURS]
    ridge = RidgeClassifier(1.0).fit(right, one_hot)
    return {
        "majority": np.tile(one_hot.mean(axis=0), (len(test), 1)),
        "knn_10": one_hot[nearest].mean(axis=1),
        "ridge_on_vectors": ridge.decision_function(left),
    }


def untaught(
    test: Sequence[Row], labels: np.ndarray[Any, Any], classes: Sequence[str], encode: Encode
) -> dict[str, Matrix]:
    """Return what the baselines that know the names of the categories only say."""
    cosines = (encode([_raw(row) for row in test]) @ encode(list(classes)).T).astype(float)
    mentions = mention_counts([_raw(row) for row in test])
    columns = {niche.id: column for column, niche in enumerate(NICHES)}
    counted = np.zeros((len(test), len(classes)))
    for column, name in enumerate(classes):
        for niche in CATEGORY_NICHES.get(name, ()):
            counted[:, column] += mentions[:, columns[niche]]
    # Where no word tells, the most frequent category is said.
    counted[:, Counter(labels.tolist()).most_common(1)[0][0]] += 0.5
    return {"keyword_rules": counted, "zero_shot_label_names": cosines}


def _raw(row: Row) -> str:
    return clean_line(f"{row.get('channel_title', '')}. {row.get('channel_description', '')}")


def linear_weights(read: Channels, labels: np.ndarray[Any, Any], classes: int, choice: Choice) -> dict[str, Matrix]:
    """Return the head as weights per feature: a linear head over views needs no training row to be kept."""
    scale = scale_of(read)
    known = {name: kernel for name, kernel in kernels(read, read, scale).items() if name != METADATA}
    fitted = fit(known, labels, classes, choice)
    heat = temperature(fitted.left_out, labels)
    views = linear_views(read, scale)
    weights = {name: choice.weights[name] * heat * (view.T @ fitted.alpha) for name, view in views.items()}
    similar = weights["similarities"] / scale.deviation[:, None]
    return {
        "dense": np.vstack([weights["vector"], similar]),
        "table": np.asarray(weights["ngrams"]),
        "rarity": scale.rarity,
        "bias": CONSTANT * heat * fitted.alpha.sum(axis=0) - scale.mean @ similar,
    }


def linear_answers(read: Channels, weights: Mapping[str, Matrix]) -> Matrix:
    """Return what such weights say, computed in double precision: what the exported graph is compared with."""
    ngram_view = linear_views(read, scale_of(read))["ngrams"]
    dense = np.hstack([read.vectors, read.similarities]) @ weights["dense"]
    return softmax(ngram_view @ weights["table"] + dense + weights["bias"])
