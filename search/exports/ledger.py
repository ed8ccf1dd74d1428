"""How far each export is, in the object store; objects are created, never rewritten: no worker undoes another's work.

``{prefix}exports/{id}/request.json`` is what was asked, ``step-NNNNN.json`` how far the work is (the highest counts),
``part-{sha256}.jsonl.zst`` a part of the rows, ``end.json`` how it ended, ``file-{sha256}.{format}`` the file.
"""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from creators.errors import NotFound
from creators.models import Frozen
from search.exports.request import Order

if TYPE_CHECKING:
    from creators.stores.session import Stores

FOLDER = "exports"
REQUEST, END = "request.json", "end.json"
PART, FILE = "part-", "file-"
SLICE_STEPS = 5
"""Steps that one job takes: an export of any length is many short jobs."""
_ID = re.compile(r"\d{14}-[0-9a-f]{16}")
_STAMP = "%Y%m%d%H%M%S"
_STEP = re.compile(r"step-(\d{5,})\.json")
_SHOWN_CHARS = 100


class Part(Frozen):
    """Some of the rows, in order."""

    key: str
    rows: int
    sha256: str


class Step(Frozen):
    """How far the walk is."""

    number: int
    view: str
    """The view of the index that is walked."""
    views: int = 1
    as_of: datetime
    """When the first view was opened."""
    total: int
    """Creators that passed then."""
    rows: int = 0
    after: tuple[Any, ...] | None = None
    """Sort values of the last row."""
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def slice(self) -> int:
        """The job that takes the next step."""
        return self.number // SLICE_STEPS

    def following(self, **changes: Any) -> Step:
        """Return the next step; that which completes the walk is the first of another slice, for a job of its own."""
        number = (self.slice + 1) * SLICE_STEPS if changes.get("complete") else self.number + 1
        return self.model_copy(update={**changes, "number": number})


class File(Frozen):
    """The file as it can be fetched."""

    key: str
    bytes: int
    sha256: str


class Failure(Frozen):
    """Why there is no file."""

    code: str
    detail: str


class End(Frozen):
    """How an export ended."""

    state: Literal["done", "failed", "cancelled"]
    at: datetime
    file: File | None = None
    error: Failure | None = None
    missing: int = 0
    """Selected ids without a row."""
    missing_ids: tuple[str, ...] = ()
    """The first of them."""


class Export(Frozen):
    """Everything that is known of one export."""

    export_id: str
    order: Order
    step: Step | None = None
    end: End | None = None


def new_id(now: datetime) -> str:
    """Return an id that sorts by time and cannot be guessed."""
    return f"{now.astimezone(UTC):{_STAMP}}-{secrets.token_hex(8)}"


def created_at(export_id: str) -> datetime:
    """Return the time that an id carries."""
    return datetime.strptime(export_id.partition("-")[0], _STAMP).replace(tzinfo=UTC)


def _step_number(name: str) -> int:
    match = _STEP.fullmatch(name)
    return int(match[1]) if match else -1


def slice_of(names: set[str]) -> int:
    """Return the job that takes the next step of the export that has objects of these names."""
    return max(0, *map(_step_number, names), 0) // SLICE_STEPS


class Ledger:
    """The exports of one installation."""

    def __init__(self, stores: Stores) -> None:
        self._lake = stores.lake
        # Installations may share an object store; each does its own work only.
        self._root = f"{stores.settings.index_prefix}{FOLDER}"

    def key(self, export_id: str, name: str) -> str:
        """Return the key of one object of an export."""
        return f"{self._root}/{export_id}/{name}"

    def _names(self, export_id: str) -> set[str]:
        prefix = self.key(export_id, "")
        return {key.removeprefix(prefix) for key in self._lake.list_keys(prefix)}

    def open(self, export_id: str, order: Order) -> None:
        """Keep what was asked."""
        self._lake.put_json(self.key(export_id, REQUEST), order.model_dump(mode="json"))

    def load(self, export_id: str) -> Export:
        """Return what is known of an export; raises :class:`NotFound`."""
        # What is no id never becomes part of a key.
        names = self._names(export_id) if _ID.fullmatch(export_id) else set()
        gone = f"no export has the id {export_id[:_SHOWN_CHARS]!r}: it was deleted, has expired or never was"
        if REQUEST not in names:
            raise NotFound(gone)
        try:
            order = Order.model_validate(self._lake.get_json(self.key(export_id, REQUEST)))
            step, end = self._step(export_id, names), self._end(export_id, names)
        except NotFound as error:
            # Deleted while it was read.
            raise NotFound(gone) from error
        return Export(export_id=export_id, order=order, step=step, end=end)

    def _step(self, export_id: str, names: set[str]) -> Step | None:
        last = max(names, key=_step_number)
        if _step_number(last) < 0:
            return None
        return Step.model_validate(self._lake.get_json(self.key(export_id, last)))

    def _end(self, export_id: str, names: set[str]) -> End | None:
        return End.model_validate(self._lake.get_json(self.key(export_id, END))) if END in names else None

    def take(self, export_id: str, step: Step) -> bool:
        """Keep a step; returns False when another worker has taken it already."""
        mine = step.model_dump(mode="json")
        return self._lake.put_json(self.key(export_id, f"step-{step.number:05d}.json"), mine) == mine

    def finish(self, export_id: str, end: End) -> End:
        """Keep how it ended and return how it did: the first word counts."""
        return End.model_validate(self._lake.put_json(self.key(export_id, END), end.model_dump(mode="json")))

    def is_open(self, export_id: str) -> bool:
        """Return whether there is still work on an export: it neither ended nor was it deleted."""
        return self._lake.exists(self.key(export_id, REQUEST)) and not self._lake.exists(self.key(export_id, END))

    def drop_rows(self, export_id: str) -> None:
        """Delete what was written of the rows; what was asked and what became of it stay."""
        names = {name for name in self._names(export_id) if name.startswith((PART, FILE))}
        self._lake.delete([self.key(export_id, name) for name in sorted(names)])

    def delete(self, export_id: str) -> None:
        """Delete an export."""
        # From here on it is gone for everybody; what a worker writes after that goes when its time is over.
        self._lake.delete([self.key(export_id, REQUEST)])
        self._lake.delete([self.key(export_id, name) for name in sorted(self._names(export_id))])

    def all(self) -> dict[str, set[str]]:
        """Return every export with the names of its objects."""
        found: dict[str, set[str]] = defaultdict(set)
        for key in self._lake.list_keys(self._root):
            export_id, _, name = key.removeprefix(f"{self._root}/").partition("/")
            if _ID.fullmatch(export_id):
                found[export_id].add(name)
        return dict(found)
