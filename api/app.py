"""The HTTP application: opens the services, serves the routes, closes the services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI

from api import errors
from api.middleware import Envelope, Limits
from api.routers import admin, creators, dictionaries, exports, health, identity, ingest, parse, slo
from api.slo import Objective
from creators.errors import CreatorscopeError
from creators.settings import Settings
from creators.stores.cache import Cache
from creators.stores.cluster import AsyncCluster
from creators.stores.session import Stores
from enrich.encoders.opened import open_encoder
from search.service import CreatorSearch

DESCRIPTION = """Find creators by words, meaning and facts, with a numeric reason for every rank.

Text ranks, filters filter; unknown fields are refused with the nearest name; what did not fit into `budget_ms` is
named in `degraded`. Errors are RFC 9457 problems with a stable `code`."""


def create_app(settings: Settings) -> FastAPI:
    """Return the application for one installation."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        cluster, cache = AsyncCluster(settings), Cache(settings)
        encoder = await asyncio.to_thread(open_encoder, settings)
        search = CreatorSearch(settings, cluster, cache, encoder)
        app.state.settings, app.state.cache = settings, cache
        app.state.search, app.state.stores = search, Stores(settings)
        try:
            # An index that is missing or does not fit is what /readyz is for; the process serves all the same.
            with suppress(CreatorscopeError):
                await search.warm()
            yield
        finally:
            await search.close()
            await cache.close()
            await cluster.close()

    app = FastAPI(title="Creatorscope", version=version("creatorscope"), description=DESCRIPTION, lifespan=lifespan)
    errors.install(app)
    app.include_router(admin.router)
    app.include_router(creators.router)
    app.include_router(dictionaries.router)
    app.include_router(exports.router)
    app.include_router(health.router)
    app.include_router(identity.router)
    app.include_router(ingest.router)
    app.include_router(parse.router)
    app.include_router(slo.router)
    app.state.objective = Objective()
    app.add_middleware(Limits, max_in_flight=settings.max_in_flight, max_body_bytes=settings.max_body_bytes)
    app.add_middleware(Envelope)
    return app
