"""A small HTTP client: connections are kept, answers are read whole, nothing else costs time.

``httpx2`` takes 1.2 ms of CPU for an answer of 40 kB, this 0.1: on a machine that is shared with the server,
what the client computes is latency of the server.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from creators.errors import SetupError

CONNECT_S = 5.0
HEAD_BYTES = 1 << 16
FRESH = 2
"""Tries: a kept connection that the server has just closed is replaced once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``received`` is the time of the event loop at which its last byte was there."""

    status: int
    body: bytes
    received: float


class Client:
    """Requests to one server over HTTP/1.1. As many connections as there are unanswered requests."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            detail = f"{url!r}: the latency client speaks plain http to one host; give such an address"
            raise SetupError(detail, field="url")
        self._host, self._port = parts.hostname, parts.port or 80
        self._head = f"Host: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
        if parts.username:
            token = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
            self._head += f"Authorization: Basic {token}\r\n"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def __aenter__(self) -> Self:
        """Connect nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections that are kept."""
        for _reader, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def post(self, path: str, body: bytes, *, kind: str = "") -> Reply:
        """Send a body; ``kind`` is its content type where it is not JSON.

        Raises:
            OSError: no connection. EOFError: the connection broke.
        """
        head = self._head.replace("application/json", kind) if kind else self._head
        return await self._ask(f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def get(self, path: str) -> Reply:
        """Ask for a page; raises as :meth:`post` does."""
        return await self._ask(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    async def _ask(self, message: bytes) -> Reply:
        for left in reversed(range(FRESH)):
            kept = self._kept() if left else None
            reader, writer = kept or await self._connect()
            finished = False
            try:
                writer.write(message)
                status, body = await _read(reader)
                finished = True
            except (OSError, EOFError):
                if not kept or not left:
                    raise
                continue
            finally:
                # Cancelled by a time-out too: what still comes on it would be taken for the next answer.
                if not finished:
                    writer.close()
            received = asyncio.get_running_loop().time()
            self._idle.append((reader, writer))
            return Reply(status, body, received)
        raise EOFError

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(self._host, self._port, limit=HEAD_BYTES)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if not found:
        detail = "an answer without Content-Length"
        raise OSError(detail)
    return status, await reader.readexactly(int(rest.partition(b"\r\n")[0]))
