"""Other orders of a ranked page, for variety: near duplicates held back, platforms or niches spread; pure.

Off by default. Scores are never changed, places are, and every creator that moved has a note that says why.

*Near duplicates* (the same name or text, or vectors closer than a threshold) go behind everybody who is not one; none
is dropped. *Spread* is the greedy re-ranking of Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for
Reordering Documents and Producing Summaries", SIGIR 1998: the next is the one with the largest
``(1 - strength) * relevance - strength * redundancy``. Platforms and niches are either equal or not, and the largest
similarity to anybody chosen before would soon be 1 for all; redundancy is therefore the share of the same platform or
niche among the last ten chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from creators.models import Frozen
from search.rank.model import Ranked

RECENT = 10
"""How many of those chosen last count as redundant."""
Share = Annotated[float, Field(ge=0, le=1)]


class Diversity(Frozen):
    """How much variety a page is given; none by default."""

    suppress_duplicates: bool = False
    """Hold near duplicates back behind everybody else."""
    duplicate_cosine: Share = 0.97
    """Cosine of two creators' texts from which on they are near duplicates."""
    spread: Literal["platform", "niche"] | None = None
    """What a page should have several of."""
    strength: Share = 0.3
    """Of the spread: 0 changes nothing, 1 looks at nothing else."""

    @property
    def is_off(self) -> bool:
        """Whether the order stays as it is."""
        return not self.suppress_duplicates and (self.spread is None or self.strength == 0)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the creators of a window have in common, in the order of the window."""

    labels: tuple[str, ...]
    """What a note calls each."""
    keys: tuple[str | None, ...] = ()
    """Two creators with the same key (a name without its signs, a hash of the text) are duplicates; None of nobody."""
    vectors: NDArray[np.float32] | None = None
    """One unit vector each, shape ``(n, d)``; a row of zeros where it is not known."""
    groups: tuple[str | None, ...] = ()
    """Platform or main niche of each; None where unknown, which nobody shares."""


def diversify(ranked: Ranked, traits: Traits, wish: Diversity) -> Ranked:
    """Return the window in the order wished for, with a note on each creator that is not where its score puts it."""
    if wish.is_off or not ranked.ids:
        return ranked
    places = np.arange(len(ranked.ids))
    why = [""] * len(places)
    held: list[int] = []
    if wish.suppress_duplicates:
        twins = duplicates(traits, wish.duplicate_cosine)
        held = sorted(twins)
        for place, (of, reason) in twins.items():
            why[place] = f"near duplicate of {traits.labels[of]} ({reason})"
    free = [place for place in places.tolist() if place not in set(held)]
    if wish.spread is not None and wish.strength > 0:
        free = _spread(ranked.scores, free, traits.groups, wish.strength)
    order = [*free, *held]
    notes = []
    for new, old in enumerate(order):
        reason = why[old] or (f"spread over {_PLURAL[wish.spread]}" if wish.spread else "others were held back")
        notes.append(_note(new - old, reason, is_twin=bool(why[old])))
    return ranked.take(order, notes)


_PLURAL = {"platform": "platforms", "niche": "niches"}


def _note(places: int, reason: str, *, is_twin: bool) -> str:
    if places == 0:
        return f"stays: {reason}" if is_twin else ""
    count = f"{abs(places)} place{'' if abs(places) == 1 else 's'}"
    return f"held back {count}: {reason}" if places > 0 else f"moved up {count}: {reason}"


def duplicates(traits: Traits, threshold: float) -> dict[int, tuple[int, str]]:
    """Return place → (place of the better ranked creator that it repeats, how) of every near duplicate.

    A creator repeats only one that is no duplicate itself: a chain of small differences does not join its ends.
    """
    count = len(traits.labels)
    found: dict[int, tuple[int, str]] = {}
    first_with: dict[str, int] = {}
    near = _near(traits.vectors, threshold)
    for place in range(count):
        key = traits.keys[place] if traits.keys else None
        if key is not None and key in first_with:
            found[place] = (first_with[key], "the same name or text")
            continue
        twin = next((of for of in near.get(place, ()) if of not in found), None)
        if twin is not None and traits.vectors is not None:
            cosine = float(traits.vectors[place] @ traits.vectors[twin])
            found[place] = (twin, f"cosine {cosine:.2f}")
        elif key is not None:
            first_with[key] = place
    return found


def _near(vectors: NDArray[np.float32] | None, threshold: float) -> dict[int, list[int]]:
    """Return place → earlier places whose vector is at least ``threshold`` close, the best ranked first."""
    if vectors is None:
        return {}
    later, earlier = np.nonzero(np.tril(vectors @ vectors.T >= threshold, k=-1))
    near: dict[int, list[int]] = {}
    for place, of in zip(later.tolist(), earlier.tolist(), strict=True):
        near.setdefault(place, []).append(of)
    return near


def _spread(
    scores: NDArray[np.float64], places: Sequence[int], groups: Sequence[str | None], strength: float
) -> list[int]:
    """Return ``places`` so that no group takes all of them; within a group the order stays.

    Only the best creator left of each group can be next, so a step compares groups and not creators.
    """
    if not places:
        return []
    queues: dict[str, list[int]] = {}
    for place in places:
        queues.setdefault(groups[place] or f"\0{place}", []).append(place)
    waiting = [list(reversed(queue)) for queue in queues.values()]
    low, high = float(scores[list(places)].min()), float(scores[list(places)].max())
    span = high - low or 1.0
    heads = np.array([queue[-1] for queue in waiting])
    relevance = (scores[heads] - low) / span
    recent = np.zeros(len(waiting))
    left = np.ones(len(waiting), dtype=bool)
    chosen: list[int] = []
    picks: list[int] = []
    for _ in places:
        value = np.where(left, (1.0 - strength) * relevance - strength * recent / RECENT, -np.inf)
        # Of equal values the better ranked, whatever group was seen first.
        best = int(np.lexsort((heads, -value))[0])
        chosen.append(waiting[best].pop())
        picks.append(best)
        recent[best] += 1
        if len(picks) > RECENT:
            recent[picks[-RECENT - 1]] -= 1
        if waiting[best]:
            heads[best] = waiting[best][-1]
            relevance[best] = (scores[heads[best]] - low) / span
        else:
            left[best] = False
    return chosen
