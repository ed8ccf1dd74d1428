"""One page in a tab: what is loaded of it, and what is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from creators.errors import SourceUnavailable
from creators.text import replace_lone_surrogates

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Request, Route, WebSocketRoute

SETTLE_MS = 3_000
"""How long a page that has its text may go on loading before it is read."""
MAX_HTML = 1_000_000
"""Characters that are kept of a page."""
MAX_TEXT = 20_000
_UNREAD = frozenset({"eventsource", "font", "image", "manifest", "media", "ping", "texttrack", "websocket"})
_READ = """([maxHtml, maxText]) => ({
    html: document.documentElement.outerHTML.slice(0, maxHtml),
    text: (document.body ? document.body.innerText : "").slice(0, maxText),
    lang: (document.documentElement.lang || "").slice(0, 40),
})"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader of a page sees."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    url: str
    """Where the page came from, after redirects."""
    html: str
    """As the page is after its scripts have run, cut to ``MAX_HTML`` characters."""
    text: str
    """What is visible, cut to ``MAX_TEXT`` characters."""
    lang: str
    read_at: datetime


async def read_tab(context: BrowserContext, url: str, seconds: float) -> Seen:
    """Return what a page shows.

    Raises:
        SourceUnavailable: it does not load in so many seconds, it crashes, or it is no page of the web.
    """
    await context.route("**/*", _only_what_is_read)
    await context.route_web_socket("**/*", _no_socket)
    page = await context.new_page()
    return await _unless_it_crashes(page, _read(page, url, seconds))


async def _read(page: Page, url: str, seconds: float) -> Seen:
    from playwright.async_api import Error

    try:
        response = await page.goto(url, wait_until="domcontentloaded", timeout=seconds * 1000)
        with suppress(Error):
            await page.wait_for_load_state("networkidle", timeout=SETTLE_MS)
        found = await page.evaluate(_READ, [MAX_HTML, MAX_TEXT])
    except Error as error:
        # The message of the driver quotes the page's own words after its first line.
        detail = f"the page did not load: {error.message.splitlines()[0][:120]}"
        raise SourceUnavailable(detail) from error
    if response is None:
        detail = "the page did not load: it is no page of the web"
        raise SourceUnavailable(detail)
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = {name: replace_lone_surrogates(str(found.get(name, ""))) for name in ("html", "text", "lang")}
    return Seen(response.status, headers, page.url, **text, read_at=datetime.now(UTC))


async def _unless_it_crashes(page: Page, reading: Awaitable[T]) -> T:
    crash = asyncio.Event()
    page.on("crash", lambda _page: crash.set())
    crashed, task = asyncio.ensure_future(crash.wait()), asyncio.ensure_future(reading)
    try:
        await asyncio.wait({task, crashed}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        for one in (task, crashed):
            one.cancel()
        await asyncio.gather(task, crashed, return_exceptions=True)
    detail = "the page crashed"
    raise SourceUnavailable(detail)


async def _only_what_is_read(route: Route, request: Request) -> None:
    from playwright.async_api import Error

    with suppress(Error):  # the tab may be closed by now
        if _is_read(request):
            await route.continue_()
        else:
            await route.abort("blockedbyclient")


def _is_read(request: Request) -> bool:
    from playwright.async_api import Error

    if request.resource_type in _UNREAD or not request.url.startswith(("http://", "https://")):
        return False
    try:
        return request.resource_type != "document" or request.frame.parent_frame is None
    except Error:  # the first page of a window that the page has opened
        return False


async def _no_socket(socket: WebSocketRoute) -> None:
    await socket.close()
