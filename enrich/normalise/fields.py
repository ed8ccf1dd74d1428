"""The forms in which sources write ids, names, times and websites, as types of payload fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from creators.errors import BadRecord
from creators.models import Post
from creators.values import parse_instant
from enrich.normalise.contract import Payload
from enrich.normalise.masking import safe_line

MAX_URL = 2_000
"""Characters of a website; more is no address."""


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_instant(value, "time")
    except BadRecord as error:
        raise ValueError(error.detail) from error


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _plausible(value: datetime | None) -> datetime | None:
    if value is not None and value.year < 1980:  # noqa: PLR2004 - before there was any network to post on
        detail = f"{value:%Y-%m-%d} is no time at which anything was posted"
        raise ValueError(detail)
    return value


Digits = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\d{1,30}$")]
"""An id in digits; some clients of an API send the number as text, others as a number."""
UserName = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]
"""A user name without ``@``."""
When = Annotated[datetime | None, BeforeValidator(_instant), AfterValidator(_plausible)]
"""A time in ISO 8601, in the old form of X, or in seconds since 1970."""


def website_of(url: str | None) -> str | None:
    """Return the website that a profile states, with its scheme; None where it is no address."""
    line = safe_line(url, MAX_URL)
    if line is None or " " in line or "." not in line:
        return None
    return line if line.lower().startswith(("http://", "https://")) else f"https://{line}"


def latest(posts: Iterable[Post]) -> datetime | None:
    """Return when the last of some posts was posted; None where no time is known."""
    return max((post.posted_at for post in posts if post.posted_at), default=None)


def lacking(parts: Iterable[Payload], names: Mapping[str, str], where: str) -> tuple[str, ...]:
    """Return which documented fields some parts of an answer lack, each once, as ``where.name``.

    Args:
        parts: of one form.
        names: of the fields in the model → in the answer.
        where: the parts are in the answer.
    """
    found = (f"{where}.{said}" for part in parts for name, said in names.items() if part.missing(name))
    return tuple(dict.fromkeys(found))
