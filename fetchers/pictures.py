"""Pictures from addresses that strangers wrote: whole, within limits, and never from inside this network.

They go the way of pages: through the guard, or the proxy or gateway of the source ``website``, without cookies, one
hop at a time, each hop checked like the first. What arrives are bytes that claim to be a picture; nobody decodes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from creators.errors import BadInput, SourceError, SourceLimited, SourceUnavailable, TargetGone
from fetchers.guard import guarded_transport, web_address
from fetchers.http import Http
from fetchers.policy import settings_of

if TYPE_CHECKING:
    import httpx2

    from creators.settings import Settings
    from fetchers.http import Reply

MAX_BYTES = 8_000_000
"""Of one picture; avatars and covers have a tenth of it."""
MAX_HOPS = 3
PER_HOST = 2
"""Requests to one host at once."""
ACCEPT = "image/webp, image/png, image/jpeg, image/gif;q=0.9"
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Content types of stores that were never told what they store."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one picture, and when they arrived."""

    data: bytes
    at: datetime


class Pictures:
    """Fetches pictures within one event loop; an async context manager.

    Args:
        settings: of the installation; proxy and gateway are those of the source ``website``.
        transport: instead of the guarded one, for tests that own the network.
    """

    def __init__(self, settings: Settings, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        own = settings_of(settings, "website")
        self._gateway = own.base_url
        # A gateway is an address of the operator's own, and may well be inside; it guards for itself.
        guarded = None if self._gateway else transport or guarded_transport(proxy=own.proxy)
        self._http = Http(
            timeout_s=settings.source_timeout_s,
            max_bytes=min(MAX_BYTES, settings.source_max_bytes),
            contact=settings.contact,
            proxy=own.proxy if self._gateway else None,
            transport=guarded,
        )
        self._hosts: dict[str, asyncio.Semaphore] = {}

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    async def fetch(self, url: str) -> Fetched:
        """Return one picture.

        Raises:
            BadInput: the address is none of the open web.
            TargetGone: it is not there, not for everyone, or no picture by what its server says.
            SourceLimited: its server asks to wait. SourceUnavailable: no whole answer within the limits.
        """
        here = web_address(url)
        for _ in range(MAX_HOPS + 1):
            reply = await self._ask(here)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return _judged(here, reply)
            try:
                here = web_address(urljoin(here, location))
            except (BadInput, ValueError) as error:
                detail = f"picture of {urlsplit(here).netloc}: its redirect leads out of the open web"
                raise TargetGone(detail) from error
        detail = f"picture of {urlsplit(here).netloc}: more than {MAX_HOPS} redirects"
        raise TargetGone(detail)

    async def _ask(self, url: str) -> Reply:
        at_once = self._hosts.setdefault(urlsplit(url).netloc, asyncio.Semaphore(PER_HOST))
        async with at_once:
            if self._gateway:
                return await self._http.send("GET", self._gateway, params={"url": url}, headers={"accept": ACCEPT})
            return await self._http.send("GET", url, headers={"accept": ACCEPT})


def _judged(url: str, reply: Reply) -> Fetched:
    host = urlsplit(url).netloc
    detail = f"picture of {host} answered {reply.status}"
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SourceLimited(detail, retry_at=None)
    if HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR and reply.status not in _PASSING:
        raise TargetGone(detail)
    if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        raise SourceUnavailable(detail)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _UNSAID and not kind.startswith("image/"):
        detail = f"picture of {host} is {kind[:60]!r}, no picture"
        raise TargetGone(detail)
    return Fetched(reply.content, reply.received_at)


async def fetch_all(
    settings: Settings, urls: Sequence[str], *, transport: httpx2.AsyncBaseTransport | None = None
) -> dict[str, Fetched | BadInput | SourceError]:
    """Return each address with its picture, or with the reason why there is none; one costs no other anything."""
    distinct = list(dict.fromkeys(urls))
    async with Pictures(settings, transport=transport) as pictures:

        async def one(url: str) -> Fetched | BadInput | SourceError:
            try:
                return await pictures.fetch(url)
            except (BadInput, SourceError) as error:
                return error

        return dict(zip(distinct, await asyncio.gather(*map(one, distinct)), strict=True))
