"""What changes when a data file changes: signals that read one carry it in their version."""

from __future__ import annotations

from functools import cache
from importlib import resources

from creators.ids import content_hash

DIGITS = 12


@cache
def data_version(*names: str) -> str:
    """Return 12 hex digits that are others as soon as one of these files of ``mappings/data`` is."""
    folder = resources.files("mappings") / "data"
    return content_hash(b"\n".join((folder / name).read_bytes() for name in names))[:DIGITS]
