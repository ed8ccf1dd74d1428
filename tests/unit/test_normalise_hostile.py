"""No value that a source may send breaks a normaliser: it is understood, or it is a bad record, and neighbours go on.

Leaves of every payload in ``tests/fixtures/payloads`` are replaced by the values below, one at a time.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from creators.errors import BadRecord
from creators.models import RawRecord
from creators.text import clean
from enrich.normalise import normaliser_of

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
CASES = sorted(
    path for path in PAYLOADS.glob("*/*.json") if not path.name.endswith(".expected.json") and path.name != "drift.json"
)
HOSTILE: tuple[Any, ...] = (
    None,
    "",
    True,
    -1,
    10**400,
    1e308,
    [],
    {},
    [None],
    "\ud800",
    "\x00",
    "\u202eabc\u200b@x",
    "a" * 100_000,
    "@" * 5_000,
    "https://" + "a." * 2_000,
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
    "Thu Nov 31 25:61:61 +0000 2017",
)
MAX_ID_BYTES = 512
FEW = 25


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _leaves(inner, (*path, key))
    elif path:
        yield path


def _with(body: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return changed


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_any_value_anywhere_is_understood_or_a_bad_record(case):
    given = RawRecord.model_validate({"source": case.parent.name, **json.loads(case.read_text(encoding="utf-8"))})
    normalise = normaliser_of(given.source)
    understood = 0
    leaves = list(_leaves(given.body))
    # Of a long payload, every leaf meets a part of the values, and every value many leaves.
    stride = 1 + len(leaves) // FEW
    for number, path in enumerate(leaves):
        for value in HOSTILE[number % stride :: stride]:
            record = given.model_copy(update={"body": _with(given.body, path, value)})
            try:
                found = normalise(record)
            except BadRecord:
                continue
            understood += 1
            for one in (*found.accounts, *found.posts):
                assert len(f"{one.platform}:{one.native_id}".encode()) <= MAX_ID_BYTES, (path, value)
            for account in found.accounts:
                for text in (account.name, account.bio, account.handle):
                    assert text is None or clean(text) == text or text == account.handle, (path, value)
            found.model_dump_json()
    assert understood
