"""What ``robots.txt`` allows, as RFC 9309 reads it: asked once a day for each site, and obeyed.

The file is written by strangers. It is read in time and memory that grow with its size only: patterns are matched piece
by piece, never as a regular expression.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlsplit
from weakref import WeakValueDictionary

from creators.errors import SourceUnavailable
from fetchers.http import PRODUCT

MAX_BYTES = 500 * 1024
"""What is read of a file; RFC 9309, 2.5, asks for as much at least."""
KEEP_S = 24 * 3600
"""How long a file is believed; RFC 9309, 2.4."""
KEEP_UNREACHABLE_S = 600
"""How long a site that did not answer is left alone."""
_MAX_KEPT = 16_000_000
_ASCII = "".join(map(chr, range(33, 127)))
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TOKEN = re.compile(r"[A-Za-z_-]+")


class Told(Protocol):
    """What is needed of an answer."""

    @property
    def status(self) -> int:
        """Of HTTP, after redirects."""

    @property
    def content(self) -> bytes:
        """The body."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one site allows this program; the longest pattern that matches decides."""

    patterns: tuple[tuple[str, bool], ...]
    """``(pattern, allowed)``, the longest first, and of two equally long ones the one that allows."""

    @property
    def size(self) -> int:
        """Characters that are held."""
        return sum(len(pattern) + 64 for pattern, _ in self.patterns)

    def allow(self, url: str) -> bool:
        """Return whether an address of this site may be asked."""
        parts = urlsplit(url)
        path = _octets(parts.path or "/") + (f"?{_octets(parts.query)}" if parts.query else "")
        return path == "/robots.txt" or next((ok for pattern, ok in self.patterns if _matches(pattern, path)), True)


ALL = Rules(())


def parse_robots(content: bytes, product: str = PRODUCT) -> Rules:
    """Return the rules of a ``robots.txt`` for a product: of its own groups together, else those for ``*``."""
    own: list[tuple[str, bool]] = []
    others: list[tuple[str, bool]] = []
    agents: set[str] = set()
    in_rules = named = False
    for field, value in _lines(content):
        if field == "user-agent":
            agents = set() if in_rules else agents
            in_rules = False
            agents.add(_agent(value))
            named = named or _agent(value) == product
        else:
            in_rules = True
            rules = own if product in agents else others if "*" in agents else None
            if rules is not None and value:
                rules.append((_octets(value), field == "allow"))
    return Rules(tuple(sorted(own if named else others, key=lambda rule: (-len(rule[0]), not rule[1]))))


def _agent(value: str) -> str:
    if value.startswith("*"):
        return "*"
    token = _TOKEN.match(value)
    return token[0].lower() if token else ""


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    """The lines that count, cut at the last whole one; others stand between them without a meaning."""
    text = content[:MAX_BYTES].decode("utf-8-sig", "replace")
    lines = re.split(r"\r\n|\r|\n", text)
    for line in lines[:-1] if len(content) > MAX_BYTES else lines:
        field, colon, value = line.partition("#")[0].partition(":")
        name = field.strip().lower()
        if colon and name in {"user-agent", "allow", "disallow"}:
            yield name, value.strip()


def _octets(text: str) -> str:
    """One spelling of a path: escapes in capitals, what needs none without, everything else escaped."""
    escaped = quote(text, safe=_ASCII, errors="replace")
    return _ESCAPED.sub(_octet, escaped)


def _octet(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _matches(pattern: str, path: str) -> bool:
    """Whether a path begins as a pattern says; ``*`` stands for anything, ``$`` at its end for the end."""
    whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not whole or path == first
    at = len(first)
    for piece in rest[:-1]:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    last = rest[-1]
    return path.endswith(last) and len(path) - len(last) >= at if whole else path.find(last, at) >= 0


class Robots:
    """The files that one process has read; where they grow too many, the oldest is forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0
        self._asking: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    async def allows(self, url: str, ask: Callable[[str], Awaitable[Told]]) -> bool:
        """Return whether ``robots.txt`` of the site lets this program ask for an address.

        A site that has no such file (4xx) allows everything.

        Args:
            url: absolute, of http or https.
            ask: gives the answer to an address, after up to five redirects.

        Raises:
            SourceUnavailable: the site cannot say (5xx, 429, no answer, which ``ask`` raises as the same error), so
                that nothing of it may be asked for ten minutes.
        """
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        # A lock belongs to the event loop that first waits for it.
        asking = self._asking.setdefault((id(asyncio.get_running_loop()), site), asyncio.Lock())
        async with asking:
            kept = self._kept.get(site)
            if kept is None or kept.until <= self._clock():
                kept = await self._read(site, ask)
        if kept.rules is None:
            detail = f"robots.txt of {parts.netloc} cannot be read, so that nothing of it may be asked"
            raise SourceUnavailable(detail)
        return kept.rules.allow(url)

    async def _read(self, site: str, ask: Callable[[str], Awaitable[Told]]) -> _Kept:
        rules = await _asked(f"{site}/robots.txt", ask)
        keep_s = KEEP_UNREACHABLE_S if rules is None else KEEP_S
        size = len(site) + 500 + (rules.size if rules else 0)
        kept = _Kept(self._clock() + keep_s, rules, size)
        before = self._kept.pop(site, None)
        self._kept[site] = kept
        self._size += size - (before.size if before else 0)
        while self._size > _MAX_KEPT and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self._size -= forgotten.size
        return kept


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    rules: Rules | None
    """None where the site could not say."""
    size: int


async def _asked(address: str, ask: Callable[[str], Awaitable[Told]]) -> Rules | None:
    try:
        told = await ask(address)
    except SourceUnavailable:
        return None
    if HTTPStatus.OK <= told.status < HTTPStatus.MULTIPLE_CHOICES:
        return parse_robots(told.content)
    silent = told.status >= HTTPStatus.INTERNAL_SERVER_ERROR or told.status == HTTPStatus.TOO_MANY_REQUESTS
    return None if silent else ALL
