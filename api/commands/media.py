"""Pictures and recordings of creators from the command line: take them in, look at what they say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import console
from api.commands.data import AsJson, Workers, someone_works
from api.commands.identity import opened
from api.context import settings_for
from creators.errors import EngineFailed
from creators.stores.session import Stores

if TYPE_CHECKING:
    from api.supervisor import Supervised
    from creators.models import RawRecord

media_app = typer.Typer(help="Make what is written on pictures searchable.", no_args_is_help=True)
POLL_S = 0.2

AccountId = Annotated[str, typer.Argument(help="Whose they are, `PLATFORM:ID`, as searches show it.")]


@media_app.command("add")
def add(
    account: AccountId,
    files: Annotated[list[Path], typer.Argument(help="Screenshots, thumbnails, avatars: PNG, JPEG, WebP or GIF.")],
    *,
    describe: Annotated[
        bool, typer.Option(help="Send them to the configured language model, which says what they show; sounds too.")
    ] = False,
    workers: Workers = 1,
    json: AsJson = False,
) -> None:
    """Read the text on pictures of an account; from then on searches find the creator by it.

    The same picture is read once; what was read survives a rebuild.

        creatorscope media add youtube:UC0123456789 thumbnail.png
    """
    from api.installation import installation
    from api.installation import workers as worker_processes
    from api.media import land_records, read_files
    from indexers import pipeline

    with installation(settings_for("media")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        read = list(read_files(stores, account, files, describe=describe))
        keys = land_records(stores, [record for record in read if record is not None])
        with worker_processes(settings, workers) as running:
            _wait(stores, keys, running)
    rows = [_row(file, record) for file, record in zip(files, read, strict=True)]
    if json:
        console.print_json([dict(zip(("file", "method", "confidence", "text"), row, strict=True)) for row in rows])
    else:
        console.print_rows(("file", "read by", "confidence", "text"), [tuple(map(_cell, row)) for row in rows])


def _row(file: Path, record: RawRecord | None) -> tuple[str | float | None, ...]:
    told = record.body if record else {}
    return str(file), told.get("method"), told.get("confidence"), told.get("text")


def _cell(value: str | float | None) -> str:
    return "" if value is None else str(value)


def _wait(stores: Stores, keys: list[str], running: list[Supervised]) -> None:
    from enrich.refresh import unfinished

    while unfinished(stores.cluster, keys):
        if not someone_works(stores, running):
            detail = "no worker is left; what was read is kept: start one (`creatorscope worker`)"
            raise EngineFailed(detail)
        time.sleep(POLL_S)


@media_app.command("pictures")
def count_pictures(*, json: AsJson = False) -> None:
    """Count the pictures that profiles and posts name, by what has become of them.

    They are fetched where CREATORSCOPE_MEDIA_FETCH says so; those that failed are dead letters of stage `look`.
    """
    from creators.stores import pictures

    with opened("media") as stores:
        found = sorted(pictures.counts(stores.cluster).items())
    if json:
        console.print_json([{"kind": kind, "state": state, "pictures": number} for (kind, state), number in found])
    else:
        console.print_rows(
            ("of", "state", "pictures"), [(kind, state, f"{number:,}") for (kind, state), number in found]
        )


@media_app.command("ls")
def list_media(
    account: Annotated[str | None, typer.Argument(help="Of this account only, `PLATFORM:ID`.")] = None,
    *,
    json: AsJson = False,
) -> None:
    """List what was read from media, by account."""
    from enrich import annotation_store

    with opened("media") as stores:
        found = list(annotation_store.each(stores.cluster, account))
    if json:
        console.print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [(one.account_id, one.medium[:12], one.method, _cell(one.confidence), one.text or "") for one in found]
    console.print_rows(("account", "medium", "read by", "confidence", "text"), rows)
