"""Which match model is in force: the shipped one, until one is learnt here.

A learnt model is an object of the lake, and so is each adoption of one (:mod:`creators.stores.adoption`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from creators.errors import NotFound
from creators.stores.adoption import SHIPPED, Adoption
from creators.stores.lake import MODELS
from enrich.resolve.model import MatchModel

if TYPE_CHECKING:
    from creators.stores.lake import Lake
    from creators.stores.session import Stores


@dataclass(frozen=True, slots=True)
class InForce:
    """A model with its version, which is a hash of all of it."""

    model: MatchModel
    version: str


_FOLDER = f"{MODELS}/identity"
_ADOPTION = Adoption(_FOLDER, "identity:model")


def current(stores: Stores) -> InForce:
    """Return the model in force.

    Raises:
        NotFound: the lake says that a model was adopted and does not hold it. QueueUnavailable, LakeUnavailable.
    """
    name = _ADOPTION.in_force(stores)
    return _shipped() if name == SHIPPED else _learnt(stores.lake, name)


@cache
def _shipped() -> InForce:
    model = MatchModel.shipped()
    return InForce(model, model.version)


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
    _ADOPTION.adopt(stores, version)


def learnt(stores: Stores) -> list[str]:
    """Return the versions of the models that were learnt here."""
    return [PurePosixPath(key).stem for key in stores.lake.list_keys(f"{_FOLDER}/models")]
