"""How right brand risk is on short texts of our own writing: fits its weights on one half, scores the other.

    uv run python -m benchmarks.signals.brand_risk --json          # scores what is shipped
    uv run python -m benchmarks.signals.brand_risk --fit --json    # fits the weights first and writes them

The texts are ``tests/data/brand_risk.jsonl``. Whoever wrote them knew the word lists, so real texts will do worse: the
figures compare ways of finding risk with each other and hold a floor, no more.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

import enrich.signals
from creators.settings import load_settings
from enrich.encoders.opened import open_encoder
from enrich.signals.brand_risk_meaning import FEATURES, RiskMeaning, found, probabilities, risk_model
from enrich.signals.brand_risk_words import WordFinding, word_findings
from mappings.brand_risk import LEVELS, Level, risk_vocabulary

TEXTS = Path(__file__).parents[2] / "tests" / "data" / "brand_risk.jsonl"
RESULTS = Path(__file__).parent / "results" / "brand_risk.json"
WEIGHTS = Path(str(resources.files(enrich.signals) / "data" / "brand_risk.json"))
_IDS = [category.id for category in risk_vocabulary().categories]
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 5


class Text(NamedTuple):
    """A labelled text; ``category`` and ``level`` are None and ``none`` where there is no risk."""

    text: str
    language: str
    category: str | None
    level: str


class Prepared(NamedTuple):
    """Texts with everything that is computed of them once."""

    texts: list[Text]
    words: list[dict[str, WordFinding]]
    features: Any
    levels: list[list[Level]]


Predicted = Sequence[Mapping[str, str]]
"""For each text category → level."""


def halves() -> tuple[list[Text], list[Text]]:
    """Return the texts to tune on and those held out, by the CRC-32 of the text."""
    rows = [Text(**json.loads(line)) for line in TEXTS.read_text(encoding="utf-8").split("\n") if line]
    tune = [row for row in rows if crc32(row.text.encode()) % 2 == 0]
    return tune, [row for row in rows if crc32(row.text.encode()) % 2]


def prepare(texts: list[Text], meaning: RiskMeaning, encode: Any) -> Prepared:
    """Return the texts with their words, features and nearest levels."""
    words = [word_findings(one.text) for one in texts]
    vectors = encode([one.text for one in texts])
    return Prepared(texts, words, meaning.features(vectors, words), meaning.levels(vectors))


def fit(known: Prepared) -> dict[str, Any]:
    """Return the weights of a logistic regression over all pairs of text and category.

    Its strength of regularisation is chosen by cross-validation over whole texts, within the given ones.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, GroupKFold

    rows = known.features.reshape(-1, len(FEATURES))
    wanted = np.array([one.category == category for one in known.texts for category in _IDS])
    texts = np.repeat(np.arange(len(known.texts)), len(_IDS))
    search = GridSearchCV(
        LogisticRegression(max_iter=2_000), {"C": list(_STRENGTHS)}, scoring="neg_brier_score", cv=GroupKFold(_FOLDS)
    ).fit(rows, wanted, groups=texts)
    model = search.best_estimator_
    weights = {name: round(float(value), 4) for name, value in zip(FEATURES, model.coef_[0], strict=True)}
    chosen = {"C": search.best_params_["C"], "fitted_on": len(known.texts)}
    return {"weights": weights, "intercept": round(float(model.intercept_[0]), 4)} | chosen


def combined(known: Prepared) -> Predicted:
    """Return what the product finds."""
    shares = probabilities(known.features, risk_model()).tolist()
    rows = zip(shares, known.words, known.levels, strict=True)
    return [{one.category: one.level for one in found(*row)} for row in rows]


def by_words(known: Prepared) -> Predicted:
    """Return what the word lists alone find."""
    return [{category: finding.level for category, finding in found.items()} for found in known.words]


def by_meaning(known: Prepared) -> Predicted:
    """Return the category that a text is most like, where it is more like it than anything everyday."""
    cosine, margin = known.features[:, :, FEATURES.index("cosine")], known.features[:, :, FEATURES.index("margin")]
    nearest: list[dict[str, str]] = []
    for row in range(len(known.texts)):
        column = int(cosine[row].argmax())
        nearest.append({_IDS[column]: known.levels[row][column]} if margin[row, column] > 0 else {})
    return nearest


def score(texts: Sequence[Text], predicted: Predicted) -> dict[str, Any]:
    """Return precision and recall of categories, of "any risk", and of each level at or above it."""
    hits = [one.category in found for one, found in zip(texts, predicted, strict=True)]
    risky = [one.category is not None for one in texts]
    flagged = [bool(found) for found in predicted]
    at_least = {}
    for place, level in enumerate(LEVELS):
        wanted = [one.level != "none" and LEVELS.index(one.level) >= place for one in texts]
        told = [any(LEVELS.index(one) >= place for one in found.values()) for found in predicted]
        at_least[level] = _rates(wanted, told)
    same = [
        found.get(one.category or "") == one.level
        for one, found, hit in zip(texts, predicted, hits, strict=True)
        if hit
    ]
    return {
        "categories": {
            "precision": _share(sum(hits), sum(map(len, predicted))),
            "recall": _share(sum(hits), sum(risky)),
        },
        "any_risk": _rates(risky, flagged),
        "level_at_least": at_least,
        "exact_level_where_category_is_right": _share(sum(same), len(same)),
    }


def _rates(wanted: Sequence[bool], told: Sequence[bool]) -> dict[str, Any]:
    both = sum(a and b for a, b in zip(wanted, told, strict=True))
    return {"n": sum(wanted), "precision": _share(both, sum(told)), "recall": _share(both, sum(wanted))}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def calibration(known: Prepared) -> dict[str, Any]:
    """Return the Brier score over all pairs, and the share of right ones by probability."""
    shares = probabilities(known.features, risk_model()).ravel()
    wanted = np.array([one.category == category for one in known.texts for category in _IDS], dtype=float)
    edges = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)
    bands = []
    for low, high in pairwise(edges):
        inside = (shares >= low) & (shares < high)
        if inside.any():
            mean, right = float(shares[inside].mean()), float(wanted[inside].mean())
            bands.append({"from": low, "n": int(inside.sum()), "mean": round(mean, 4), "right": round(right, 4)})
    return {"brier": round(float(((shares - wanted) ** 2).mean()), 5), "by_probability": bands}


def run(*, refit: bool) -> dict[str, Any]:
    """Return the whole result."""
    started = time.monotonic()
    encoder = open_encoder(load_settings())
    meaning = RiskMeaning(encoder.encode)
    tune, held_out = (prepare(half, meaning, encoder.encode) for half in halves())
    if refit:
        WEIGHTS.write_text(json.dumps(fit(tune), indent=1) + "\n", encoding="utf-8")
        risk_model.cache_clear()
    ways = {"words_and_meaning": combined, "words_only": by_words, "meaning_only": by_meaning}
    languages = sorted({one.language for one in held_out.texts})
    told = combined(held_out)
    return {
        "name": "brand_risk",
        "command": "python -m benchmarks.signals.brand_risk --json",
        "vocabulary": risk_vocabulary().version,
        "weights": risk_model().digest,
        "split": "crc32 of the text, even tunes, odd is held out",
        "texts": {"tune": len(tune.texts), "held_out": len(held_out.texts)},
        "held_out": {name: score(held_out.texts, way(held_out)) for name, way in ways.items()},
        "held_out_by_language": {
            language: score(
                [one for one in held_out.texts if one.language == language],
                [one for one, text in zip(told, held_out.texts, strict=True) if text.language == language],
            )["any_risk"]
            for language in languages
        },
        "calibration": calibration(held_out),
        "tune": score(tune.texts, combined(tune)),
        "seconds": round(time.monotonic() - started, 1),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "program": version("creatorscope")},
    }


def main(arguments: list[str] | None = None) -> None:
    """Score, print, and write the result beside this module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals.brand_risk", description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the weights on the tuning half and write them")
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON on stdout")
    chosen = parser.parse_args(arguments)
    result = run(refit=chosen.fit)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result if chosen.json else result["held_out"]["words_and_meaning"], indent=1))


if __name__ == "__main__":
    main()
