"""The filters of a question in the form that every peer understands, and who passes them; pure, NumPy only.

A condition is one of ``{"field", "any": [...]}`` (a list or word field has one of the values), ``{"field", "min",
"max"}`` (a number in a range, ends included, either may be None) and ``{"field", "is": true}``. All of them must hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Condition = dict[str, Any]
Columns = Mapping[str, NDArray[Any]]

LISTS = ("platforms", "niches", "countries", "languages")
"""Fields that hold several words."""
WORDS = ("domain", "follower_band")
"""Fields that hold one word."""
NUMBERS = ("followers", "engagement_rate", "growth_30d", "growth_90d", "growth_180d")
FLAGS = ("verified",)
_FIELD_OF = {**{name: name for name in LISTS}, "domains": "domain", "follower_bands": "follower_band"}


def conditions_of(filters: Mapping[str, Any]) -> list[Condition]:
    """Return the conditions of filters as ``POST /v1/creators/search`` takes them.

    Raises:
        ValueError: a filter that peers are not asked with; the message names those that they are.
    """
    found: list[Condition] = []
    for name, wanted in filters.items():
        if name in _FIELD_OF:
            found.append({"field": _FIELD_OF[name], "any": [str(value) for value in wanted]})
        elif name in NUMBERS:
            found.append({"field": name, "min": wanted.get("min"), "max": wanted.get("max")})
        elif name in FLAGS and wanted:
            found.append({"field": name, "is": True})
        else:
            known = ", ".join([*_FIELD_OF, *NUMBERS, *FLAGS])
            detail = f"peers are not asked with the filter {name!r} = {wanted!r}: only with {known}"
            raise ValueError(detail)
    return found


def columns_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return numbers as float32 (unknown: NaN), and for each value of a word field who has it, as ``field=value``.

    Numbers are float32 since that is what the index of the product compares.
    """
    having: dict[str, list[int]] = {}
    numbers: dict[str, list[float]] = {name: [] for name in NUMBERS}
    for place, row in enumerate(rows):
        for name in (*LISTS, *WORDS, *FLAGS):
            for value in _values(row.get(name)):
                having.setdefault(f"{name}={value}", []).append(place)
        for name in NUMBERS:
            value = row.get(name)
            numbers[name].append(float("nan") if value is None else float(value))
    return {
        **{name: np.array(places, np.int32) for name, places in having.items()},
        **{name: np.array(values, np.float32) for name, values in numbers.items()},
    }


def passing(conditions: Sequence[Condition], columns: Columns, size: int) -> NDArray[np.bool_]:
    """Return which of ``size`` creators pass all conditions."""
    mask = np.ones(size, bool)
    for condition in conditions:
        mask &= _passes(condition, columns, size)
    return mask


def _passes(condition: Condition, columns: Columns, size: int) -> NDArray[np.bool_]:
    name = condition["field"]
    if "any" in condition or "is" in condition:
        mask = np.zeros(size, bool)
        for value in condition.get("any", [True]):
            mask[columns.get(f"{name}={value}", np.array([], np.int32))] = True
        return mask
    numbers = columns[name]
    low, high = condition["min"], condition["max"]
    # A comparison with NaN is false: who has no number does not pass.
    return (numbers >= np.float32(-np.inf if low is None else low)) & (
        numbers <= np.float32(np.inf if high is None else high)
    )


def _values(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
