"""Vectors from the command line: of texts, and of all creators after a change of the encoder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from api.context import settings_for
from creators.errors import BadInput

if TYPE_CHECKING:
    from creators.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def embed(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts whose vectors are printed, as JSON.")] = None,
    *,
    batch: Annotated[bool, typer.Option("--batch", help="Encode the texts of all creators that need it.")] = False,
    json: AsJson = False,
) -> None:
    """Encode texts, or with --batch those of all creators whose vector another encoder made, on all cores.

    Run --batch after a change of the encoder and before `creatorscope rebuild`: search goes on meanwhile with the
    processes that run, and the rebuild finds the vectors. It can be stopped at any time and goes on where it was.
    """
    if batch == bool(texts):
        detail = "give texts, or --batch for those of all creators"
        raise BadInput(detail, field="texts")
    settings = settings_for("embed").model_copy(update={"encoder_threads": 0})
    if texts:
        _print_vectors(settings, texts)
        return
    result = _backfill(settings)
    if json:
        console.print_json(result)
    else:
        console.say(
            f"{result['creators']:,} creators: {result['encoded']:,} texts encoded, {result['found']:,} vectors were "
            f"kept already, {result['seconds']} s; `creatorscope rebuild` uses them"
        )


def _print_vectors(settings: Settings, texts: list[str]) -> None:
    from enrich.encoders.opened import open_encoder

    encoder = open_encoder(settings)
    vectors = encoder.encode(texts)
    console.print_json({"encoder": encoder.fingerprint, "vectors": vectors.astype(float).tolist()})


def _backfill(settings: Settings) -> dict[str, Any]:
    from api.installation import installation
    from creators.stores.cluster import Cluster
    from enrich.encoders.opened import open_encoder
    from enrich.revector import encode_outdated, outdated
    from enrich.vectors import Lookups

    started = time.monotonic()
    with installation(settings) as running:
        cluster, encoder = Cluster(running), open_encoder(running)
        total = outdated(cluster, encoder.fingerprint)
        done, lookups = 0, Lookups()
        with console.rows_progress("vectors", expected=total) as show:
            for done, lookups in encode_outdated(cluster, encoder):  # noqa: B007 - the last are the result
                show(done, total)
    return {
        "encoder": encoder.fingerprint,
        "creators": done,
        "encoded": lookups.encoded,
        "found": lookups.found + lookups.remembered,
        "seconds": round(time.monotonic() - started, 1),
    }
