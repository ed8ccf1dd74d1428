"""Which match model is in force: the shipped one, until one is learnt here.

A learnt model is an object of the lake, and so is each adoption of one: names that sort by time, the last one counts.
Redis holds the name of the moment, so that no job has to list a folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from creators.errors import NotFound
from creators.stores.lake import MODELS
from creators.stores.scripts import Shared, boundary
from enrich.resolve.model import MatchModel

if TYPE_CHECKING:
    from creators.stores.lake import Lake
    from creators.stores.session import Stores

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class InForce:
    """A model with its version, which is a hash of all of it."""

    model: MatchModel
    version: str


_FOLDER = f"{MODELS}/identity"
_KEY = "identity:model"


def current(stores: Stores) -> InForce:
    """Return the model in force.

    Raises:
        NotFound: the lake says that a model was adopted and does not hold it. QueueUnavailable, LakeUnavailable.
    """
    name = _told(stores) or _adopted_last(stores)
    return _shipped() if name == SHIPPED else _learnt(stores.lake, name)


@cache
def _shipped() -> InForce:
    model = MatchModel.shipped()
    return InForce(model, model.version)


def _told(stores: Stores) -> str | None:
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    with boundary():
        told: Any = shared.redis.get(shared.key(_KEY))
    return None if told is None else str(told.decode())


def _adopted_last(stores: Stores) -> str:
    adopted = stores.lake.list_keys(f"{_FOLDER}/adopted")
    name = stores.lake.get_json(adopted[-1])["version"] if adopted else SHIPPED
    _tell(stores, name)
    return str(name)


def _tell(stores: Stores, name: str) -> None:
    shared = Shared(stores.queue.redis, stores.settings.index_prefix)
    with boundary():
        shared.redis.set(shared.key(_KEY), name)


@lru_cache(maxsize=4)
def _learnt(lake: Lake, version: str) -> InForce:
    return InForce(MatchModel.of_json(lake.get_json(_model_key(version))), version)


def _model_key(version: str) -> str:
    return f"{_FOLDER}/models/{version}.json"


def keep(stores: Stores, model: MatchModel) -> str:
    """Write a model into the lake and return its version; nobody uses it yet."""
    stores.lake.create(_model_key(model.version), json.dumps(model.as_json(), sort_keys=True).encode())
    return model.version


def adopt(stores: Stores, version: str) -> None:
    """Put a model in force that is in the lake, or the shipped one; what it changes is compared again by the caller.

    Raises:
        NotFound: the lake holds no such model.
    """
    if version != SHIPPED and not stores.lake.exists(_model_key(version)):
        detail = f"no model {version!r} was learnt here: `creatorscope identity models` lists those that were"
        raise NotFound(detail, field="version")
    now = datetime.now(UTC)
    stores.lake.put_json(f"{_FOLDER}/adopted/{now:%Y%m%dT%H%M%S%f}.json", {"version": version, "at": now.isoformat()})
    _tell(stores, version)


def learnt(stores: Stores) -> list[str]:
    """Return the versions of the models that were learnt here."""
    return [PurePosixPath(key).stem for key in stores.lake.list_keys(f"{_FOLDER}/models")]
