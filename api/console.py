"""What commands print: tables and progress for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from creators.stores.receipts import Balance
    from search.parse.clauses import ParsedQuery
    from search.results import SearchPage

# A target such as profile:x:@someone is no picture of a cross.
out = Console(emoji=False)
err = Console(stderr=True, emoji=False)
REASONS_SHOWN = 3
_UNITS = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))
_ROUNDS_UP = 0.99995
"""From this part of a unit on, one decimal of the smaller unit would read ``1000.0``."""


def say(text: str) -> None:
    """Print one line about what is going on, on stderr."""
    err.print(text, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print data for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def short_count(value: int | None) -> str:
    """Return a count as people write it (``1.2M``)."""
    if value is None:
        return "unknown"
    for size, unit in _UNITS:
        if value >= size * _ROUNDS_UP:
            return f"{value / size:.1f}{unit}"
    return str(value)


def short_bytes(value: int | None) -> str:
    """Return a size in MB."""
    return "" if value is None else f"{value / 1_000_000:,.0f} MB"


def page_table(page: SearchPage, title: str) -> Table:
    """Return one page of hits as a table."""
    # Names and questions are other people's words: brackets in them are no markup.
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("#", "creator", "on", "followers", "niches", "score"):
        table.add_column(header, justify="right" if header in {"#", "followers", "score"} else "left")
    for hit in page.hits:
        shown = hit.creator
        table.add_row(
            str(hit.rank),
            escape(str(shown.get("name", hit.creator_id))),
            ", ".join(shown.get("platforms", [])),
            short_count(shown.get("followers")),
            ", ".join(shown.get("niches", [])[:2]),
            "" if hit.score is None else f"{hit.score:.3f}",
        )
    return table


def print_rows(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of plain texts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


def print_parsed(parsed: ParsedQuery) -> None:
    """Print what a text was understood to say."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("words", "filter", "value", "confidence", ""):
        table.add_column(header)
    for clause in parsed.clauses:
        remark = clause.note or ("" if clause.applied else "not applied")
        table.add_row(*map(escape, (clause.words, clause.field, str(clause.value), f"{clause.confidence:.2f}", remark)))
    out.print(table)
    for note in (f"ranked by: {parsed.text or '(nothing)'}", *parsed.notes):
        out.print(note, highlight=False, markup=False)


def print_page(page: SearchPage, title: str) -> None:
    """Print one page: the hits, the reasons of each, the time of each stage."""
    if page.parsed:
        print_parsed(page.parsed)
    out.print(page_table(page, title))
    for hit in page.hits:
        if hit.explanation:
            reasons = hit.explanation.reasons[:REASONS_SHOWN]
            words = "; ".join(f"{reason.contribution:.3f} {reason.words}" for reason in reasons)
            out.print(f"{hit.rank}. {words}", highlight=False, markup=False)
    stages = ", ".join(f"{stage} {took:.0f} ms" for stage, took in page.took_ms.items())
    total = "not counted" if page.total is None else f"{page.total.value} creators pass the filters"
    total += "".join(f"\n  without {name}: {count}" for name, count in page.relaxed.items())
    left_out = f"; left out: {', '.join(page.degraded)}" if page.degraded else ""
    notes = "".join(f"; {note}" for note in page.notes)
    out.print(f"\n{total}\n{stages}{left_out}{notes}\n", highlight=False, markup=False)


@contextmanager
def ingest_progress(what: str, *, expected: int | None = None) -> Iterator[Callable[[Balance], None]]:
    """Show a bar on stderr that follows the delivery account; ``expected`` is about how many records will come."""
    with rows_progress(what, expected=expected) as show:

        def update(balance: Balance) -> None:
            done = balance.rows_in - balance.pending
            total = balance.rows_in if balance.pending == 0 or expected is None else max(expected, balance.rows_in)
            show(done, total or None)

        yield update


def _counted() -> Progress:
    """Return bars on stderr that count what is done of how much."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, disable=not err.is_terminal)


@contextmanager
def rows_progress(what: str, *, expected: int | None = None) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar on stderr that is told how many rows are done, and of how many, where that is known."""
    with _counted() as progress:
        task = progress.add_task(what, total=expected)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def steps_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on stderr for each step of a work; it is told the step, how much of it is done, and of how much."""
    with _counted() as progress:
        tasks: dict[str, TaskID] = {}

        def update(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step)
            progress.update(tasks[step], completed=done, total=total)

        yield update


def print_balance(balance: Balance, seconds: float) -> None:
    """Print where every source record ended."""
    say(
        f"{balance.rows_in} records in = {balance.indexed} indexed + {balance.stale} stale + "
        f"{balance.dead_lettered} dead-lettered + {balance.pending} pending, in {seconds:.1f} s"
    )
    if balance.rows_in == 0:
        say("the file has no rows: nothing to do")


def print_letters(letters: Sequence[Mapping[str, Any]], total: int) -> None:
    """Print the first dead letters with their lines, and how many more there are."""
    for letter in letters:
        say(f"  line {letter['line']}: {letter['reason']}")
    if total > len(letters):
        say(f"  … and {total - len(letters)} more, all kept in the index dlq")
