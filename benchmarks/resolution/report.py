"""One file of people becomes the one JSON object that the benchmark prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.resolution.baselines import baselines, name_key
from benchmarks.resolution.calibration import calibration
from benchmarks.resolution.ceiling import ceiling, evident_pairs
from benchmarks.resolution.metrics import Share, scores
from benchmarks.resolution.oracle import oracle
from benchmarks.resolution.people import read_people
from benchmarks.resolution.pipeline import Resolved, resolve
from benchmarks.resolution.pool import LEVELS, Level, Pool, make_pool
from benchmarks.resolution.splink_defaults import splink_defaults
from enrich.resolve.model import MatchModel
from enrich.resolve.thresholds import MERGE, REVIEW

PACKAGES = ("rapidfuzz", "splink", "duckdb", "numpy")


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is made: everything random in it comes from ``seed``."""

    seed: int = 1
    splink: bool = True
    merge: float = MERGE


def report(path: Path, model: MatchModel, options: Options) -> dict[str, Any]:
    """Return the figures of every level on the people of a file.

    Raises:
        ValueError: the file holds no people in the shape that is expected.
        OSError: it cannot be read.
    """
    people = read_people(path)
    if not any(person.accounts for person in people):
        detail = f"{path.name}: no person with an account; each line is an object with `name` and `accounts`"
        raise ValueError(detail)
    full = make_pool(people, options.seed)
    return {
        "people_file": path.name,
        "people": len(people),
        "accounts": len(full.accounts),
        "strangers": len(full.strangers),
        "strangers_by_kind": dict(sorted(Counter(kind for kind, _ in full.strangers.values()).items())),
        "seed": options.seed,
        "threshold": options.merge,
        "model": model.version,
        "levels": [_level(full.at(level), level, model, options) for level in LEVELS],
        "machine": machine(PACKAGES),
    }


def _level(pool: Pool, level: Level, model: MatchModel, options: Options) -> dict[str, Any]:
    resolved = resolve(pool, model, options.merge)
    evident = evident_pairs(pool)
    candidates = resolved.levels.keys()
    rows = baselines(pool)
    if options.splink:
        rows |= splink_defaults(pool, level, options.seed)
    return {
        "level": level,
        **scores(pool.truth, resolved.groups),
        "pairs_compared": len(candidates),
        "seconds": round(resolved.seconds, 3),
        "ceiling": ceiling(pool, evident),
        "oracle": oracle(pool, resolved.levels),
        "candidates_per_account": round(2 * len(candidates) / len(pool.accounts), 2),
        "blocking_recall": Share(len(evident & candidates), len(evident)).rounded,
        "same_name": _same_name(pool, resolved.groups),
        "strangers_joined": _strangers_joined(pool, resolved.groups),
        "review": _review(pool, resolved, options.merge),
        "calibration": calibration(
            [match.probability for match in resolved.matches],
            [pool.truth[match.left] == pool.truth[match.right] for match in resolved.matches],
        ),
        "baselines": rows,
    }


def _same_name(pool: Pool, groups: Iterable[frozenset[str]]) -> dict[str, Any]:
    """Return precision over the pairs put together that show one name: the hard ones, where strangers share it."""
    names = {account.account_id: name_key(account) for account in pool.accounts}
    pairs = [(one, other) for group in groups for one, other in combinations(sorted(group), 2)]
    same = [(one, other) for one, other in pairs if names[one] and names[one] == names[other]]
    right = sum(pool.truth[one] == pool.truth[other] for one, other in same)
    return {"pairs": len(same), "precision": Share(right, len(same)).rounded}


def _strangers_joined(pool: Pool, groups: Sequence[frozenset[str]]) -> dict[str, float | None]:
    """Return for each kind of stranger the share that was put together with anybody."""
    joined = {account for group in groups if len(group) > 1 for account in group}
    kinds = Counter(kind for kind, _ in pool.strangers.values())
    wrong = Counter(kind for account, (kind, _) in pool.strangers.items() if account in joined)
    return {kind: Share(wrong[kind], count).rounded for kind, count in sorted(kinds.items())}


def _review(pool: Pool, resolved: Resolved, merge: float) -> dict[str, Any]:
    """Return how many pairs a person would be asked about, and how many of them belong together.

    Two accounts that are in one group for other reasons are no question.
    """
    group = {account: at for at, group in enumerate(resolved.groups) for account in group}
    doubtful = [match for match in resolved.matches if REVIEW <= match.probability < merge]
    asked = [match for match in doubtful if group[match.left] != group[match.right]]
    right = sum(pool.truth[match.left] == pool.truth[match.right] for match in asked)
    return {"pairs": len(asked), "belong": Share(right, len(asked)).rounded}
