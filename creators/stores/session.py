"""The stores that one process works with, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from creators.settings import Settings, load_settings
from creators.stores.cluster import Cluster
from creators.stores.lake import Lake, open_lake
from creators.stores.queue import WorkQueue

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Stores:
    """Lake, cluster and queue of one installation; each is opened at first use."""

    settings: Settings

    @cached_property
    def lake(self) -> Lake:
        """The raw records."""
        return open_lake(self.settings)

    @cached_property
    def cluster(self) -> Cluster:
        """OpenSearch."""
        return Cluster(self.settings)

    @cached_property
    def queue(self) -> WorkQueue:
        """The work that waits."""
        return WorkQueue(self.settings)

    @property
    def cache_dir(self) -> Path:
        """Where things lie that can be made again."""
        return self.settings.cache_dir


@cache
def current_stores() -> Stores:
    """Return the stores that the environment names: what a queued job works with."""
    return Stores(load_settings())
