"""Public profile pages in a real browser: the last resort, off unless the operator has switched it on.

``robots.txt`` decides what is opened, page by page; a sign-in wall is no page. What Chromium connects to passes
:mod:`fetchers.gate`. Neither cookies nor a session outlive a page.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import quote, urljoin, urlsplit
from weakref import WeakValueDictionary

from creators.errors import BadInput, SetupError, SourceRefused, SourceUnavailable
from creators.models import Platform, Tier
from creators.profiles import profile_of
from creators.settings import SourceSettings
from creators.targets import Target, TaskKind
from fetchers.answers import retry_after
from fetchers.chromium import Way, chromium_of, close_all
from fetchers.contract import Allowance, Answer, Ask, Auth, Call, Found, Origin, Policy, Quota, judge_status
from fetchers.guard import web_address
from fetchers.html import Page, read_page
from fetchers.robots import Robots
from fetchers.tabs import Seen

NAME = "browser"
PER_MINUTE = 20
MAX_HOPS = 5
_BY_HANDLE = {
    Platform.GITHUB: "https://github.com/{}",
    Platform.INSTAGRAM: "https://www.instagram.com/{}/",
    Platform.TIKTOK: "https://www.tiktok.com/@{}",
    Platform.X: "https://x.com/{}",
    Platform.YOUTUBE: "https://www.youtube.com/@{}/about",
}
_BY_ID = {Platform.X: "https://x.com/i/user/{}", Platform.YOUTUBE: "https://www.youtube.com/channel/{}/about"}
_WALL = re.compile(
    r"/(?:accounts/|i/flow/)?(?:log_?in|sign_?in|sign_?up|challenge|checkpoint|consent|suspended)\b", re.IGNORECASE
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Browser:
    """Reads one profile page for each target; its records are of kind ``profile_page``."""

    name = NAME
    tier: Tier = 3
    base_url = ""
    """None: pages have whole addresses."""
    serves: Mapping[TaskKind, frozenset[Platform]] = MappingProxyType({TaskKind.PROFILE: frozenset(Platform)})
    policy = Policy(
        kind="browser",
        max_age_days=None,
        may_derive=True,
        may_merge=False,
        delete_when_gone=True,
        needs_acknowledgement=True,
        terms_url="https://www.rfc-editor.org/rfc/rfc9309",
        note=(
            "Most platforms allow automated reading to agreed partners only, and X asks for its API instead. It is off"
            " unless ENABLED is true and ACKNOWLEDGED_BY names who has checked the terms of each platform. robots.txt"
            " is obeyed, which closes most of x.com and instagram.com; sign-in walls are not passed."
        ),
    )

    def __init__(self) -> None:
        self._robots = Robots()
        self._hosts: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    def allowances(self, settings: SourceSettings) -> Sequence[Allowance]:
        """Return our own limit, for nobody documents one: 20 pages a minute."""
        del settings
        return (Allowance("page", PER_MINUTE, 60.0),)

    def price_usd(self, target: Target) -> float:
        """Return 0: pages are free, and slow."""
        del target
        return 0.0

    async def authorise(self, credential: str, call: Call) -> Auth:
        """Return nothing: only public pages are read."""
        del credential, call
        return Auth()

    def judge(self, answer: Answer) -> None:
        """Accept what ``robots.txt`` answers, for its reader judges it; raise what the status of a page means.

        Raises:
            TargetGone: 404 or 410. SourceLimited: 429. SourceUnavailable: anything else that is no page.
        """
        if answer.endpoint == "robots":
            return
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            # Not a credential that is not good: there is none. The platform does not want this reader.
            detail = f"{answer.endpoint} answered {answer.status}: the platform shows the page to members only"
            raise SourceUnavailable(detail)
        judge_status(answer, retry_at=retry_after(answer))

    def quotas(self, answer: Answer) -> Sequence[Quota]:
        """Return nothing: pages tell of no quota."""
        del answer
        return ()

    async def fetch(self, target: Target, call: Call) -> Found:
        """Return the profile page as one record.

        Raises:
            SourceRefused: the account has no address here, ``robots.txt`` forbids it, or there is no browser.
            TargetGone: there is no such page. SourceUnavailable: it does not load, or asks to sign in.
        """
        base = call.settings.base_url
        url = address_of(target, base)
        await self._check_robots(url, call)
        await call.permit("page")
        # A lock belongs to the event loop that first waits for it.
        key = (id(asyncio.get_running_loop()), urlsplit(url).netloc)
        one_at_a_time = self._hosts.setdefault(key, asyncio.Lock())
        try:
            async with one_at_a_time:
                seen = await chromium_of(_way(call.settings)).view(url)
        except SetupError as error:
            raise SourceRefused(error.detail) from error
        answer = Answer("page", seen.status, seen.headers, None, seen.html.encode(), seen.url, seen.read_at)
        self.judge(answer)
        if seen.url != url:
            if leads_astray(target, seen.url, is_gateway=base is not None):
                detail = f"{urlsplit(url).netloc} asks to sign in, or shows another page instead"
                raise SourceUnavailable(detail)
            await self._check_robots(seen.url, call)
        page = read_page(seen.html, seen.url)
        body = _body(url, seen, page)
        return Found((Origin(NAME, self.tier, target).record("profile_page", _native_id(target, page), body, answer),))

    async def aclose(self) -> None:
        """End the browsers of the running event loop now, rather than with it."""
        await close_all()

    async def _check_robots(self, url: str, call: Call) -> None:
        if not await self._robots.allows(url, lambda address: _robots_txt(address, call)):
            detail = f"robots.txt of {urlsplit(url).netloc} forbids the page"
            raise SourceRefused(detail)


def address_of(target: Target, base_url: str | None = None) -> str:
    """Return the address of the public page of an account.

    Args:
        target: the account.
        base_url: of a gateway, whose pages are ``<base_url>/<platform>/<handle or id>``.

    Raises:
        SourceRefused: the platform has no page under what is known of the account.
    """
    name = quote(target.handle or target.value, safe="")
    if base_url:
        return f"{base_url.rstrip('/')}/{target.platform}/{name}"
    pattern = (_BY_HANDLE if target.handle else _BY_ID).get(target.platform)
    if pattern is None:
        detail = f"{target.platform} has no public page under the id of an account; its handle is needed"
        raise SourceRefused(detail)
    return pattern.format(name)


def leads_astray(target: Target, landed: str, *, is_gateway: bool) -> bool:
    """Return whether a page that was redirected is not the profile any more: a sign-in wall, a question, a start page.

    Args:
        target: the account.
        landed: where the redirects ended.
        is_gateway: whether addresses are those of a gateway, which say nothing of the platform.
    """
    if _WALL.search(urlsplit(landed).path):
        return True
    link = profile_of(landed)
    return not is_gateway and (link is None or link.platform != target.platform)


def _way(settings: SourceSettings) -> Way:
    if not settings.base_url:
        return Way(settings.proxy)
    parts = urlsplit(settings.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Way(settings.proxy, frozenset({(parts.hostname or "", port)}))


async def _robots_txt(address: str, call: Call) -> Answer:
    for _ in range(MAX_HOPS + 1):
        answer = await call.send(Ask("robots", address))
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        try:
            address = web_address(urljoin(address, location))
        except (BadInput, ValueError) as error:
            detail = "robots.txt leads out of the open web"
            raise SourceUnavailable(detail) from error
    detail = f"robots.txt: more than {MAX_HOPS} redirects"
    raise SourceUnavailable(detail)


def _native_id(target: Target, page: Page) -> str:
    """The id that the page tells, where the target has none: only YouTube's canonical address does."""
    told = page.canonical or page.properties.get("og:url")
    link = profile_of(told) if target.handle and isinstance(told, str) else None
    return link.native_id if link and link.native_id and link.platform == target.platform else target.value


def _body(url: str, seen: Seen, page: Page) -> dict[str, object]:
    told = {"url": url, "landed": seen.url, "status": seen.status, "lang": seen.lang, "text": seen.text}
    return {**asdict(page), **told, "html": seen.html}


SOURCE = Browser()
