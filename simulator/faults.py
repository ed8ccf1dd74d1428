"""What can go wrong between a provider and us, ordered by a test: which requests it hits, and what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import zlib
from asyncio import Transport
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from email.utils import formatdate
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from simulator.dice import fraction

Kind = Literal["latency", "error", "reset", "torn", "malformed", "drift", "retry_after", "hang", "bomb", "endless"]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Scope = MutableMapping[str, Any]

CORE_FIELDS = {
    "youtube": "title",
    "x": "username",
    "instagram": "username",
    "tiktok": "display_name",
    "github": "login",
    "apify": "username",
    "socialdata": "screen_name",
}
"""The field of each provider that drift hits unless another is named."""
_BOMB_BLOCK = 16_000_000
_HANG_S = 60.0
_CHUNK = b" " * 65_536
_NO_LINGER = struct.pack("ii", 1, 0)

OPEN: dict[tuple[Any, Any], Transport] = {}
"""The connections by the addresses of both sides, as a request names them: a torn answer is written past the server."""


class Fault(BaseModel):
    """One order: ``share`` of the requests to a provider, or to one endpoint of it, go wrong in one way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    endpoint: str | None = None
    kind: Kind
    share: float = Field(default=1.0, ge=0, le=1)
    seconds: float | None = Field(default=None, ge=0, description="Of latency, hanging, or Retry-After.")
    status: int | None = Field(default=None, ge=300, le=599)
    times: int | None = Field(default=None, ge=0, description="How often at most.")
    field: str | None = Field(default=None, description="Name that drift changes, wherever it stands.")
    how: Literal["rename", "retype"] = "rename"
    form: Literal["seconds", "date"] = Field(default="seconds", description="How Retry-After is written.")
    megabytes: int = Field(default=10_000, ge=1, le=20_000, description="Size of a bomb, unpacked.")

    @property
    def wait_s(self) -> float:
        """Seconds of this fault where none are named: a moment for latency, a minute for hanging and waiting."""
        return self.seconds if self.seconds is not None else 1.0 if self.kind == "latency" else _HANG_S


class Faults:
    """The orders in force."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._orders: list[Fault] = []
        self._seen: list[int] = []
        self._hits: list[int] = []

    def add(self, fault: Fault) -> None:
        """Put one more order in force; the first that hits a request is the one that counts."""
        self._orders.append(fault)
        self._seen.append(0)
        self._hits.append(0)

    def clear(self) -> None:
        """Let everything go well again."""
        self._orders.clear()
        self._seen.clear()
        self._hits.clear()

    def report(self) -> list[dict[str, Any]]:
        """Return the orders with how many requests each has seen and hit."""
        rows = zip(self._orders, self._seen, self._hits, strict=True)
        return [{**order.model_dump(), "seen": seen, "hits": hits} for order, seen, hits in rows]

    def draw(self, provider: str, endpoint: str) -> Fault | None:
        """Return what goes wrong with one request; the same orders hit the same requests in every run."""
        for place, order in enumerate(self._orders):
            if order.provider != provider or order.endpoint not in {None, endpoint}:
                continue
            if order.times is not None and self._hits[place] >= order.times:
                continue
            self._seen[place] += 1
            if fraction(self._seed, "fault", place, self._seen[place]) < order.share:
                self._hits[place] += 1
                return order
        return None


def drifted(body: Any, name: str, how: Literal["rename", "retype"]) -> Any:
    """Return a body in which the fields called ``name`` have another name, or an object for a value."""
    if isinstance(body, list):
        return [drifted(item, name, how) for item in body]
    if not isinstance(body, dict):
        return body
    if how == "rename":
        return {f"{key}_v2" if key == name else key: drifted(value, name, how) for key, value in body.items()}
    return {key: {"value": value} if key == name else drifted(value, name, how) for key, value in body.items()}


def retry_after(fault: Fault, now: float) -> str:
    """Return the header's value, in seconds or as a date of HTTP."""
    if fault.form == "date":
        return formatdate(now + fault.wait_s, usegmt=True)
    return str(max(1, round(fault.wait_s)))


def _gzip_bomb(megabytes: int) -> Iterator[bytes]:
    """Pieces of a gzip stream of ``megabytes`` MB of spaces: one packed block, which stands for itself, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * _BOMB_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    for _ in range(max(1, megabytes * 1_000_000 // _BOMB_BLOCK)):
        yield block


class Broken(Response):
    """An answer that goes wrong on the wire: torn, reset, never, or without end."""

    def __init__(self, fault: Fault, content: bytes = b"") -> None:
        super().__init__(content, media_type="application/json")
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or not, as the fault wants it."""
        if self._fault.kind in {"bomb", "endless"}:
            await self._pour(receive, send)
            return
        if self._fault.kind == "hang":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._fault.wait_s):
                    await _gone(receive)
                return
        self._break_off(OPEN[scope["client"], scope["server"]])
        await _gone(receive)

    def _break_off(self, transport: Transport) -> None:
        if self._fault.kind == "torn":
            body = bytes(self.body)
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body) + 1}\r\n\r\n"
            transport.write(head.encode() + body[: max(1, len(body) // 2)])
            transport.close()
            return
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()

    async def _pour(self, receive: Receive, send: Send) -> None:
        bomb = self._fault.kind == "bomb"
        headers = [(b"content-type", b"application/json")] + [(b"content-encoding", b"gzip")] * bomb
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        left = asyncio.ensure_future(_gone(receive))
        pieces = _gzip_bomb(self._fault.megabytes) if bomb else _drip(self._fault.wait_s)
        for piece in pieces:
            if left.done():
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0 if bomb else 0.01)
        left.cancel()
        await send({"type": "http.response.body", "body": b""})


def _drip(seconds: float) -> Iterator[bytes]:
    for _ in range(int(seconds * 100)):
        yield _CHUNK


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
