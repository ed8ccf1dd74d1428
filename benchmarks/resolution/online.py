"""Resolution while the service runs: ``python -m benchmarks.resolution.online --accounts 50000 --seed 1``.

Two measurements on an installation of its own, swept afterwards. *New accounts*: so many accounts of a seeded crowd are
in the index; then others come in one by one, half of them further accounts of people who are there, and the step
that resolves each is timed. *Ingestion*: events land at a steady rate, with resolution stopped, with a worker of its
own for it, and with one worker for everything, in turns; what is timed is from landing to searchable.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.installation import workers
from benchmarks.faults.installed import installed
from benchmarks.machine import machine
from benchmarks.resolution.crowd import Crowd
from benchmarks.resolution.report import PACKAGES
from creators.models import Account, Platform, RawRecord
from creators.stores import receipts
from creators.stores.receipts import ObjectReceipt, State
from enrich import profiles
from enrich.normalise import event
from enrich.resolve import keyring, resolver
from enrich.resolve.resolution import resolve_one
from enrich.resolve.rules import rules_of
from fetchers.landing import land

if TYPE_CHECKING:
    from creators.stores.session import Stores
    from enrich.resolve.evidence import Profile

RESULT = Path(__file__).parent / "results" / "online.json"
AT = datetime(2026, 1, 31, tzinfo=UTC)
BATCH = 5_000
TARGET_MS = 50.0
RATE_S = 1.5
"""Seconds from one event to the next: far less than one worker could do, so that nothing queues for its own sake."""
PATIENCE_S = 60.0
MODES: dict[str, tuple[str, ...]] = {"stopped": ("off",), "own worker": ("off", "only"), "one worker": ("on",)}
"""How resolution runs → ``identity_matching`` of each worker."""
TURNS = 2


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    accounts: int
    probes: int
    events: int
    seed: int


def _account(profile: Profile) -> Account:
    native_id = str(profile.native_id)
    shown = {name: getattr(profile, name) for name in ("handle", "name", "bio", "website", "links", "followers")}
    told = {"country": profile.country, "language": profile.language, "source": "crowd", "fetched_at": AT}
    return Account(platform=Platform(profile.platform), native_id=native_id, **shown, **told)


def _people(size: Size) -> Iterator[list[Account]]:
    for _, group in groupby(Crowd.of(size.seed).part(0, size.accounts), key=lambda found: found[0]):
        yield [_account(profile) for _, profile in group]


def _filled(stores: Stores, size: Size) -> list[Account]:
    """Put the crowd in, and return the accounts that are held back."""
    held: list[Account] = []
    known: list[Account] = []
    waiting: list[Account] = []
    for number, person in enumerate(_people(size)):
        is_probe = len(person) > 1 and len(held) < size.probes // 2 and number % 7 == 0
        held += person[:1] if is_probe else []
        known += person[1:] if is_probe else []
        waiting += person[1:] if is_probe else person
        if len(waiting) >= BATCH:
            keyring.save(stores.cluster, map(keyring.entry_of, waiting), {})
            waiting.clear()
            print(f"\r{number:,} people", end="", file=sys.stderr, flush=True)
    keyring.save(stores.cluster, map(keyring.entry_of, waiting), {})
    # Those whom a held-back account may join have all that the service knows of an account.
    profiles.save(stores.cluster, known, [], raw_key="crowd")
    resolver.resolve(stores.cluster, [one.account_id for one in known], rules_of(stores.settings))
    stores.cluster.refresh("identities")
    print(file=sys.stderr)
    strangers = (_account(profile) for _, profile in Crowd.of(size.seed).part(1, size.probes - len(held)))
    return [*held, *strangers]


def _arrived(stores: Stores, account: Account) -> str:
    """Do what comes before resolution: the account is normalised, grouped by what it declares, and booked."""
    profiles.save(stores.cluster, [account], [], raw_key="crowd")
    with resolver.holding(stores):
        resolver.save_edges(stores.cluster, [account], raw_key="crowd")
        resolver.resolve(stores.cluster, [account.account_id], rules_of(stores.settings))
    key = f"crowd/{account.account_id}"
    booked: dict[str, Any] = {"records_of": {"0": [account.account_id]}, "unresolved": 1, "indexed": 1}
    receipts.save(stores.cluster, ObjectReceipt(key=key, records=1, state=State.INDEXED, **booked))
    return key


class Requests(logging.Handler):
    """What the client of OpenSearch says that it asks: how many requests, and how many that make writes visible."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.asked = self.refreshed = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count one request."""
        self.asked += 1
        self.refreshed += "refresh=true" in record.getMessage()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count while the block runs."""
        told = logging.getLogger("opensearch")
        before, passes_on = told.level, told.propagate
        told.addHandler(self)
        told.setLevel(logging.INFO)
        told.propagate = False
        try:
            yield
        finally:
            told.removeHandler(self)
            told.setLevel(before)
            told.propagate = passes_on


def new_accounts(size: Size) -> dict[str, Any]:
    """Return how long the resolution of one new account takes, in ms of wall time and of this process's own time."""
    asked: list[float] = []
    refreshed: list[float] = []
    with installed() as stores:
        probes = _filled(stores, size)
        half = len(probes) // 2
        order = [one for pair in zip(probes[:half], probes[half:], strict=False) for one in pair]
        wall: list[float] = []
        own: list[float] = []
        joined = 0
        for account in order:
            key = _arrived(stores, account)
            requests = Requests()
            began, worked = time.perf_counter(), time.process_time()
            with requests.listening():
                joined += bool(resolve_one(stores, key))
            wall.append((time.perf_counter() - began) * 1000)
            own.append((time.process_time() - worked) * 1000)
            asked.append(requests.asked)
            refreshed.append(requests.refreshed)
        # The first ones load the model and open connections: a worker does that once.
        return {
            "indexed_accounts": stores.cluster.count(keyring.INDEX),
            "probes": len(wall),
            "joined": joined,
            "wall_ms": _spread(wall[10:]),
            "own_cpu_ms": _spread(own[10:]),
            "requests": _spread(asked[10:]),
            "refreshes": _spread(refreshed[10:]),
        }


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) for name, share in at.items()}


def ingestion(size: Size) -> dict[str, Any]:
    """Return seconds from landing to searchable for each way in which resolution runs, in turns."""
    took: dict[str, list[float]] = {mode: [] for mode in MODES}
    left: dict[str, int] = {}
    with installed() as stores:
        people = iter([_account(profile) for _, profile in Crowd.of(size.seed).part(2, 10 * size.events)])
        for mode in [*MODES] * TURNS:
            with ExitStack() as running:
                for matching in MODES[mode]:
                    settings = stores.settings.model_copy(update={"identity_matching": matching})
                    running.enter_context(workers(settings, 1))
                _settled(stores, _landed(stores, next(people)))  # until the worker has started
                for _ in range(max(1, size.events // TURNS)):
                    took[mode].append(_settled(stores, _landed(stores, next(people))))
                    time.sleep(max(0.0, RATE_S - took[mode][-1]))
                left[mode] = receipts.balance(stores.cluster).unresolved
    return {
        "events": {mode: len(values) for mode, values in took.items()},
        "landed_to_searchable_s": {mode: _spread(values) for mode, values in took.items()},
        "accounts_not_compared_at_the_end": left,
    }


def _landed(stores: Stores, account: Account) -> tuple[str, float]:
    facts = account.model_dump(mode="json", include={"handle", "name", "bio", "website", "country", "followers"})
    shown = {name: value for name, value in facts.items() if value is not None}
    now = datetime.now(UTC)
    # A number of its own: the crowd's ids are no ids of the networks.
    body = {"platform": account.platform, "handle": str(account.handle) + account.native_id.replace("-", ""), **shown}
    told = event.ProfileEvent.model_validate(body | {"handle": body["handle"]})
    record = RawRecord(
        platform=account.platform,
        source=event.SOURCE,
        kind=event.KIND,
        native_id=told.account_native_id,
        fetched_at=now,
        body=told.model_dump(mode="json", exclude_unset=True),
    )
    began = time.monotonic()
    (key,) = land(stores, [record], landed_on=now.date())
    return key, began


def _settled(stores: Stores, landed: tuple[str, float]) -> float:
    key, began = landed
    while time.monotonic() - began < PATIENCE_S:
        receipt = receipts.load(stores.cluster, key)
        if receipt is not None and not receipt.is_open:
            break
        time.sleep(0.01)
    return time.monotonic() - began


def main() -> None:
    """Measure, print, and keep the result of a full run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolution.online")
    parser.add_argument("--accounts", type=int, default=50_000, help="in the index before new ones come")
    parser.add_argument("--probes", type=int, default=300, help="new accounts that are timed")
    parser.add_argument("--events", type=int, default=40, help="records that are followed, in each mode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="a small size, for CI; keeps no result")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args()
    size = (
        Size(2_000, 40, 6, asked.seed) if asked.smoke else Size(asked.accounts, asked.probes, asked.events, asked.seed)
    )
    arrival, stream = new_accounts(size), ingestion(size)
    result = {
        "command": f"python -m benchmarks.resolution.online --accounts {size.accounts} --probes {size.probes} "
        f"--events {size.events} --seed {size.seed}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(PACKAGES) | {"load_average": [round(one, 1) for one in os.getloadavg()]},
        "new_account": arrival | {"target_p90_ms": TARGET_MS, "holds": arrival["wall_ms"]["p90"] <= TARGET_MS},
        "ingestion": stream,
    }
    if not asked.smoke:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=None if asked.json else 1))


if __name__ == "__main__":
    main()
