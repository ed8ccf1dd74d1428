"""A forwarder before OpenSearch that counts: requests by kind, and the bytes of their answers.

It knows nothing of the client that the program uses, so the counts stay right whatever that becomes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from creators.errors import SetupError

CHUNK = 1 << 16
START_S = 10.0
STOP_S = 10.0
SEARCHES = frozenset({"_search", "_msearch", "_mget", "_doc"})
"""Kinds of request that a search makes. Others are made now and then, by time: whether the index has changed."""


@dataclass(slots=True)
class Sent:
    """One request: its kind (the part of the path that begins with ``_``), and the bytes of its answer so far."""

    kind: str
    answer_bytes: int = 0


@dataclass(slots=True)
class Counter:
    """Everything that passed, in the order in which it was asked."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)

    def searches(self, start: int = 0) -> list[Sent]:
        """Return the requests for creators from a place on."""
        return [one for one in self.sent[start:] if one.kind in SEARCHES]


@contextmanager
def counted(url: str) -> Iterator[Counter]:
    """Forward from ``counter.url`` to an address for a block, in a thread of its own.

    Raises:
        SetupError: the address is not plain http; what passes through TLS cannot be told apart.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        detail = (
            f"{parts.scheme}://{parts.hostname}: requests can be counted over plain http only; give such an address"
        )
        raise SetupError(detail, field="opensearch_url")
    counter, loop, stop = Counter(url), asyncio.new_event_loop(), asyncio.Event()
    started = threading.Event()
    serving = _serve(counter, (parts.hostname, parts.port or 80), started.set, stop)
    thread = threading.Thread(target=_run, args=(loop, serving), daemon=True)
    thread.start()
    try:
        if not started.wait(START_S):
            detail = "the counting forwarder did not start"
            raise TimeoutError(detail)
        yield counter
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STOP_S)


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


async def _serve(counter: Counter, address: tuple[str, int], started: Callable[[], None], stop: asyncio.Event) -> None:
    """Forward until ``stop``; the counter's address becomes that of the forwarder."""
    passing: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing.add(asyncio.create_task(_forward(counter, address, (reader, writer))))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    counter.url = urlsplit(counter.url)._replace(netloc=f"127.0.0.1:{port}").geturl()
    started()
    await stop.wait()
    server.close()
    for one in passing:
        one.cancel()
    await asyncio.gather(*passing, return_exceptions=True)


async def _forward(
    counter: Counter, address: tuple[str, int], near: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    reader, writer = near
    with suppress(OSError):
        far_reader, far_writer = await asyncio.open_connection(*address)
        connection = _Connection(counter)
        ways = [
            asyncio.create_task(_pass_on(reader, far_writer, connection.asked)),
            asyncio.create_task(_pass_on(far_reader, writer, connection.answered)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            far_writer.close()
            writer.close()


class _Connection:
    """One connection: without pipelining a request begins where the direction turns."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._current: Sent | None = None
        self._is_answered = True

    def asked(self, data: bytes) -> None:
        if self._is_answered:
            self._current = Sent(kind_of(data))
            self._counter.sent.append(self._current)
            self._is_answered = False

    def answered(self, data: bytes) -> None:
        self._is_answered = True
        if self._current:
            self._current.answer_bytes += len(data)


def kind_of(data: bytes) -> str:
    """Return what a request is for, from its first bytes: ``POST /creators/_search?q HTTP/1.1`` is ``_search``."""
    _, _, rest = data.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace")
    return next((part for part in path.split("/") if part.startswith("_")), path)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]) -> None:
    while data := await reader.read(CHUNK):
        seen(data)
        writer.write(data)
        await writer.drain()
