"""The command line: ``creatorscope``."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version
from types import FrameType
from typing import Annotated

import typer

from api import console
from api.commands import (
    backfill,
    capacity,
    data,
    dlq,
    embed,
    engines,
    exports,
    identity,
    media,
    quality,
    query,
    review,
    serve,
    signals,
    simulate,
    source,
)
from creators.errors import BadInput, CreatorscopeError

USAGE_ERROR = 2
FAILURE = 1
TERMINATED = 143
INTERRUPTED = 130

app = typer.Typer(
    name="creatorscope",
    help="Find creators on Instagram, TikTok, YouTube, X and GitHub: self-hosted, explained, fast.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(serve.demo)
app.add_typer(engines.stack_app, name="stack")
app.command()(data.ingest)
app.command()(data.worker)
app.command()(serve.serve)
app.command()(query.search)
app.command()(query.parse)
app.command()(query.similar)
app.command()(exports.export)
app.command()(data.rebuild)
app.command()(data.population)
app.command()(embed.embed)
app.command()(quality.quality)
app.add_typer(data.lake_app, name="lake")
app.add_typer(backfill.backfill_app, name="backfill")
app.command()(backfill.discover)
app.add_typer(source.source_app, name="source")
app.add_typer(signals.signals_app, name="signals")
app.add_typer(dlq.dlq_app, name="dlq")
app.add_typer(identity.identity_app, name="identity")
app.command()(review.review)
app.add_typer(media.media_app, name="media")
app.command()(capacity.capacity)
app.command()(simulate.simulate)
app.command()(engines.doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer passes the value of a flag
    if wanted:
        sys.stdout.write(f"creatorscope {version('creatorscope')}\n")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Find creators on Instagram, TikTok, YouTube, X and GitHub: self-hosted, explained, fast."""


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    # As an exception, so that every block on the way out stops what it started.
    raise SystemExit(TERMINATED)


def main() -> None:
    """Run one command; errors that a person can act on are one line, not a traceback."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except CreatorscopeError as error:
        where = f" ({error.field})" if error.field else ""
        text = f"error{where}: {error.detail}"
        console.err.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(USAGE_ERROR if isinstance(error, BadInput) else FAILURE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
