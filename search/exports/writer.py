"""What a job does for an export: walk on from the last part that is finished, then write the file.

A worker may die at any instruction, or be taken for dead and go on: parts are content-addressed, each step is taken by
the first who writes it, and whoever finds it taken stops. A part that was not finished is written again from its first
row, so no row is lost; ids that were written are never written again, so none comes twice, even in a renewed view.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from creators.errors import ClusterRefused, CreatorscopeError, NotFound, Reaction
from creators.ids import content_hash
from creators.stores.steps import ran_out_of_time
from search.exports.columns import columns_of
from search.exports.formats import ENCODINGS
from search.exports.ledger import FILE, PART, End, Export, Failure, File, Ledger, Part, Step
from search.exports.spool import Spool, rows_of
from search.exports.walk import PAGE_ROWS, Walk, resolve
from search.shown import displayed

if TYPE_CHECKING:
    from creators.stores.session import Stores

SHOWN_MISSING = 100
MAX_VIEWS = 20
JOB = "write_export"

log = structlog.get_logger(__name__)


class Taken(Exception):
    """Another worker goes on with the export, or it was cancelled or deleted."""


def write_slice(stores: Stores, export_id: str) -> None:
    """Take the next steps of an export and queue those after them; doing it again changes nothing.

    A store that does not answer leaves the export open: the work is queued again. Any other error ends it, unless this
    call got further: then it is tried once more from there.
    """
    ledger = Ledger(stores)
    try:
        export = ledger.load(export_id)
    except NotFound:
        return
    if export.end is not None:
        return
    writer = Writer(stores, ledger, export)
    try:
        writer.run()
    except Taken:
        _tidy(stores, ledger, export_id)
    except Exception as error:
        passing = isinstance(error, CreatorscopeError) and error.reaction is Reaction.RETRY
        if not passing and not writer.has_advanced:
            ledger.finish(export_id, End(state="failed", at=_now(), error=_failure(error)))
        raise


def _now() -> datetime:
    return datetime.now(UTC)


def _failure(error: Exception) -> Failure:
    if isinstance(error, CreatorscopeError):
        return Failure(code=error.code, detail=error.detail)
    if ran_out_of_time(error):
        detail = "a job reached CREATORSCOPE_JOB_TIMEOUT_S: give workers more time, or ask for fewer rows or fields"
        return Failure(code="job_timeout", detail=detail)
    log.error("export_failed", exc_info=error)
    return Failure(code=CreatorscopeError.code, detail="something went wrong on our side")


def _tidy(stores: Stores, ledger: Ledger, export_id: str) -> None:
    """Delete what was written while the export was cancelled or deleted."""
    try:
        export = ledger.load(export_id)
    except NotFound:
        ledger.delete(export_id)
        return
    if export.end is not None and export.end.state == "cancelled":
        ledger.drop_rows(export_id)
        if export.step is not None:
            stores.cluster.close_point_in_time(export.step.view)


class Writer:
    """One worker's hand on one export."""

    def __init__(self, stores: Stores, ledger: Ledger, export: Export) -> None:
        self._stores, self._ledger, self._export = stores, ledger, export
        self._request = export.order.request
        self._written: set[str] = set()
        self.has_advanced = False

    @cached_property
    def _walk(self) -> Walk:
        return Walk.of(self._stores.cluster, self._request)

    def run(self) -> None:
        """Walk to the end of the slice, or write the file when the walk is complete.

        Raises:
            Taken: there is nothing more to do here.
        """
        step = self._export.step
        if step is not None and step.complete:
            self._finish(step)
            return
        step = step or self._opened()
        self._written = {row["creator_id"] for row in self._rows(step)}
        number = step.slice
        while step.slice == number:
            try:
                step = self._take(self._next(step))
            except NotFound as error:
                step = self._take(self._renewed(step, error))
        if step.complete:
            self._stores.cluster.close_point_in_time(step.view)
        self._stores.queue.enqueue(JOB, self._export.export_id, str(step.slice))

    def _take(self, step: Step) -> Step:
        if not self._ledger.take(self._export.export_id, step):
            raise Taken
        self.has_advanced = step.rows > (self._export.step.rows if self._export.step else 0)
        return step

    def _opened(self) -> Step:
        view = self._walk.open()
        step = Step(number=0, view=view, as_of=_now(), total=self._walk.count(view))
        try:
            return self._take(step)
        except Taken:
            self._stores.cluster.close_point_in_time(view)
            raise

    def _renewed(self, step: Step, error: NotFound) -> Step:
        """Return the step that goes on in a new view, after the last part."""
        if step.views >= MAX_VIEWS:
            detail = f"the view of the index was lost {step.views} times: OpenSearch does not keep one; look at its log"
            raise ClusterRefused(detail) from error
        return step.following(view=self._walk.open(), views=step.views + 1)

    def _next(self, step: Step) -> Step:
        """Write the next part and return the step that it makes; raises :class:`NotFound` when the view has expired."""
        spool, after, more = Spool(), step.after, True
        own: set[str] = set()
        room = min(self._stores.settings.export_part_rows, self._export.order.target - step.rows)
        while more and spool.rows < room:
            if not self._ledger.is_open(self._export.export_id):
                raise Taken
            size = min(PAGE_ROWS, room - spool.rows)
            hits = self._walk.page(step.view, after, size)
            for hit in hits:
                if hit["_id"] not in self._written:
                    own.add(hit["_id"])
                    spool.add(displayed(hit["_source"]))
            after, more = (tuple(hits[-1]["sort"]) if hits else after), len(hits) == size
        rows = step.rows + spool.rows
        parts = (*step.parts, self._keep(spool)) if spool.rows else step.parts
        self._written |= own
        return step.following(
            rows=rows, after=after, parts=parts, complete=not more or rows >= self._export.order.target
        )

    def _keep(self, spool: Spool) -> Part:
        packed = spool.packed()
        digest = content_hash(packed)
        key = self._ledger.key(self._export.export_id, f"{PART}{digest}.jsonl.zst")
        self._stores.lake.create(key, packed)
        return Part(key=key, rows=spool.rows, sha256=digest)

    def _rows(self, step: Step) -> Iterator[dict[str, Any]]:
        for part in step.parts:
            yield from rows_of(self._stores.lake.get(part.key), sha256=part.sha256)

    def _finish(self, step: Step) -> None:
        request = self._request
        # Only where ids were selected: what is left over at the end has no row.
        waiting = set(resolve(self._stores.cluster, request.creator_ids).items()) if request.creator_ids else set()
        left = {now: given for given, now in waiting}
        columns = columns_of(request.fields)

        def rows() -> Iterator[dict[str, Any]]:
            for row in self._rows(step):
                left.pop(row["creator_id"], None)
                yield row

        with tempfile.NamedTemporaryFile(suffix=f".{request.format}") as file:
            ENCODINGS[request.format].write(rows(), columns, file)
            file.flush()
            done = self._upload(Path(file.name))
        missing = sorted(left.values())
        end = End(state="done", at=_now(), file=done, missing=len(missing), missing_ids=tuple(missing[:SHOWN_MISSING]))
        if self._ledger.finish(self._export.export_id, end).state != "done":
            raise Taken

    def _upload(self, path: Path) -> File:
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        key = self._ledger.key(self._export.export_id, f"{FILE}{digest}.{self._request.format}")
        self._stores.lake.put_file(key, path)
        return File(key=key, bytes=path.stat().st_size, sha256=digest)
