"""Requests to the outside world: whole answers within limits of time and size, or a reason why there is none.

Nothing is kept between two requests but connections: no cookies, no redirects that nobody asked for, no proxy from the
environment. A failure names the address without its credentials and never what the other side wrote.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2

from creators.errors import SourceUnavailable
from fetchers.decoding import ENCODINGS, Damaged, TooLarge, decoded
from fetchers.guard import Forbidden

PRODUCT = "creatorscope"
"""How this program names itself to servers, and what ``robots.txt`` may call it."""
CONNECT_S = 3.0
LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)
_SECRETS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "appsecret_proof",
        "client_key",
        "client_secret",
        "key",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
    }
)
_MASK = "***"

# What went wrong, in our own words: the text of an exception may quote the request.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (Forbidden, "the address is not of the open internet, and is not asked"),
    (httpx2.ConnectTimeout, f"no connection within {CONNECT_S:g} s"),
    (httpx2.PoolTimeout, "no connection became free in time"),
    (httpx2.TimeoutException, "no whole answer in time"),
    (httpx2.ConnectError, "the connection was refused, or its certificate is not trusted, or the name is not known"),
    (httpx2.ProxyError, "the proxy refused the connection"),
    (httpx2.RemoteProtocolError, "the answer is torn or is no HTTP"),
    (httpx2.LocalProtocolError, "the request is no HTTP: a header holds what none may hold"),
    (httpx2.NetworkError, "the connection broke"),
    (httpx2.UnsupportedProtocol, "the address has no scheme that is spoken here"),
    (httpx2.InvalidURL, "the address is none"),
    (httpx2.HTTPError, "the exchange failed"),
    (ssl.SSLError, "the encryption failed"),
    (OSError, "the connection broke"),
    (ValueError, "the address or the answer is malformed"),
    (ExceptionGroup, "the connection could not be made"),  # of attempts, where one failed in an unforeseen way
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; several of one name are joined with a comma."""
    content: bytes
    """The body, unpacked."""
    url: str
    """What was asked, with credentials masked."""
    received_at: datetime
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Body:
    """What a POST carries: JSON or a form."""

    json: Any = None
    form: Mapping[str, str] | None = None

    def encoded(self) -> tuple[bytes, str | None]:
        """Return the bytes and their content type; ``(b"", None)`` where there is nothing to carry."""
        if self.json is not None:
            return jsonlib.dumps(self.json, allow_nan=False).encode("ascii"), "application/json"
        if self.form is not None:
            return urlencode(self.form).encode("ascii"), "application/x-www-form-urlencoded"
        return b"", None


def user_agent(contact: str | None) -> str:
    """Return how requests are signed: product, version and, where the operator gave one, an address to complain to."""
    note = "".join(letter for letter in contact or "" if letter.isascii() and letter.isprintable())
    return f"{PRODUCT}/{version(PRODUCT)}" + (f" (+{note})" if note else "")


class Http:
    """A pool of connections for one event loop; an async context manager."""

    def __init__(
        self,
        *,
        timeout_s: float,
        max_bytes: int,
        contact: str | None = None,
        proxy: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            timeout_s: of one request, from the first look-up to the last byte.
            max_bytes: of one body, both as it arrives and unpacked.
            contact: of the operator, named in the User-Agent.
            proxy: ``http://host:port`` that all requests go through; not with a transport.
            transport: other than plain connections, such as that of :func:`fetchers.guard.guarded_transport`.
        """
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._agent = user_agent(contact)
        self._transport = transport or httpx2.AsyncHTTPTransport(trust_env=False, limits=LIMITS, proxy=proxy)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._transport.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Reply:
        """Return the answer, whatever its status.

        Args:
            method: of HTTP.
            url: absolute; a query that it has is kept.
            params: added to its query.
            headers: added to what every request carries; one of the same name wins.
            body: of a POST.

        Raises:
            SourceUnavailable: no whole answer within the limits; the message says why, without credentials.
        """
        shown = masked(url, params)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                request = self._request(method, url, params=params, headers=headers, body=body or Body())
                status, got, content = await self._exchange(request)
        except TimeoutError as error:
            detail = f"{method} {shown}: no whole answer within {self._timeout_s:g} s"
            raise SourceUnavailable(detail) from error
        except (TooLarge, Damaged) as error:
            detail = f"{method} {shown}: {error}"
            raise SourceUnavailable(detail) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ExceptionGroup) as error:
            detail = f"{method} {shown}: {_reason(error)}"
            raise SourceUnavailable(detail) from error
        return Reply(status, got, content, shown, datetime.now(UTC), time.monotonic() - started)

    def _request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Body,
    ) -> httpx2.Request:
        content, content_type = body.encoded()
        own = {"user-agent": self._agent, "accept": "*/*", "accept-encoding": ", ".join(ENCODINGS)}
        if content_type:
            own["content-type"] = content_type
        limits = httpx2.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s))
        address = httpx2.URL(url)
        return httpx2.Request(
            method,
            address.copy_merge_params(dict(params)) if params else address,
            headers={**own, **{name.lower(): value for name, value in (headers or {}).items()}},
            content=content or None,
            extensions={"timeout": limits.as_dict()},
        )

    async def _exchange(self, request: httpx2.Request) -> tuple[int, dict[str, str], bytes]:
        # The transport is asked without a client around it, which would keep cookies and log addresses with their keys.
        response = await self._transport.handle_async_request(request)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status_code, headers, await self._body(response, headers)
        finally:
            await response.aclose()

    async def _body(self, response: httpx2.Response, headers: Mapping[str, str]) -> bytes:
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self._max_bytes:
            raise TooLarge(self._max_bytes)
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            detail = "the transport answers without a stream"
            raise Damaged(detail)
        received = bytearray()
        async for part in decoded(aiter(stream), headers.get("content-encoding", ""), self._max_bytes):
            received += part
            if len(received) > self._max_bytes:
                raise TooLarge(self._max_bytes)
        return bytes(received)


def _reason(error: BaseException) -> str:
    return next(words for kind, words in _REASONS if isinstance(error, kind))


def masked(url: str, params: Mapping[str, str] | None = None) -> str:
    """Return an address that may be logged and stored: without user, password and the values of secret parameters."""
    try:
        parts = urlsplit(url)
        query = [*parse_qsl(parts.query, keep_blank_values=True), *(params or {}).items()]
    except ValueError:
        return "an address that cannot be read"
    shown = urlencode([(name, _MASK if name.lower() in _SECRETS else value) for name, value in query], safe=_MASK)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, shown, ""))
