"""Signals from the command line: what is computed, by which version, what it costs; and what is outdated, again."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api import console
from api.context import settings_for
from creators.errors import BadInput, EngineFailed
from creators.stores.session import Stores

if TYPE_CHECKING:
    from api.supervisor import Supervised
    from enrich.refresh import SignalState
    from mappings.peers import PeerGroup

signals_app = typer.Typer(help="Look at the signals, and compute those again that are outdated.", no_args_is_help=True)
POLL_S = 0.5

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@signals_app.command("ls")
def list_signals(*, json: AsJson = False) -> None:
    """List every signal: its version, how many creators have it, what computing it costs.

    A creator is outdated for a signal when code, word list or model have changed since its value was computed; values
    whose facts have not changed stand. Seconds are of one process and include encoding.
    """
    from api.installation import installation
    from enrich.refresh import model_usd_per_1000, signal_states, vector_state
    from indexers import pipeline

    with installation(settings_for("signals")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        found, vectors, usd = signal_states(stores), vector_state(stores), model_usd_per_1000(stores)
    if json:
        states = [asdict(one) for one in found]
        console.print_json({"signals": states, "vectors": asdict(vectors), "llm_usd_per_1000": usd})
        return
    header = ("signal", "version", "current", "outdated", "computed", "kept", "s per 1,000")
    console.print_rows(header, [_row(one) for one in found])
    rate = "" if vectors.hit_rate is None else f", {vectors.hit_rate:.1%} of {vectors.needed:,} lookups found one"
    cost = "" if vectors.seconds_per_1000 is None else f"; encoding 1,000 takes {vectors.seconds_per_1000:.1f} s"
    console.say(f"{vectors.kept:,} vectors kept{rate}{cost}")
    if usd is not None:
        console.say(f"the language model took ${usd:.2f} for 1,000 creators")


def _row(one: SignalState) -> tuple[str, ...]:
    cost = "" if one.seconds_per_1000 is None else f"{one.seconds_per_1000:.2f}"
    counts = (f"{number:,}" for number in (one.current, one.outdated, one.computed, one.kept))
    return one.name, one.version, *counts, cost


@signals_app.command("refresh")
def refresh(
    *,
    signal: Annotated[list[str] | None, typer.Option(help="Only creators for whom this signal is outdated.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 leaves the work to those that run.")] = 1,
    json: AsJson = False,
) -> None:
    """Compute what is outdated again, and index it; what is current is not touched.

    What was booked is worked off by whatever worker runs, also after this command was stopped.
    """
    from api.installation import installation
    from api.installation import workers as worker_processes
    from enrich.refresh import book, outdated
    from indexers import pipeline

    started = time.monotonic()
    with installation(settings_for("signals")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        booked = list(book(stores, outdated(stores, signal or ())))
        with worker_processes(settings, workers) as running:
            _follow(stores, booked, running)
    creators = sum(count for _, count in booked)
    seconds = round(time.monotonic() - started, 1)
    if json:
        console.print_json({"creators": creators, "seconds": seconds})
    else:
        console.say(f"{creators:,} creators brought up to date in {seconds} s")


@signals_app.command("peers")
def peers_command(
    *,
    learn: Annotated[
        bool, typer.Option(help="Measure the creators that are here, and compare with them from now on.")
    ] = False,
    shipped: Annotated[bool, typer.Option(help="Compare with the shipped reference alone again.")] = False,
    json: AsJson = False,
) -> None:
    """Show whom creators are compared with: groups of accounts of one platform and size, at least 200 each.

    Percentiles of engagement, what follows from them and the technical score use it. It changes only by this command:
    measured on the creators that are here, it stays as it is until it is measured again. `creatorscope signals refresh`
    then computes what used the other one, and nothing else.
    """
    from api.installation import installation
    from creators.stores.adoption import SHIPPED
    from enrich import peers
    from indexers import pipeline

    if learn and shipped:
        detail = "--learn and --shipped contradict each other: give one of them"
        raise BadInput(detail, field="learn")
    with installation(settings_for("signals")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        if shipped:
            peers.adopt(stores, SHIPPED)
        found = peers.learn(stores) if learn else None
        version, groups = peers.in_force(stores), peers.current(stores).groups
    if json:
        console.print_json(
            {"in_force": version, "measured": asdict(found) if found else None, "groups": _groups(groups)}
        )
        return
    header = ("platform", "metric", "followers from", "below", "peers", "median", "percentiles off by at most")
    console.print_rows(header, [tuple(_shown(value) for value in one.values()) for one in _groups(groups)])
    if found:
        console.say(f"{found.creators:,} creators gave {found.samples:,} values and {found.groups} groups")
        after = (
            "in force now: `creatorscope signals refresh` brings creators up to date" if found.is_new else "unchanged"
        )
        console.say(f"reference {version} is {after}")
    else:
        console.say(f"reference {version} is in force")


def _groups(groups: tuple[PeerGroup, ...]) -> list[dict[str, str | float]]:
    from enrich.signals.peer_groups import off_by

    return [
        {
            "platform": one.platform,
            "metric": one.metric,
            "least": one.least,
            "below": one.below,
            "n": one.n,
            "median": one.quantiles[50],
            "off_by": off_by(one.n),
        }
        for one in groups
    ]


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _follow(stores: Stores, booked: list[tuple[str, int]], running: list[Supervised]) -> None:
    from api.commands.data import someone_works
    from enrich.refresh import unfinished

    size, pending = dict(booked), [key for key, _ in booked]
    total = sum(size.values())
    with console.rows_progress("signals", expected=total) as show:
        while pending := unfinished(stores.cluster, pending):
            show(total - sum(size[key] for key in pending), total)
            if not someone_works(stores, running):
                detail = (
                    f"no worker is left, with {len(pending)} pieces of work booked; they are kept: "
                    "start one (`creatorscope worker`)"
                )
                raise EngineFailed(detail)
            time.sleep(POLL_S)
        show(total, total)
