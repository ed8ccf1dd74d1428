"""Tables as they come from elsewhere: damaged bytes, missing columns and cells, repeated texts."""

from __future__ import annotations

import csv
import io
import math
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Row = dict[str, str]
_NOTHING = {"", "none", "null", "nan", "n/a", "na"}
FOLDS = 5
COMMON = 0.01
LEAST_COMMON = 5


def read_table(path: Path) -> list[Row]:
    """Return the rows of a CSV file; bytes that are not UTF-8 become U+FFFD, NUL bytes and stray quotes go.

    A cell that a short row lacks is "", and so is one that says ``null``, ``None``, ``nan`` or ``N/A``.
    """
    text = path.read_bytes().decode("utf-8-sig", "replace").replace("\0", "")
    # A description may be longer than the reader's own limit.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    return [
        {name.strip().casefold(): _cell(value) for name, value in row.items() if name is not None}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _cell(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return "" if text.casefold() in _NOTHING else text


def number(text: str | None) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def folds(rows: Sequence[Row], seed: int, key: Callable[[Row], str]) -> list[list[int]]:
    """Return row numbers in five parts by seed; rows of one key (the same text) stay together.

    Rows of a key that more than a hundredth of the table shares are dealt out: together they would be a whole class.
    """
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(key(row) or f"row {index}", []).append(index)
    common = {name: group for name, group in groups.items() if len(group) > max(LEAST_COMMON, COMMON * len(rows))}
    parts = [group for name, group in sorted(groups.items()) if name not in common]
    parts += [[index] for _, group in sorted(common.items()) for index in group]
    random.Random(seed).shuffle(parts)  # noqa: S311 - a split, not a secret
    return [sorted(index for group in parts[start::FOLDS] for index in group) for start in range(FOLDS)]


def splits(
    train: Sequence[Row], test: Sequence[Row] | None, seed: int, key: Callable[[Row], str]
) -> list[tuple[list[Row], list[Row]]]:
    """Return what is trained on with what is scored: the test table, else each of five :func:`folds` of the first."""
    if test is not None:
        return [(list(train), list(test))]
    parts = [set(part) for part in folds(train, seed, key)]
    return [
        ([row for index, row in enumerate(train) if index not in part], [train[index] for index in sorted(part)])
        for part in parts
    ]
