"""No address that a stranger wrote reaches this machine or its network: canaries listen, and nobody comes."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from creators.errors import SourceUnavailable
from fetchers.guard import WEB_PORTS, guarded_transport
from fetchers.http import Http
from tests.fixtures.answering import Listener, answering

HOSTILE = [
    line
    for line in (Path(__file__).parents[1] / "data" / "ssrf.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("# ")
]
PUBLIC = "93.184.215.14"

# What a name may turn out to mean.
INSIDE = [
    *("127.0.0.1", "127.8.8.8", "0.1.2.3", "10.1.2.3", "100.64.9.9", "169.254.169.254", "172.20.0.1", "192.168.7.7"),
    *("192.0.0.170", "192.0.2.9", "198.19.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.251", "250.1.1.1"),
    *("255.255.255.255", "168.63.129.16", "100.100.100.200", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1", "2001:db8::1", "fe80::1"),
    *("fe80::1%lo", "fec0::1", "fd00:ec2::254", "ff05::2", "100::1", "3fff::1", "5f00::1", "not an address", ""),
]


@dataclass
class Witness(httpx2.AsyncBaseTransport):
    """Carries requests as the product does, and notes where to; a public address can stand for a server here."""

    stands_for: dict[str, int] = field(default_factory=dict)
    went_to: list[str] = field(default_factory=list)
    plain: httpx2.AsyncHTTPTransport = field(default_factory=lambda: httpx2.AsyncHTTPTransport(trust_env=False))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.went_to.append(request.url.host)
        port = self.stands_for.get(request.url.host)
        if port is not None:
            request.url = request.url.copy_with(host="127.0.0.1", port=port)
        return await self.plain.handle_async_request(request)

    async def aclose(self) -> None:
        await self.plain.aclose()


@dataclass
class Canaries:
    port: int
    listeners: list[Listener]
    ports: frozenset[int]

    @property
    def visited(self) -> int:
        return sum(listener.connections for listener in self.listeners)


@asynccontextmanager
async def canaries() -> AsyncIterator[Canaries]:
    """Listen on loopback, in IPv4 and, where this machine has it, in IPv6."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(answering(lambda exchange: exchange.answer(b"inside")))
        listeners = [first]
        if socket.has_ipv6:
            listeners.append(await stack.enter_async_context(_v6(first.port)))
        yield Canaries(first.port, listeners, WEB_PORTS | {listener.port for listener in listeners})


def _v6(port: int):
    return answering(lambda exchange: exchange.answer(b"inside"), "::1", port)


async def test_a_canary_counts_who_comes():
    async with canaries() as found, Http(timeout_s=5, max_bytes=10_000) as open_http:
        reply = await open_http.send("GET", f"http://127.0.0.1:{found.port}/")
    assert reply.content == b"inside"
    assert found.visited == 1


async def test_there_are_enough_hostile_addresses():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 120


async def test_no_hostile_address_is_connected_to():
    asked: list[str] = []

    async def all_is_well(host: str, port: int) -> list[str]:
        # Whatever passes for a name is public: so no address is refused here for lack of an answer.
        asked.append(host)
        return [PUBLIC]

    async with canaries() as found:
        witness = Witness({PUBLIC: found.port})
        guard = guarded_transport(resolve=all_is_well, ports=found.ports, inner=witness)
        async with Http(timeout_s=5, max_bytes=10_000, transport=guard) as http:
            for hostile in HOSTILE:
                with pytest.raises(SourceUnavailable):
                    await http.send("GET", hostile.replace("{port}", str(found.port)))
                assert (hostile, asked, witness.went_to) == (hostile, [], [])
    assert found.visited == 0


async def test_no_name_leads_inside_alone_or_beside_a_public_address():
    async with canaries() as found:
        witness = Witness()
        for inside in INSIDE:
            for answer in ([inside], [PUBLIC, inside], [inside, PUBLIC]):

                async def resolve(host: str, port: int, answer: list[str] = answer) -> list[str]:
                    return answer

                guard = guarded_transport(resolve=resolve, ports=found.ports, inner=witness)
                async with Http(timeout_s=5, max_bytes=10_000, transport=guard) as http:
                    with pytest.raises(SourceUnavailable):
                        await http.send("GET", f"http://pages.example:{found.port}/")
    assert witness.went_to == []
    assert found.visited == 0


async def test_a_name_that_changes_its_mind_gains_nothing():
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    async with canaries() as found, answering(lambda exchange: exchange.answer(b"page")) as site:
        witness = Witness({PUBLIC: site.port})
        guard = guarded_transport(resolve=rebinding, ports=found.ports, inner=witness)
        async with Http(timeout_s=5, max_bytes=10_000, transport=guard) as http:
            first = await http.send("GET", f"http://pages.example:{found.port}/a?b=c")
            assert asked == ["pages.example"]
            with pytest.raises(SourceUnavailable, match="not of the open internet"):
                await http.send("GET", f"http://pages.example:{found.port}/")
    assert first.content == b"page"
    assert witness.went_to == [PUBLIC]
    assert site.seen[0].headers["host"] == f"pages.example:{found.port}"
    assert site.seen[0].target == "/a?b=c"
    assert found.visited == 0


async def test_the_second_address_of_a_name_is_tried_where_the_first_does_not_answer():
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.215.99", PUBLIC]

    async with answering(lambda exchange: exchange.answer(b"page")) as site:
        witness = Witness({"93.184.215.99": 1, PUBLIC: site.port})
        async with Http(
            timeout_s=5, max_bytes=10_000, transport=guarded_transport(resolve=resolve, inner=witness)
        ) as http:
            reply = await http.send("GET", "http://pages.example/")
    assert reply.content == b"page"
    assert witness.went_to == ["93.184.215.99", PUBLIC]


@pytest.mark.parametrize("answer", [OSError("no such name"), TimeoutError(), []])
async def test_a_name_without_an_address_is_an_unavailable_source(answer):
    async def resolve(host: str, port: int) -> list[str]:
        if isinstance(answer, OSError):
            raise answer
        return answer

    async with Http(timeout_s=5, max_bytes=10_000, transport=guarded_transport(resolve=resolve)) as http:
        with pytest.raises(SourceUnavailable, match="the name is not known"):
            await http.send("GET", "https://pages.example/")


async def test_encryption_is_checked_for_the_name_and_not_for_the_address():
    seen: list[httpx2.Request] = []

    class Noting(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            seen.append(request)
            raise httpx2.ConnectError(request.method, request=request)

    async def resolve(host: str, port: int) -> list[str]:
        return ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]

    guard = guarded_transport(resolve=resolve, inner=Noting())
    async with Http(timeout_s=5, max_bytes=10_000, transport=guard) as http:
        with pytest.raises(SourceUnavailable):
            await http.send("GET", "https://Bücher.example/a")
    (request,) = seen
    assert str(request.url) == "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a"
    assert request.extensions["sni_hostname"] == "xn--bcher-kva.example"
    assert request.headers["host"] == "xn--bcher-kva.example"
