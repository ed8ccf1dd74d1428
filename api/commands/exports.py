"""Whole results as files, from the command line: export."""

from __future__ import annotations

import json as jsons
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from api.commands.data import Workers, someone_works
from api.commands.query import AsJson, Count, CountryList, NicheList, PlatformList, filters_of, request_of
from api.context import settings_for
from creators.errors import BadInput, CreatorscopeError, ExportNotReady
from creators.settings import Settings

if TYPE_CHECKING:
    from search.exports.request import ExportRequest
    from search.exports.service import Exports, ExportState

DEFAULT_FORMAT = "csv"

Out = Annotated[Path, typer.Option("--out", "-o", help="The file to write.")]
Query = Annotated[str, typer.Option(help="Free text; it ranks a search and has no effect here.")]
FiltersJson = Annotated[str | None, typer.Option(help="Any filters, as the JSON object of the API.")]
IdsFile = Annotated[Path | None, typer.Option(help="A file with a creator id on each line: only these.")]
SortName = Annotated[str, typer.Option(help="followers, engagement_rate, growth_90d, …")]
FormatName = Annotated[
    str | None, typer.Option("--format", "-f", help="csv, ndjson or parquet; unset is the ending of the file.")
]
FieldList = Annotated[
    list[str] | None, typer.Option(help="A field, or a group (accounts.youtube); several times; unset is all.")
]
Rows = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="At most so many.")]


def _format_of(out: Path) -> str:
    from search.exports.formats import Format

    ending = out.suffix.lower().removeprefix(".")
    return ending if ending in frozenset(Format) else DEFAULT_FORMAT


def _given_filters(text: str | None) -> dict[str, Any]:
    try:
        filters = jsons.loads(text or "{}")
    except ValueError as error:
        detail = f"is not JSON ({error}): write for example '{{\"verified\": true}}'"
        raise BadInput(detail, field="filters") from error
    if not isinstance(filters, dict):
        detail = "is no JSON object: write for example '{\"verified\": true}'"
        raise BadInput(detail, field="filters")
    return filters


def _ids(file: Path | None) -> list[str] | None:
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{file} cannot be read: {error}"
        raise BadInput(detail, field="ids") from error
    return [line.strip() for line in lines if line.strip()]


def _checked(out: Path) -> Path:
    if out.is_dir() or not out.parent.is_dir():
        detail = f"{out} cannot be written: name a file in a folder that exists"
        raise BadInput(detail, field="out")
    return out


@contextmanager
def _asked(exports: Exports, request: ExportRequest) -> Iterator[str]:
    """Give the id of an export that lives as long as the block: its file has then been fetched, or nobody will."""
    export_id = exports.ask(request).export_id
    try:
        yield export_id
    finally:
        with suppress(CreatorscopeError):
            exports.give_up(export_id)


def _fetch(exports: Exports, export_id: str, out: Path) -> None:
    """Copy the file; whoever looks at ``out`` never sees half of it."""
    file = exports.file(export_id)
    partial = out.with_name(f"{out.name}.part")
    try:
        with partial.open("wb") as opened:
            opened.writelines(exports.read(export_id, 0, file.bytes))
        partial.replace(out)
    except OSError as error:
        detail = f"{out} cannot be written: {error}"
        raise BadInput(detail, field="out") from error
    finally:
        partial.unlink(missing_ok=True)


def _run(settings: Settings, request: ExportRequest, out: Path, workers: int) -> ExportState:
    from api.installation import workers as worker_processes
    from creators.stores.session import Stores
    from indexers import pipeline
    from search.exports.service import Exports

    stores = Stores(settings)
    pipeline.prepare(stores)
    exports = Exports(stores)
    with (
        worker_processes(settings, workers) as running,
        _asked(exports, request) as export_id,
        console.rows_progress(out.name) as show,
    ):
        state = exports.wait(
            export_id,
            on_progress=lambda now: show(now.rows, now.total),
            alive=lambda: someone_works(stores, running),
        )
        if state.error:
            raise ExportNotReady(state.error.detail)
        _fetch(exports, export_id, out)
    return state


def _show(state: ExportState, out: Path) -> None:
    for note in state.notes:
        console.say(f"note: {note}")
    if state.missing:
        console.say(f"{state.missing} of the ids have no row: {', '.join(state.missing_ids)}")
    console.say(f"{state.rows} creators as of {state.as_of:%Y-%m-%d %H:%M} UTC in {out}")


def export(  # noqa: PLR0913, PLR0917 - one parameter for each option
    out: Out,
    query: Query = "",
    platform: PlatformList = None,
    niche: NicheList = None,
    country: CountryList = None,
    min_followers: Count = None,
    max_followers: Count = None,
    filters: FiltersJson = None,
    ids: IdsFile = None,
    sort: SortName = "followers",
    file_format: FormatName = None,
    field: FieldList = None,
    limit: Rows = None,
    *,
    workers: Workers = 1,
    json: AsJson = False,
) -> None:
    """Write everybody who passes the filters to a file: CSV, NDJSON or Parquet.

    creatorscope export -p youtube --min-followers 10k --out creators.csv
    """
    from api.installation import installation
    from search.exports.request import ExportRequest

    options = filters_of(platform, niche, country, min_followers, max_followers)
    body = {
        "request": {"text": query, "filters": {**_given_filters(filters), **options}, "sort": {"field": sort}},
        "creator_ids": _ids(ids),
        "format": file_format or _format_of(out),
        "fields": field or [],
        "limit": limit,
    }
    request = request_of(ExportRequest, body)
    target = _checked(out)
    with installation(settings_for("export")) as settings:
        state = _run(settings, request, target, workers)
    if json:
        console.print_json(state.model_dump(mode="json"))
    else:
        _show(state, out)
