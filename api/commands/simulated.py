"""The whole pipeline on a simulated world, to watch: an installation of its own, which real data never meets."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from api import console
from api.commands.serve import bound, serve_api
from api.context import settings_for
from creators.errors import CreatorscopeError
from creators.settings import Settings, SourceSettings
from creators.stores.session import Stores
from creators.targets import parse_target
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from simulator.server import Simulator

PREFIX = "simulated-"
SEEDS = 20
DEPTH = 4
LOOK_S = 2.0


def settings_of(simulator: Simulator) -> Settings:
    """Return the settings of an installation that fetches from the simulator and shares no data with the real one."""
    own = settings_for("simulate")
    return own.model_copy(
        update={
            "index_prefix": f"{own.index_prefix}{PREFIX}",
            "lake_url": (own.data_dir.absolute() / "simulated-lake").as_uri(),
            "sources": {name: SourceSettings(**fields) for name, fields in simulator.sources().items()},
            "discovery_depth": DEPTH,
            "discovery_min_followers": 0,
            "discovery_per_root": len(simulator.world.accounts),
        }
    )


def run(simulator: Simulator, workers: int) -> None:
    """Fetch from the simulator with real workers, serve the API beside it, show how it grows; until Ctrl-C."""
    from api.installation import installation
    from api.installation import workers as worker_processes
    from fetchers import frontier
    from indexers import pipeline

    settings = settings_of(simulator)
    listener = bound(settings, None, None)
    with listener, simulator, installation(settings) as ready, worker_processes(ready, workers):
        stores = Stores(ready)
        pipeline.prepare(stores)
        frontier.seed(stores, [parse_target(target_id) for target_id in simulator.seeds(SEEDS)])
        console.say(f"{SEEDS} accounts to begin with; the providers answer at {simulator.url}")
        with _shown(stores):
            serve_api(ready, listener)


@contextmanager
def _shown(stores: Stores) -> Iterator[None]:
    stop, before = threading.Event(), _accounts(stores)

    def show() -> None:
        started = time.monotonic()
        with Live(console=console.err, auto_refresh=False) as live:
            while not stop.wait(LOOK_S):
                live.update(_table(stores, time.monotonic() - started, before), refresh=True)

    watcher = threading.Thread(target=show, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(LOOK_S)


def _accounts(stores: Stores) -> int:
    return stores.cluster.count("profiles", {"match_all": {}})


def _table(stores: Stores, seconds: float, before: int) -> Table:
    from creators.stores import receipts, tasks

    table = Table(title=f"{seconds:.0f} s", pad_edge=False, show_header=False)
    try:
        accounts, creators = _accounts(stores), stores.cluster.count(CREATORS, {"match_all": {}})
        balance = receipts.balance(stores.cluster)
        targets = tasks.counts(stores.cluster)
        queued = {name: depth for name, depth in stores.queue.depth().items() if depth}
    except CreatorscopeError as error:
        table.add_row("waiting", error.detail)
        return table
    a_minute = (accounts - before) / seconds * 60
    table.add_row("found", f"{accounts:,} accounts ({a_minute:,.0f} a minute), {creators:,} creators to search")
    ends = ("indexed", "stale", "dead_lettered", "pending")
    account = " + ".join(f"{getattr(balance, name):,} {name.replace('_', '-')}" for name in ends)
    table.add_row("records", f"{balance.rows_in:,} in = {account}")
    # A handle whose account is known has a target of its own beside the account's: one of them is enough to see.
    known = Counter[str]()
    for (_, kind, state), count in targets.items():
        known[kind] += 0 if state == tasks.TaskState.RESOLVED else count
    table.add_row("targets", ", ".join(f"{kind} {count:,}" for kind, count in sorted(known.items())))
    table.add_row("queues", ", ".join(f"{name} {depth}" for name, depth in queued.items()) or "empty")
    return table
