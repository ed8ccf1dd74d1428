"""What happens to every request: an id, a size limit, a bound on how many are served at once, and a measurement."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import slo
from api.errors import problem_response
from creators import telemetry
from creators.errors import BodyTooLarge, BodyTooSlow, Overloaded

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
BODY_TIMEOUT_S = 10.0
_ALWAYS_SERVED = frozenset({"/healthz", "/readyz", "/metrics"})


class Envelope:
    """Gives every request an id, counts and times it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope["request_id"] = request_id
        status = 500
        measured = slo.begin()
        start = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                # The template, not the path: an id in a label would make a series of its own.
                route = getattr(scope.get("route"), "path", "unmatched")
                telemetry.REQUESTS.labels(route, scope["method"], str(status)).inc()
                seconds = time.perf_counter() - start
                telemetry.REQUEST_SECONDS.labels(route).observe(seconds)
                if objective := getattr(getattr(scope.get("app"), "state", None), "objective", None):
                    objective.observe(route, status, seconds, measured)


class Limits:
    """Refuses bodies that are too large, and requests beyond what is served at once."""

    def __init__(self, app: ASGIApp, *, max_in_flight: int, max_body_bytes: int) -> None:
        self._app = app
        self._free = max_in_flight
        self._max_body = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS_SERVED:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await self._read(receive)
        except TimeoutError:
            await self._refuse(request, BodyTooSlow(f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s"), send)
            return
        if body is None:
            await self._refuse(request, BodyTooLarge(f"the body is larger than {self._max_body} bytes"), send)
            return
        # A place is taken when there is something to do: slow senders keep nobody waiting.
        if self._free <= 0:
            await self._refuse(request, Overloaded("too many searches at once: try again in a moment"), send)
            return
        self._free -= 1
        taken = True

        async def send_and_free(message: Message) -> None:
            # And when there is nothing left to do but to send: slow readers of long files keep nobody waiting.
            nonlocal taken
            if taken and message["type"] == "http.response.start":
                taken, self._free = False, self._free + 1
            await send(message)

        try:
            await self._app(scope, _replay(body, receive), send_and_free)
        finally:
            self._free += taken

    async def _refuse(self, request: Request, error: Any, send: Send) -> None:
        response = problem_response(request, status=error.status, code=error.code, detail=error.detail)
        await response(request.scope, request.receive, send)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the whole body, or None when it is too large; no more than the limit is ever held."""
        body = b""
        while True:
            message = await receive()
            chunk: bytes = message.get("body", b"")
            body += chunk
            if len(body) > self._max_body:
                return None
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return body


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
