"""What the queue ``export`` runs: whole results become files."""

from __future__ import annotations

from creators.stores.session import current_stores
from search.exports.writer import write_slice


def write_export(export_id: str, _slice: str = "0") -> None:
    """Take an export further; the number of the slice makes each piece of it work of its own in the queue."""
    write_slice(current_stores(), export_id)
