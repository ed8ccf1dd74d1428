"""How much each kind of hint at a country weighs (``data/location_weights.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class LocationWeights:
    """Weights in log-odds by kind of hint, and that of all countries that nothing points to."""

    version: str
    other: float
    by_sort: Mapping[str, float]

    def of(self, sort: str) -> float:
        """Return the weight of one kind of hint."""
        return self.by_sort[sort]


@cache
def location_weights() -> LocationWeights:
    """Return the weights as they were fitted."""
    data = resources.files("mappings") / "data" / "location_weights.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    version, other = str(table.pop("version")), float(table.pop("other"))
    return LocationWeights(version, other, {sort: float(weight) for sort, weight in table.items()})
