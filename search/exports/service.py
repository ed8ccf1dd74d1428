"""Exports as callers see them: asked for, followed, fetched, given up; and what a worker does for them now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog

from creators.errors import (
    BadInput,
    CreatorscopeError,
    EngineFailed,
    ExportNotReady,
    Overloaded,
    QueueUnavailable,
)
from creators.models import Frozen
from search.exports import ledger as ledgers
from search.exports.formats import ENCODINGS, Format
from search.exports.ledger import END, REQUEST, End, Export, Failure, File, Ledger
from search.exports.request import ExportRequest, Order
from search.exports.writer import JOB
from search.filters import Filters
from search.request import Sort

if TYPE_CHECKING:
    from creators.stores.session import Stores

MAX_OPEN = 100
CHUNK_BYTES = 1024 * 1024
POLL_S = 0.2
TEXT_NOTE = "text has no effect on an export: it ranks, it does not filter"
ORDER_NOTE = "rows are in the order of followers: relevance ranks a page of creators, not a whole result"

log = structlog.get_logger(__name__)


class ExportPart(Frozen):
    """One part of the rows."""

    rows: int
    sha256: str


class ExportFile(Frozen):
    """The file that can be fetched."""

    name: str
    media_type: str
    bytes: int
    sha256: str


class ExportState(Frozen):
    """How far an export is, and what it is made from."""

    export_id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    format: Format
    fields: tuple[str, ...]
    filters: Filters
    sort: Sort
    selected: int | None
    """How many ids were given; null when none were."""
    limit: int | None
    query_hash: str
    """Equal for the same creators in the same order."""
    created_at: datetime
    expires_at: datetime
    as_of: datetime | None = None
    """The instant whose state of the index the rows are."""
    total: int | None = None
    """Creators that passed at that instant."""
    rows: int = 0
    """Rows written."""
    parts: tuple[ExportPart, ...] = ()
    file: ExportFile | None = None
    missing: int = 0
    """Selected ids without a row: unknown, or not passing the filters."""
    missing_ids: tuple[str, ...] = ()
    """The first hundred of them."""
    error: Failure | None = None
    notes: tuple[str, ...] = ()


def _notes(export: Export) -> Iterator[str]:
    request, step = export.order.request, export.step
    if request.request.text:
        yield TEXT_NOTE
    if request.request.sort.field == "relevance":
        yield ORDER_NOTE
    if step is None:
        return
    if step.total > export.order.target:
        yield f"the first {export.order.target} of {step.total} creators"
    if step.views > 1:
        yield (
            f"the view of the index was lost and renewed {step.views - 1} times: later rows are of a later state, and "
            "a creator whose place in the order changed in between may be left out"
        )


def _file_of(export: Export, file: File) -> ExportFile:
    request = export.order.request
    name = f"creators-{export.export_id}.{request.format}"
    return ExportFile(name=name, media_type=ENCODINGS[request.format].media_type, bytes=file.bytes, sha256=file.sha256)


def state_of(export: Export, *, keep_days: int) -> ExportState:
    """Return an export as callers see it."""
    request, step, end = export.order.request, export.step, export.end
    walked = step.model_dump(include={"as_of", "total", "rows"}) if step else {}
    ended = end.model_dump(include={"missing", "missing_ids", "error"}) if end else {}
    created = export.order.created_at
    return ExportState(
        export_id=export.export_id,
        state=end.state if end else "running" if step else "queued",
        format=request.format,
        fields=request.fields,
        filters=request.request.filters,
        sort=request.order,
        selected=None if request.creator_ids is None else len(request.creator_ids),
        limit=request.limit,
        query_hash=request.query_hash,
        created_at=created,
        expires_at=created + timedelta(days=keep_days),
        parts=tuple(ExportPart(rows=part.rows, sha256=part.sha256) for part in step.parts) if step else (),
        file=_file_of(export, end.file) if end and end.file else None,
        notes=tuple(_notes(export)),
        **walked,
        **ended,
    )


class Exports:
    """The exports of one installation."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._settings = stores.settings
        self._ledger = Ledger(stores)

    def ask(self, request: ExportRequest) -> ExportState:
        """Accept an export and queue its work.

        Raises:
            BadInput: more rows are asked for than an export may have. Overloaded: too many exports are open.
        """
        most = self._settings.export_max_rows
        if request.limit is not None and request.limit > most:
            detail = f"limit: {request.limit} is more than the {most} rows that an export may have here"
            raise BadInput(detail, field="limit")
        if sum(1 for names in self._ledger.all().values() if _is_open(names)) >= MAX_OPEN:
            detail = f"{MAX_OPEN} exports are not finished yet: wait for one, or cancel one"
            raise Overloaded(detail)
        now = datetime.now(UTC)
        export_id = ledgers.new_id(now)
        order = Order(request=request, created_at=now, target=request.limit or most)
        self._ledger.open(export_id, order)
        # It is accepted all the same: a worker that tends finds it.
        with suppress(QueueUnavailable):
            self._stores.queue.enqueue(JOB, export_id, "0")
        return self._shown(Export(export_id=export_id, order=order))

    def _shown(self, export: Export) -> ExportState:
        return state_of(export, keep_days=self._settings.export_keep_days)

    def get(self, export_id: str) -> ExportState:
        """Return how far an export is; raises :class:`NotFound`."""
        return self._shown(self._ledger.load(export_id))

    def give_up(self, export_id: str) -> None:
        """Cancel an export that is not finished, delete one that is; raises :class:`NotFound`."""
        if self._ledger.load(export_id).end is not None:
            self._ledger.delete(export_id)
            return
        if self._ledger.finish(export_id, End(state="cancelled", at=datetime.now(UTC))).state == "cancelled":
            self._ledger.drop_rows(export_id)
        else:
            # It was finished in this very moment.
            self._ledger.delete(export_id)

    def file(self, export_id: str) -> ExportFile:
        """Return what the file of an export is.

        Raises:
            NotFound: no such export. ExportNotReady: there is no file, yet or at all; the message says which.
        """
        return self._file(export_id)[0]

    def _file(self, export_id: str) -> tuple[ExportFile, str]:
        export = self._ledger.load(export_id)
        if export.end is None:
            detail = f"the export is not done: {export.step.rows if export.step else 0} rows are written; ask again"
            raise ExportNotReady(detail)
        if export.end.file is None:
            why = f": {export.end.error.detail}" if export.end.error else ""
            detail = f"the export has {export.end.state} and has no file{why}; ask for a new one"
            raise ExportNotReady(detail.replace("has cancelled", "was cancelled"))
        return _file_of(export, export.end.file), export.end.file.key

    def read(self, export_id: str, start: int, length: int) -> Iterator[bytes]:
        """Yield ``length`` bytes of the file from ``start`` on, a megabyte at a time; raises as :meth:`file` does."""
        _, key = self._file(export_id)
        for offset in range(start, start + length, CHUNK_BYTES):
            yield self._stores.lake.get_range(key, offset, min(CHUNK_BYTES, start + length - offset))

    def wait(
        self, export_id: str, *, on_progress: Callable[[ExportState], None], alive: Callable[[], bool]
    ) -> ExportState:
        """Follow an export to its end.

        Raises:
            EngineFailed: ``alive`` says that nobody is left to do the work; it is kept, and goes on with a worker.
        """
        while True:
            state = self.get(export_id)
            on_progress(state)
            if state.state not in {"queued", "running"}:
                return state
            if not alive():
                detail = f"no worker is left to write export {export_id}; start one (`creatorscope worker`)"
                raise EngineFailed(detail)
            time.sleep(POLL_S)

    def reconcile(self) -> int:
        """Queue the work of every open export, delete those whose time is over; returns how many were queued."""
        oldest = datetime.now(UTC) - timedelta(days=self._settings.export_keep_days)
        queued = 0
        for export_id, names in self._ledger.all().items():
            if ledgers.created_at(export_id) < oldest or REQUEST not in names:
                self._ledger.delete(export_id)
            elif _is_open(names):
                queued += self._stores.queue.enqueue(JOB, export_id, str(ledgers.slice_of(names)))
        return queued


def _is_open(names: set[str]) -> bool:
    return REQUEST in names and END not in names


def tend(stores: Stores) -> None:
    """Reconcile, and let a store that does not answer pass until the next time."""
    try:
        queued = Exports(stores).reconcile()
    except CreatorscopeError as error:
        log.warning("exports_postponed", reason=error.detail)
        return
    if queued:
        log.info("exports_reconciled", queued=queued)
