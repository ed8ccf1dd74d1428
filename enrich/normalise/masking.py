"""Contact details never leave the normaliser: e-mail addresses in text become ``[email]``."""

from __future__ import annotations

import re

from creators.text import clean, clean_line

MASK = "[email]"
MAX_BIO = 5_000
"""Characters of a bio that are kept."""
MAX_POST = 25_000
"""Characters of a post that are kept: the longest that a network lets write."""
MAX_LINE = 300
"""Characters of a name or a label that are kept."""
# Bounded, because a pattern that rescans a megabyte of letters from each of them does not end.
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def has_email(text: str | None) -> bool:
    """Return whether a text holds an e-mail address."""
    return text is not None and _EMAIL.search(clean(text)) is not None


def safe_text(text: str | None, limit: int = MAX_BIO) -> str | None:
    """Return a text cleaned, with addresses masked, cut to ``limit`` characters; ``None`` where nothing is left."""
    if text is None:
        return None
    return _EMAIL.sub(MASK, clean(text))[:limit].rstrip() or None


def safe_line(text: str | None, limit: int = MAX_LINE) -> str | None:
    """Return :func:`safe_text` on one line."""
    if text is None:
        return None
    return _EMAIL.sub(MASK, clean_line(text))[:limit].rstrip() or None
