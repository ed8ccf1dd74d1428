"""The sources: one module each, all of one shape, that turn an answer of the outside world into raw records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fetchers.contract import Source

NAMES = (
    "youtube_data_api",
    "x_api_v2",
    "instagram_graph",
    "tiktok_research",
    "github_rest",
    "apify",
    "socialdata",
    "website",
    "browser",
)
"""Every source that is asked for targets; ``dataset`` reads files and ``event`` is what others send."""


@cache
def all_sources() -> Mapping[str, Source]:
    """Return every source by its name."""
    return MappingProxyType({name: import_module(f"fetchers.sources.{name}").SOURCE for name in NAMES})
