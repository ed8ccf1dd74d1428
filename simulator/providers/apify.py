"""Apify: actors are run, polled, and their items paged.

https://docs.apify.com/api/v2

A run takes the simulated seconds of the stage; what it finds is in :mod:`simulator.providers.apify_items`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from simulator.desk import Asked, Reply, Route
from simulator.dice import roll
from simulator.providers.apify_items import actor
from simulator.providers.keys import bearer, good_key
from simulator.quotas import Admission

ITEM_USD = 0.0023
MOST_ITEMS = 1_000
MOST_WAIT_S = 60.0


@dataclass(slots=True)
class _Run:
    """One run of an actor."""

    run_id: str
    actor: str
    wanted: dict[str, Any]
    started: datetime
    due_at: float
    """Of the monotonic clock."""
    aborted: bool = False

    @property
    def status(self) -> str:
        if self.aborted:
            return "ABORTED"
        return "SUCCEEDED" if time.monotonic() >= self.due_at else "RUNNING"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _error(status: int, kind: str, message: str) -> Reply:
    return Reply({"error": {"type": kind, "message": message}}, status)


def _shown(run: _Run, now: datetime) -> dict[str, Any]:
    done = run.status == "SUCCEEDED"
    return {
        "id": run.run_id,
        "actId": f"act{roll(run.actor):016x}",
        "userId": "simulated",
        "startedAt": _iso(run.started),
        "finishedAt": _iso(now) if done else None,
        "status": run.status,
        "statusMessage": "Finished" if done else "Crawling",
        "isStatusMessageTerminal": done or None,
        "meta": {"origin": "API"},
        "stats": {"runTimeSecs": (now - run.started).total_seconds(), "computeUnits": 0.001},
        "options": {"build": "latest", "timeoutSecs": 300, "memoryMbytes": 1024},
        "buildId": "sim",
        "exitCode": 0 if done else None,
        "defaultKeyValueStoreId": f"kv{run.run_id}",
        "defaultDatasetId": f"ds{run.run_id}",
        "defaultRequestQueueId": f"rq{run.run_id}",
        "usageTotalUsd": ITEM_USD * len(run.wanted) if done else 0.0,
    }


def _waits_s(asked: Asked) -> float:
    """How long the caller wants to be kept waiting for the end of a run."""
    text = asked.query.get("waitForFinish", "")
    return min(MOST_WAIT_S, float(text)) if text.isdigit() else 0.0


def _held_at_start(asked: Asked) -> float:
    return min(_waits_s(asked), asked.stage.run_s)


def _held(asked: Asked) -> float:
    found = asked.stage.runs.get(asked.path["run"])
    return 0.0 if found is None else max(0.0, min(_waits_s(asked), found.due_at - time.monotonic()))


def start(asked: Asked) -> Reply:
    """Start a run of an actor."""
    name = asked.path["actor"].lower()
    if actor(name) is None:
        return _error(404, "record-not-found", "Actor was not found")
    number = len(asked.stage.runs) + 1
    run_id = f"run{roll(asked.world.seed, number):014x}"[:17]
    # The caller was kept waiting before this; the run has gone on meanwhile.
    due_at = time.monotonic() + max(0.0, asked.stage.run_s - _waits_s(asked))
    run = _Run(run_id, name, asked.json(), asked.now, due_at)
    asked.stage.runs[run_id] = run
    return Reply({"data": _shown(run, asked.now)}, 201)


def listed(asked: Asked) -> Reply:
    """Answer the latest runs of an actor, so that one that was started can be found again."""
    name = asked.path["actor"].lower()
    runs = [_shown(one, asked.now) for one in asked.stage.runs.values() if one.actor == name]
    size = asked.number("limit", 100, MOST_ITEMS)
    page = (runs[::-1] if asked.query.get("desc") in {"1", "true"} else runs)[:size]
    return Reply({"data": {"total": len(runs), "offset": 0, "limit": size, "count": len(page), "items": page}})


def run(asked: Asked) -> Reply:
    """Answer how far a run is."""
    found = asked.stage.runs.get(asked.path["run"])
    if found is None:
        return _error(404, "record-not-found", "Actor run was not found")
    return Reply({"data": _shown(found, asked.now)})


def abort(asked: Asked) -> Reply:
    """Abort a run."""
    found = asked.stage.runs.get(asked.path["run"])
    if found is None:
        return _error(404, "record-not-found", "Actor run was not found")
    found.aborted = True
    return Reply({"data": _shown(found, asked.now)})


def items(asked: Asked) -> Reply:
    """Answer a page of the items of a run; what has not been crawled yet is not there."""
    found = asked.stage.runs.get(asked.path["dataset"].removeprefix("ds"))
    if found is None:
        return _error(404, "record-not-found", "Dataset was not found")
    crawl = actor(found.actor)
    rows = crawl(asked, found.wanted) if crawl and found.status == "SUCCEEDED" else []
    offset = asked.query.get("offset", "0")
    first, size = int(offset) if offset.isdigit() else 0, asked.number("limit", MOST_ITEMS, MOST_ITEMS)
    counts = {"total": len(rows), "offset": first, "limit": size, "count": len(rows[first : first + size])}
    headers = {f"x-apify-pagination-{name}": str(value) for name, value in counts.items()}
    return Reply(rows[first : first + size], 200, headers)


class Apify:
    """Runs, datasets."""

    name = "apify"
    prefix = "/apify/v2"
    says_when = False

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses."""
        return (
            Route("/acts/{actor}/runs", "runs", start, method="POST", hold_s=_held_at_start),
            Route("/acts/{actor}/runs", "run", listed),
            Route("/actor-runs/{run}", "run", run, hold_s=_held),
            Route("/actor-runs/{run}/abort", "run", abort, method="POST"),
            Route("/datasets/{dataset}/items", "items", items),
        )

    def credential(self, asked: Asked) -> str | None:
        """Return the token of the header or of the address."""
        return good_key(self.name, bearer(asked) or asked.query.get("token", ""))

    def refuse(self, asked: Asked) -> Reply:
        """Return 401."""
        del asked
        return _error(401, "user-or-token-not-found", "User was not found or authentication token is not valid")

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return 429."""
        del admission, now
        return self.failed(429)

    def failed(self, status: int) -> Reply:
        """Return the error body of a status; 402 is an account without credit."""
        kinds = {
            HTTPStatus.TOO_MANY_REQUESTS: ("rate-limit-exceeded", "You have exceeded the rate limit of 60 requests."),
            HTTPStatus.PAYMENT_REQUIRED: ("not-enough-usage-to-run-paid-actor", "Your usage limit would be exceeded."),
        }
        return _error(status, *kinds.get(HTTPStatus(status), ("internal-server-error", "Internal server error")))

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return the limit of the resource."""
        del endpoint
        return {"x-ratelimit-limit": str(admission.limit)}
