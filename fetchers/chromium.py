"""One Chromium for one event loop: started at the first page, started again when it dies, never left behind.

Its processes carry a token in their environment, by which they are found and killed when they do not end by themselves.
They are told nothing of ours: neither settings nor credentials are in their environment.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4
from weakref import WeakKeyDictionary

from creators.errors import SetupError, SourceUnavailable
from fetchers.chromium_process import ARGUMENTS, PROGRAMS, TOKEN, find_chromium, kill, processes_of
from fetchers.gate import Gate, Place, Upstream
from fetchers.guard import Resolve, look_up
from fetchers.http import user_agent
from fetchers.tabs import Seen, read_tab

if TYPE_CHECKING:
    from playwright.async_api import Browser

PAGES = 2
"""Pages that are open at once."""
MAX_DEATHS = 3
"""How often the browser of one event loop may die before it is not started again."""
_VERSION = re.compile(r"[\d.]+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Way:
    """How a browser reaches the web."""

    proxy: str | None = None
    trusted: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds."""

    start_s: float = 20.0
    page_s: float = 25.0
    """From an empty tab to the text of the page."""
    end_s: float = 5.0
    idle_s: float = 60.0
    """How long a browser is kept that nobody uses."""


@dataclass(frozen=True, slots=True)
class _Running:
    browser: Browser
    ended: AsyncExitStack


def driver() -> ModuleType:
    """Return Playwright, which most installations lack.

    Raises:
        SetupError: so does this one.
    """
    try:
        return import_module("playwright.async_api")
    except ImportError as error:
        detail = "the browser needs Playwright: install creatorscope with its extra `browser`"
        raise SetupError(detail) from error


class Chromium:
    """A browser of one event loop; an async context manager, which also ends by itself with its loop."""

    def __init__(self, way: Way, *, patience: Patience = Patience(), resolve: Resolve = look_up) -> None:
        """Start nothing yet.

        Args:
            way: how it reaches the web.
            patience: how long things may take.
            resolve: looks names up, in place of the browser.
        """
        self.patience = patience
        self.token = uuid4().hex
        self.starts = 0
        self.deaths = 0
        upstream = Upstream.of(way.proxy) if way.proxy else None
        self.gate = Gate(trusted=way.trusted, upstream=upstream, resolve=resolve)
        self._running: _Running | None = None
        self._starting = asyncio.Lock()
        self._tabs = asyncio.Semaphore(PAGES)
        self._open = 0
        self._keeper: asyncio.Task[None] | None = None
        self._used = asyncio.Event()

    async def __aenter__(self) -> Chromium:  # noqa: PYI034 - nobody inherits from it
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.end()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def view(self, url: str) -> Seen:
        """Return a page as a reader sees it.

        Raises:
            SourceUnavailable: it does not load in its time, it crashes, or the browser has died too often.
            SetupError: there is no browser.
        """
        async with self._tabs:
            running = await self._ready()
            self._open += 1
            try:
                return await _timely(self._view(running, url), self.patience.page_s, "the page did not load")
            except SourceUnavailable:
                if not await self._is_well(running):
                    await self._bury(running)
                raise
            finally:
                self._open -= 1
                self._used.set()

    async def _ready(self) -> _Running:
        async with self._starting:
            if self._running is not None and self._running.browser.is_connected():
                return self._running
            if self._running is not None:
                await self._bury(self._running)
            if self.deaths >= MAX_DEATHS:
                detail = f"the browser has died {self.deaths} times; this job does not start it again"
                raise SourceUnavailable(detail)
            self.starts += 1
            ended = AsyncExitStack()
            try:
                self._running = await _timely(self._start(ended), self.patience.start_s, "the browser did not start")
            except BaseException:
                self.deaths += 1
                await self._close(ended)
                raise
            if self._keeper is None:
                self._keeper = asyncio.create_task(self._keep())
            return self._running

    async def _start(self, ended: AsyncExitStack) -> _Running:
        program = find_chromium()
        if program is None:
            detail = f"there is no browser: none of {', '.join(PROGRAMS)} is on the PATH; install Chromium"
            raise SetupError(detail)
        await ended.enter_async_context(self.gate)
        playwright = await driver().async_playwright().start()
        ended.push_async_callback(playwright.stop)
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=list(ARGUMENTS),
            # Chromium's sandbox does not start as root, where nothing but --no-sandbox helps: do not run it as root.
            chromium_sandbox=os.geteuid() != 0,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", TOKEN: self.token},
            proxy={"server": self.gate.address},
            timeout=self.patience.start_s * 1000,
        )
        ended.push_async_callback(browser.close)
        return _Running(browser, ended)

    async def _view(self, running: _Running, url: str) -> Seen:
        version = _VERSION.match(running.browser.version)
        agent = (
            f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
            f" Chrome/{version[0] if version else '0'} Safari/537.36 {user_agent(None)}"
        )
        context = await running.browser.new_context(
            accept_downloads=False, service_workers="block", user_agent=agent, locale="en-US", permissions=[]
        )
        try:
            return await read_tab(context, url, self.patience.page_s)
        finally:
            await _quietly(context.close(), self.patience.end_s)

    async def _bury(self, running: _Running) -> None:
        if self._running is running:  # two pages may have seen it die
            self.deaths += 1
            await self.end()

    async def _is_well(self, running: _Running) -> bool:
        """Whether the browser still does what it is told; a page that failed may have taken it along."""
        if not running.browser.is_connected():
            return False
        try:
            async with asyncio.timeout(self.patience.end_s):
                context = await running.browser.new_context()
                await context.close()
        except Exception:  # noqa: BLE001 - whatever the driver raises, the browser is not well
            return False
        return True

    async def _keep(self) -> None:
        """End the browser when nobody uses it, or by force with the event loop."""
        try:
            while True:
                self._used.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.patience.idle_s):
                        await self._used.wait()
                        continue
                async with self._starting:
                    if not self._open:
                        await self.end()
                        return
        except asyncio.CancelledError:
            kill(self.token)
            raise
        finally:
            self._keeper = None

    async def end(self) -> None:
        """End the browser, if there is one, by force where it does not end by itself."""
        running, self._running = self._running, None
        if running is not None:
            await self._close(running.ended)

    async def _close(self, ended: AsyncExitStack) -> None:
        await _quietly(ended.aclose(), self.patience.end_s)
        if any(True for _ in processes_of(self.token)):
            kill(self.token)
            # The driver had waited for a browser that did not answer; now it ends.
            await _quietly(ended.aclose(), self.patience.end_s)


async def _timely(work: Awaitable[T], seconds: float, what: str) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        detail = f"{what} within {seconds:g} s"
        raise SourceUnavailable(detail) from error
    except driver().Error as error:
        detail = f"{what}: {error.message.splitlines()[0][:120]}"
        raise SourceUnavailable(detail) from error


async def _quietly(work: Awaitable[None], seconds: float) -> None:
    # What is ended by force may complain in any words.
    with suppress(Exception):
        async with asyncio.timeout(seconds):
            await work


_BROWSERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Way, Chromium]] = WeakKeyDictionary()


def chromium_of(way: Way) -> Chromium:
    """Return the browser of the running event loop for one way to the web."""
    return _BROWSERS.setdefault(asyncio.get_running_loop(), {}).setdefault(way, Chromium(way))


async def close_all() -> None:
    """End the browsers of the running event loop."""
    for browser in _BROWSERS.pop(asyncio.get_running_loop(), {}).values():
        await browser.__aexit__()
