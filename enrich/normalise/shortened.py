"""What X writes in forms of its own: addresses behind ``t.co``, ids, and times inside ids."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""Millisecond 0 of a Snowflake id; https://docs.x.com/fundamentals/x-ids."""
_FIRST_SNOWFLAKE = 29_700_859_247
"""Ids up to here were counted and hold no time."""
_SEQUENCE_BITS = 22
_MAX_ID = 1 << 63
_SHORT = re.compile(r"https?://t\.co/\w{1,40}")
_MAX_TEXT = 30_000
_MAX_ADDRESS = 2_000
"""Characters of an address that is written out: a source decides how often it stands in a text."""


Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
"""Of a user or a post; a number as text, because many programs cannot hold it as a number."""


def expanded(text: str | None, addresses: Mapping[str, str]) -> str | None:
    """Return a text with its short addresses written out, and with ``&amp;`` as ``&``, which is how X sends it.

    Args:
        text: of a bio or a post.
        addresses: short address → where it leads; those of ``t.co`` count.
    """
    if text is None:
        return None
    known = {short: full for short, full in addresses.items() if len(full) <= _MAX_ADDRESS}
    return html.unescape(_SHORT.sub(lambda match: known.get(match[0], match[0]), text[:_MAX_TEXT]))


def posted_at(snowflake: str | None) -> datetime | None:
    """Return when the post of an id was written: ``(id >> 22)`` ms after the epoch of X; None for ids without a time.

    Source: https://docs.x.com/fundamentals/x-ids. The result is exact to 1 ms.
    """
    if snowflake is None or not (snowflake.isascii() and snowflake.isdigit()) or len(snowflake) > len(str(_MAX_ID)):
        return None
    number = int(snowflake)
    if not _FIRST_SNOWFLAKE < number < _MAX_ID:
        return None
    return _X_EPOCH + timedelta(milliseconds=number >> _SEQUENCE_BITS)
