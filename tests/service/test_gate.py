"""The browser's only way out: whom the gate connects to, whom not, and what it passes on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from creators.errors import SetupError
from fetchers.gate import Gate, Upstream

INSIDE = ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.64.0.1", "fd00::1"]


@asynccontextmanager
async def _listener(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    """A server on loopback; yields its port and what it was sent."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            heard.append(await asyncio.wait_for(reader.read(1_000), 0.2))
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def _say(gate: Gate, text: str, *, and_then: str = "") -> bytes:
    host, _, port = gate.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(text.encode())
        if and_then:
            await asyncio.sleep(0.05)
            writer.write(and_then.encode())
        return await asyncio.wait_for(reader.read(100_000), 10)
    finally:
        writer.close()


@pytest.mark.parametrize("address", INSIDE)
async def test_nobody_gets_inside_by_address_or_by_name(address):
    shown = f"[{address}]" if ":" in address else address

    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        return ["93.184.216.34", address]

    async with Gate(resolve=resolve) as gate:
        for target in (f"{shown}:443", "public.example.com:443", "public.example.com:22"):
            assert (await _say(gate, f"CONNECT {target} HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 403")
        for url in (f"http://{shown}/", "http://public.example.com/", "http://public.example.com:8080/"):
            assert (await _say(gate, f"GET {url} HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 403")
        assert len(gate.refused) == 6


async def test_a_name_is_connected_to_at_the_address_that_was_checked():
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    tunnel = b"HTTP/1.1 200 Connection established\r\n\r\n"
    async with _listener(tunnel) as (port, heard):
        upstream = Upstream.of(f"http://user:p%40ss@127.0.0.1:{port}")
        async with Gate(resolve=resolve, upstream=upstream) as gate:
            assert (await _say(gate, "CONNECT rebinding.example.com:443 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert (await _say(gate, "CONNECT rebinding.example.com:443 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 403")
        assert asked == ["rebinding.example.com:443"] * 2
        assert heard[0].startswith(b"CONNECT 93.184.216.34:443 HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in heard[0]


async def test_a_trusted_place_is_reached_and_gets_one_request_only():
    async with _listener() as (port, heard), Gate(trusted=frozenset({("127.0.0.1", port)})) as gate:
        first = f"GET http://127.0.0.1:{port}/a?b HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n"
        answer = await _say(gate, first, and_then="GET http://other.example.com/secret HTTP/1.1\r\n\r\n")
        assert answer.endswith(b"ok")
        assert heard[0] == b"GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        await asyncio.sleep(0.3)
        assert heard[1:] in ([], [b""])


async def test_a_connection_brings_no_more_than_it_may():
    async with (
        _listener(b"x" * 90_000) as (port, _),
        Gate(trusted=frozenset({("127.0.0.1", port)}), max_bytes=10_000) as gate,
    ):
        got = await _say(gate, f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n")
        assert len(got) <= 10_000 + 65_536


@pytest.mark.parametrize(
    "text",
    [
        "hello\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET ftp://a.example.com/ HTTP/1.1\r\n\r\n",
        "PUT http://a.example.com/ HTTP/1.1\r\n\r\n",
        "CONNECT a.example.com HTTP/1.1\r\n\r\n",
        "CONNECT a.example.com:99999 HTTP/1.1\r\n\r\n",
        "POST http://a.example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST http://a.example.com/ HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "POST http://a.example.com/ HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        "GET http://[::1 HTTP/1.1\r\n\r\n",
        f"GET http://a.example.com/ HTTP/1.1\r\nX: {'y' * 40_000}\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_hung_up_on(text):
    async with Gate() as gate:
        assert await _say(gate, text) == b""
        assert gate.refused == []


def test_a_proxy_of_another_kind_is_named():
    with pytest.raises(SetupError, match="http://host:port"):
        Upstream.of("socks5://127.0.0.1:1080")
