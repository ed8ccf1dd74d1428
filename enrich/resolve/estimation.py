"""Weights from labelled pairs: how often each level occurs among matches (m) and among the rest (u); pure.

Fellegi & Sunter (1969), "A theory for record linkage": the weight of a level is ``log2(m / u)``, the weight of a pair
is the sum over the comparisons and of the prior. ``u`` is estimated among pairs that blocking lets through, because
only those are ever scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrich.resolve.comparisons import COMPARISONS, HANDLES, Levels

BACK_OFF = 2.0
"""Pairs that the independent estimate of a joint cell counts for: cells with few pairs lean on it."""
FLOOR = 0.5
STEPS = 50
ASSUMED: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "site": ((0.5, 0.05, 0.1, 0.32, 0.03), (0.0005, 0.02, 0.001, 0.978, 0.0005)),
    "bio": ((0.1, 0.05, 0.25, 0.6), (0.001, 0.01, 0.3, 0.689)),
    "email": ((0.9, 0.1), (0.0005, 0.9995)),
    "link": ((0.3, 0.3), (0.00005, 0.001)),
    "country": ((0.95, 0.05), (0.3, 0.7)),
    "language": ((0.9, 0.1), (0.4, 0.6)),
    "scale": ((0.75, 0.22, 0.03), (0.5, 0.38, 0.12)),
    "avatar": ((0.4, 0.1, 0.5), (0.0005, 0.002, 0.9975)),
}
"""m and u of the known levels that stated beliefs, worth ``BELIEF`` pairs, add to what labelled pairs show.

No public set of labelled people has the fields from the e-mail address on: a mailbox that is shared (an agency's) and a
link to a friend bound the first two, the rest is deliberately weak. Labelled pools show one website a person and no
sentence of a bio twice; people have several websites and repeat their bio, so these two lean on beliefs, too.
"""
BELIEF = 200.0
ORDERED = frozenset({"bio"})
"""Comparisons whose levels say less and less: a level never weighs more than the one before it."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A compared pair, whether it is one person, and how much it counts."""

    levels: Levels
    same: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Chances:
    """``m`` and ``u`` of every level of one comparison, by level; level 0 counts nothing."""

    m: tuple[float, ...]
    u: tuple[float, ...]


def chances(pairs: Sequence[Labelled]) -> tuple[Chances, ...]:
    """Return m and u of each comparison; levels that never occur get what smoothing leaves them.

    The joint comparison of names and handles leans on the product of its two marginals where a cell has few pairs.
    """
    found = []
    for at, comparison in enumerate(COMPARISONS):
        sides = [_counts(pairs, at, len(comparison.levels), same=same) for same in (True, False)]
        if comparison.name == "naming":
            smoothed = [_joint(counts) for counts in sides]
        else:
            beliefs = ASSUMED.get(comparison.name, (None, None))
            smoothed = [_single(counts, belief) for counts, belief in zip(sides, beliefs, strict=True)]
            if comparison.name in ORDERED:
                smoothed = _descending(*smoothed)
        found.append(Chances(*(tuple(map(float, counts)) for counts in smoothed)))
    return tuple(found)


def _counts(pairs: Iterable[Labelled], at: int, levels: int, *, same: bool) -> Floats:
    counts = np.zeros(levels)
    for pair in pairs:
        if pair.same is same:
            counts[pair.levels[at]] += pair.weight
    return counts


def _single(counts: Floats, belief: tuple[float, ...] | None) -> Floats:
    if belief is None:
        known = counts[1:] + FLOOR
        return np.concatenate([[1.0], known / known.sum()])
    # Beliefs that do not add up to one (a link that is not there says nothing) keep their sum.
    known = counts[1:] + BELIEF * np.array(belief)
    return np.concatenate([[1.0], known * sum(belief) / known.sum()])


def _joint(counts: Floats) -> Floats:
    cells = counts.reshape(-1, HANDLES)
    total = cells.sum()
    names = (cells.sum(axis=1) + FLOOR) / (total + FLOOR * len(cells))
    handles = (cells.sum(axis=0) + FLOOR) / (total + FLOOR * HANDLES)
    # Within a name level the handle levels lean on the overall ones; a level seen often stands for itself.
    inside = cells + BACK_OFF * handles
    inside /= inside.sum(axis=1, keepdims=True)
    flat: Floats = (names[:, None] * inside).ravel()
    return flat


def _descending(m: Floats, u: Floats) -> list[Floats]:
    """Return m and u with the ratios of the known levels in descending order: neighbours that are not share a ratio."""
    blocks = [[at] for at in range(1, len(m))]
    at = 0
    while at + 1 < len(blocks):
        one, other = blocks[at], blocks[at + 1]
        if m[one].sum() * u[other].sum() >= m[other].sum() * u[one].sum():
            at += 1
            continue
        blocks[at : at + 2] = [one + other]
        at = max(at - 1, 0)
    even = m.copy()
    for block in blocks:
        even[block] = u[block] * m[block].sum() / u[block].sum()
    return [even, u]


def calibration(weights: Floats, same: Floats, counts: Floats) -> tuple[float, float]:
    """Return slope and intercept of the log-odds (natural) over the weight (bits): logistic regression, by Newton."""
    design = np.stack([weights, np.ones_like(weights)], axis=1)
    beta = np.array([np.log(2.0), 0.0])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -40, 40)))
        gradient = design.T @ (counts * (same - chance)) - 1e-3 * beta
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004 - converged in double precision
            break
    return float(beta[0]), float(beta[1])
