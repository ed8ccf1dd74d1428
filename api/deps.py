"""What endpoints are given: the services that the app opened.

They are coroutines, though they await nothing: the framework would call a plain function in a thread, and wait for it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.slo import Objective
from creators.settings import Settings
from creators.stores.cache import Cache
from search.service import CreatorSearch


async def _search(request: Request) -> CreatorSearch:
    service: CreatorSearch = request.app.state.search
    return service


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _objective(request: Request) -> Objective:
    objective: Objective = request.app.state.objective
    return objective


async def _cache(request: Request) -> Cache:
    cache: Cache = request.app.state.cache
    return cache


SearchService = Annotated[CreatorSearch, Depends(_search)]
AppSettings = Annotated[Settings, Depends(_settings)]
RollingLatency = Annotated[Objective, Depends(_objective)]
AppCache = Annotated[Cache, Depends(_cache)]
