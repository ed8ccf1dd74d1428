"""Parts of an export between the walk and the file: JSON lines, packed while they are written and read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import zstandard

from creators.errors import LakeCorrupt
from creators.ids import content_hash
from creators.text import replace_lone_surrogates

LEVEL = 3


class Spool:
    """A part that grows; only its packed bytes are held."""

    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        self._packed: list[bytes] = []
        self.rows = 0

    def add(self, creator: Mapping[str, Any]) -> None:
        """Append one row."""
        line = json.dumps(creator, ensure_ascii=False, separators=(",", ":"))
        self._packed.append(self._packer.compress(replace_lone_surrogates(line).encode() + b"\n"))
        self.rows += 1

    def packed(self) -> bytes:
        """Return the whole part; nothing can be added after that."""
        return b"".join([*self._packed, self._packer.flush()])


def rows_of(packed: bytes, *, sha256: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a part.

    Raises:
        LakeCorrupt: it is not the part that was written.
    """
    if content_hash(packed) != sha256:
        detail = f"a part of an export does not hash to {sha256}: it was changed after it was written; ask for it again"
        raise LakeCorrupt(detail)
    with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        for line in io.BufferedReader(reader):
            yield json.loads(line)
