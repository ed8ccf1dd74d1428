"""The embedded engines by hand, and what this machine lacks: stack, doctor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api import console
from api.context import settings_for
from creators.errors import SetupError

if TYPE_CHECKING:
    from creators.settings import Settings
    from stack.doctor import Check

stack_app = typer.Typer(help="Keep the embedded OpenSearch and Redis running between commands.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@stack_app.command("up")
def up() -> None:
    """Start OpenSearch and Redis in the background; every command then uses them and starts at once."""
    from stack.engines import start_detached
    from stack.report import without_password

    engines = start_detached(settings_for("stack"))
    console.say(f"OpenSearch {engines.opensearch_url}\nRedis      {without_password(engines.redis_url)}")


@stack_app.command("down")
def down() -> None:
    """Stop the engines that `stack up` started; the data stays."""
    from stack.engines import stop

    console.say("stopped" if stop(settings_for("stack")) else "nothing was running")


@stack_app.command("status")
def status(*, json: AsJson = False) -> None:
    """Show what runs, where, since when and how large it is."""
    from stack.report import status as stack_status

    found = stack_status(settings_for("stack"))
    if json:
        console.print_json(asdict(found))
        return
    table = Table(pad_edge=False)
    for header in ("engine", "running", "version", "pid", "url", "memory", "data"):
        table.add_column(header)
    for engine in found.engines:
        table.add_row(
            engine.engine,
            "yes" if engine.running else "no",
            engine.version or "",
            str(engine.pid or ""),
            engine.url or "",
            console.short_bytes(engine.memory_bytes),
            console.short_bytes(engine.data_bytes),
        )
    console.out.print(table)


@stack_app.command("logs")
def logs(*, lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Last lines of each.")] = 40) -> None:
    """Show the last log lines of both engines."""
    from stack.report import log_paths

    for engine, paths in log_paths(settings_for("stack")).items():
        for path in filter(Path.is_file, paths):
            console.out.rule(f"{engine}: {path}")
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            console.out.print("\n".join(tail), highlight=False, markup=False)


def _encoder_check(settings: Settings) -> Check:
    from enrich.encoders.opened import fingerprint_of
    from stack.doctor import Check

    try:
        return Check("encoder", ok=True, detail=fingerprint_of(settings), fix="")
    except SetupError as error:
        return Check("encoder", ok=False, detail=error.detail, fix="Set CREATORSCOPE_ENCODER_DIR, or unset it.")


def doctor(*, json: AsJson = False) -> None:
    """Say what this machine has, what is missing, and how to fix it."""
    from stack.doctor import examine

    settings = settings_for("doctor")
    checks = [*examine(settings), _encoder_check(settings)]
    if json:
        console.print_json([asdict(check) for check in checks])
    else:
        marks = {True: "[green]ok[/]", False: "[red]missing[/]", None: "[yellow]note[/]"}
        table = Table(pad_edge=False)
        for header in ("check", "", "found", "what to do"):
            table.add_column(header, overflow="fold")
        for check in checks:
            table.add_row(check.name, marks[check.ok], check.detail, check.fix or "")
        console.out.print(table)
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
