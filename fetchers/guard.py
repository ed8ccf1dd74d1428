"""Requests to addresses that strangers wrote, and none of them reaches this machine or its network.

The name is resolved once, every address it has is checked, and the connection goes to a checked address: a name that
changes its mind between the check and the connection (rebinding) gains nothing. Redirects are requests of their own.
Addresses after the special-purpose registries of IANA (RFC 6890) and, for names, RFC 6761, 8375 and the
metadata services of the clouds.
"""

from __future__ import annotations

import asyncio
import re
import socket
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NoReturn
from urllib.parse import urlsplit

import httpx2

from creators.errors import BadInput

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""``(host, port) -> addresses`` in the order in which they should be tried."""

WEB_PORTS = frozenset({80, 443})
RESOLVE_S = 3.0
MAX_URL = 2_000
_TRIED = 2
"""Addresses of one name that are tried: the time for a connection counts for each."""
_UNKNOWN = "the name has no address"
_INSIDE = "the name leads to an address that is not of the open internet"
_DEFAULT_PORT = {"http": 80, "https": 443}

_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' own networks, and Alibaba's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's wire server, a public address that only its machines reach
        "169.254.0.0/16",  # link-local, and the metadata services of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata service
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
"""All of IPv6 that is unicast and global; mapped, NAT64, local, link and multicast addresses lie outside."""
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
)
_CLOSED_NAMES = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|onion|invalid|test"
    r"|svc|consul|metadata|instance-data)"
)
_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""At least two labels, the last of which starts with a letter: no spelling of a number is a name."""
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffd\ud800-\udfff]")


class Forbidden(httpx2.RequestError):
    """A request that must not leave this machine."""


def is_public(address: Address) -> bool:
    """Return whether an address is one of the open internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def web_address(url: str, *, ports: frozenset[int] = WEB_PORTS) -> str:
    """Return an address of the open web in one spelling: host in lower case ASCII, default port and fragment left out.

    Nothing is looked up: names that turn out to lead inside are the transport's to refuse.

    Raises:
        BadInput: scheme, port, user, host or spelling is none of the open web; the message says which.
    """
    if len(url) > MAX_URL or _FORBIDDEN.search(url):
        _refuse("is too long, or holds characters that no address holds")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts.hostname or "")
    except (ValueError, httpx2.InvalidURL) as error:
        _refuse("cannot be read", error)
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORT or not url[len(scheme) :].startswith("://"):
        _refuse("is not http:// or https://")
    if "@" in parts.netloc or "%" in parts.netloc:
        _refuse("names a user, a zone or an encoded host")
    if (_DEFAULT_PORT[scheme] if port is None else port) not in ports or parts.netloc.endswith(":"):
        _refuse("has a port that is not the web's")
    shown = "" if port in {None, _DEFAULT_PORT[scheme]} else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{host}{shown}{parts.path or '/'}{query}"


def _refuse(why: str, cause: Exception | None = None) -> NoReturn:
    detail = f"the address {why}"
    raise BadInput(detail, field="url") from cause


def _host(written: str) -> str:
    """The host in lower case ASCII, an IPv6 address in brackets."""
    if ":" in written:
        address = IPv6Address(written)
        if not is_public(address):
            _refuse("is not of the open internet")
        return f"[{address.compressed}]"
    name = _DOTS.sub(".", unicodedata.normalize("NFKC", written)).lower()
    if not name.isascii():
        name = httpx2.URL(scheme="https", host=name).raw_host.decode("ascii")
    name = name.removesuffix(".")
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        if not is_public(IPv4Address(name)):
            _refuse("is not of the open internet")
        return name
    if not _HOST.fullmatch(name) or _CLOSED_NAMES.fullmatch(name):
        _refuse("names no host of the open internet")
    return name


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, the machine's preference first.

    Raises:
        OSError: the name has none, or nobody answers.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class _Guarded(httpx2.AsyncBaseTransport):
    def __init__(self, resolve: Resolve, ports: frozenset[int], inner: httpx2.AsyncBaseTransport) -> None:
        self._resolve = resolve
        self._ports = ports
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            url = httpx2.URL(web_address(str(request.url), ports=self._ports))
        except BadInput as error:
            raise Forbidden(error.detail, request=request) from error
        failed: httpx2.RequestError | None = None
        for address in (await self._addresses(url, request))[:_TRIED]:
            try:
                return await self._inner.handle_async_request(_to(address, url, request))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failed = error
        raise failed or httpx2.ConnectError(_UNKNOWN, request=request)

    async def _addresses(self, url: httpx2.URL, request: httpx2.Request) -> list[Address]:
        port = url.port or _DEFAULT_PORT[url.scheme]
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = [ip_address(text) for text in await self._resolve(url.raw_host.decode("ascii"), port)]
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise httpx2.ConnectError(_UNKNOWN, request=request) from error
        # One inner address is reason enough: such a name is not meant for the open web.
        if not all(is_public(address) for address in found):
            raise Forbidden(_INSIDE, request=request)
        return list(dict.fromkeys(found))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _to(address: Address, url: httpx2.URL, request: httpx2.Request) -> httpx2.Request:
    """The request for the checked address, under the name that was asked for."""
    host = url.netloc.decode("ascii")
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    return httpx2.Request(
        request.method,
        url.copy_with(host=str(address)),
        headers=[("host", host), *headers],
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": url.raw_host.decode("ascii")},
    )


def guarded_transport(
    *,
    resolve: Resolve = look_up,
    ports: frozenset[int] = WEB_PORTS,
    proxy: str | None = None,
    inner: httpx2.AsyncBaseTransport | None = None,
) -> httpx2.AsyncBaseTransport:
    """Return a transport that refuses everything but the open web, with :class:`Forbidden`, before it connects.

    Args:
        resolve: looks names up; what it answers is checked.
        ports: that may be asked.
        proxy: to go through; it is given the checked address, never the name.
        inner: what carries the requests that pass, in place of plain connections.
    """
    # No connection is kept: two names can share an address, and a certificate is good for the name it was checked for.
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=0)
    plain = inner or httpx2.AsyncHTTPTransport(trust_env=False, limits=limits, proxy=proxy)
    return _Guarded(resolve, ports, plain)
