"""Every payload in ``tests/fixtures/payloads`` normalises to the file beside it, and says when its form has drifted.

The payloads are written by us after the documented forms. ``python -m tests.unit.test_normalise_golden [source]``
writes the expected files again; read the difference before you keep it.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from creators.errors import SchemaDrift
from creators.models import RawRecord
from enrich.normalise.contract import Normalised

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
CASES = sorted(
    path for path in PAYLOADS.glob("*/*.json") if not path.name.endswith(".expected.json") and path.name != "drift.json"
)


def _expected(case: Path) -> Path:
    return case.with_name(f"{case.stem}.expected.json")


def _name(case: Path) -> str:
    return f"{case.parent.name}/{case.stem}"


def _record(case: Path) -> RawRecord:
    return RawRecord.model_validate({"source": case.parent.name, **json.loads(case.read_text(encoding="utf-8"))})


def _normalise(record: RawRecord) -> Normalised:
    module = import_module(f"enrich.normalise.{record.source}")
    found: Normalised = module.normalise(record)
    return found


def _dumped(found: Normalised) -> dict[str, Any]:
    return found.model_dump(mode="json", exclude_defaults=True)


def _drifts(which: str) -> Iterator[tuple[Path, str]]:
    for file in sorted(PAYLOADS.glob("*/drift.json")):
        for case, fields in json.loads(file.read_text(encoding="utf-8")).items():
            for field in fields[which]:
                yield file.with_name(f"{case}.json"), field


def _holder(body: Any, path: str) -> tuple[Any, str | int]:
    """The object or list that holds the field at a dotted path, and its name or place there."""
    *above, last = path.split(".")
    for part in above:
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body, int(last) if isinstance(body, list) else last


def _another_type(value: Any) -> Any:
    return "another type" if isinstance(value, dict | list) else {"value": value}


def _changed(case: Path, path: str, *, retyped: bool) -> RawRecord:
    record = _record(case)
    body = copy.deepcopy(record.body)
    holder, last = _holder(body, path)
    if retyped:
        holder[last] = _another_type(holder[last])
    else:
        del holder[last]
    return record.model_copy(update={"body": body})


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_payload_normalises_to_what_lies_beside_it(case):
    assert _dumped(_normalise(_record(case))) == json.loads(_expected(case).read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_every_account_and_post_says_when_and_from_where(case):
    record = _record(case)
    found = _normalise(record)
    for one in (*found.accounts, *found.posts):
        assert (one.source, one.fetched_at) == (record.source, record.fetched_at)
    for account in found.accounts:
        assert (account.tier, account.degraded) == (record.tier, record.degraded)


def test_every_expected_file_has_its_payload():
    assert {path.name for path in PAYLOADS.glob("*/*.expected.json")} >= {_expected(case).name for case in CASES}
    for path in PAYLOADS.glob("*/*.expected.json"):
        assert path.with_name(path.name.replace(".expected", "")).exists(), path


@pytest.mark.parametrize(("case", "field"), list(_drifts("core")), ids=lambda value: str(getattr(value, "stem", value)))
def test_a_core_field_that_is_renamed_or_retyped_is_drift(case, field):
    for retyped in (False, True):
        with pytest.raises(SchemaDrift) as caught:
            _normalise(_changed(case, field, retyped=retyped))
        assert caught.value.field


@pytest.mark.parametrize(
    ("case", "field"), list(_drifts("optional")), ids=lambda value: str(getattr(value, "stem", value))
)
def test_an_optional_field_that_is_missing_is_counted_and_nothing_is_invented(case, field):
    # ``path=name`` where what is counted has another name than the field that told it.
    path, _, counted = field.partition("=")
    whole, less = _normalise(_record(case)), _normalise(_changed(case, path, retyped=False))
    last = counted or path.rpartition(".")[2]
    assert last in {name.rpartition(".")[2] for name in less.missing}, less.missing
    assert len(less.accounts) == len(whole.accounts)
    assert len(less.posts) == len(whole.posts)
    for before, after in zip(whole.accounts, less.accounts, strict=True):
        _assert_only_less(before.model_dump(), after.model_dump())
    for before, after in zip(whole.posts, less.posts, strict=True):
        _assert_only_less(before.model_dump(), after.model_dump())


def _assert_only_less(before: dict[str, Any], after: dict[str, Any]) -> None:
    """What a field does not say any more is unknown, empty, or shorter; it is never another value."""
    for name, value in after.items():
        gone = value is None or (isinstance(value, tuple) and set(map(str, value)) <= set(map(str, before[name])))
        shorter = isinstance(value, str) and isinstance(before[name], str) and value in before[name]
        assert value == before[name] or gone or shorter, (name, before[name], value)


def _write(sources: list[str]) -> None:
    for case in CASES:
        if not sources or case.parent.name in sources:
            text = json.dumps(_dumped(_normalise(_record(case))), indent=1, ensure_ascii=False)
            _expected(case).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    _write(sys.argv[1:])
