"""The sources from the command line: which may be called and why not, on and off, and one fetch to try."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import console
from api.context import settings_for
from creators.errors import BadInput, BadRecord
from creators.models import Platform
from creators.profiles import profile_of
from creators.targets import Target, TaskKind, parse_target, profile_target

if TYPE_CHECKING:
    from api.source_states import Action, SourceStates, SourceView
    from creators.models import RawRecord
    from creators.stores.session import Stores
    from fetchers.contract import Source
    from fetchers.outcomes import Outcome

source_app = typer.Typer(help="Look at the sources, switch them, try them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a source, as `creatorscope source ls` lists it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
What = Annotated[
    str, typer.Argument(help="A handle (@name), a native id, the address of a profile, or a whole target id.")
]
PlatformName = Annotated[
    Platform | None, typer.Option(help="Platform of a handle or id, where the source serves several.")
]


@contextmanager
def _stores() -> Iterator[Stores]:
    from api.installation import installation
    from creators.stores.session import Stores
    from indexers import pipeline

    with installation(settings_for("source")) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        yield stores


@contextmanager
def _states() -> Iterator[SourceStates]:
    from api.source_states import SourceStates

    with _stores() as stores:
        yield SourceStates(stores)


@source_app.command("ls")
def list_sources(*, json: AsJson = False) -> None:
    """List every source: whether it may be called and why not, how it does, what is left of its limits.

    `left` is by endpoint, all credentials together; `all` is a limit that all endpoints share.
    Credentials come from the environment (CREATORSCOPE_SOURCES__YOUTUBE_DATA_API__KEYS=key1,key2); docs/sources.md has
    the form of each.
    """
    with _states() as states:
        found = states.all()
    if json:
        console.print_json(found.model_dump(mode="json"))
        return
    header = ("source", "tier", "state", "success", "latency", "left", "today", "cost today")
    console.print_rows(header, [_row(one) for one in found.sources])
    for one in found.sources:
        if not one.enabled:
            console.say(f"{one.name}: {one.reason}")


def _row(one: SourceView) -> tuple[str, ...]:
    from fetchers.limits import ALL

    breaker = one.breaker
    state = "off" if not one.enabled else "on" if breaker.state == "closed" else f"breaker {breaker.state}"
    success = "" if breaker.success_rate is None else f"{breaker.success_rate:.0%}"
    latency = "" if breaker.latency_ms is None else f"{breaker.latency_ms:.0f} ms"
    left: dict[str, int] = {}
    for limit in one.limits:
        name = "all" if limit.endpoint == ALL else limit.endpoint
        left[name] = left.get(name, 0) + limit.left
    shown = ", ".join(f"{endpoint} {units:,}" for endpoint, units in left.items()) if one.enabled else ""
    return one.name, str(one.tier), state, success, latency, shown, f"{one.calls_today:,}", f"${one.usd_today:.2f}"


def _change(name: str, action: Action, *, json: bool) -> None:
    with _states() as states:
        found = states.do(name, action)
    if json:
        console.print_json(found.model_dump(mode="json"))
    else:
        console.say(f"{name}: {'on' if found.enabled else 'off'} ({found.reason}); breaker {found.breaker.state}")


@source_app.command("enable")
def enable(name: Name, *, json: AsJson = False) -> None:
    """Switch a source on for all processes; what it lacks (credentials, accepted terms) it still lacks."""
    _change(name, "enable", json=json)


@source_app.command("disable")
def disable(name: Name, *, json: AsJson = False) -> None:
    """Switch a source off for all processes within a second or two; what is under way ends."""
    _change(name, "disable", json=json)


@source_app.command("reset-breaker")
def reset_breaker(name: Name, *, json: AsJson = False) -> None:
    """Close the breaker of a source that was repaired, without waiting for probes."""
    _change(name, "reset-breaker", json=json)


@source_app.command("test")
def try_out(name: Name, what: What, *, platform: PlatformName = None, json: AsJson = False) -> None:
    """Fetch one account now from one source; print what came and what it cost. Nothing is stored.

        creatorscope source test github_rest @octocat

    It counts against the limits of the source, whatever its breaker is.
    """
    from fetchers.sources import all_sources

    with _stores() as stores:
        sources = all_sources()
        outcome = asyncio.run(_tried(stores, name, what, platform))
        records = outcome.found.records if outcome.found else ()
        answer = _answer(outcome, [_told(record) for record in records], sources[name])
    if json:
        console.print_json(answer)
    else:
        _print(answer)
    if outcome.kind != "found":
        raise typer.Exit(1)


async def _tried(stores: Stores, name: str, what: str, platform: Platform | None) -> Outcome:
    from fetchers import fetch_log
    from fetchers.controller import Controller
    from fetchers.sources import all_sources

    async with Controller(stores, all_sources()) as controller:
        target = target_of(what, controller.overview.source(name), platform)
        outcome = await controller.try_source(name, target)
    fetch_log.write(stores.cluster, [outcome])
    return outcome


def target_of(what: str, source: Source, platform: Platform | None) -> Target:
    """Return what a person means by a handle, an id, an address or a target id.

    Raises:
        BadInput: it is none of them, or the platform is not clear.
    """
    if what.partition(":")[0] in set(TaskKind):
        return parse_target(what)
    link = profile_of(what) if "/" in what else None
    if link is not None and link.platform in set(Platform):
        return profile_target(Platform(link.platform), native_id=link.native_id, handle=link.handle)
    served = sorted(source.serves.get(TaskKind.PROFILE, ()))
    if platform is None and len(served) != 1:
        detail = f"{source.name} serves {', '.join(served) or 'no profiles'}: say which with --platform"
        raise BadInput(detail, field="platform")
    if what.startswith("@"):
        return profile_target(platform or served[0], handle=what)
    return profile_target(platform or served[0], native_id=what)


def _told(record: RawRecord) -> dict[str, Any]:
    from enrich.normalise import normaliser_of

    about = {"kind": record.kind, "native_id": record.native_id, "degraded": record.degraded}
    try:
        found = normaliser_of(record.source)(record)
    except BadRecord as error:
        return {**about, "error": error.detail}
    return {
        **about,
        "accounts": [one.model_dump(mode="json", exclude_defaults=True) for one in found.accounts],
        "posts": len(found.posts),
        "leads": [f"{one.kind}:{one.platform}:{one.value}" for one in found.leads],
        "missing": list(found.missing),
    }


def _answer(outcome: Outcome, records: list[dict[str, Any]], source: Source) -> dict[str, Any]:
    return {
        "source": source.name,
        "target": outcome.target.target_id,
        "outcome": outcome.kind,
        "detail": "" if outcome.kind == "found" else outcome.detail,
        "retry_at": outcome.retry_at.isoformat() if outcome.retry_at else None,
        "latency_ms": round(outcome.latency_ms),
        "calls": outcome.calls,
        "units": outcome.units,
        "cost_usd": outcome.cost_usd,
        "records": records,
    }


def _print(answer: dict[str, Any]) -> None:
    spent = f"{answer['calls']} calls, {answer['units']} units, ${answer['cost_usd']:.4f}, {answer['latency_ms']} ms"
    console.say(f"{answer['target']}: {answer['outcome']} by {answer['source']} ({spent})")
    if answer["detail"]:
        again = f"; try again from {answer['retry_at']}" if answer["retry_at"] else ""
        console.say(f"  {answer['detail']}{again}")
    for record in answer["records"]:
        if "error" in record:
            console.say(f"  {record['kind']}: {record['error']}")
            continue
        named = [f"{one.get('handle') or one['native_id']} ({_followers(one)})" for one in record["accounts"]]
        lacks = f"; lacks {', '.join(record['missing'])}" if record["missing"] else ""
        counts = f"{record['posts']} posts, {len(record['leads'])} leads"
        console.say(f"  {record['kind']}: {', '.join([*named, counts])}{lacks}")


def _followers(account: dict[str, Any]) -> str:
    return f"{console.short_count(account.get('followers'))} followers"
