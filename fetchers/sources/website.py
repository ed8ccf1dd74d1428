"""Pages that creators link to: a link-in-bio page, a personal site. Where they lead is what they are read for.

Addresses come from strangers, so every request passes :mod:`fetchers.guard`, hop by hop, unless the operator has named
a gateway (``base_url``) that fetches pages on this program's behalf: it is asked ``GET <base_url>?url=<page>``.
No authentic sample of such pages was at hand: the tests read pages that we wrote after the standards.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from types import MappingProxyType
from typing import NoReturn
from urllib.parse import urljoin, urlsplit
from weakref import WeakValueDictionary

from creators.errors import BadInput, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.ids import parse_account_id
from creators.models import Platform, Tier
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import retry_after
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota
from fetchers.guard import web_address
from fetchers.html import read_page, to_text
from fetchers.robots import Robots

MAX_HOPS = 5
"""Redirects that are followed; RFC 9309, 2.3.1.2, asks for five at least."""
MAX_PAGE_BYTES = 1_000_000
"""What is read and kept of a page: what leads elsewhere stands before that."""
_HTML = ("text/html", "application/xhtml+xml")
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Website:
    """Fetches one page for an account; its records are of kind ``page``."""

    name = "website"
    tier: Tier = 2
    base_url = ""
    """None: requests name whole addresses, and go through the guard."""
    serves: Mapping[TaskKind, frozenset[Platform]] = MappingProxyType({TaskKind.PAGE: frozenset(Platform)})
    policy = Policy(
        kind="website",
        max_age_days=None,
        may_derive=True,
        may_merge=True,
        delete_when_gone=True,
        needs_acknowledgement=False,
        terms_url="https://www.rfc-editor.org/rfc/rfc9309",
        note=(
            "Public pages that a creator links to, as robots.txt allows, one request at a time for each host, signed "
            "with a User-Agent that names the operator's contact. No e-mail address is taken out of a page, only "
            "whether it has one; the page itself stays in the lake as it came. Not checked against authentic samples."
        ),
        sees_all=True,
    )

    def __init__(self) -> None:
        self._robots = Robots()
        self._hosts: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return our own limit, for nobody documents one: 20 pages a second."""
        del settings
        return (Allowance(endpoint="*", amount=1_200, window_s=60),)

    def price_usd(self, target: Target) -> float:
        """Return 0: pages are free."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return nothing: public pages need no credential, and none may go to strangers."""
        del credential, call
        return Auth()

    def judge(self, answer: Answer) -> None:
        """Accept every status: what one site answers says nothing about the others, so ``fetch`` judges it."""
        del answer

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: sites tell of no quota."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return the page as one record about the account that links to it.

        Raises:
            SourceRefused: ``robots.txt`` forbids it. TargetGone: it is not there, not for everyone, or no HTML page.
            SourceLimited: the site asks to wait. SourceUnavailable: it does not answer, or not within the limits.
        """
        account, url = target.page
        try:
            start = web_address(url)
        except BadInput as error:
            detail = f"page {url[:80]!r}: {error}"
            raise TargetGone(detail, field="url") from error
        landed, answer = await self._follow("page", start, call)
        _judge(landed, answer)
        text = to_text(answer.content[:MAX_PAGE_BYTES], answer.headers.get("content-type", ""))
        page = asdict(read_page(text, landed))
        body = {
            "url": start,
            "landed": landed,
            "status": answer.status,
            **page,
            "html_sha256": hashlib.sha256(answer.content).hexdigest(),
            "html": text,
        }
        _, native_id = parse_account_id(account)
        return Found((Origin(self.name, self.tier, target).record("page", native_id, body, answer),))

    async def _follow(self, endpoint: str, url: str, call: Call) -> tuple[str, Answer]:
        """The last answer of a chain of redirects, and where it came from; every hop is checked like the first."""
        for _ in range(MAX_HOPS + 1):
            if endpoint == "page" and not await self._robots.allows(
                url, lambda address: self._robots_txt(address, call)
            ):
                detail = f"robots.txt of {urlsplit(url).netloc} forbids the page"
                raise SourceRefused(detail)
            answer = await self._ask(endpoint, url, call)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return url, answer
            url = _next_hop(url, location)
        detail = f"page of {urlsplit(url).netloc}: more than {MAX_HOPS} redirects"
        raise SourceUnavailable(detail)

    async def _robots_txt(self, address: str, call: Call) -> Answer:
        _, answer = await self._follow("robots", address, call)
        return answer

    async def _ask(self, endpoint: str, url: str, call: Call) -> Answer:
        gateway = call.settings.base_url
        ask = Ask(endpoint, gateway, params={"url": url}) if gateway else Ask(endpoint, url)
        # A lock belongs to the event loop that first waits for it.
        key = (id(asyncio.get_running_loop()), urlsplit(url).netloc)
        one_at_a_time = self._hosts.setdefault(key, asyncio.Lock())
        async with one_at_a_time:
            return await call.send(ask)


def _next_hop(url: str, location: str) -> str:
    try:
        return web_address(urljoin(url, location))
    except (BadInput, ValueError) as error:
        detail = f"page of {urlsplit(url).netloc}: its redirect leads out of the open web"
        raise SourceUnavailable(detail) from error


def _judge(url: str, answer: Answer) -> None:
    status = answer.status
    host = urlsplit(url).netloc
    detail = f"page of {host} answered {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SourceLimited(detail, retry_at=retry_after(answer))
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING:
        raise TargetGone(detail)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise SourceUnavailable(detail)
    kind = answer.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if kind not in _HTML:
        _no_page(host, kind)


def _no_page(host: str, kind: str) -> NoReturn:
    detail = f"page of {host} is {kind[:60]!r}, no HTML page"
    raise TargetGone(detail)


SOURCE = Website()
