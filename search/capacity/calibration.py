"""The measured constants: what was measured, on which machine, at which sizes; nothing is planned without them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from creators.errors import BadInput, SetupError
from search.capacity.constants import ASSUMED, MEASURED, Constants, Range

SHIPPED = files("search.capacity") / "calibration.json"
FAR = 3.0
"""A shard that is larger than the largest measured one by more than this is far outside the calibration."""
HOW = "run `python -m benchmarks.capacity calibrate` in a checkout and name its file"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants with their ranges.

    Attributes:
        made: the day.
        machine: what it was measured on.
        creators: the sizes of the measured indices, each one shard in one segment; ``walk_ms`` is of the largest.
        dimension: of the measured vectors.
        ranges: every constant; the assumed ones too.
        note: what a reader of any plan made with it must know; empty where there is nothing.
    """

    made: str
    machine: Mapping[str, Any]
    creators: tuple[int, ...]
    dimension: int
    ranges: Mapping[str, Range]
    note: str = ""

    @property
    def reference(self) -> int:
        """Creators of the largest shard that was measured."""
        return self.creators[-1]

    @property
    def best(self) -> Constants:
        """The likeliest value of every constant."""
        return Constants.of({name: one.best for name, one in self.ranges.items()})

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Return a calibration as ``calibrate`` writes it.

        Raises:
            BadInput: a constant is missing or has no range.
        """
        try:
            measured = {name: Range(**body["constants"][name]) for name in MEASURED}
            sizes = tuple(sorted(int(one) for one in body["creators"]))
            read = cls(
                body["made"],
                body["machine"],
                sizes,
                int(body["dimension"]),
                {**measured, **ASSUMED},
                body.get("note", ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            detail = f"this is no calibration ({type(error).__name__}: {error}): {HOW}"
            raise BadInput(detail, field="--calibration") from error
        if not sizes:
            detail = f"this calibration names no size: {HOW}"
            raise BadInput(detail, field="--calibration")
        return read


def load(path: Path | None = None) -> Calibration:
    """Return the calibration in a file, or the one that is shipped.

    Raises:
        SetupError: there is none: nothing can be planned. BadInput: the file is not one.
    """
    place = path or SHIPPED
    try:
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        detail = f"no calibration at {place}, and no plan without one: {HOW}"
        raise SetupError(detail, field="--calibration") from error
    try:
        return Calibration.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        detail = f"{place} is not JSON: {HOW}"
        raise BadInput(detail, field="--calibration") from error
