"""Stage 2: raw records become accounts and posts; pure, one module for each source.

``normalise(record, …) -> Normalised`` in every module: no client, no settings, no clock, so the same record gives the
same accounts on every replay.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from pydantic import ValidationError

from creators.errors import BadRecord
from creators.models import RawRecord
from enrich.normalise.contract import Normalised

__all__ = ["SOURCES", "Normalised", "normaliser_of"]

SOURCES = frozenset(
    {
        "apify",
        "browser",
        "event",
        "github_rest",
        "gone",
        "instagram_graph",
        "media",
        "socialdata",
        "tiktok_research",
        "website",
        "x_api_v2",
        "youtube_data_api",
    }
)
"""Sources whose records say by themselves what they mean; rows of files are read by their dataset's mapping."""


@cache
def normaliser_of(source: str) -> Callable[[RawRecord], Normalised]:
    """Return the function that reads the records of a source; whatever is wrong with one, it raises ``BadRecord``.

    Raises:
        BadRecord: there is none; the record stays in the lake for a version that has.
    """
    if source not in SOURCES:
        detail = f"no normaliser for records of {source!r}: this version knows {', '.join(sorted(SOURCES))}"
        raise BadRecord(detail, field="source")
    normalise: Callable[[RawRecord], Normalised] = import_module(f"enrich.normalise.{source}").normalise

    def checked(record: RawRecord) -> Normalised:
        try:
            return normalise(record)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "record"
            detail = f"{field}: {first['msg']}: the answer has the documented form, and a value that nothing here holds"
            raise BadRecord(detail, field=field) from error

    return checked
