"""What every request meets before a provider answers it: credential, quota, delay and whatever was ordered to fail."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

from fastapi import Request, Response

from simulator.dice import fraction
from simulator.faults import CORE_FIELDS, Broken, Fault, Faults, drifted, retry_after
from simulator.people import Account
from simulator.quotas import Admission, Meter
from simulator.world import World

BROKEN = frozenset({"torn", "reset", "hang", "bomb", "endless"})


class Stage:
    """Everything that the providers share: the world, its clock, and what is counted and ordered."""

    def __init__(self, world: World, meter: Meter, latency_s: float = 0.0, run_s: float = 0.5) -> None:
        self.world = world
        self.meter = meter
        self.faults = Faults(world.seed)
        self.latency_s = latency_s
        self.ahead = timedelta(0)
        self.profiles: Counter[tuple[str, str]] = Counter()
        """How often each account was answered for, by provider."""
        self.pages: Counter[str] = Counter()
        self.tags: set[tuple[str, str]] = set()
        """Hashtags of Instagram that each credential has asked for."""
        self.runs: dict[str, Any] = {}
        """Runs of Apify, by id."""
        self.run_s = run_s
        self.answered = 0

    def now(self) -> datetime:
        """Return the time of the world: ours, and what it was moved on by."""
        return datetime.now(UTC) + self.ahead

    def fetched(self, provider: str, account: Account) -> None:
        """Count an answer that told about one account."""
        self.profiles[provider, account.account_id] += 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read."""

    stage: Stage
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    credential: str
    now: datetime

    @property
    def world(self) -> World:
        """Who lives there."""
        return self.stage.world

    def json(self) -> dict[str, Any]:
        """Return the body as an object; empty where it is none."""
        try:
            body = json.loads(self.content)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def form(self) -> dict[str, str]:
        """Return the fields of a form."""
        return dict(parse_qsl(self.content.decode("utf-8", "replace")))

    def number(self, name: str, default: int, most: int) -> int:
        """Return a parameter as a number between 1 and ``most``."""
        text = self.query.get(name, "")
        return max(1, min(most, int(text))) if text.isdigit() else default


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider says; ``text`` or ``data`` instead of ``body`` where it is no JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    media_type: str = "application/json"
    data: bytes | None = None
    """Instead of both, where it is no text."""

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if self.data is not None:
            return self.data
        if self.text is not None:
            return self.text.encode("utf-8", "surrogatepass")
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


Handler = Callable[[Asked], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of a provider."""

    path: str
    endpoint: str
    handler: Handler
    units: int | Callable[[Asked], int] = 1
    method: str = "GET"
    is_open: bool = False
    """Whether it is answered without a credential."""
    hold_s: Callable[[Asked], float] | None = None
    """How long the provider itself holds the answer back."""


class Provider(Protocol):
    """How one provider checks, counts and complains."""

    name: str
    prefix: str
    says_when: bool
    """Whether a refusal tells when to come again."""

    def routes(self) -> tuple[Route, ...]:
        """Return its addresses, the more special ones first."""

    def credential(self, asked: Asked) -> str | None:
        """Return whose request it is; None where the credential is not good."""

    def refuse(self, asked: Asked) -> Reply:
        """Return what is said to a bad credential."""

    def limited(self, admission: Admission, now: datetime) -> Reply:
        """Return what is said to a request too many."""

    def failed(self, status: int) -> Reply:
        """Return the error body of a status."""

    def headers(self, admission: Admission, endpoint: str) -> Mapping[str, str]:
        """Return what every answer says about the limits."""


def starlette_handler(stage: Stage, provider: Provider, route: Route) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that the web framework calls for one address."""

    async def answer(request: Request) -> Response:
        content = await request.body()
        stage.answered += 1
        asked = Asked(stage, request.path_params, dict(request.query_params), request.headers, content, "", stage.now())
        await _delay(stage)
        return await _answer(asked, provider, route)

    return answer


async def _delay(stage: Stage) -> None:
    if stage.latency_s:
        # Between half and one and a half of what is wanted.
        await asyncio.sleep(stage.latency_s * (0.5 + fraction(stage.world.seed, "latency", stage.answered)))


async def _answer(asked: Asked, provider: Provider, route: Route) -> Response:
    stage = asked.stage
    credential = "" if route.is_open else provider.credential(asked)
    if credential is None:
        return _send(provider.refuse(asked), {})
    asked = Asked(stage, asked.path, asked.query, asked.headers, asked.content, credential, asked.now)
    units = route.units if isinstance(route.units, int) else route.units(asked)
    admission = stage.meter.admit(provider.name, credential, route.endpoint, units)
    headers = provider.headers(admission, route.endpoint)
    if not admission.allowed:
        if provider.says_when:
            stage.meter.announce(provider.name, credential, route.endpoint, admission.resets_at)
        return _send(provider.limited(admission, asked.now), headers)
    if route.hold_s is not None:
        await asyncio.sleep(route.hold_s(asked))
    fault = stage.faults.draw(provider.name, route.endpoint)
    if fault is None:
        reply = route.handler(asked)
        if reply.status == HTTPStatus.NOT_MODIFIED:
            stage.meter.give_back(provider.name, credential, route.endpoint, units)
        return _send(reply, headers)
    return await _spoilt(fault, asked, provider, route, headers)


async def _spoilt(fault: Fault, asked: Asked, provider: Provider, route: Route, headers: Mapping[str, str]) -> Response:
    if fault.kind == "error":
        return _send(provider.failed(fault.status or HTTPStatus.SERVICE_UNAVAILABLE), headers)
    if fault.kind == "retry_after":
        now = time.time()
        asked.stage.meter.announce(provider.name, asked.credential, route.endpoint, now + fault.wait_s)
        reply = provider.failed(fault.status or HTTPStatus.TOO_MANY_REQUESTS)
        return _send(reply, {**headers, "retry-after": retry_after(fault, now)})
    if fault.kind == "latency":
        await asyncio.sleep(fault.wait_s)
    reply = route.handler(asked)
    if fault.kind in BROKEN:
        return Broken(fault, reply.content)
    if fault.kind == "malformed":
        content = reply.content
        return Response(content[: max(1, len(content) * 2 // 3)], reply.status, dict(headers), reply.media_type)
    if fault.kind == "drift":
        body = drifted(reply.body, fault.field or CORE_FIELDS.get(provider.name, "name"), fault.how)
        return _send(Reply(body, reply.status, reply.headers, reply.text, reply.media_type), headers)
    return _send(reply, headers)


def _send(reply: Reply, headers: Mapping[str, str]) -> Response:
    return Response(reply.content, reply.status, {**headers, **reply.headers}, reply.media_type)
