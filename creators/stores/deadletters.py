"""Records that cannot be used, kept with the reason until a person has looked: the index ``dlq``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from creators.errors import BadInput, CreatorscopeError
from creators.ids import content_hash
from creators.stores import bulk
from creators.text import clean

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster

INDEX = "dlq"
EXCERPT_CHARS = 2000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was given up, with where it lies and why."""

    stage: str
    error: str
    reason: str
    source: str = "dataset"
    field: str | None = None
    dataset_id: str | None = None
    raw_key: str | None = None
    line: int | None = None
    excerpt: str = ""

    @property
    def letter_id(self) -> str:
        """The same record failing again is the same letter."""
        where = f"{self.stage}|{self.dataset_id}|{self.raw_key}|{self.line}"
        return content_hash(where.encode())[:32]


def letter_of(error: BadInput, *, stage: str, **where: Any) -> DeadLetter:
    """Return the dead letter of a record that raised ``error``."""
    return DeadLetter(stage=stage, error=error.code, reason=error.detail, field=error.field, **where)


def _action(letter: DeadLetter, first_seen: str, now: str) -> bulk.Action:
    doc = {
        "stage": letter.stage,
        "error": letter.error,
        "reason": clean(letter.reason)[:EXCERPT_CHARS],
        "source": letter.source,
        "field": letter.field,
        "dataset_id": letter.dataset_id,
        "raw_key": letter.raw_key,
        "line": letter.line,
        "excerpt": clean(letter.excerpt)[:EXCERPT_CHARS],
        "first_seen": first_seen,
        "last_seen": now,
        "code_version": version("creatorscope"),
    }
    return bulk.Action(INDEX, letter.letter_id, doc)


def add(cluster: Cluster, letters: Sequence[DeadLetter]) -> None:
    """Keep dead letters; one that is there already keeps its first date."""
    if not letters:
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    known = cluster.sources(INDEX, [letter.letter_id for letter in letters], fields=["first_seen"])
    outcome = bulk.write(
        cluster,
        [_action(letter, known.get(letter.letter_id, {}).get("first_seen", now), now) for letter in letters],
    )
    if outcome.refused:
        detail = f"a dead letter was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)


def of_dataset(cluster: Cluster, dataset_id: str, *, limit: int) -> list[dict[str, Any]]:
    """Return the first dead letters of a dataset in line order."""
    cluster.refresh(INDEX)
    body = {"query": {"term": {"dataset_id": dataset_id}}, "sort": [{"line": "asc"}], "size": limit}
    return [hit["_source"] for hit in cluster.search(INDEX, body)["hits"]["hits"]]
