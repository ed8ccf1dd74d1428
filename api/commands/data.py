"""Getting data in, and doing it all again: ingest, rebuild, worker, lake."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import console
from api.context import settings_for
from creators.datasets import load_mapping
from creators.errors import BadInput
from creators.settings import Settings, load_settings
from creators.stores.session import Stores, work_with
from creators.telemetry import configure_logging

if TYPE_CHECKING:
    from api.supervisor import Supervised

BAD_ROWS_SHOWN = 10
PARENT_CHECK_S = 1.0

lake_app = typer.Typer(help="Look after the lake of raw records.", no_args_is_help=True)

Workers = Annotated[int, typer.Option(min=0, help="Worker processes to run meanwhile; 0 uses those already running.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def ingest(
    file: Annotated[Path, typer.Argument(help="A CSV, JSONL or Parquet file.")],
    mapping: Annotated[Path, typer.Option("--mapping", "-m", help="The mapping file: which column is which field.")],
    *,
    workers: Workers = 1,
    json: AsJson = False,
) -> None:
    """Bring a file of creators into the index.

    Bad rows are counted, shown with their line numbers and kept as dead letters; nothing stops the rest. The same
    file again changes nothing, and an interrupted run goes on where it stopped.

        creatorscope ingest creators.csv --mapping creators.toml
    """
    from api.installation import installation
    from api.installation import workers as worker_processes
    from creators.stores import deadletters
    from fetchers.sources.dataset import count_rows, open_rows
    from indexers import pipeline

    described = load_mapping(mapping)
    open_rows(file, described)  # whole-file problems show before anything is started
    with installation(settings_for("ingest")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        started = time.monotonic()
        dataset = pipeline.ingest(stores, file, described)
        with (
            worker_processes(settings, workers) as running,
            console.ingest_progress(file.name, expected=count_rows(file, described)) as progress,
        ):
            balance = pipeline.wait(
                stores, dataset.dataset_id, on_progress=progress, alive=lambda: someone_works(stores, running)
            )
        letters = deadletters.of_dataset(stores.cluster, dataset.dataset_id, limit=BAD_ROWS_SHOWN)
    if json:
        account = {name: getattr(balance, name) for name in ("rows_in", "indexed", "stale", "dead_lettered", "pending")}
        console.print_json({"dataset_id": dataset.dataset_id, **account, "dead_letters": letters})
    else:
        console.print_balance(balance, time.monotonic() - started)
        console.print_letters(letters, balance.dead_lettered)


def someone_works(stores: Stores, own: list[Supervised]) -> bool:
    """Return whether the work goes on: all of our own workers run, or, where there are none, any other does."""
    return all(worker.poll() is None for worker in own) if own else stores.queue.workers_alive() > 0


def rebuild(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workers: Workers = 1,
    json: AsJson = False,
) -> None:
    """Drop every derived index and make it again from the lake; the digest shows that nothing changed.

    Searches find nothing at first, then more and more. Dead letters stay.
    """
    from api.installation import installation
    from api.installation import workers as worker_processes
    from indexers import pipeline

    if not yes and not typer.confirm("Drop all derived indices and replay the lake?"):
        raise typer.Exit(1)
    with installation(settings_for("rebuild")) as settings:
        stores = Stores(settings)
        before = pipeline.digest_or_none(stores)
        started = time.monotonic()
        objects = pipeline.rebuild(stores)
        with worker_processes(settings, workers) as running, console.ingest_progress("rebuild") as progress:
            balance = pipeline.wait(stores, None, on_progress=progress, alive=lambda: someone_works(stores, running))
        after = pipeline.digest(stores)
    if json:
        console.print_json({"objects": objects, "creators": after.creators, "before": before, "after": after.checksum})
        return
    console.print_balance(balance, time.monotonic() - started)
    console.say(f"digest before: {before or 'no index'}\ndigest after:  {after.checksum} ({after.creators} creators)")


def population(*, json: AsJson = False) -> None:
    """Measure how engagement, growth and followers are spread over creators of each platform and size.

    Percentiles in rankings and explanations come from it. Workers and `ingest` keep it current by themselves.
    """
    from api.installation import installation
    from indexers import pipeline
    from indexers.population import measure

    with installation(settings_for("population")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        cells = measure(stores)
    groups = {(cell["metric"], cell["platform"], tuple(cell["bands"])): cell["n"] for cell in cells.values()}
    if json:
        names = ("metric", "platform", "bands", "n")
        console.print_json([dict(zip(names, (*group, n), strict=True)) for group, n in groups.items()])
    else:
        console.say(f"{len(groups)} groups with enough creators to compare")
        for (metric, platform, bands), n in groups.items():
            console.say(f"  {metric}  {platform}  {bands[0]} to {bands[-1]}: {n:,} creators")


def worker(
    *,
    burst: Annotated[bool, typer.Option(help="Stop when the queues are empty.")] = False,
    processes: Annotated[
        int, typer.Option(min=0, help="Run so many as processes of their own, and start again those that die.")
    ] = 0,
    parent_pid: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Fetch what is due and run queued jobs until Ctrl-C or SIGTERM; the job at hand is finished first.

    Start as many as there are cores to spare, on any machine that reaches the same OpenSearch, Redis and lake.
    """
    from api.installation import installation
    from creators.stores.workers import Chore, work
    from fetchers.planner import TICK_S, Planner
    from indexers import pipeline
    from indexers.population import measure_when_due
    from search.exports import service as exports

    own = load_settings()
    configure_logging(own)
    if processes:
        _look_after(own, processes, burst=burst)
        return
    if parent_pid is not None:
        _end_with(parent_pid)
    with installation(own) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        work_with(stores)

        def tend() -> None:
            pipeline.tend(stores, burst=burst)
            exports.tend(stores)

        chores = [Chore(tend, settings.reconcile_s)]
        if not burst:
            chores.append(Chore(Planner(stores).tick, TICK_S))
        work(settings, burst=burst, chores=chores)
        if burst:
            measure_when_due(stores)


def _look_after(own: Settings, processes: int, *, burst: bool) -> None:
    """Run workers in processes of their own until all have ended for good, or this one is told to end."""
    from api.installation import installation
    from api.installation import workers as worker_processes
    from api.supervisor import wait

    if burst:
        detail = "--burst ends when the queues are empty, --processes keeps workers running: choose one"
        raise BadInput(detail, field="processes")
    with installation(own) as settings, worker_processes(settings, processes) as running:
        wait(running)


def _end_with(parent_pid: int) -> None:
    """End this process when its parent has been killed: a worker without its engines is of no use."""

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@lake_app.command("verify")
def lake_verify(*, json: AsJson = False) -> None:
    """Read every object of the lake and compare it with its checksum."""
    from creators.stores.lake import open_lake

    broken: dict[str, str] = {}
    objects = 0
    for key, problem in open_lake(settings_for("lake")).verify():
        objects += 1
        if problem:
            broken[key] = problem
    if json:
        console.print_json({"objects": objects, "broken": broken})
    else:
        console.say(f"{objects} objects, {len(broken)} broken")
        for key, problem in broken.items():
            console.say(f"  {key}: {problem}")
    if broken:
        raise typer.Exit(1)


def parse_count(text: str) -> int:
    """Return ``10k`` or ``2.5M`` as a number; raises :class:`BadInput`."""
    units = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
    number, factor = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    try:
        value = round(float(number) * factor)
    except (ValueError, OverflowError) as error:
        detail = f"{text!r} is not a count: write 10000, 10k or 2.5M"
        raise BadInput(detail, field="followers") from error
    if value < 0:
        detail = f"{text!r} is negative: a count is 0 or more"
        raise BadInput(detail, field="followers")
    return value
