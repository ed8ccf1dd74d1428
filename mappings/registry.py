"""Index definitions, and the physical name that follows from their content.

A physical name is alias + content hash of settings and mapping (the encoder's fingerprint is part of the mapping's
``_meta``), so a changed definition is another index: it is built aside and the alias moves, nothing is edited.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from creators.ids import content_hash
from creators.models import Platform

HASH_DIGITS = 10
CREATORS = "creators"
POPULATION = "population"
HYBRID_PIPELINE = "hybrid-rrf"
PIPELINES = (HYBRID_PIPELINE, "hybrid-normalised")
"""Search pipelines that fuse the arms of a native hybrid query."""


@dataclass(frozen=True, slots=True)
class IndexFamily:
    """One definition and the indices made from it."""

    definition: str
    members: tuple[str, ...]
    """Write aliases; a family with several also has the common read alias ``definition``."""
    derived: bool
    """Whether it can be dropped and made again from the lake."""

    @property
    def is_split(self) -> bool:
        """Whether the family has several members behind one read alias."""
        return self.members != (self.definition,)


def _single(name: str, *, derived: bool) -> IndexFamily:
    return IndexFamily(name, (name,), derived)


FAMILIES: tuple[IndexFamily, ...] = (
    IndexFamily("profiles", tuple(f"profiles-{p}" for p in Platform), derived=True),
    IndexFamily("posts", tuple(f"posts-{p}" for p in Platform), derived=True),
    _single("observations", derived=True),
    _single("annotations", derived=True),
    _single("identity-edges", derived=True),
    _single("identity-keys", derived=True),
    _single("identity-reviews", derived=True),
    _single("identities", derived=True),
    _single("signals", derived=True),
    _single("receipts", derived=True),
    _single(CREATORS, derived=True),
    _single(POPULATION, derived=True),
    _single("dlq", derived=False),
    _single("tasks", derived=False),
    _single("fetches", derived=False),
    _single("pictures", derived=False),
    _single("vectors", derived=False),
    _single("quality", derived=False),
)


@cache
def _read(package_path: str) -> str:
    return files("mappings").joinpath(package_path).read_text(encoding="utf-8")


def definition(name: str, *, encoder: str) -> dict[str, Any]:
    """Return the create-index body of a family: settings, analysis and mapping with its ``_meta``."""
    body: dict[str, Any] = json.loads(_read(f"indices/{name}.json"))
    if name == CREATORS:
        body["settings"]["analysis"] = json.loads(_read("analysis/analyzers.json"))
        body["mappings"]["_meta"] = {"encoder": encoder}
    return body


def schema_hash(name: str, *, encoder: str) -> str:
    """Return the content hash of a definition."""
    canonical = json.dumps(definition(name, encoder=encoder), sort_keys=True, separators=(",", ":"))
    return content_hash(canonical.encode())[:HASH_DIGITS]


def pipeline(name: str) -> dict[str, Any]:
    """Return the definition of a search pipeline."""
    body: dict[str, Any] = json.loads(_read(f"pipelines/{name}.json"))
    return body


def pipeline_name(name: str) -> str:
    """Return the name under which this version of a search pipeline is created."""
    canonical = json.dumps(pipeline(name), sort_keys=True, separators=(",", ":"))
    return f"{name}-{content_hash(canonical.encode())[:HASH_DIGITS]}"


def physical_name(member: str, family: IndexFamily, *, encoder: str, generation: int = 0) -> str:
    """Return the name of the index behind a write alias; ``generation`` tells rebuilds of one definition apart."""
    name = f"{member}-{schema_hash(family.definition, encoder=encoder)}"
    return f"{name}-{generation}" if generation else name
