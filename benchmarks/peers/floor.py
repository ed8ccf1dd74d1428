"""The cheapest setting at which a peer finds what it must find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FLOOR = 0.95
"""Least recall@100 of the vector arm, in the mean of every kind of question."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting and what it finds.

    Attributes:
        knob: its place in the ladder, the cheapest first.
        setting: in words.
        recall: kind of question → mean recall@100.
        holds: whether every kind reaches the floor; where no setting does, this is the one whose worst is best.
    """

    knob: int
    setting: str
    recall: dict[str, float]
    holds: bool


def cheapest(ladder: Sequence[str], recall_at: Callable[[int], Mapping[str, float]], *, floor: float = FLOOR) -> Chosen:
    """Return the first setting whose worst kind reaches the floor, else the one whose worst kind is best.

    Args:
        ladder: settings, the cheapest first; at least one.
        recall_at: measures the recall of each kind at a place of the ladder; not asked beyond the first that holds.
        floor: least mean recall of a kind.
    """
    best: Chosen | None = None
    for knob, setting in enumerate(ladder):
        recall = dict(recall_at(knob))
        worst = min(recall.values(), default=1.0)
        found = Chosen(knob, setting, recall, holds=worst >= floor)
        if found.holds:
            return found
        if best is None or worst > min(best.recall.values()):
            best = found
    if best is None:
        detail = "a ladder needs at least one setting"
        raise ValueError(detail)
    return best
