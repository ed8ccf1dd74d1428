"""Dead letters from the command line: look at them, have their records tried again, let go of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from api import console
from api.commands.data import AsJson, Workers, someone_works
from api.context import settings_for
from creators.errors import BadInput

if TYPE_CHECKING:
    from creators.stores.deadletters import Wanted
    from creators.stores.session import Stores

NAMES = ("stage", "source", "error", "field", "dataset_id", "raw_key", "target", "text")
GROUPED_BY = ("stage", "source", "error", "field")
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

dlq_app = typer.Typer(help="Look after records that could not be used.", no_args_is_help=True)

Where = Annotated[
    list[str] | None,
    typer.Option("--where", "-w", help=f"name=value, several times, all must match; names: {', '.join(NAMES)}."),
]
Since = Annotated[str | None, typer.Option(help="Failed last at this time or later: 2026-01-31, or 2h, 7d ago.")]
Before = Annotated[str | None, typer.Option(help="Failed last before this time, written as for --since.")]
States = Annotated[
    list[str] | None, typer.Option("--state", help="open, replaying or replayed; unset is what is not replayed.")
]
LetterId = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]


def moment(text: str | None, name: str, now: datetime) -> datetime | None:
    """Return a time that was given as a date, a date with time, or so long ago.

    Raises:
        BadInput: it is none of these.
    """
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        detail = f"{text!r} is no time: write 2026-01-31, 2026-01-31T12:00, or 2h, 7d for so long ago"
        raise BadInput(detail, field=name) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def wanted_of(
    where: list[str] | None, states: list[str] | None, since: str | None = None, before: str | None = None
) -> Wanted:
    """Return the options as what is wanted; raises :class:`BadInput`."""
    from creators.stores.deadletters import UNSETTLED, LetterState, Wanted

    given: dict[str, Any] = {}
    for pair in where or ():
        name, separator, value = pair.partition("=")
        if not separator or name not in NAMES or name in given:
            detail = f"{pair!r} is not name=value with one of {', '.join(NAMES)}, each once"
            raise BadInput(detail, field="where")
        given[name] = value
    if unknown := set(states or ()) - set(LetterState):
        detail = f"{min(unknown)!r} is no state: one of {', '.join(LetterState)}"
        raise BadInput(detail, field="state")
    now = datetime.now(UTC)
    given |= {"since": moment(since, "since", now), "before": moment(before, "before", now)}
    return Wanted(states=tuple(states or UNSETTLED), **given)


@contextmanager
def _opened(command: str) -> Iterator[Stores]:
    from api.installation import installation
    from creators.stores.session import Stores
    from indexers import pipeline

    with installation(settings_for(command)) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        yield stores


@dlq_app.command("ls")
def list_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    where: Where = None,
    state: States = None,
    since: Since = None,
    before: Before = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many letters.")] = 20,
    after: Annotated[str | None, typer.Option(help="Go on where an earlier answer ended.")] = None,
    json: AsJson = False,
) -> None:
    """Show dead letters: how many of each kind, then the latest.

    creatorscope dlq ls --where error=schema_drift --since 2d
    """
    from creators.stores import deadletters

    wanted = wanted_of(where, state, since, before)
    with _opened("dlq") as stores:
        groups = deadletters.tally(stores.cluster, wanted, by=GROUPED_BY)
        page = deadletters.find(stores.cluster, wanted, limit=limit, after=after)
    if json:
        console.print_json({"groups": groups, "letters": page.letters, "after": page.after})
        return
    if not groups:
        console.say("no such dead letters")
        return
    console.out.print(_table((*GROUPED_BY, "letters", "records"), groups))
    columns = ("letter_id", "state", "attempts", "last_seen", "error", "reason")
    console.out.print(_table(columns, [one | {"letter_id": one["letter_id"][:12]} for one in page.letters]))
    if page.after:
        console.say(f"more: --after {page.after}")


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        # Reasons quote what strangers wrote: brackets in them are no markup.
        table.add_row(*(escape("" if row.get(column) is None else str(row[column])) for column in columns))
    return table


@dlq_app.command("show")
def show_letter(letter_id: LetterId, *, json: AsJson = False) -> None:
    """Show one dead letter with all that is known about it."""
    from creators.stores import deadletters

    with _opened("dlq") as stores:
        letter = deadletters.show(stores.cluster, letter_id)
    if json:
        console.print_json(letter)
        return
    for name, value in letter.items():
        if value is not None:
            console.out.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)


@dlq_app.command("replay")
def replay_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    where: Where = None,
    since: Since = None,
    before: Before = None,
    per_s: Annotated[float, typer.Option(min=0.01, max=10_000, help="At most so many records a second.")] = 50.0,
    workers: Workers = 0,
    json: AsJson = False,
) -> None:
    """Have the records of dead letters tried again, after what was wrong with the program has been mended.

    Only these records go the whole way again. What has arrived meanwhile is left alone, so it may be repeated. With
    workers of its own the command ends when all is done, otherwise when all is queued.
    """
    from api.installation import workers as worker_processes
    from creators.stores import deadletters, receipts
    from indexers import pipeline
    from indexers.replay import Pace, replay

    wanted = wanted_of(where, None, since, before)
    with _opened("dlq") as stores, worker_processes(stores.settings, workers) as running:
        done = replay(stores, wanted, pace=Pace(per_s), on_progress=lambda _done: None)
        if workers and done.queued:
            pipeline.wait(stores, None, on_progress=lambda _balance: None, alive=lambda: someone_works(stores, running))
        balance = receipts.balance(stores.cluster)
        left = sum(one["letters"] for one in deadletters.tally(stores.cluster, wanted, by=("state",)))
    account = {name: getattr(done, name) for name in ("queued", "arrived", "busy", "failed")} | {"left": left}
    if json:
        console.print_json(account | {"pending": balance.pending, "dead_lettered": balance.dead_lettered})
        return
    console.say(
        f"{done.queued} letters queued, {done.arrived} had arrived already, {done.busy} are on their way, "
        f"{done.failed} still cannot be read; {left} are left, {balance.pending} records are pending"
    )


@dlq_app.command("purge")
def purge_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    where: Where = None,
    state: States = None,
    since: Since = None,
    before: Before = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Delete dead letters for good. Their records stay in the lake, and stay booked as dead-lettered.

    creatorscope dlq purge --state replayed --before 30d
    """
    from creators.stores import deadletters

    wanted = wanted_of(where, state, since, before)
    with _opened("dlq") as stores:
        groups = deadletters.tally(stores.cluster, wanted, by=("state", "error"))
        doomed = sum(one["letters"] for one in deadletters.tally(stores.cluster, wanted, by=("state",)))
        if doomed and not yes:
            console.err.print(_table(("state", "error", "letters", "records"), groups))
            if not typer.confirm(f"Delete these {doomed} dead letters?", err=True):
                raise typer.Exit(1)
        deleted = deadletters.purge(stores.cluster, wanted) if doomed else 0
    if json:
        console.print_json({"deleted": deleted})
    else:
        console.say(f"{deleted} dead letters deleted")
