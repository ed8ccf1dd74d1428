"""Automated accounts from their profiles: a stack for the one collection, and the additive model that is shipped."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from benchmarks.signals.additive import learn
from benchmarks.signals.scores import PACKAGES, Matrix, reliability, score_binary
from benchmarks.signals.tables import Row, number, read_table, splits
from enrich.signals.profile_features import FEATURE_NAMES, Profile, profile_features

LABEL = "bot"
TRUE = {"1", "1.0", "true", "yes", "bot"}
FALSE = {"0", "0.0", "false", "no", "human"}
COUNTS = ("followers_count", "friends_count", "statuses_count", "listedcount", "favourites_count")
FLAGS = ("verified", "default_profile", "default_profile_image", "has_extended_profile")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+")
MISSING = -1.0
"""Stands for what is missing among trees: no count is so small."""
COLLECTED = 2017.33
"""The newest accounts of the file were opened in April 2017."""


def run(train_path: Path, test_path: Path | None, seed: int) -> dict[str, Any]:
    """Return the result as it is printed; without a test table the first one is cross-validated in five parts."""
    started = time.perf_counter()
    train = labelled(train_path)
    test = labelled(test_path) if test_path else None
    pairs = splits(train, test, seed, lambda row: row.get("description", ""))
    # One thread: the trees are small, and on a busy machine their threads wait for each other.
    with threadpool_limits(1):
        compared = compare(pairs, seed)
    return {
        "benchmark": "signals bots",
        **compared,
        "seed": seed,
        "split": "by file" if test_path else "five parts by seed, equal descriptions together",
        "seconds": round(time.perf_counter() - started, 1),
        "machine": machine(PACKAGES),
    }


def labelled(path: Path) -> list[Row]:
    """Return the rows that say whether they are bots."""
    return [row for row in read_table(path) if row.get(LABEL, "").casefold() in TRUE | FALSE]


def labels_of(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Return which rows are bots."""
    return np.array([row[LABEL].casefold() in TRUE for row in rows], dtype=bool)


def compare(pairs: Sequence[tuple[list[Row], list[Row]]], seed: int) -> dict[str, Any]:
    """Return how well each way answers the second of each pair, having learnt from the first."""
    answers = [predictions(train, test, seed) for train, test in pairs]
    truth = np.concatenate([labels_of(test) for _, test in pairs])
    pooled = {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
    scored = {
        name: score_binary(truth, found, probabilities=not name.startswith("rule")) for name, found in pooled.items()
    }
    return {
        "n_train": round(float(np.mean([len(train) for train, _ in pairs]))),
        "n_test": len(truth),
        "share_of_bots": round(float(truth.mean()), 4),
        **scored.pop("ours"),
        "without_text": scored.pop("without_text"),
        "without_text_and_age": scored.pop("without_text_and_age"),
        "shipped_additive_model": scored.pop("shipped"),
        "baselines": scored,
        "reliability": reliability(pooled["ours"], truth),
        "reliability_shipped": reliability(pooled["shipped"], truth),
    }


def predictions(train: Sequence[Row], test: Sequence[Row], seed: int) -> dict[str, Matrix]:
    """Return, by way of answering, the probability or score of each row to test."""
    known = labels_of(train)
    left, right = table(train), table(test)
    # A column that one table lacks would only mislead.
    both = ~np.isnan(left).all(axis=0) & ~np.isnan(right).all(axis=0)
    numbers, asked = left[:, both], right[:, both]
    kept = np.flatnonzero(both)
    aged = [column for column, name in enumerate(kept) if COLUMNS[name] in AGE_COLUMNS]
    wordy = [column for column, name in enumerate(kept) if COLUMNS[name] == "says_automated"]
    words, other = _with_words(numbers, train), _with_words(asked, test)
    quiet, ageless = np.delete(numbers, wordy, 1), np.delete(numbers, [*wordy, *aged], 1)
    shipped = learn([_features(row) for row in train], known)
    return {
        "ours": _stack(numbers.shape[1], seed).fit(words, known).predict_proba(other)[:, 1],
        "without_text": _answer(quiet, known, np.delete(asked, wordy, 1), seed),
        "without_text_and_age": _answer(ageless, known, np.delete(asked, [*wordy, *aged], 1), seed),
        "shipped": np.array([shipped.probability(_features(row)) for row in test]),
        "majority": np.full(len(test), known.mean()),
        "rule_bot_in_text": np.array([float("bot" in _words(row).casefold()) for row in test]),
        "rule_friends_over_followers": np.array([_more_friends(row) for row in test]),
    }


def _answer(numbers: Matrix, known: NDArray[np.bool_], asked: Matrix, seed: int) -> Matrix:
    found: Matrix = _boosted(seed).fit(numbers, known).predict_proba(asked)[:, 1]
    return found


def _boosted(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.06, max_leaf_nodes=10, l2_regularization=1.0, random_state=seed
    )


def _stack(width: int, seed: int) -> StackingClassifier:
    """Return boosted trees, random trees, and words and n-grams; a logistic regression weighs them."""
    columns = list(range(width))
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
    words = make_pipeline(ColumnTransformer([("text", grams, width)]), LogisticRegression(C=5.0, solver="liblinear"))
    parts: list[tuple[str, Any]] = [
        ("boosted", _on(columns, _boosted(seed))),
        ("forest", _on(columns, ExtraTreesClassifier(100, min_samples_leaf=2, random_state=seed))),
        ("text", words),
    ]
    return StackingClassifier(parts, LogisticRegression(C=1.0), cv=3, stack_method="predict_proba")


def _on(columns: list[int], model: Any) -> Pipeline:
    return make_pipeline(
        ColumnTransformer([("numbers", "passthrough", columns)]),
        FunctionTransformer(np.nan_to_num, kw_args={"nan": MISSING}),
        model,
    )


def table(rows: Sequence[Row]) -> Matrix:
    """Return the columns of :data:`COLUMNS`, NaN where missing.

    Ids, bytes beyond ASCII and the forms of dates are not read: they tell how the file was made.
    """
    return np.array([_numbers(row) for row in rows], dtype=float).reshape(len(rows), len(COLUMNS))


EXTRA = ("listed_per_follower", "favourites_per_post", "age", "followers_per_day", "location", "english")
COLUMNS = (*FEATURE_NAMES, *COUNTS, *FLAGS, *EXTRA)
AGE_COLUMNS = {"age", "posts_per_day", "followers_per_day"}


def _numbers(row: Row) -> list[float]:
    features = _features(row)
    counts = {name: _count(row, name) for name in COUNTS}
    days = _age_days(row)
    ratios = [
        _log_ratio(counts["listedcount"], counts["followers_count"]),
        _log_ratio(counts["favourites_count"], counts["statuses_count"]),
        np.nan if days is None else days,
        _log_ratio(counts["followers_count"], days),
        float(bool(row["location"])) if "location" in row else np.nan,
        float(row["lang"].casefold().startswith("en")) if row.get("lang") else np.nan,
    ]
    flags = [_flag(row.get(name)) for name in FLAGS]
    return [*(_gap(features[name]) for name in FEATURE_NAMES), *map(_gap, counts.values()), *flags, *ratios]


def _gap(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _log_ratio(above: float | None, below: float | None) -> float:
    return np.nan if above is None or below is None else float(np.log((above + 1) / (below + 1)))


def _flag(text: str | None) -> float:
    value = (text or "").casefold()
    return 1.0 if value in TRUE else 0.0 if value in FALSE else np.nan


def _count(row: Row, name: str) -> float | None:
    found = number(row.get(name))
    return None if found is None else max(0.0, found)


def _features(row: Row) -> Mapping[str, float | None]:
    return profile_features(profile(row))


def profile(row: Row) -> Profile:
    """Return the profile of a row, without its bytes beyond ASCII."""
    texts = {name: ascii_only(row[name]) if name in row else None for name in ("screen_name", "name", "description")}
    return Profile(
        handle=texts["screen_name"],
        name=texts["name"],
        bio=texts["description"],
        website=bool(row["url"]) if "url" in row else None,
        followers=_count(row, "followers_count"),
        following=_count(row, "friends_count"),
        posts=_count(row, "statuses_count"),
        age_days=_age_days(row),
    )


def _age_days(row: Row) -> float | None:
    return days_until(row.get("created_at", ""), COLLECTED)


def days_until(created: str, collected: float) -> float | None:
    """Return days to the collection, to the month: where the month is a number, it may be the day, and is not read."""
    year = _YEAR.search(created)
    if not year:
        return None
    month = next((index for index, name in enumerate(_MONTHS) if name in created.casefold()), 5)
    return max(0.0, (collected - int(year[0]) - month / 12) * 365.25)


def ascii_only(text: str) -> str:
    """Return the text without what is beyond ASCII: in the labelled file that is damage."""
    return " ".join(_NOT_ASCII.sub(" ", text).split())


def _words(row: Row) -> str:
    return ascii_only(" ".join(row.get(name, "") for name in ("screen_name", "name", "description", "location")))


def _with_words(numbers: Matrix, rows: Sequence[Row]) -> NDArray[np.object_]:
    words = np.array([_words(row) for row in rows], dtype=object)[:, None]
    return np.hstack([numbers.astype(object), words])


def _more_friends(row: Row) -> float:
    followers, friends = _count(row, "followers_count"), _count(row, "friends_count")
    return float(followers is not None and friends is not None and friends > followers)
