"""Work that somebody asks for: backfills of known accounts or of a list, and discovery from a topic or an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import console
from api.context import settings_for
from creators.errors import BadInput
from creators.models import Platform
from creators.profiles import CHANNEL_ID, profile_of
from creators.stores.session import Stores
from creators.targets import Target, TaskKind, profile_target

if TYPE_CHECKING:
    from fetchers.backfill import Standing

SECONDS_A_MINUTE = 60

backfill_app = typer.Typer(help="Fetch known accounts or a list beside the usual work.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Name = Annotated[str | None, typer.Argument(help="The backfill; without, all of them.")]
OnPlatform = Annotated[Platform, typer.Option("--platform", "-p", help="Whose accounts.")]
OnPlatforms = Annotated[list[Platform] | None, typer.Option("--platform", "-p", help="Where; several times.")]


@contextmanager
def _stores(command: str) -> Iterator[Stores]:
    from api.installation import installation
    from indexers import pipeline

    with installation(settings_for(command)) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        yield stores


class Lacking(StrEnum):
    """What an account lacks."""

    POSTS = "posts"


@backfill_app.command()
def start(
    platform: OnPlatform,
    *,
    missing: Annotated[Lacking | None, typer.Option(help="Accounts of which no post is known.")] = None,
    stale_days: Annotated[int | None, typer.Option(min=0, help="Accounts not fetched for so many days.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file with a handle, id or address on each line.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name; unset is made of what it does and the day.")] = None,
) -> None:
    """Ask for accounts on the slow queue: they are fetched when nothing else is to be done.

    creatorscope backfill start --platform youtube --stale-days 30
    """
    from fetchers import backfill

    if [missing, stale_days, file].count(None) != len((missing, stale_days, file)) - 1:
        detail = "say which accounts: one of --missing posts, --stale-days N, --file handles.txt"
        raise BadInput(detail, field="backfill")
    listed = [] if file is None else list(targets_in(file, platform))
    with _stores("backfill") as stores:
        now = datetime.now(UTC)
        what = "list" if file else "stale" if stale_days is not None else "posts"
        called = name or f"{what}-{platform}-{now:%Y-%m-%d}"
        found: Iterable[Target] = listed
        if missing is not None:
            found = backfill.without_posts(stores.cluster, platform)
        elif stale_days is not None:
            found = backfill.stale(stores.cluster, platform, now - timedelta(days=stale_days))
        asked = backfill.start(stores, called, found, now=now)
        _tell_unserved(stores, [(TaskKind.PROFILE, platform)])
    console.say(f"{called}: {asked:,} accounts asked for; see `creatorscope backfill status`")


def targets_in(file: Path, platform: Platform) -> Iterator[Target]:
    """Yield the accounts that a file lists, one on each line: a handle, a native id or an address.

    Raises:
        BadInput: the file cannot be read, or a line names no account of the platform.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{file} cannot be read: {error}"
        raise BadInput(detail, field="file") from error
    for number, line in enumerate(lines, 1):
        if words := line.strip():
            try:
                yield target_named(words, platform)
            except BadInput as error:
                detail = f"line {number} of {file}: {error.detail}"
                raise BadInput(detail, field="file") from error


def target_named(words: str, platform: Platform) -> Target:
    """Return the account that a handle (``@ann`` or ``ann``), an id (``id:42``) or an address names.

    Raises:
        BadInput: it names none of this platform.
    """
    native_id = words.removeprefix("id:").strip()
    if native_id != words:
        return profile_target(platform, native_id=native_id)
    if platform == Platform.YOUTUBE and CHANNEL_ID.fullmatch(words):
        return profile_target(platform, native_id=words)
    if "/" not in words:
        return profile_target(platform, handle=words)
    link = profile_of(words)
    if link is None or link.platform != platform:
        detail = f"{words[:80]!r} is no profile on {platform}: write @handle, id:NUMBER or the address of a profile"
        raise BadInput(detail, field="account")
    return profile_target(platform, native_id=link.native_id, handle=link.handle)


@backfill_app.command()
def pause(name: Name = None) -> None:
    """Let a backfill wait; jobs that are queued are still done."""
    from fetchers import backfill

    with _stores("backfill") as stores:
        moved = backfill.pause(stores, name)
    console.say(f"{moved:,} accounts wait until `creatorscope backfill resume`")


@backfill_app.command()
def resume(name: Name = None) -> None:
    """Let a paused backfill go on."""
    from fetchers import backfill

    with _stores("backfill") as stores:
        moved = backfill.resume(stores, name)
    console.say(f"{moved:,} accounts go on")


@backfill_app.command()
def status(*, json: AsJson = False) -> None:
    """Show how far every backfill is, how fast it goes and when it will be done at this speed."""
    from fetchers import backfill

    with _stores("backfill") as stores:
        found = backfill.standings(stores)
    if json:
        console.print_json([_plain(one) for one in found])
        return
    for one in found:
        console.say(_line(one))
    if not found:
        console.say("no backfill; start one with `creatorscope backfill start`")


def _plain(standing: Standing) -> dict[str, object]:
    progress = standing.progress
    counted = {name: getattr(progress, name) for name in ("total", "done", "waiting", "paused", "failed")}
    return {
        "name": progress.campaign,
        **counted,
        "per_minute": round(standing.per_minute, 2),
        "left_s": None if standing.left_s is None else round(standing.left_s),
    }


def _line(standing: Standing) -> str:
    progress = standing.progress
    parts = [f"{progress.campaign}: {progress.done:,} of {progress.total:,}", f"{standing.per_minute:.1f} a minute"]
    if progress.paused:
        parts.append(f"{progress.paused:,} paused")
    if progress.failed:
        parts.append(f"{progress.failed:,} gone or failed")
    if standing.left_s is not None and progress.waiting:
        parts.append(f"{standing.left_s / SECONDS_A_MINUTE:,.0f} minutes left")
    return ", ".join(parts)


def discover(
    term: Annotated[str | None, typer.Argument(help="A topic: what creators are searched by.")] = None,
    *,
    platform: OnPlatforms = None,
    account: Annotated[list[str] | None, typer.Option(help="A handle or an address to go on from.")] = None,
    depth: Annotated[
        int | None, typer.Option(min=0, max=10, help="Steps from there; unset as the settings say.")
    ] = None,
) -> None:
    """Find creators by a topic, or from an account: who it names is fetched, and whom they name, `--depth` steps far.

    creatorscope discover "street food" --platform youtube --depth 1
    """
    from fetchers import frontier

    if not term and not account:
        detail = "say what to begin with: a topic, or --account"
        raise BadInput(detail, field="discover")
    named = [_account(words, platform or []) for words in account or []]
    topics = frontier.searches(term, platform or list(Platform)) if term else []
    with _stores("discover") as stores:
        new = frontier.seed(stores, chain(topics, named), depth=depth)
        _tell_unserved(stores, [(one.kind, one.platform) for one in (*topics, *named)])
    console.say(f"{len(topics) + len(named)} asked for, {new} of them new; running workers fetch them")


def _tell_unserved(stores: Stores, asked: Iterable[tuple[TaskKind, str]]) -> None:
    """Say for what no source is on: it is tried again and again, and nothing comes until one is."""
    from fetchers.overview import Overview
    from fetchers.sources import all_sources

    served = Overview(stores, all_sources()).served()
    lacking = sorted({f"a {kind} of {platform}" for kind, platform in asked if platform not in served[kind]})
    if lacking:
        console.say(f"no source is on for {', '.join(lacking)}: `creatorscope source ls` says why not")


def _account(words: str, platforms: list[Platform]) -> Target:
    link = profile_of(words) if "/" in words else None
    if link is not None and link.platform in frozenset(Platform):
        return target_named(words, Platform(link.platform))
    if len(platforms) != 1:
        detail = f"on which platform is {words[:80]!r}? Give its address, or one --platform"
        raise BadInput(detail, field="account")
    return target_named(words, platforms[0])
