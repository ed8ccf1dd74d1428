"""The simulator on a socket: in a thread for tests, in the foreground for people."""

from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import Transport
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.control import Control, add_doors, seeds_of
from simulator.desk import Provider, Stage, starlette_handler
from simulator.faults import OPEN
from simulator.providers.apify import Apify
from simulator.providers.github import GitHub
from simulator.providers.instagram import Instagram
from simulator.providers.keys import key
from simulator.providers.socialdata import SocialData
from simulator.providers.tiktok import TikTok
from simulator.providers.web import Web
from simulator.providers.x import X
from simulator.providers.youtube import YouTube
from simulator.quotas import DOCUMENTED, Limit, Meter
from simulator.world import World

HOST = "127.0.0.1"
START_S = 30
STOP_S = 1
BACKLOG = 2_048
ACKNOWLEDGED = "the simulator"

PROVIDERS: tuple[Provider, ...] = (YouTube(), X(), Instagram(), TikTok(), GitHub(), Apify(), SocialData(), Web())
SOURCES = {
    "youtube_data_api": "youtube",
    "github_rest": "github",
    "x_api_v2": "x",
    "socialdata": "socialdata",
    "instagram_graph": "instagram",
    "tiktok_research": "tiktok",
    "apify": "apify",
}
"""Source → provider, for those that need a credential."""


class _Protocol(H11Protocol):
    """Keeps the connections by address, so that an answer can be torn."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn narrows it as well
        super().connection_made(transport)
        OPEN[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        OPEN.pop((self.client, self.server), None)


def create_app(stage: Stage) -> FastAPI:
    """Return the application: every provider under its prefix, and the control doors."""
    app = FastAPI(title="Creatorscope provider simulator", docs_url=None, redoc_url=None, openapi_url=None)
    for provider in PROVIDERS:
        for route in provider.routes():
            handler = starlette_handler(stage, provider, route)
            app.add_route(f"{provider.prefix}{route.path}", handler, methods=[route.method])
    add_doors(app, stage)
    return app


def credential_of(provider: str, number: int) -> str:
    """Return one good credential, in the form that the source of that provider wants."""
    plain = key(provider, number)
    return {"instagram": f"{17_841_400_000_000_000 + number}:{plain}", "tiktok": f"{plain}:secret"}.get(provider, plain)


class Simulator:
    """A running simulator; use it with ``with``, or call :meth:`run` to stay in the foreground.

    Args:
        world: who lives there; by default ``people`` of ``seed``, from now on.
        quotas: ``documented`` limits, none (``off``), or limits of your own.
        credentials: how many of each source :meth:`sources` names.
        latency_ms: mean time that an answer waits.
        run_s: how long a run of an actor of Apify takes, in seconds.
        port: 0 takes a free one.
        browser: whether :meth:`sources` turns the browser on.
    """

    def __init__(  # noqa: PLR0913 - each is a knob of its own, by name
        self,
        *,
        world: World | None = None,
        people: int = 3_000,
        seed: int = 1,
        quotas: Literal["off", "documented"] | Sequence[Limit] = "off",
        credentials: int = 1,
        latency_ms: float = 0.0,
        run_s: float = 0.5,
        port: int = 0,
        browser: bool = False,
    ) -> None:
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.world = world or World(seed, people, start)
        limits = {"off": (), "documented": DOCUMENTED}[quotas] if isinstance(quotas, str) else tuple(quotas)
        self.stage = Stage(self.world, Meter(limits), latency_ms / 1_000, run_s)
        self._credentials = credentials
        self._browser = browser
        self._listener = socket.create_server((HOST, port), backlog=BACKLOG)
        # Accepted connections inherit it. Without it the body of an answer waits 40 ms for the head to be acknowledged.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.control = Control(self.url)
        config = uvicorn.Config(
            create_app(self.stage),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=STOP_S,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.control.world()  # the socket listens already: this waits until it is answered
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(START_S)
        self._listener.close()

    def run(self) -> None:
        """Serve in the foreground until Ctrl-C or SIGTERM."""
        self._server.run(sockets=[self._listener])

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return source → fields of :class:`creators.settings.SourceSettings` that lead here."""
        prefixes = {provider.name: f"{self.url}{provider.prefix}" for provider in PROVIDERS}
        found: dict[str, dict[str, Any]] = {
            source: {
                "base_url": prefixes[provider],
                "keys": ",".join(credential_of(provider, number + 1) for number in range(self._credentials)),
                "acknowledged_by": ACKNOWLEDGED,
            }
            for source, provider in SOURCES.items()
        }
        found["website"] = {"base_url": f"{self.url}/web", "acknowledged_by": ACKNOWLEDGED}
        if self._browser:
            profiles = f"{self.url}/web"
            found["browser"] = {"base_url": profiles, "acknowledged_by": ACKNOWLEDGED, "enabled": True}
        return found

    def seeds(self, count: int = 20) -> list[str]:
        """Return targets to begin with."""
        return seeds_of(self.stage, count)

    def environment(self) -> dict[str, str]:
        """Return the same as variables ``CREATORSCOPE_SOURCES__<NAME>__<FIELD>``."""
        return {
            f"CREATORSCOPE_SOURCES__{source}__{field}".upper(): str(value).lower() if value is True else str(value)
            for source, fields in self.sources().items()
            for field, value in fields.items()
        }
