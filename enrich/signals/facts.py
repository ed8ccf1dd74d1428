"""Everything known about one creator, as signals read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from creators.annotations import Annotation
from creators.models import Account, Observation, Post


@dataclass(frozen=True, slots=True)
class CreatorFacts:
    """Everything known about one creator.

    Attributes:
        creator_id: assigned by identity resolution.
        accounts: at least one; their order does not matter.
        posts: of these accounts.
        observations: earlier counters by account id; what the accounts carry themselves need not be repeated.
        annotations: what was read from media of these accounts.
    """

    creator_id: str
    accounts: tuple[Account, ...]
    posts: tuple[Post, ...] = ()
    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
