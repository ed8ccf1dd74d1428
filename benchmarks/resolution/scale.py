"""Who is who among a million accounts: ``python -m benchmarks.resolution.scale --accounts 1000000 --seed 1``.

The crowd is made and packed first, and so is the rarity table, which belongs to the model; what is measured begins with
profiles and ends with groups. ``--check N`` scores all candidate pairs of a crowd of N accounts one by one, too, and
compares: same pairs, same probabilities, same groups.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.resolution.crowd import Crowd
from benchmarks.resolution.report import PACKAGES
from enrich.resolve.clustering import Node, cluster
from enrich.resolve.evidence import Evidence, describe
from enrich.resolve.keys import candidates
from enrich.resolve.model import MatchModel
from enrich.resolve.population import Outcome, Terms, resolve_population
from enrich.resolve.rarity import Rarity

RESULT = Path(__file__).parent / "results" / "scale.json"
PART = 10_000
TARGET_S = 180.0


@dataclass(frozen=True, slots=True)
class Packed:
    """One part of the crowd."""

    profiles: bytes
    persons: dict[str, str]
    """Account → person."""
    rarity: Rarity

    def evidences(self) -> Iterable[Evidence]:
        """Yield the evidence of the accounts."""
        return (describe(profile) for profile in pickle.loads(self.profiles))  # noqa: S301 - packed by this run


@dataclass(frozen=True, slots=True)
class _Order:
    crowd: Crowd
    number: int
    accounts: int

    def packed(self) -> Packed:
        found = list(self.crowd.part(self.number, self.accounts))
        profiles = [profile for _, profile in found]
        persons = {profile.account_id: f"{self.number} {person}" for person, profile in found}
        return Packed(pickle.dumps(profiles), persons, Rarity.of(map(describe, profiles)))


def _summed(tables: Iterable[Rarity]) -> Rarity:
    words, handles, bios, places = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    total = 0
    for one in tables:
        words.update(one.words)
        handles.update(one.handles)
        bios.update(one.bios)
        places.update(one.places)
        total += one.total
    return Rarity(words, handles, bios, places, total)


def make(accounts: int, seed: int, workers: int) -> list[Packed]:
    """Return the crowd in parts."""
    crowd = Crowd.of(seed)
    orders = [_Order(crowd, at // PART, min(PART, accounts - at)) for at in range(0, accounts, PART)]
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return list(pool.map(_Order.packed, orders))


def quality(groups: Iterable[frozenset[str]], persons: dict[str, str]) -> dict[str, Any]:
    """Return precision and recall over pairs of accounts."""
    together = [pair for group in groups for pair in combinations(sorted(group), 2)]
    right = sum(persons[one] == persons[other] for one, other in together)
    sizes = Counter(persons.values())
    belong = sum(count * (count - 1) // 2 for count in sizes.values())
    return {
        "precision": round(right / len(together), 4) if together else None,
        "recall": round(right / belong, 4) if belong else None,
        "pairs_of_one_person": belong,
    }


def agrees(parts: Iterable[Packed], terms: Terms, outcome: Outcome) -> bool:
    """Return whether scoring every candidate pair, one by one, comes to the same."""
    evidences = {one.account_id: one for part in parts for one in part.evidences()}
    matches = [terms.model.match(evidences[one], evidences[other]) for one, other in candidates(evidences)]
    expected = sorted((m.left, m.right, m.probability) for m in matches if m.probability >= terms.review)
    nodes = {account_id: Node(one.platform) for account_id, one in evidences.items()}
    groups = [group for group in cluster(nodes, matches, (), (), terms.merge) if len(group) > 1]
    same_pairs = len(matches) == outcome.candidates and expected == [tuple(one) for one in outcome.matches]
    return same_pairs and groups == outcome.groups


def run(accounts: int, seed: int, workers: int) -> tuple[dict[str, Any], list[Packed], Terms, Outcome]:
    """Return the figures of one crowd, and what they were measured on."""
    started = time.perf_counter()
    parts = make(accounts, seed, workers)
    terms = Terms(MatchModel.shipped().with_rarity(_summed(part.rarity for part in parts)), workers=workers)
    made_s = time.perf_counter() - started
    busy, before = os.times(), time.perf_counter()
    outcome = resolve_population([part.evidences for part in parts], terms, on_step=_tell)
    seconds = time.perf_counter() - before
    after = os.times()
    persons = {account: person for part in parts for account, person in part.persons.items()}
    facts = {
        "accounts": outcome.accounts,
        "seed": seed,
        "workers": workers,
        "model": MatchModel.shipped().version,
        "seconds": round(seconds, 1),
        "seconds_by_step": outcome.seconds,
        "cpu_seconds": round(sum(after[:4]) - sum(busy[:4]), 1),
        "load_average": round(os.getloadavg()[0], 1),
        "peak_mb_of_one_process": outcome.peak_mb,
        "candidate_pairs": outcome.candidates,
        "candidates_per_account": round(2 * outcome.candidates / max(1, outcome.accounts), 2),
        "pairs_scored": outcome.scored,
        "matches": len(outcome.matches),
        "groups": len(outcome.groups),
        **quality(outcome.groups, persons),
        "making_the_crowd_s": round(made_s, 1),
        "machine": machine(PACKAGES),
    }
    return facts, parts, terms, outcome


def _tell(step: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{step}: {done} of {total}   " + ("\n" if done == total else ""))


def main() -> int:
    """Measure, print one JSON object and keep it; returns 0 if the target is met and the check agrees."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution.scale", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", type=int, default=5_000, help="accounts of the crowd that is scored one by one, too")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    _, parts, terms, outcome = run(given.check, given.seed, given.workers)
    same = agrees(parts, terms, outcome)
    facts = run(given.accounts, given.seed, given.workers)[0]
    facts |= {"checked_accounts": given.check, "same_as_one_by_one": same, "target_s": TARGET_S}
    text = json.dumps(facts, indent=1, sort_keys=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if same and facts["seconds"] <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
