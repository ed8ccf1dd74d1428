"""Which version of something learnt here is in force: the shipped one, until one is adopted.

Each adoption is an object of the lake: names that sort by time, the last one counts. Redis holds the name of the
moment, so that no job has to list a folder; losing it loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from creators.stores.scripts import Shared, boundary

if TYPE_CHECKING:
    from creators.stores.session import Stores

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Adoption:
    """The choice among versions of one thing.

    Attributes:
        folder: of the lake, below which each adoption is an object.
        key: of Redis, without the installation's prefix.
    """

    folder: str
    key: str

    def in_force(self, stores: Stores) -> str:
        """Return the version that was adopted last, or ``shipped``; raises QueueUnavailable, LakeUnavailable."""
        shared = Shared(stores.queue.redis, stores.settings.index_prefix)
        with boundary():
            told: Any = shared.redis.get(shared.key(self.key))
        if told is not None:
            return str(told.decode())
        adopted = stores.lake.list_keys(f"{self.folder}/adopted")
        version = str(stores.lake.get_json(adopted[-1])["version"]) if adopted else SHIPPED
        self._tell(stores, version)
        return version

    def adopt(self, stores: Stores, version: str) -> None:
        """Put a version in force, which the caller knows to exist."""
        now = datetime.now(UTC)
        entry = {"version": version, "at": now.isoformat()}
        stores.lake.put_json(f"{self.folder}/adopted/{now:%Y%m%dT%H%M%S%f}.json", entry)
        self._tell(stores, version)

    def _tell(self, stores: Stores, version: str) -> None:
        shared = Shared(stores.queue.redis, stores.settings.index_prefix)
        with boundary():
            shared.redis.set(shared.key(self.key), version)
