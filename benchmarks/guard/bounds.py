"""Bounds that are committed with their reasons, and what a measurement says against them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

BOUNDS = Path(__file__).parent / "bounds.json"
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Bound:
    """How large a figure may be.

    Attributes:
        measured: what it was when the bound was set.
        slack: how many times that it may become.
        reason: what the figure guards, and why it has so much slack.
    """

    measured: float
    slack: float
    reason: str

    @property
    def most(self) -> float:
        """The largest value that passes."""
        return self.measured * self.slack


def read(file: Path = BOUNDS) -> dict[str, Bound]:
    """Return the bounds by name of the figure.

    Raises:
        ValueError: an entry lacks its reason, or a number that makes sense.
    """
    found = {}
    for name, entry in json.loads(file.read_text(encoding="utf-8")).items():
        try:
            bound = Bound(float(entry["measured"]), float(entry["slack"]), str(entry["reason"]).strip())
        except (KeyError, TypeError, ValueError) as error:
            detail = f"{file.name}: {name} needs measured, slack and reason"
            raise ValueError(detail) from error
        if not bound.reason or bound.measured <= 0 or bound.slack < 1:
            detail = f"{file.name}: {name} needs a reason, a measured value above 0 and a slack of at least 1"
            raise ValueError(detail)
        found[name] = bound
    return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a measurement says: ``moved`` in sentences, and the bounds that could not be looked at."""

    moved: tuple[str, ...]
    unmeasured: tuple[str, ...]


def judge(figures: Mapping[str, float], bounds: Mapping[str, Bound]) -> Judgement:
    """Return which figures are beyond their bounds; NaN could not be had, a missing one has moved."""
    moved, unmeasured = [], []
    for name, bound in bounds.items():
        value = figures.get(name)
        if value is None:
            moved.append(f"{name} is not measured any more")
        elif math.isnan(value):
            unmeasured.append(name)
        elif value > bound.most:
            moved.append(
                f"{name} is {value:.{DIGITS}g}, at most {bound.most:.{DIGITS}g} may it be "
                f"({bound.measured:.{DIGITS}g} when the bound was set): {bound.reason}"
            )
    return Judgement(tuple(moved), tuple(unmeasured))


def rebased(figures: Mapping[str, float], bounds: Mapping[str, Bound]) -> dict[str, Bound]:
    """Return bounds with the same slacks and reasons, set from a measurement; what it lacks stays."""
    return {
        name: Bound(round(value, DIGITS), bound.slack, bound.reason)
        if (value := figures.get(name, math.nan)) > 0
        else bound
        for name, bound in bounds.items()
    }


def write(bounds: Mapping[str, Bound], file: Path = BOUNDS) -> None:
    """Write bounds as they are committed."""
    text = json.dumps({name: asdict(bound) for name, bound in bounds.items()}, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
