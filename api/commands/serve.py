"""The API and the demo."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from api.commands.data import someone_works
from api.context import settings_for
from creators.errors import IndexOutdated, SetupError
from creators.models import Platform
from creators.stores.session import Stores

if TYPE_CHECKING:
    from creators.settings import Settings
    from creators.stores.receipts import Balance
    from search.service import CreatorSearch

SHUTDOWN_S = 10
GARBAGE_AFTER = 20_000
"""Objects made and not freed after which the API's process looks for cycles among them; Python's default is 700."""

Host = Annotated[str | None, typer.Option(help="Address to bind; unset is the setting, 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to bind; unset is the setting, 8000.")]


def bound(settings: Settings, host: str | None, port: int | None) -> socket.socket:
    """Take the port now: a port in use is said before anything else is started."""
    address = (host or settings.api_host, settings.api_port if port is None else port)
    listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. The server writes head and body apart: without it the body of every answer on a connection
    # that is kept waits some 40 ms for the client to acknowledge the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        fix = "choose another with CREATORSCOPE_API_PORT (`serve` and `demo`: --port)"
        detail = f"{address[0]}:{address[1]} cannot be bound ({error.strerror}): {fix}"
        raise SetupError(detail, field="port") from error
    return listener


def _settle() -> None:
    """Leave what lives by now out of every later search for garbage, and search less often.

    What was loaded lives as long as the process, and a search makes thousands of objects that are no cycles: both would
    only be looked through, by searches that stop answers for milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, *gc.get_threshold()[1:])


def serve_api(settings: Settings, listener: socket.socket) -> None:
    """Serve the API on a socket that is bound, until Ctrl-C or SIGTERM."""
    import uvicorn

    from api.app import create_app

    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_S,
        access_log=False,
        # Named rather than "auto", which would quietly take the slower ones (docs/performance.md).
        loop="uvloop",
        http="httptools",
    )
    _settle()
    host, port = listener.getsockname()[:2]
    console.say(f"serving http://{host}:{port} (OpenAPI page at /docs); Ctrl-C stops")
    uvicorn.Server(config).run(sockets=[listener])


def serve(
    *,
    host: Host = None,
    port: Port = None,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes to run beside the API.")] = 0,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Answer /v1/admin and /v1/ingest to other machines too; nothing guards them."),
    ] = False,
) -> None:
    """Serve the HTTP API until Ctrl-C or SIGTERM."""
    from api.installation import installation
    from api.installation import workers as worker_processes
    from indexers import pipeline

    settings = settings_for("serve")
    if insecure:
        settings = settings.model_copy(update={"api_insecure": True})
    listener = bound(settings, host, port)
    with listener, installation(settings) as ready, worker_processes(ready, workers):
        try:
            pipeline.prepare(Stores(ready))
        except IndexOutdated as error:
            # Reading goes on while the operator chooses the time of the rebuild.
            console.say(f"note: {error.detail}")
        serve_api(ready, listener)


def demo(
    *,
    host: Host = None,
    port: Port = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the searches instead of serving.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON; implies --exit.")] = False,
) -> None:
    """Start everything, load the bundled creators, answer three searches, then serve the API.

    The first start fetches OpenSearch (about 180 MB) and builds the encoder; later starts reuse both, and the data.
    """
    from api.installation import installation
    from api.installation import workers as worker_processes

    started = time.monotonic()
    settings = settings_for("demo")
    listener = None if leave or json else bound(settings, host, port)
    with installation(settings) as ready:
        stores = Stores(ready)
        with worker_processes(ready, 1) as running:
            balance = _load_bundled(stores, alive=lambda: someone_works(stores, running))
            console.print_balance(balance, time.monotonic() - started)
            answers = asyncio.run(_searches(ready, show=not json))
            console.say(f"ready {time.monotonic() - started:.0f} s after the start")
            if json:
                console.print_json(answers)
            if listener is not None:
                with listener:
                    serve_api(ready, listener)


def _load_bundled(stores: Stores, *, alive: Any) -> Balance:
    from creators.datasets import load_mapping
    from indexers import pipeline

    bundled = Path(str(files("fetchers").joinpath("bundled")))
    pipeline.prepare(stores)
    dataset = pipeline.ingest(stores, bundled / "creators.csv", load_mapping(bundled / "creators.toml"))
    with console.ingest_progress("bundled creators") as progress:
        return pipeline.wait(stores, dataset.dataset_id, on_progress=progress, alive=alive)


async def _searches(settings: Settings, *, show: bool) -> dict[str, Any]:
    from api.commands.query import PATIENT_MS, open_search
    from search.filters import CountRange, Filters
    from search.request import SearchRequest, Seed, SimilarRequest

    async with open_search(settings) as service:
        await service.warm()
        text = "someone who teaches people to write code"
        by_text = await service.run(
            SearchRequest(
                text=text, filters=Filters(platforms=(Platform.YOUTUBE,)), limit=5, explain=True, budget_ms=PATIENT_MS
            )
        )
        known = await _known(service)
        followers = CountRange(min=1_000_000, max=20_000_000)
        alike = await service.similar(
            SimilarRequest(
                seeds=(Seed(creator_id=known["creator_id"]),),
                filters=Filters(followers=followers),
                limit=5,
                explain=True,
                budget_ms=PATIENT_MS,
            )
        )
    if show:
        console.print_page(by_text, f"1. free text on YouTube: {text!r}")
        console.print_page(alike, f"2. like {known['name']}, but with 1 to 20 million followers")
        asked = f"3. who is {HANDLE} on {Platform.INSTAGRAM}?"
        console.out.print(asked, known["name"], known["creator_id"], markup=False)
        account = known["accounts"][Platform.INSTAGRAM]
        console.out.print(
            f"   {console.short_count(account['followers'])} followers as of {account['as_of'][:10]}, "
            f"niches {', '.join(known['niches'])}, from {account['provenance']}\n",
            markup=False,
        )
    return {
        "text": by_text.model_dump(mode="json"),
        "similar": alike.model_dump(mode="json"),
        "lookup": known,
    }


HANDLE = "cristiano"


async def _known(service: CreatorSearch) -> dict[str, Any]:
    return await service.directory.lookup(Platform.INSTAGRAM, HANDLE)
