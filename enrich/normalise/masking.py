"""Contact details never leave the normaliser: in texts they become ``[email]``, ``[phone]`` and ``[phone ES]``."""

from __future__ import annotations

from creators.text import clean, clean_line
from enrich.normalise.contact import found_in

MAX_BIO = 5_000
"""Characters of a bio that are kept."""
MAX_POST = 25_000
"""Characters of a post that are kept: the longest that a network lets write."""
MAX_LINE = 300
"""Characters of a name or a label that are kept."""
_MARGIN = 400


def safe_text(text: str | None, limit: int = MAX_BIO) -> str | None:
    """Return a text cleaned, without ways of contact, cut to ``limit`` characters; ``None`` where nothing is left."""
    if text is None:
        return None
    return _masked(clean(text), limit).rstrip() or None


def safe_line(text: str | None, limit: int = MAX_LINE) -> str | None:
    """Return :func:`safe_text` on one line."""
    if text is None:
        return None
    return _masked(clean_line(text), limit).rstrip() or None


def _masked(text: str, limit: int) -> str:
    # What begins within the limit is looked at whole: half an address would be shown as it is.
    parts: list[str] = []
    end = 0
    for one in found_in(text[: limit + _MARGIN]):
        if one.start >= limit:
            break
        parts += (text[end : one.start], one.mask)
        end = one.end
    return "".join((*parts, text[end : max(end, limit)]))[:limit]
