"""The provider simulator in the foreground: the whole pipeline to watch, without a key."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from creators.errors import SetupError

if TYPE_CHECKING:
    from simulator.server import Simulator

SEEDS_SHOWN = 5
DEFAULT_PORT = 8899


def simulate(  # noqa: PLR0913 - one parameter per option
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = DEFAULT_PORT,
    people: Annotated[int, typer.Option(min=20, max=100_000, help="How many people live in the world.")] = 3_000,
    seed: Annotated[int, typer.Option(min=0, help="Which world; the same number gives the same people.")] = 1,
    latency_ms: Annotated[float, typer.Option(min=0, max=60_000, help="Mean time that an answer waits.")] = 0,
    quotas: Annotated[
        bool, typer.Option(help="Whether calls beyond the documented limits are refused, as the providers do.")
    ] = True,
    run: Annotated[
        bool, typer.Option("--run", help="Fetch from it, in an installation of its own, and serve.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="With --run: worker processes.")] = 1,
) -> None:
    """Play every provider over one invented world, so that the pipeline can be watched without keys.

    YouTube, GitHub, X, Instagram, TikTok, Apify, SocialData and the people's own pages answer on one local port, in
    the providers' own shapes, with their quotas, pages and errors. Nobody in it is real, and nothing leaves the
    machine. Start it in one terminal, keep what it prints, and use it in another:

        creatorscope simulate > simulated.env

        source simulated.env && creatorscope serve --workers 1

        source simulated.env && creatorscope discover cooking --platform youtube --depth 2

    Or watch all of it at once, apart from your own data; the same command goes on later:

        creatorscope simulate --run --no-quotas

    The program keeps to the documented limits either way: when those of Instagram are used up, Apify is asked.

    `GET /_control/counts` shows what was asked of whom, `GET /_control/fetched` how often each account;
    `POST /_control/faults` makes answers fail, `POST /_control/clock` moves the world's time on.
    """
    limits = "documented" if quotas else "off"
    simulator = _simulator(port, people=people, seed=seed, latency_ms=latency_ms, quotas=limits)
    if run:
        from api.commands import simulated

        simulated.run(simulator, workers)
        return
    _introduce(simulator)
    simulator.run()


def _simulator(port: int, **world: Any) -> Simulator:
    from simulator.server import Simulator

    try:
        return Simulator(port=port, **world)
    except OSError as error:
        detail = f"127.0.0.1:{port} cannot be bound ({error.strerror}): choose another with --port"
        raise SetupError(detail, field="port") from error


def _introduce(simulator: Simulator) -> None:
    world = simulator.world
    for name, value in simulator.environment().items():
        console.out.print(f"export {name}={shlex.quote(value)}", highlight=False, markup=False, soft_wrap=True)
    console.say(
        f"{len(world.people)} people with {len(world.accounts)} accounts answer at {simulator.url}; Ctrl-C stops.\n"
        "With the lines on stdout in the environment, `creatorscope serve --workers 1` fetches from here; then try\n"
        "`creatorscope discover cooking --platform youtube --depth 2`. Accounts to begin with:"
    )
    for target in simulator.seeds(SEEDS_SHOWN):
        console.say(f"  {target}")
    console.say(f"What was asked: {simulator.url}/_control/counts")
