"""Whether the meaning of two parts of a bio tells who is who: ``python -m benchmarks.resolution.bios --data FOLDER``.

The protocol gives two accounts of a person different parts of the bio. On the pools of the benchmark the cosine of the
product's encoder is compared between accounts of one person and of two that share a key; ``bits`` is what a level would
weigh (``log2(m / u)``). The oracle that has seen the labels is asked with and without the cosine as a further level:
what lies between the two is the most that the meaning of bios could add to recall at precision 0.99.
"""

from __future__ import annotations

import argparse
import json
import math
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine
from benchmarks.resolution.learn import LEARNT_FROM
from benchmarks.resolution.oracle import oracle
from benchmarks.resolution.people import read_people
from benchmarks.resolution.pipeline import evidences
from benchmarks.resolution.pool import Pool, make_pool
from benchmarks.resolution.report import Options
from creators.settings import Settings
from enrich.encoders.opened import open_encoder
from enrich.resolve.comparisons import Levels, compare
from enrich.resolve.keys import candidates
from enrich.resolve.model import MatchModel
from enrich.resolve.rarity import Rarity

if TYPE_CHECKING:
    from enrich.encoders.text import TextEncoder

BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Cosines from which the next level begins."""
RESULT = Path(__file__).parent / "results" / "bios.json"
Pair = tuple[str, str]


def cosines(pool: Pool, pairs: list[Pair], encoder: TextEncoder) -> tuple[dict[Pair, float], dict[str, Any]]:
    """Return the cosine of each pair of which both show a bio, and what encoding has cost."""
    bios = {account.account_id: account.bio for account in pool.accounts if account.bio}
    texts = sorted(set(bios.values()))
    began = perf_counter()
    vectors = dict(zip(texts, encoder.encode(texts), strict=True)) if texts else {}
    cost = {"texts_encoded": len(texts), "seconds": round(perf_counter() - began, 2)}
    both = [(one, other) for one, other in pairs if one in bios and other in bios]
    return {(one, other): float(vectors[bios[one]] @ vectors[bios[other]]) for one, other in both}, cost


def measured(path: Path, encoder: TextEncoder, seed: int) -> dict[str, Any]:
    """Return for one file how often each level occurs among accounts of one person and of two, and both oracles."""
    pool = make_pool(read_people(path), seed)
    described = evidences([pool])
    rarity = Rarity.of(described.values(), base=MatchModel.shipped().rarity)
    levels = {(one, other): compare(described[one], described[other], rarity) for one, other in candidates(described)}
    found, cost = cosines(pool, list(levels), encoder)
    banded = {pair: bisect_right(BOUNDS, cosine) for pair, cosine in found.items()}
    more: dict[Pair, Levels] = {pair: (*level, 1 + banded.get(pair, -1)) for pair, level in levels.items()}
    return {
        "accounts": len(pool.accounts),
        "with_a_bio": sum(bool(account.bio) for account in pool.accounts),
        **cost,
        "levels": _levels(pool, banded),
        "oracle": {"without": oracle(pool, levels), "with": oracle(pool, more)},
    }


def _levels(pool: Pool, banded: dict[Pair, int]) -> list[dict[str, Any]]:
    sides: tuple[list[int], list[int]] = ([0] * (len(BOUNDS) + 1), [0] * (len(BOUNDS) + 1))
    for (one, other), level in banded.items():
        sides[pool.truth[one] != pool.truth[other]][level] += 1
    totals = [sum(side) for side in sides]
    rows = []
    for level, (low, high) in enumerate(pairwise((-1.0, *BOUNDS, 1.0))):
        same, apart = sides[0][level], sides[1][level]
        known = same and apart
        bits = round(math.log2(same / totals[0] / (apart / totals[1])), 2) if known else None
        rows.append({"from": low, "to": high, "one_person": same, "two": apart, "bits": bits})
    return rows


def main() -> None:
    """Measure every labelled file that shows bios, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution.bios", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the files of people")
    parser.add_argument("--seed", type=int, default=Options().seed)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    encoder = open_encoder(Settings())
    files = {name: measured(given.data / f"{name}.jsonl", encoder, given.seed) for name in LEARNT_FROM}
    result = {"seed": given.seed, "files": files, "machine": machine(("numpy", "onnxruntime"))}
    text = json.dumps(result, indent=1)
    given.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
