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
        await service.close()
        await cache.close()
        await cluster.close()


def _ask(command: str, question: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    from api.installation import installation

    async def run(settings: Settings) -> Any:
        async with open_search(settings) as service:
            return await question(service)

    with installation(settings_for(command)) as settings:
        return asyncio.run(run(settings))


def filters_of(
    platform: list[Platform] | None,
    niche: list[str] | None,
    country: list[str] | None,
    min_followers: str | None,
    max_followers: str | None,
) -> dict[str, Any]:
    """Return the options as the filters of a request."""
    followers = {
        name: parse_count(text) for name, text in (("min", min_followers), ("max", max_followers)) if text is not None
    }
    filters: dict[str, Any] = {"platforms": platform, "niches": niche, "countries": country, "followers": followers}
    return {name: value for name, value in filters.items() if value}


def request_of(model: type[Model], body: dict[str, Any]) -> Model:
    """Return a body as a request; raises :class:`BadInput`."""
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
    profile: Annotated[str, typer.Option(help="balanced, relevance, engagement, reach, micro, …")] = "balanced",
    read_filters: Annotated[bool, typer.Option("--parse", help="Read filters out of the text.")] = False,
    json: AsJson = False,
) -> None:
    """Find creators, ranked, with the reason for every rank.

    creatorscope search "teaches python to beginners" -p youtube --min-followers 10k

    creatorscope search --parse "vegan bakers on instagram in brazil, 10k-50k followers, no crypto"
    """
    from search.request import SearchRequest

    filters = filters_of(platform, niche, country, min_followers, max_followers)
    body = {"text": text, "filters": filters, "sort": {"field": sort}, "limit": limit, "explain": True}
    body |= {"budget_ms": PATIENT_MS, "parse": read_filters, "ranking": {"profile": profile}}
    request = request_of(SearchRequest, body)
    page = _ask("search", lambda service: service.run(request))
    if json:
        console.print_json(page.model_dump(mode="json"))
    else:
        console.print_page(page, f"search: {text or '(everyone)'}")


def parse(
    text: Annotated[str, typer.Argument(help="A question as a person asks it.")], *, json: AsJson = False
) -> None:
    """Show which filters a text names, and which words are left to rank by; nothing is searched.

    creatorscope parse "vegan bakers on instagram in brazil, 10k-50k followers, no crypto"
    """
    from search.parse.parser import parse as read

    settings_for("parse")
    parsed = read(text)
    if json:
        console.print_json(parsed.model_dump(mode="json", exclude_defaults=True))
    else:
        console.print_parsed(parsed)


async def _seed(service: Any, name: str) -> dict[str, Any]:
    place, separator, handle = name.partition(":")
    if not separator:
        return {"creator_id": name}
    if place not in frozenset(Platform):
        detail = f"{place!r} is not a platform: one of {', '.join(Platform)}"
        raise BadInput(detail, field="seed")
    return {"creator_id": (await service.directory.lookup(Platform(place), handle))["creator_id"]}


def similar(
    seeds: Annotated[list[str], typer.Argument(help="Creator ids, or platform:handle (instagram:cristiano).")],
    unlike: Annotated[list[str] | None, typer.Option("--unlike", help="Away from these.")] = None,
    platform: PlatformList = None,
    limit: Limit = 10,
    *,
    json: AsJson = False,
) -> None:
    """Find creators like some you know, and unlike others.

    creatorscope similar youtube:veritasium --platform youtube

    creatorscope similar youtube:veritasium youtube:vsauce --unlike youtube:mrbeast
    """
    from search.request import SimilarRequest

    async def question(service: Any) -> Any:
        body = {
            "seeds": [await _seed(service, name) for name in seeds],
            "negative_seeds": [await _seed(service, name) for name in unlike or ()],
            "filters": filters_of(platform, None, None, None, None),
            "limit": limit,
            "explain": True,
            "budget_ms": PATIENT_MS,
        }
        return await service.similar(request_of(SimilarRequest, body))

    page = _ask("similar", question)
    if json:
        console.print_json(page.model_dump(mode="json"))
    else:
        console.print_page(page, f"similar to {', '.join(seeds)}")
