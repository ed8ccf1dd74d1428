"""The only way out for a browser: a proxy on loopback that connects to the open web and to nothing else.

A browser looks names up by itself, follows redirects by itself and opens connections that no page asked for. Told to
use this proxy for everything, it does none of that: each connection names a host here, whose addresses are looked up
and checked, and the connection goes to a checked address, so that a name that changes its mind gains nothing.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from creators.errors import BadInput, SetupError
from fetchers.guard import RESOLVE_S, Resolve, is_public, look_up, web_address
from fetchers.http import CONNECT_S

MAX_HEAD = 32_768
MAX_BODY = 1_000_000
"""Bytes of a request that are passed on."""
HEAD_S = 10.0
IDLE_S = 30.0
MAX_CONNECTIONS = 64
_CHUNK = 65_536
_TRIED = 2
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_DEFAULT_PORT = {"http": 80, "https": 443}
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_FAILED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Place = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The operator's own proxy behind this one."""

    place: Place
    authorization: str | None = None

    @classmethod
    def of(cls, url: str) -> Upstream:
        """Return the proxy of a setting.

        Raises:
            SetupError: it is not ``http://host:port``.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            detail = "the proxy of the browser is not http://host:port; it speaks to no other kind"
            raise SetupError(detail, field="proxy")
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
        signed = f"Basic {base64.b64encode(user.encode()).decode()}" if user else None
        return cls((parts.hostname, parts.port or 80), signed)


@dataclass(frozen=True, slots=True)
class Asked:
    """The first lines of a connection."""

    method: str
    place: Place
    head: bytes
    """What to send on; empty for a tunnel."""
    body_bytes: int = 0


class Gate:
    """A proxy for one browser; an async context manager."""

    def __init__(
        self,
        *,
        trusted: frozenset[Place] = frozenset(),
        upstream: Upstream | None = None,
        resolve: Resolve = look_up,
        max_bytes: int = 30_000_000,
    ) -> None:
        """Listen to nobody yet.

        Args:
            trusted: hosts and ports of the operator's own that are not checked.
            upstream: proxy to go through; it is given checked addresses, never names.
            resolve: looks names up.
            max_bytes: that one connection may bring.
        """
        self._trusted = trusted
        self._upstream = upstream
        self._resolve = resolve
        self._max_bytes = max_bytes
        self._server: asyncio.Server | None = None
        self._at_work: set[asyncio.Task[None]] = set()
        self.refused: list[Place] = []
        """The last places that nobody was let through to."""

    async def __aenter__(self) -> Gate:  # noqa: PYI034 - nobody inherits from it
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_HEAD)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.close()
        at_work = tuple(self._at_work)
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)

    @property
    def address(self) -> str:
        """``http://127.0.0.1:port``."""
        if self._server is None:
            detail = "the gate of the browser is not open"
            raise SetupError(detail)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._at_work) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._at_work.add(task)
        try:
            await self._pass((reader, writer))
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass  # one connection less; the page says what it misses
        finally:
            self._at_work.discard(task)
            writer.close()

    async def _pass(self, client: Streams) -> None:
        reader, writer = client
        async with asyncio.timeout(HEAD_S):
            asked = read_head(await reader.readuntil(b"\r\n\r\n"))
        try:
            server = await self._connect(asked.place)
        except BadInput:
            self.refused = [*self.refused[-99:], asked.place]
            writer.write(_REFUSED)
            await writer.drain()
            return
        except (OSError, EOFError, TimeoutError):
            writer.write(_FAILED)
            await writer.drain()
            return
        try:
            await self._join(asked, client, server)
        finally:
            server[1].close()

    async def _join(self, asked: Asked, client: Streams, server: Streams) -> None:
        if asked.head:
            # Of a plain request only what it announces goes on: whatever follows may be meant for another host.
            server[1].write(asked.head)
            if asked.body_bytes:
                server[1].write(await client[0].readexactly(asked.body_bytes))
            await self._pump(server[0], client[1])
            return
        client[1].write(_OPEN)
        both = [
            asyncio.ensure_future(self._pump(server[0], client[1])),
            asyncio.ensure_future(self._pump(client[0], server[1])),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in both:
                pump.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        passed = 0
        while passed < self._max_bytes:
            async with asyncio.timeout(IDLE_S):
                part = await source.read(_CHUNK)
                if not part:
                    return
                passed += len(part)
                sink.write(part)
                await sink.drain()

    async def _connect(self, place: Place) -> Streams:
        addresses = [place[0]] if place in self._trusted else await self._checked(place)
        failed: OSError = OSError("no address")
        for address in addresses[:_TRIED]:
            try:
                return await self._reach((address, place[1]), direct=place in self._trusted)
            except OSError as error:
                failed = error
        raise failed

    async def _checked(self, place: Place) -> list[str]:
        host, port = place
        shown = f"[{host}]" if ":" in host else host
        web_address(f"{'http' if port == _DEFAULT_PORT['http'] else 'https'}://{shown}:{port}/")
        async with asyncio.timeout(RESOLVE_S):
            found = list(await self._resolve(host, port))
        if not found or not all(is_public(ip_address(one)) for one in found):
            detail = "the name leads to an address that is not of the open internet"
            raise BadInput(detail)
        return found

    async def _reach(self, place: Place, *, direct: bool) -> Streams:
        first = place if direct or self._upstream is None else self._upstream.place
        async with asyncio.timeout(CONNECT_S):
            streams = await asyncio.open_connection(*first)
        if first is place:
            return streams
        try:
            await self._tunnel(place, streams)
        except BaseException:
            streams[1].close()
            raise
        return streams

    async def _tunnel(self, place: Place, streams: Streams) -> None:
        reader, writer = streams
        shown = f"[{place[0]}]:{place[1]}" if ":" in place[0] else f"{place[0]}:{place[1]}"
        signed = self._upstream.authorization if self._upstream else None
        extra = f"Proxy-Authorization: {signed}\r\n" if signed else ""
        writer.write(f"CONNECT {shown} HTTP/1.1\r\nHost: {shown}\r\n{extra}\r\n".encode("ascii"))
        async with asyncio.timeout(HEAD_S):
            answer = await reader.readuntil(b"\r\n\r\n")
        if answer.split(b" ", 2)[1:2] != [b"200"]:
            detail = "the proxy refuses the connection"
            raise OSError(detail)


def read_head(head: bytes) -> Asked:
    """Return what a connection asks for: a tunnel to a host, or a plain request for an address.

    Raises:
        ValueError: it asks for neither.
    """
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    if method == "CONNECT":
        parts = urlsplit(f"//{target}")
        if not parts.hostname or parts.port is None:
            detail = "a tunnel without a host or a port"
            raise ValueError(detail)
        return Asked(method, (parts.hostname, parts.port), b"")
    parts = urlsplit(target)
    if method not in _METHODS or parts.scheme != "http" or not parts.hostname:
        detail = "neither a tunnel nor a plain request for an address"
        raise ValueError(detail)
    named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "transfer-encoding" in named or int(named.get("content-length", "0")) not in range(MAX_BODY):
        detail = "a body that is too large, or whose length is not told"
        raise ValueError(detail)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    kept = [line for line in lines if line.partition(":")[0].strip().lower() not in {"connection", "proxy-connection"}]
    sent = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")
    return Asked(method, (parts.hostname, parts.port or 80), sent, int(named.get("content-length", "0")))
