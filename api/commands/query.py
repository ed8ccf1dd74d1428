"""Asking from the command line: search, similar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from api import console
from api.commands.data import parse_count
from api.context import settings_for
from creators.errors import BadInput
from creators.models import Platform
from creators.settings import Settings

Model = TypeVar("Model", bound=BaseModel)

PATIENT_MS = 10_000
"""A command asks one question of engines that may just have started: it waits rather than leaving parts out."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many.")]
PlatformList = Annotated[list[Platform] | None, typer.Option("--platform", "-p", help="On any of these.")]
NicheList = Annotated[list[str] | None, typer.Option("--niche", help="In any of these niches.")]
CountryList = Annotated[list[str] | None, typer.Option("--country", help="From any of these: BR, or Brazil.")]
Count = Annotated[str | None, typer.Option(help="Followers of the largest account: 10000, 10k, 2.5M.")]


@asynccontextmanager
async def open_search(settings: Settings) -> AsyncIterator[Any]:
    """Give the search service of an installation."""
    from creators.stores.cache import Cache
    from creators.stores.cluster import AsyncCluster
    from enrich.encoders.opened import open_encoder
    from search.service import CreatorSearch

    cluster, cache = AsyncCluster(settings), Cache(settings)
    service = CreatorSearch(settings, cluster, cache, open_encoder(settings))
    try:
        await service.check_index()
        yield service
    finally:
        service.close()
        await cache.close()
        await cluster.close()


def _ask(command: str, question: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    from api.installation import installation

    async def run(settings: Settings) -> Any:
        async with open_search(settings) as service:
            return await question(service)

    with installation(settings_for(command)) as settings:
        return asyncio.run(run(settings))


def _filters(
    platform: list[Platform] | None,
    niche: list[str] | None,
    country: list[str] | None,
    min_followers: str | None,
    max_followers: str | None,
) -> dict[str, Any]:
    followers = {
        name: parse_count(text) for name, text in (("min", min_followers), ("max", max_followers)) if text is not None
    }
    filters: dict[str, Any] = {"platforms": platform, "niches": niche, "countries": country, "followers": followers}
    return {name: value for name, value in filters.items() if value}


def _request(model: type[Model], body: dict[str, Any]) -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        detail = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
        raise BadInput(detail) from error


def search(  # noqa: PLR0913, PLR0917 - one parameter for each option
    text: Annotated[str, typer.Argument(help="Free text; it ranks, the options filter.")] = "",
    platform: PlatformList = None,
    niche: NicheList = None,
    country: CountryList = None,
    min_followers: Count = None,
    max_followers: Count = None,
    sort: Annotated[str, typer.Option(help="relevance, followers, engagement_rate, growth_90d, …")] = "relevance",
    limit: Limit = 10,
    *,
    json: AsJson = False,
) -> None:
    """Find creators, ranked, with the reason for every rank.

    creatorscope search "teaches python to beginners" -p youtube --min-followers 10k
    """
    from search.request import SearchRequest

    filters = _filters(platform, niche, country, min_followers, max_followers)
    body = {"text": text, "filters": filters, "sort": {"field": sort}, "limit": limit, "explain": True}
    body["budget_ms"] = PATIENT_MS
    request = _request(SearchRequest, body)
    page = _ask("search", lambda service: service.run(request))
    if json:
        console.print_json(page.model_dump(mode="json"))
    else:
        console.print_page(page, f"search: {text or '(everyone)'}")


def similar(
    seed: Annotated[str, typer.Argument(help="A creator id, or platform:handle (instagram:cristiano).")],
    platform: PlatformList = None,
    limit: Limit = 10,
    *,
    json: AsJson = False,
) -> None:
    """Find creators like one you know.

    creatorscope similar youtube:veritasium --platform youtube
    """
    from search.request import SimilarRequest

    async def question(service: Any) -> Any:
        place, separator, handle = seed.partition(":")
        creator_id = seed
        if separator:
            if place not in frozenset(Platform):
                detail = f"{place!r} is not a platform: one of {', '.join(Platform)}"
                raise BadInput(detail, field="seed")
            creator_id = (await service.directory.lookup(Platform(place), handle))["creator_id"]
        filters = _filters(platform, None, None, None, None)
        body = {"seeds": [{"creator_id": creator_id}], "filters": filters, "limit": limit, "explain": True}
        body["budget_ms"] = PATIENT_MS
        return await service.similar(_request(SimilarRequest, body))

    page = _ask("similar", question)
    if json:
        console.print_json(page.model_dump(mode="json"))
    else:
        console.print_page(page, f"similar to {seed}")
