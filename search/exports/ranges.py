"""Which part of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

from creators.errors import BadRange

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """Return first byte and length of the part that a ``Range`` header names, or None for the whole file.

    Several parts, other units and what cannot be read are answered with the whole file, as the standard allows.

    Raises:
        BadRange: it begins after the end of the file.
    """
    match = _ONE.fullmatch(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    if start >= size:
        detail = f"the file has {size} bytes: there is nothing from byte {start} on"
        raise BadRange(detail)
    end = min(int(last), size - 1) if first and last else size - 1
    return start, end - start + 1
