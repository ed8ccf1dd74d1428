"""A TCP proxy that does to a connection what bad networks do; thread-based, for clients of any kind."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

CONNECT_S = 10
CHUNK = 65_536
_TICK_S = 0.05
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: on, no seconds; closing then resets the connection

Toxic = Callable[["Flow", bytes], bool]
"""Passes bytes on in its own way; False ends the connection."""


class Flow:
    """One direction of one connection."""

    def __init__(self, proxy: ToxicProxy, ends: tuple[socket.socket, socket.socket], over: threading.Event) -> None:
        self.proxy = proxy
        self.source, self.target = ends
        self.over = over
        """Set when either direction of the connection has ended."""
        self.passed = 0

    def send(self, data: bytes) -> bool:
        """Pass bytes on as they are."""
        self.target.sendall(data)
        self.passed += len(data)
        return True

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the toxic is there."""
        self.proxy.cured.wait(seconds)

    def run(self) -> None:
        """Pass bytes on until one side ends."""
        with closing(self.source), closing(self.target), suppress(OSError, ValueError):
            while data := self._next():
                if not self.proxy.toxic(self, data):
                    break
            self.proxy.ending(self)
        self.over.set()

    def _next(self) -> bytes:
        # Never blocked in recv: a socket that another thread reads is not really closed, and not reset, by a close.
        while not self.over.is_set():
            if select.select([self.source], [], [], _TICK_S)[0]:
                return self.source.recv(CHUNK)
        return b""


class Back(Flow):
    """The direction of answers."""


def clean(flow: Flow, data: bytes) -> bool:
    """Everything passes at once."""
    return flow.send(data)


def latency(flow: Flow, data: bytes) -> bool:
    """Answers begin two seconds later."""
    if isinstance(flow, Back):
        flow.wait(2.0)
    return flow.send(data)


def narrow(flow: Flow, data: bytes) -> bool:
    """16 KB a second pass."""
    for start in range(0, len(data), 1_600):
        flow.send(data[start : start + 1_600])
        flow.wait(0.1)
    return True


def reset(flow: Flow, data: bytes) -> bool:
    """The connection is reset when the first answer comes."""
    if not isinstance(flow, Back):
        return flow.send(data)
    flow.target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    return False


def blackhole(flow: Flow, data: bytes) -> bool:
    """Nothing passes, and nobody says so."""
    while flow.proxy.toxic is blackhole:
        time.sleep(_TICK_S)
    return not data  # what was swallowed is gone, and so is the connection


def slow_close(flow: Flow, data: bytes) -> bool:
    """Everything passes; :meth:`ToxicProxy.ending` holds the end back."""
    return flow.send(data)


def slices(flow: Flow, data: bytes) -> bool:
    """Answers come byte by byte, the first 4,000 of each piece."""
    if isinstance(flow, Back):
        flow.target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(min(len(data), 4_000)):
            flow.send(data[at : at + 1])
        data = data[4_000:]
    return flow.send(data) if data else True


def truncation(flow: Flow, data: bytes) -> bool:
    """Answers end after 100 bytes of a connection."""
    if not isinstance(flow, Back):
        return flow.send(data)
    flow.send(data[: max(0, 100 - flow.passed)])
    return flow.passed < 100


TOXICS: dict[str, Toxic] = {
    "latency 2 s": latency,
    "16 KB/s": narrow,
    "reset": reset,
    "slow close": slow_close,
    "blackhole": blackhole,
    "1-byte slices": slices,
    "truncation": truncation,
}


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


class ToxicProxy:
    """Listens on ``url`` and passes bytes on to the address it was made for, as the toxic of the moment does."""

    def __init__(self, url: str) -> None:
        host, port = self._target = _address(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f"{host}:{port}", f"127.0.0.1:{self._listener.getsockname()[1]}")
        self.toxic: Toxic = clean
        self.cured = threading.Event()
        self.cured.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def poisoned(self, toxic: Toxic) -> Iterator[None]:
        """Do this to every connection, open ones too, for the block."""
        self.cured.clear()
        self.toxic = toxic
        try:
            yield
        finally:
            self.toxic = clean
            self.cured.set()

    def point_at(self, url: str) -> None:
        """Send new connections to another address."""
        self._target = _address(url)

    def ending(self, flow: Flow) -> None:
        """Hold the end of a connection back where its toxic says so."""
        if self.toxic is slow_close:
            flow.wait(3.0)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, timeout=CONNECT_S)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        over = threading.Event()
        for flow in (Flow(self, (near, far), over), Back(self, (far, near), over)):
            threading.Thread(target=flow.run, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more, and let those who wait go."""
        self.toxic = clean
        self.cured.set()
        self._listener.close()
