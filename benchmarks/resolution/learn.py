"""``python -m benchmarks.resolution.learn --data DIR`` learns the shipped model, and how it does on unseen files.

It learns from pools of several seeds, all levels, of the files ``LEARNT_FROM``: chances of the levels by counting, the
calibration by logistic regression (:mod:`enrich.resolve.estimation`). The rarity table is that of the bundled creators.
``results/learn.json`` has, for every file, the figures of models that have never seen its labels.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.resolution.people import read_people
from benchmarks.resolution.pipeline import evidences
from benchmarks.resolution.pool import LEVELS, Pool, make_pool
from benchmarks.resolution.report import PACKAGES, Options, report
from creators.errors import CreatorscopeError
from enrich.resolve.comparisons import compare
from enrich.resolve.estimation import Labelled
from enrich.resolve.evidence import Profile, describe
from enrich.resolve.keys import candidates
from enrich.resolve.learning import counted, learn
from enrich.resolve.model import MatchModel
from enrich.resolve.rarity import Rarity

LEARNT_FROM = ("biodrop_people", "conference_speakers", "us_congress", "us_state_legislators")
SEEDS = (101, 102, 103)
"""None of them is the seed of the benchmark."""
SHOWN = ("level", "precision", "recall", "f1", "b_cubed")
RARE = 2
"""A word that fewer bundled accounts have is left out of the table: it is rare either way."""
MODEL = Path(str(resources.files("enrich.resolve"))) / "data" / "model.json"
RESULT = Path(__file__).parent / "results" / "learn.json"


def bundled_rarity() -> Rarity:
    """Return how common words are in the names and handles of the bundled creators."""
    text = (resources.files("fetchers.bundled") / "creators.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    found = Rarity.of(describe(_profile(row)) for row in rows)
    return Rarity(
        words=_repeated(found.words),
        handles=_repeated(found.handles),
        places=_repeated(found.places),
        total=found.total,
    )


def _repeated(counts: Mapping[str, int]) -> dict[str, int]:
    return {word: count for word, count in counts.items() if count >= RARE}


def _profile(row: Mapping[str, str]) -> Profile:
    return Profile(
        account_id=f"{row['platform']}:{row['native_id'] or '@' + row['handle']}",
        platform=row["platform"],
        native_id=row["native_id"] or None,
        handle=row["handle"] or None,
        name=row["name"] or None,
        website=row["website"] or None,
    )


def labelled(pool: Pool, base: Rarity) -> Iterator[Labelled]:
    """Yield every candidate pair of a pool with its levels and whether it is one person."""
    described = evidences([pool])
    rarity = Rarity.of(described.values(), base=base)
    for left, right in candidates(described):
        levels = compare(described[left], described[right], rarity)
        yield Labelled(levels, pool.truth[left] == pool.truth[right])


def learnt(pairs: Mapping[str, Sequence[Labelled]], base: Rarity) -> MatchModel:
    """Return the model of the pairs of several files; every file counts the same."""
    mean = sum(map(len, pairs.values())) / len(pairs)
    even = [Labelled(one.levels, one.same, mean / len(part)) for part in pairs.values() for one in part]
    source = f"python -m benchmarks.resolution.learn: {', '.join(sorted(pairs))}; seeds {', '.join(map(str, SEEDS))}"
    return counted(even, base, source)


def all_pairs(data: Path, base: Rarity) -> dict[str, list[Labelled]]:
    """Return the labelled pairs of every file: of all seeds and levels."""
    found = {}
    for name in LEARNT_FROM:
        people = read_people(data / f"{name}.jsonl")
        pools = [make_pool(people, seed, level) for seed in SEEDS for level in LEVELS]
        found[name] = list(chain.from_iterable(labelled(pool, base) for pool in pools))
    return found


def held_out(data: Path, pairs: Mapping[str, Sequence[Labelled]], base: Rarity) -> dict[str, Any]:
    """Return the figures on every file of a model that has never seen it.

    ``others``: learnt from the labels of the other files; ``em``: EM on the file's own accounts, labels hidden, started
    from that model.
    """
    found: dict[str, Any] = {}
    seed = Options().seed
    for name in LEARNT_FROM:
        model = learnt({other: part for other, part in pairs.items() if other != name}, base)
        own = evidences([make_pool(read_people(data / f"{name}.jsonl"), seed)])
        models = {"others": model, "em": learn(list(own.values()), (), seed, start=model)}
        found[name] = {kind: _figures(data / f"{name}.jsonl", one) for kind, one in models.items()}
        print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    return found


def _figures(path: Path, model: MatchModel) -> list[dict[str, Any]]:
    levels = report(path, model, Options(splink=False))["levels"]
    return [{name: level[name] for name in SHOWN} for level in levels]


def main() -> None:
    """Write the model and the held-out figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution.learn", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the files of people")
    parser.add_argument("--out", type=Path, help="where the model goes; its place in the program by default")
    chosen = parser.parse_args()
    try:
        base = bundled_rarity()
        pairs = all_pairs(chosen.data, base)
        model = learnt(pairs, base)
        _write(chosen.out or MODEL, model.as_json())
        figures = held_out(chosen.data, pairs, base)
    except (ValueError, OSError, CreatorscopeError) as error:
        sys.exit(f"error: {error}")
    result = {
        "model": model.version,
        "learnt_from": {name: len(part) for name, part in pairs.items()},
        "seeds": SEEDS,
        "held_out": figures,
        "machine": machine(PACKAGES),
    }
    if chosen.out is None:
        _write(RESULT, result)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
