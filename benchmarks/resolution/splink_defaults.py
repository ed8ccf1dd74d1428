"""Splink as its documentation starts with it: comparisons of its library, u by sampling, m by EM, clusters at 0.95.

Nothing is tuned: the name is a ``NameComparison``, the handle is compared by Jaro-Winkler at the library's thresholds,
the website exactly and the bio by Jaccard at the library's thresholds. It blocks on what its documentation would: each
field that is equal, and the first letters of handle and name.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

import duckdb
from splink.internals.exceptions import SplinkException

from benchmarks.resolution.baselines import handle_key, name_key
from benchmarks.resolution.metrics import scores
from benchmarks.resolution.pool import Level, Pool, PoolAccount
from enrich.resolve.edges import components

THRESHOLD = 0.95
THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, THRESHOLD, 0.99, 0.999)
START = 4
MAX_PAIRS = 2e6
RECALL = 0.7
"""Of the deterministic rules, as its tutorial assumes."""


def _row(account: PoolAccount) -> dict[str, str | None]:
    handle, name = handle_key(account), name_key(account)
    return {
        "unique_id": account.account_id,
        "handle": handle or None,
        "handle_start": handle[:START] or None,
        "name": name or None,
        "name_start": name[:START] or None,
        "website": account.website or None,
        "bio": account.bio.lower() or None,
    }


def _fields(level: Level) -> list[str]:
    shown = {"handles": ["handle"], "names": ["handle", "name"]}
    return shown.get(level, ["handle", "name", "website", "bio"])


def splink_defaults(pool: Pool, level: Level, seed: int) -> dict[str, dict[str, Any]]:
    """Return the scores of Splink's defaults on a pool, at 0.95 and at the threshold that the labels like best.

    The second row is not available without labels: it shows how much of the first is the threshold's fault.
    """
    rows = [_row(one) for one in pool.accounts]
    fields = [field for field in _fields(level) if any(row[field] for row in rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("splink").setLevel(logging.CRITICAL)
        try:
            found = _scored(rows, fields, seed)
        except (SplinkException, duckdb.Error, ValueError, ArithmeticError) as error:
            # Too few equal values to train on: Splink has no model then, and nobody is joined.
            print(f"splink gives up at level {level}: {error}", file=sys.stderr)
            found = []
    at = {
        threshold: scores(pool.truth, components((), [(one, other) for one, other, p in found if p >= threshold]))
        for threshold in THRESHOLDS
    }
    best = max(THRESHOLDS, key=lambda threshold: at[threshold]["f1"] or 0.0)
    compared = {"pairs_compared": len(found)}
    return {
        "splink defaults": at[THRESHOLD] | compared,
        "splink, best threshold": at[best] | compared | {"threshold": best},
    }


def _scored(rows: list[dict[str, str | None]], fields: list[str], seed: int) -> list[tuple[str, str, float]]:
    """Return every pair that Splink compares, with its probability."""
    import splink.comparison_library as library
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    comparisons = {
        "handle": library.JaroWinklerAtThresholds("handle"),
        "name": library.NameComparison("name"),
        "website": library.ExactMatch("website"),
        "bio": library.JaccardAtThresholds("bio"),
    }
    starts = [f"{field}_start" for field in fields if field in {"handle", "name"}]
    exact = [block_on(field) for field in fields if field != "bio"]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[comparisons[field] for field in fields],
        blocking_rules_to_generate_predictions=[*exact, *map(block_on, starts)],
    )
    linker = Linker(DuckDBAPI().register(rows), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match([*exact], recall=RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=MAX_PAIRS, seed=seed)
    for start in starts:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(start))
    predicted = linker.inference.predict(warning_mode="never").as_record_list()
    return [(row["unique_id_l"], row["unique_id_r"], row["match_probability"]) for row in predicted]
