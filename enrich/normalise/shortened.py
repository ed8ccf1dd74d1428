"""What X writes in forms of its own: addresses behind ``t.co``, ids, times, and times inside ids."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from creators.errors import BadRecord
from creators.values import parse_instant
from enrich.normalise.masking import safe_line

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


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_instant(value, "created_at")
    except BadRecord as error:
        raise ValueError(error.detail) from error


Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
"""Of a user or a post; a number as text, because many programs cannot hold it as a number."""
When = Annotated[datetime | None, BeforeValidator(_instant)]
"""ISO 8601, or the form of the old API (``Tue Feb 20 14:35:54 +0000 2007``), between 1990 and 2100."""


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


def website_of(address: str | None) -> str | None:
    """Return the website that a user names, with a scheme; None where it is no address."""
    line = safe_line(address, _MAX_ADDRESS)
    if line is None or " " in line or "." not in line:
        return None
    return line if line.lower().startswith(("http://", "https://")) else f"https://{line}"


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
