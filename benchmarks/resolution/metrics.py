"""How well a grouping of accounts agrees with the truth: over pairs, and over accounts (B-cubed); pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole``."""

    part: float
    whole: float

    @property
    def value(self) -> float | None:
        """Return the share, 0 to 1; None where there is nothing to take a share of."""
        return self.part / self.whole if self.whole else None

    @property
    def rounded(self) -> float | None:
        """Return the share as it is printed."""
        return None if self.value is None else round(self.value, DIGITS)


def f1(precision: float | None, recall: float | None) -> float | None:
    """Return the harmonic mean ``2pr / (p + r)``; 0 where both are, None where one is unknown.

    Source: van Rijsbergen, Information Retrieval, 2nd edition, 1979, chapter 7.
    """
    if precision is None or recall is None:
        return None
    return round(2 * precision * recall / (precision + recall), DIGITS) if precision + recall else 0.0


def pairwise(truth: Mapping[str, Hashable], groups: Iterable[Iterable[str]]) -> tuple[Share, Share]:
    """Return precision and recall over pairs: of pairs put together how many belong together, and the other way.

    Args:
        truth: account → person; every account of a group is in it.
        groups: a partition of the accounts, or of a part of them: who is in no group is alone.
    """
    together = right = 0
    for group in groups:
        people = Counter(truth[account] for account in group)
        together += comb(people.total(), 2)
        right += sum(comb(count, 2) for count in people.values())
    belong = sum(comb(count, 2) for count in Counter(truth.values()).values())
    return Share(right, together), Share(right, belong)


def b_cubed(truth: Mapping[str, Hashable], groups: Iterable[Iterable[str]]) -> tuple[Share, Share]:
    """Return B-cubed precision and recall: the mean over accounts of the share of its group that is its person's.

    ``p(i) = |group(i) ∩ person(i)| / |group(i)|``, ``r(i) = |group(i) ∩ person(i)| / |person(i)|``.
    Source: Bagga and Baldwin, Entity-based cross-document coreferencing, COLING-ACL 1998.
    """
    sizes = Counter(truth.values())
    precision = recall = 0.0
    seen = 0
    for group in groups:
        people = Counter(truth[account] for account in group)
        seen += people.total()
        precision += sum(count * count / people.total() for count in people.values())
        recall += sum(count * count / sizes[person] for person, count in people.items())
    return Share(precision, seen), Share(recall, seen)


def scores(truth: Mapping[str, Hashable], groups: Iterable[Iterable[str]]) -> dict[str, Any]:
    """Return precision, recall and F1 over pairs and over accounts, rounded; null where there is nothing to count."""
    partition = [list(group) for group in groups]
    grouped = {account for group in partition for account in group}
    partition += [[account] for account in truth if account not in grouped]
    over_pairs, over_accounts = (_figures(*measure(truth, partition)) for measure in (pairwise, b_cubed))
    return {**over_pairs, "b_cubed": over_accounts}


def _figures(precision: Share, recall: Share) -> dict[str, float | None]:
    return {
        "precision": precision.rounded,
        "recall": recall.rounded,
        "f1": f1(precision.value, recall.value),
    }
