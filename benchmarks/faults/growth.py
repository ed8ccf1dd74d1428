"""Discovery by itself: from 20 accounts of a simulated world to at least 2,000 creators, none fetched twice.

Beside the proof it measures the whole path: profiles a minute and worker, from the request to the searchable creator.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.installation import workers
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from creators.settings import SourceSettings
from creators.stores import receipts, tasks
from creators.targets import parse_target
from fetchers import frontier
from mappings.registry import CREATORS
from simulator.server import Simulator

if TYPE_CHECKING:
    from creators.stores.session import Stores

SEEDS = 20
WORKERS = 2
DEPTH = 6
POLL_S = 2.0
DEADLINE_S = 1500
SCRIPT_PROFILES_PER_DAY = 50
"""What a script in one thread with a person beside it reaches, according to the mission."""


def prove(run: Run) -> Proof:
    """Return what growing from the seeds has shown."""
    proof = Proof()
    people, wanted = run.size(3000, 400), run.size(2000, 150)
    with Simulator(people=people, seed=run.seed) as world:
        sources = {name: SourceSettings(**fields) for name, fields in world.sources().items()}
        own = {"discovery_depth": DEPTH, "discovery_per_root": people, "discovery_min_followers": 0}
        with installed(sources=sources, **own) as stores:
            seeds = [parse_target(target_id) for target_id in world.control.seeds(SEEDS)]
            frontier.seed(stores, seeds)
            started = time.monotonic()
            with workers(stores.settings, WORKERS):
                _grow(stores, wanted)
                grown_s = time.monotonic() - started
            with workers(stores.settings.model_copy(update={"sources": {}}), WORKERS):
                _finish(stores)
            _report(proof, stores, world.control.fetched(), (wanted, grown_s))
    return proof


def _creators(stores: Stores) -> int:
    stores.cluster.refresh(CREATORS)
    return stores.cluster.count(CREATORS, {"match_all": {}})


def _grow(stores: Stores, wanted: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while _creators(stores) < wanted and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _finish(stores: Stores) -> None:
    """Let what has landed be indexed; what is only scheduled stays scheduled."""
    deadline = time.monotonic() + DEADLINE_S
    while receipts.balance(stores.cluster).pending and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _report(proof: Proof, stores: Stores, fetched: Mapping[str, Any], grown: tuple[int, float]) -> None:
    wanted, grown_s = grown
    found = _creators(stores)
    profiles = stores.cluster.count("profiles", {"match_all": {}})
    accounts, pages = fetched["accounts"], fetched["pages"]
    twice = [name for name, times in accounts.items() if sum(times.values()) > 1]
    twice += [url for url, times in pages.items() if times > 1]
    a_minute = profiles / grown_s * 60
    proof.facts |= {
        "seeds": SEEDS,
        "creators": found,
        "accounts": profiles,
        "accounts fetched": len(accounts),
        "pages fetched": len(pages),
        "fetched twice": len(twice),
        "workers": WORKERS,
        "seconds": round(grown_s, 1),
        "profiles a minute and worker": round(a_minute / WORKERS, 1),
        "profiles a day, unattended": round(a_minute * 60 * 24),
        "times a script with a person beside it": round(a_minute * 60 * 24 / SCRIPT_PROFILES_PER_DAY),
        "tasks": {" ".join(names): count for names, count in tasks.counts(stores.cluster).items()},
    }
    proof.claim(f"at least {wanted:,} creators from {SEEDS} accounts", found >= wanted)
    proof.claim("no account and no page was fetched twice", not twice)
    proof.account(receipts.balance(stores.cluster))


if __name__ == "__main__":
    main("growth", prove)
