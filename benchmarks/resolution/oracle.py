"""The most that any weights could make of the comparisons: an oracle that has seen the labels of this very pool.

For every combination of levels it knows which share of the pairs is one person, and joins the purest combinations first
while at least ``PRECISION`` of the pairs it joins are right. What lies between it and us is the fault of the model;
what lies between it and the evidence ceiling is that of the comparisons, or of strangers who cannot be told apart.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from benchmarks.resolution.ceiling import true_pairs
from benchmarks.resolution.metrics import Share
from benchmarks.resolution.pool import Pool
from enrich.resolve.comparisons import Levels
from enrich.resolve.edges import components

PRECISION = 0.99
Pair = tuple[str, str]


def oracle(pool: Pool, levels: dict[Pair, Levels]) -> dict[str, Any]:
    """Return precision over the compared pairs that it joins, and recall when what it joins rightly is closed.

    Pairs of one platform are left out: accounts of one platform are never joined without a declaration.
    """
    platform = {account.account_id: account.platform for account in pool.accounts}
    cells: dict[Levels, list[Pair]] = defaultdict(list)
    for (one, other), level in levels.items():
        if platform[one] != platform[other]:
            cells[level].append((one, other))
    right = {
        level: [(one, other) for one, other in pairs if pool.truth[one] == pool.truth[other]]
        for level, pairs in cells.items()
    }
    joined = good = 0
    found: list[Pair] = []
    for level in sorted(cells, key=lambda level: (-len(right[level]) / len(cells[level]), -len(cells[level]), level)):
        if good + len(right[level]) < PRECISION * (joined + len(cells[level])):
            break
        joined, good = joined + len(cells[level]), good + len(right[level])
        found += right[level]
    closed = sum(len(group) * (len(group) - 1) // 2 for group in components((), found))
    total = sum(1 for _ in true_pairs(pool.truth))
    return {"precision": Share(good, joined).rounded, "recall": Share(closed, total).rounded}
