"""``docs/settings.md`` has one row for each setting, word for word what the code says.

After a change of ``creators/settings.py`` this writes the table again:

    uv run python tests/contract/test_settings_documented.py
"""

import types
import typing
from pathlib import Path

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from creators.settings import PREFIX, Settings, SourceSettings

DOC = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN, END = "<!-- settings: generated -->", "<!-- settings: end -->"
HEADER = ("| variable | type | default | meaning |", "|---|---|---|---|")
TYPES = {str: "text", int: "whole number", float: "number", Path: "path", SecretStr: "secret text", bool: "yes or no"}


def type_of(annotation: object) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if isinstance(annotation, types.UnionType):
        return " or ".join(type_of(part) for part in typing.get_args(annotation) if part is not type(None))
    return TYPES[annotation]


def bounds_of(field: FieldInfo) -> str:
    signs = {Ge: ("at least", "ge"), Gt: ("more than", "gt"), Le: ("at most", "le")}
    known = [(signs[type(limit)], limit) for limit in field.metadata if type(limit) in signs]
    words = [f"{sign} {getattr(limit, name):,}" for (sign, name), limit in known]
    words += [f"matches `{rule.pattern}`" for rule in field.metadata if getattr(rule, "pattern", None)]
    return "".join(f", {word}" for word in words)


def default_of(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "of the platform"
    return "unset" if field.default in {None, ""} else f"`{field.default}`"


def row_of(name: str, field: FieldInfo) -> str:
    variable = name.upper().replace("<SOURCE>", "<source>")
    cells = (
        f"`{PREFIX}{variable}`",
        type_of(field.annotation) + bounds_of(field),
        default_of(field),
        field.description or "",
    )
    return f"| {' | '.join(cells)} |"


def table() -> list[str]:
    rows: list[str] = []
    for name, field in Settings.model_fields.items():
        if name == "sources":
            rows += (row_of(f"{name}__<source>__{own}", part) for own, part in SourceSettings.model_fields.items())
        else:
            rows.append(row_of(name, field))
    return [*HEADER, *rows]


def parts_of(text: str) -> tuple[str, list[str], str]:
    before, rest = text.split(BEGIN)
    inside, after = rest.split(END)
    return before, inside.strip().splitlines(), after


def test_the_table_is_what_the_code_says():
    _, written, _ = parts_of(DOC.read_text(encoding="utf-8"))
    assert written == table(), "write it again: uv run python tests/contract/test_settings_documented.py"


def test_every_setting_says_what_it_means():
    fields = {**Settings.model_fields, **SourceSettings.model_fields}
    silent = [name for name, field in fields.items() if not (field.description or "").endswith(".")]
    assert silent == []


def test_meanings_do_not_break_the_table():
    assert [name for name, field in Settings.model_fields.items() if "|" in (field.description or "")] == []


if __name__ == "__main__":
    before, _, after = parts_of(DOC.read_text(encoding="utf-8"))
    rows = "\n".join(table())
    DOC.write_text(f"{before}{BEGIN}\n{rows}\n{END}{after}", encoding="utf-8")
