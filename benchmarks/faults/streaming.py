"""A posted event is searchable within 10 s at P95, while a bulk of other work is queued before it."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2

from api.installation import workers
from benchmarks.faults.installed import installed
from benchmarks.faults.report import Proof, Run, main
from benchmarks.faults.serving import served
from creators.stores import receipts

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 10.0
WORKERS = 2
POLL_S = 0.1
PATIENCE_S = 60.0


def prove(run: Run) -> Proof:
    """Return how long events took to be found."""
    proof = Proof()
    dice = random.Random(run.seed)  # noqa: S311 - reproducible, not secret
    events = run.size(100, 12)
    with installed() as stores, workers(stores.settings, WORKERS), served(stores.settings) as api:
        # Something to wait behind: the same people, as a bulk that nobody waits for.
        bulk = [_event(f"bulk{number}", dice) for number in range(run.size(5000, 250))]
        for start in range(0, len(bulk), 250):
            _post(api, bulk[start : start + 250])
        while not receipts.balance(stores.cluster).indexed:
            time.sleep(POLL_S)  # until the workers have started
        took = {name: _seconds_until_found(api, name) for name in _arrivals(api, events, dice)}
        waited = sorted(took.values())
        late = [name for name, seconds in took.items() if seconds >= PATIENCE_S]
        while receipts.balance(stores.cluster).pending:
            time.sleep(POLL_S)
        p95 = waited[min(len(waited) - 1, int(len(waited) * 0.95))]
        proof.facts |= {
            "events": events,
            "p50_s": round(waited[len(waited) // 2], 2),
            "p95_s": round(p95, 2),
            "max_s": round(waited[-1], 2),
            "not found in time": {name: _is_found(api, name, limit=3) for name in late},
        }
        proof.claim("every event is found", not late)
        proof.claim(f"an event is found within {LIMIT_S:.0f} s at P95", p95 <= LIMIT_S)
        proof.account(receipts.balance(stores.cluster))
    return proof


def _event(name: str, dice: random.Random) -> dict[str, Any]:
    return {
        "platform": dice.choice(("instagram", "tiktok", "youtube", "x")),
        "handle": name,
        "name": f"The {name}",
        "bio": dice.choice(("street food and recipes", "trail running in the alps", "synthesizers and modular music")),
        "followers": dice.randrange(1_000, 1_000_000),
        "observed_at": datetime.now(UTC).isoformat(),
    }


def _post(api: httpx2.Client, records: list[dict[str, Any]]) -> None:
    api.post("/v1/ingest", json={"source": "event", "records": records}).raise_for_status()


def _arrivals(api: httpx2.Client, events: int, dice: random.Random) -> Iterator[str]:
    for number in range(events):
        name = f"event{dice.randrange(10**9)}n{number}"
        _post(api, [_event(name, dice)])
        yield name


def _seconds_until_found(api: httpx2.Client, name: str) -> float:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE_S:
        if _is_found(api, name, limit=1):
            break
        time.sleep(POLL_S)
    return time.monotonic() - started


def _is_found(api: httpx2.Client, name: str, *, limit: int) -> bool:
    found = api.post("/v1/creators/search", json={"text": name, "limit": limit, "budget_ms": 5000}).json()
    return any(name in json.dumps(hit) for hit in found.get("hits", ()))


if __name__ == "__main__":
    main("streaming", prove)
