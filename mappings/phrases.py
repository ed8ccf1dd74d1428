"""The words by which queries name filters, as ``data/phrases.toml`` lists them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def phrases() -> dict[str, Any]:
    """Return the tables of ``data/phrases.toml`` by name; the file says what each is for."""
    data = resources.files("mappings") / "data" / "phrases.toml"
    return tomllib.loads(data.read_text(encoding="utf-8"))
