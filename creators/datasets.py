"""What a user's mapping file may say: which column of their table is which field of an account.

The fetcher reads platform, id and time from it; the normaliser reads the rest. A mapping is TOML:

    title = "Our TikTok shortlist"
    platform = "tiktok"                  # or { column = "network", values = { TT = "tiktok" } }
    observed_at = "2026-01-31"           # or a column; unset: the day the file was first ingested

    [account]
    handle = "user"                      # a column; "a.b" reaches into nested JSON, "n#2" is the second column "n"
    native_id = "id"                     # unset: the handle stands in, marked with "@"
    followers = "Fans"
    categories = ["Cat 1", "Cat 2"]      # several columns: all of them (or, for one value, the first that is filled)
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from creators.errors import BadMapping
from creators.models import Frozen, Platform

MISSING = frozenset({"", "-", "--", "n/a", "n/a'", "na", "nan", "none", "null", "nil", "#valor!", "#value!", "#n/a"})
"""Cell texts, case-folded, that mean "unknown" in tables found in the wild."""

Row = dict[str, Any]
Columns = str | tuple[str, ...]


class Choice(Frozen):
    """A column whose values are translated, with an optional value for those not listed."""

    column: str
    values: dict[str, str]
    default: str | None = None


class AccountColumns(Frozen):
    """Where the fields of one account are; every entry names one column or several."""

    platform: Platform | Choice | None = None
    native_id: Columns | None = None
    native_ids: dict[Platform, Columns] = Field(default_factory=dict)
    """Where the native id is, in tables that keep it in another column for each platform; before ``native_id``."""
    handle: Columns | None = None
    name: Columns | None = None
    bio: Columns | None = None
    url: Columns | None = None
    website: Columns | None = None
    email: Columns | None = None
    country: Columns | None = None
    language: Columns | None = None
    verified: Columns | None = None
    categories: Columns | None = None
    topics: Columns | None = None
    followers: Columns | None = None
    following: Columns | None = None
    posts: Columns | None = None
    views: Columns | None = None
    avg_views: Columns | None = None
    avg_likes: Columns | None = None
    avg_comments: Columns | None = None
    avg_shares: Columns | None = None
    engagement_rate: Columns | None = None
    joined_on: Columns | None = None
    """A column, or exactly three: year, month (a number or an English name) and day."""
    last_posted_at: Columns | None = None
    links: Columns | None = None
    """Addresses of profiles elsewhere, or objects with ``platform``, ``handle`` and ``url``."""
    link_handles: dict[str, Columns] = Field(default_factory=dict)
    """A network, indexed here or not, and the column of the handle there (``twitch = "Twitch.id"``)."""
    history: Columns | None = None
    """A column of ``YYYY-MM-DD=followers`` pairs joined by ``;``."""
    provenance: Columns | None = None


class PostColumns(Frozen):
    """Where the fields of one post are, in tables with one post a row."""

    native_id: Columns
    text: Columns | None = None
    posted_at: Columns | None = None
    views: Columns | None = None
    likes: Columns | None = None
    comments: Columns | None = None
    shares: Columns | None = None
    hashtags: Columns | None = None


class DatasetMapping(Frozen):
    """One mapping file."""

    title: str
    format: Literal["csv", "jsonl", "parquet"] | None = None
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    """The decimal mark of numbers with a unit or a fraction (``16,037 M`` has a comma)."""
    list_separator: str = "|"
    """What separates several values in one cell."""
    rates: Literal["fraction", "percent"] = "fraction"
    """The unit of rates written without a percent sign."""
    platform: Platform | Choice | None = None
    observed_at: date | datetime | str | None = None
    """A date, or the column that holds it."""
    person_id: Columns | None = None
    """The column that two accounts of one person share."""
    compose_bio: bool = False
    """Put a bio together from the facts of the row where it has none; the account is marked ``bio_composed``."""
    account: AccountColumns | None = None
    accounts: Columns | None = None
    """A column with a list of accounts; ``account`` then names keys of its items, or columns of the row.

    An item on a network that is not indexed here becomes a link; one without a usable id or handle is left out.
    """
    post: PostColumns | None = None

    @model_validator(mode="after")
    def _has_identity(self) -> Self:
        columns = self.account
        if columns is None:
            detail = "[account] is missing: name at least the column of the handle or of the native_id"
            raise ValueError(detail)
        if columns.native_id is None and columns.handle is None and columns.url is None:
            detail = "[account] names neither native_id, handle nor url: an account needs one of them"
            raise ValueError(detail)
        if self.platform is None and columns.platform is None:
            detail = f"platform is missing: one of {', '.join(Platform)}, or a column with its values"
            raise ValueError(detail)
        return self


def load_mapping(path: Path) -> DatasetMapping:
    """Read a mapping file.

    Raises:
        BadMapping: not readable, not TOML, or with a field that is wrong; the message names the field.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        detail = f"mapping {path} cannot be read: {error.strerror}"
        raise BadMapping(detail, field="mapping") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = f"mapping {path} is not TOML: {error}"
        raise BadMapping(detail, field="mapping") from error
    return parse_mapping(data, origin=str(path))


def parse_mapping(data: dict[str, Any], *, origin: str = "mapping") -> DatasetMapping:
    """Validate a mapping read from TOML or JSON; raises :class:`BadMapping`."""
    try:
        return DatasetMapping.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "mapping"
        detail = f"{origin}: {where}: {first['msg']}"
        raise BadMapping(detail, field=where) from error
