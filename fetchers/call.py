"""What a source is lent for one target: requests that are granted, signed, sent, counted and judged."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from creators.errors import SourceError, SourceLimited, SourceRefused, SourceUnavailable
from creators.stores.allowances import Observed
from creators.stores.cache import Space
from fetchers.contract import Answer, Ask, Auth, Source
from fetchers.decoding import parse_json
from fetchers.guard import guarded_transport
from fetchers.http import Body, Http, Reply, masked
from fetchers.limits import ALL, ANONYMOUS, Limits, Permit, Pool
from fetchers.waits import bounded, sent_at, wait_s

if TYPE_CHECKING:
    from creators.settings import Settings, SourceSettings
    from creators.stores.cache import Shelf

ANSWERS = Space("answers", ttl_s=7 * 24 * 3600, max_entries=10_000, max_bytes=16_384)
"""Answers that are asked for again with their ``ETag``; a larger one is simply fetched again."""
PATIENCE_S = 1.0
"""How long a request waits for its allowance before the next source, or the schedule, has its turn."""
TRIES = 3
OWN_ACCOUNT = "{account}"
"""In a path: what stands before the colon of the credential that the request gets."""
REFUSED_S = 900.0
"""How long a credential that was not let in is left alone."""
OK, REDIRECT, NOT_MODIFIED, UNAUTHORIZED = 200, 300, 304, 401


class Lines:
    """The connections of one event loop: one pool for each proxy, guarded or plain; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[tuple[str | None, bool], Http] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Lines:  # noqa: PYI034 - nobody inherits from it
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def line(self, proxy: str | None, *, guarded: bool) -> Http:
        """Return the pool for one kind of request; addresses that a creator wrote go through the guarded one."""
        key = (proxy, guarded)
        if key not in self._open:
            http = Http(
                timeout_s=self._settings.source_timeout_s,
                max_bytes=self._settings.source_max_bytes,
                contact=self._settings.contact,
                proxy=None if guarded else proxy,
                transport=guarded_transport(proxy=proxy) if guarded else None,
            )
            # Two targets may come here at once; nothing is awaited between the check and the entry.
            self._open[key] = http
            await self._stack.enter_async_context(http)
        return self._open[key]


@dataclass
class Meter:
    """What one target has used so far."""

    calls: int = 0
    units: int = 0
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests by endpoint and how they ended: a status class, or the code of an error."""
    used: Counter[str] = field(default_factory=Counter)
    """Units by endpoint."""
    refused: bool = False
    """Whether the source itself refused the credential."""


@dataclass
class SourceCall:
    """The :class:`~fetchers.contract.Call` of one target at one source."""

    source: Source
    pool: Pool
    limits: Limits
    lines: Lines
    answers: Shelf
    meter: Meter = field(default_factory=Meter)
    patience_s: float = PATIENCE_S
    bare: bool = False
    """Whether requests go out unsigned: those that exchange a credential for a token."""
    credential: str | None = None

    @property
    def settings(self) -> SourceSettings:
        """The settings of this source."""
        return self.pool.settings

    async def permit(self, endpoint: str, units: int = 1) -> str | None:
        """Take from the allowance what a request costs that the source makes itself; see ``Call``."""
        permit = await self._granted(endpoint, units)
        self.credential = permit.credential or None
        self._count(endpoint, units)
        return self.credential

    async def send(self, ask: Ask) -> Answer:
        """Return the answer of one request; see ``Call``."""
        url, http = await self._way(ask)
        stored = await self._stored(ask, url) if ask.revalidate else None
        permit, auth = await self._signed(ask)
        self.credential = permit.credential or None
        if ask.path.startswith(OWN_ACCOUNT):
            url = url.replace(OWN_ACCOUNT, quote(permit.credential.partition(":")[0], safe=""), 1)
        self._count(ask.endpoint, ask.units)
        revalidating = {"if-none-match": stored["etag"]} if stored else {}
        try:
            reply = await http.send(
                "GET" if ask.json is None and ask.form is None else "POST",
                url,
                params={**ask.params, **auth.params},
                headers={**ask.headers, **revalidating, **auth.headers},
                body=Body(json=ask.json, form=ask.form),
            )
            answer = _answer(ask, reply, stored)
        except SourceError as error:
            self.meter.ended[ask.endpoint, error.code] += 1
            raise
        finally:
            await self.limits.ended(self.pool, permit)
        self.meter.ended[ask.endpoint, f"{reply.status // 100}xx"] += 1
        await self._learn(answer, permit)
        if ask.revalidate and reply.status == OK and "etag" in reply.headers:
            await self.answers.put(_name(self.source.name, ask, url), _packed(reply))
        return answer

    async def _way(self, ask: Ask) -> tuple[str, Http]:
        """Return the address of a request and the pool that it goes through."""
        base = self.settings.base_url or self.source.base_url
        absolute = ask.path.startswith(("http://", "https://"))
        url = ask.path if absolute else "/".join(filter(None, (base.rstrip("/"), ask.path.lstrip("/"))))
        known = bool(base) and _origin(url) == _origin(base)
        if absolute and not known and self.source.base_url:
            detail = f"{self.source.name} asks for {masked(url)}, which does not belong to it"
            raise SourceRefused(detail)
        return url, await self.lines.line(self.settings.proxy, guarded=not known)

    async def _granted(self, endpoint: str, units: int, *, same: bool = False) -> Permit:
        pool = self._only(self.credential) if (self.bare or same) and self.credential else self.pool
        return await self.limits.acquire(pool, endpoint, units=units, patience_s=self.patience_s)

    def _only(self, credential: str) -> Pool:
        # Credentials hold no comma, see SourceSettings: a list of one stays a list of one.
        own = self.settings.model_copy(update={"keys": SecretStr(credential)})
        return Pool(self.pool.name, own, self.pool.allowances)

    async def _signed(self, ask: Ask) -> tuple[Permit, Auth]:
        """Return a permit that is still good, and what the request carries."""
        for _ in range(TRIES):
            permit = await self._granted(ask.endpoint, ask.units, same=ask.same_credential)
            try:
                auth = Auth() if self.bare else await self._auth(permit)
            except BaseException:
                await self.limits.refund(self.pool, permit)
                raise
            if permit.is_fresh:
                return permit, auth
            await self.limits.refund(self.pool, permit)
        detail = f"{self.source.name}: this process is too busy to use a permit in time"
        raise SourceUnavailable(detail)

    async def _auth(self, permit: Permit) -> Auth:
        exchange = SourceCall(
            self.source,
            self.pool,
            self.limits,
            self.lines,
            self.answers,
            meter=self.meter,
            bare=True,
            credential=permit.credential or None,
        )
        return await self.source.authorise(permit.credential, exchange)

    def _count(self, endpoint: str, units: int) -> None:
        self.meter.calls += 1
        self.meter.units += units
        self.meter.used[endpoint] += units

    async def _stored(self, ask: Ask, url: str) -> dict[str, Any] | None:
        packed = await self.answers.get(_name(self.source.name, ask, url))
        return None if packed is None else dict(json.loads(packed))

    async def _learn(self, answer: Answer, permit: Permit) -> None:
        """Book what the answer says about limits, and raise what it means."""
        now = sent_at(answer)
        seen = [
            Observed(quota.endpoint, quota.remaining, round(bounded((quota.resets_at - now).total_seconds()) * 1000))
            for quota in self.source.quotas(answer)
        ]
        await self.limits.observe(self.pool, permit.credential, seen)
        try:
            self.source.judge(answer)
        except SourceLimited as error:
            until = await self._park(answer.endpoint, permit.credential, wait_s(answer, error.retry_at))
            raise SourceLimited(error.detail, retry_at=until) from error
        except SourceRefused:
            self.meter.refused = True
            if answer.status == UNAUTHORIZED:
                await self.limits.park(self.pool, permit.credential, ALL, REFUSED_S)
            raise

    async def _park(self, endpoint: str, credential: str, seconds: float) -> datetime:
        own = any(allowance.endpoint == endpoint for allowance in self.pool.allowances)
        return await self.limits.park(self.pool, credential or ANONYMOUS, endpoint if own else ALL, seconds)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname, parts.port)
    except ValueError:
        return "", None, None
    return origin


def _name(source: str, ask: Ask, url: str) -> str:
    told = json.dumps([source, url, sorted(ask.params.items()), sorted(ask.headers.items())])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _packed(reply: Reply) -> bytes:
    kept = {name: value for name, value in reply.headers.items() if name in {"content-type", "link"}}
    content = base64.b85encode(zlib.compress(reply.content)).decode()
    return json.dumps({"etag": reply.headers["etag"], "headers": kept, "content": content}).encode()


def _answer(ask: Ask, reply: Reply, stored: Mapping[str, Any] | None) -> Answer:
    status, headers, content = reply.status, dict(reply.headers), reply.content
    if stored is not None and status == NOT_MODIFIED:
        status, headers = OK, {**headers, **stored["headers"]}
        content = zlib.decompress(base64.b85decode(stored["content"]))
    return Answer(ask.endpoint, status, headers, _body(status, headers, content), content, reply.url, reply.received_at)


def _body(status: int, headers: Mapping[str, str], content: bytes) -> Any:
    said = "json" in headers.get("content-type", "")
    if not said and content.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return parse_json(content)
    except SourceUnavailable:
        # An error may come with any body, and a page may begin with a bracket; what says it is JSON has to be.
        if said and OK <= status < REDIRECT:
            raise
        return None
