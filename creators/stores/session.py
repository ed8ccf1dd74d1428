"""The stores that one process works with, opened once."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
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


_CURRENT: ContextVar[Stores] = ContextVar("current_stores")


def work_with(stores: Stores) -> None:
    """Let the jobs of this process work with these stores: a worker that found its engines knows their addresses."""
    _CURRENT.set(stores)


def current_stores() -> Stores:
    """Return the stores that a queued job works with: those of its worker, else those that the environment names."""
    try:
        return _CURRENT.get()
    except LookupError:
        work_with(Stores(load_settings()))
        return _CURRENT.get()
