"""The side door of the simulator: what was counted, and what shall go wrong. ``/_control/…``, for tests and people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import fastapi
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from creators.targets import profile_target
from simulator.desk import Stage
from simulator.faults import Fault
from simulator.quotas import Limit

TIMEOUT_S = 10
SEEDS = 20
_LIMITS = TypeAdapter(list[Limit])
# Never through a proxy of the environment: the simulator is on this machine.
_OPENER = build_opener(ProxyHandler({}))


class Ahead(BaseModel):
    """How far the clock of the world is moved on."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(ge=0, le=400 * 86_400)


def seeds_of(stage: Stage, count: int) -> list[str]:
    """Return targets to begin with: accounts that can be seen now, by the handle that they have now."""
    now = stage.now()
    found = stage.world.seeds(count, now)
    return [str(profile_target(one.platform, handle=stage.world.handle_of(one, now))) for one in found]


def _counts(stage: Stage, _body: Any, _query: Mapping[str, str]) -> Any:
    return stage.meter.counts()


def _set_limits(stage: Stage, body: Any, _query: Mapping[str, str]) -> Any:
    stage.meter.replace(_LIMITS.validate_python(body))
    return [limit.model_dump() for limit in stage.meter.limits]


def _list_faults(stage: Stage, _body: Any, _query: Mapping[str, str]) -> Any:
    return stage.faults.report()


def _add_fault(stage: Stage, body: Any, _query: Mapping[str, str]) -> Any:
    stage.faults.add(Fault.model_validate(body))
    return stage.faults.report()


def _clear_faults(stage: Stage, _body: Any, _query: Mapping[str, str]) -> Any:
    stage.faults.clear()
    return []


def _fetched(stage: Stage, _body: Any, _query: Mapping[str, str]) -> Any:
    accounts: dict[str, dict[str, int]] = {}
    for (provider, account_id), times in stage.profiles.items():
        accounts.setdefault(account_id, {})[provider] = times
    most = max((sum(times.values()) for times in accounts.values()), default=0)
    return {
        "distinct": len(accounts),
        "total": sum(stage.profiles.values()),
        "most": most,
        "accounts": accounts,
        "pages": dict(stage.pages),
    }


def _clock(stage: Stage, body: Any, _query: Mapping[str, str]) -> Any:
    if body is not None:
        stage.ahead += timedelta(seconds=Ahead.model_validate(body).seconds)
    return {"now": stage.now().isoformat(), "ahead_s": stage.ahead.total_seconds()}


def _seeds(stage: Stage, _body: Any, query: Mapping[str, str]) -> Any:
    count = query.get("count", "")
    return seeds_of(stage, int(count) if count.isdigit() else SEEDS)


def _world(stage: Stage, _body: Any, _query: Mapping[str, str]) -> Any:
    world, now = stage.world, stage.now()
    gone = sum(world.gone(account, now) is not None for account in world.accounts)
    return {
        "seed": world.seed,
        "people": len(world.people),
        "accounts": len(world.accounts),
        "gone": gone,
        "start": world.start.isoformat(),
        "answered": stage.answered,
    }


_Answer = Callable[[Stage, Any, Mapping[str, str]], Any]
_DOORS: tuple[tuple[str, str, _Answer], ...] = (
    ("GET", "counts", _counts),
    ("POST", "quotas", _set_limits),
    ("GET", "faults", _list_faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("GET", "fetched", _fetched),
    ("GET", "clock", _clock),
    ("POST", "clock", _clock),
    ("GET", "seeds", _seeds),
    ("GET", "world", _world),
)


def add_doors(app: FastAPI, stage: Stage) -> None:
    """Add ``/_control/…`` to the application."""
    for method, name, answer in _DOORS:
        app.add_api_route(
            f"/_control/{name}", _door(stage, answer), methods=[method], name=f"{method} {name}", response_model=None
        )


def _door(stage: Stage, answer: _Answer) -> Callable[[fastapi.Request], Awaitable[JSONResponse]]:
    async def door(request: fastapi.Request) -> JSONResponse:
        content = await request.body()
        try:
            body = json.loads(content) if content else None
            return JSONResponse(answer(stage, body, dict(request.query_params)))
        except (ValidationError, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)

    return door


class Control:
    """The same from outside, from any process."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def quotas(self, limits: Sequence[Mapping[str, Any]]) -> Any:
        """Put other limits in force and forget what was counted; returns them."""
        return self._ask("POST", "quotas", [dict(limit) for limit in limits])

    def counts(self) -> Any:
        """Return provider → credential → endpoint → calls, units, limited, early, largest and more."""
        return self._ask("GET", "counts")

    def faults(self, **fault: Any) -> Any:
        """Order something to go wrong; see :class:`simulator.faults.Fault` for the names. Returns all orders."""
        return self._ask("POST", "faults", fault)

    def ordered(self) -> Any:
        """Return the orders in force with how often each has hit."""
        return self._ask("GET", "faults")

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self._ask("DELETE", "faults")

    def fetched(self) -> Any:
        """Return how often each account and page was answered for."""
        return self._ask("GET", "fetched")

    def advance(self, seconds: float) -> Any:
        """Move the clock of the world on; returns what it shows."""
        return self._ask("POST", "clock", {"seconds": seconds})

    def seeds(self, count: int = 20) -> list[str]:
        """Return targets to begin with."""
        return list(self._ask("GET", f"seeds?count={count}"))

    def world(self) -> Any:
        """Return how large the world is."""
        return self._ask("GET", "world")

    def _ask(self, method: str, name: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_control/{name}", content, method=method)  # noqa: S310 - our own http address
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
