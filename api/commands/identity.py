"""Who is who from the command line: look, merge, take apart, learn from decisions, compare everything again."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from api import console
from api.commands.data import AsJson, Workers, someone_works
from api.context import settings_for
from creators.errors import BadInput

if TYPE_CHECKING:
    from api.identity_views import IdentityView
    from creators.stores.session import Stores
    from enrich.resolve.resolution import Judged

identity_app = typer.Typer(help="Which accounts are one creator, and why.", no_args_is_help=True)

CreatorId = Annotated[str, typer.Argument(help="Id of a creator, a former one too.")]
UserName = Annotated[str | None, typer.Option("--user", help="Who decides; unset is your name on this machine.")]
NoteText = Annotated[str | None, typer.Option("--note", help="Why.")]


@contextmanager
def opened(command: str) -> Iterator[Stores]:
    """Give the stores of this installation, its indices in place."""
    from api.installation import installation
    from creators.stores.session import Stores
    from indexers import pipeline

    with installation(settings_for(command)) as settings:
        stores = Stores(settings)
        pipeline.prepare(stores)
        yield stores


def who(user: str | None) -> str:
    """Return the name under which a decision is kept."""
    return user or getpass.getuser()


@identity_app.command("show")
def show(creator_id: CreatorId, *, json: AsJson = False) -> None:
    """Show why each account belongs to a creator, and which others nearly did.

    creatorscope identity show 5f0f5c58-0d4c-5b7f-9a63-7a11c58d4a63
    """
    from api.identity import explain

    with opened("identity") as stores:
        view = explain(stores, creator_id)
    if json:
        console.print_json(view.model_dump(mode="json"))
        return
    _print_accounts(view)
    for missed in view.near_misses:
        console.say(
            f"not joined: {missed.account.account_id} with {missed.own}, {missed.probability:.1%}: {missed.words}"
        )


def _print_accounts(view: IdentityView) -> None:
    table = Table("account", "handle", "name", "because", box=box.SIMPLE_HEAD, pad_edge=False, title=view.creator_id)
    for member in view.accounts:
        reasons = "\n".join(
            f"{why.words}: {why.other}" + (f" ({why.probability:.1%})" if why.probability is not None else "")
            for why in member.because
        )
        account = member.account
        # Names are other people's words: brackets in them are no markup.
        cells = (account.account_id, account.handle or "", account.name or "", reasons or "stands alone")
        table.add_row(*map(escape, cells))
    console.out.print(table)
    if view.former_ids:
        console.say(f"also known as {', '.join(view.former_ids)}")


@identity_app.command("history")
def history(creator_id: CreatorId, *, json: AsJson = False) -> None:
    """Show what people decided about a creator's accounts, superseded decisions too."""
    from api.identity import explain

    with opened("identity") as stores:
        decided = explain(stores, creator_id).judgements
    if json:
        console.print_json([one.model_dump(mode="json") for one in decided])
        return
    for one in decided:
        words = f"{one.at:%Y-%m-%d %H:%M}  {one.decision:9}  {one.left}  {one.right}  {one.user}  {one.note or ''}"
        console.say(f"{words.rstrip()}  [{one.purpose}, {one.record[:12]}]")
    if not decided:
        console.say("nobody has decided anything about these accounts")


@identity_app.command("merge")
def merge(
    creator_ids: Annotated[list[str], typer.Argument(help="Two or more creators.")],
    *,
    user: UserName = None,
    note: NoteText = None,
    json: AsJson = False,
) -> None:
    """Make creators one; the ids that give way lead to the one that stays."""
    from api.identity import merge as merge_them
    from api.identity_views import MergeRequest

    if len(creator_ids) < 2:  # noqa: PLR2004 - a merge takes two
        detail = "name at least two creators"
        raise BadInput(detail, field="creator_ids")
    wanted = MergeRequest(creator_ids=tuple(creator_ids), user=who(user), note=note)
    with opened("identity") as stores:
        _print_judged(merge_them(stores, wanted), as_json=json)


@identity_app.command("unmerge")
def unmerge(
    account: Annotated[list[str] | None, typer.Option("--account", help="Account that leaves, several times.")] = None,
    record: Annotated[
        str | None, typer.Option(help="Judgement that is taken back, as `history --json` shows it.")
    ] = None,
    *,
    user: UserName = None,
    note: NoteText = None,
    json: AsJson = False,
) -> None:
    """Take accounts out of their creator, or a judgement back; former ids live again.

    creatorscope identity unmerge --account instagram:1789 --note "a fan page"
    """
    from api.identity import unmerge as unmerge_them
    from api.identity_views import UnmergeRequest

    if bool(account) == bool(record):
        detail = "name either accounts that leave (--account), or a judgement that is taken back (--record)"
        raise BadInput(detail, field="account")
    wanted = UnmergeRequest(account_ids=tuple(account or ()), record=record, user=who(user), note=note)
    with opened("identity") as stores:
        _print_judged(unmerge_them(stores, wanted), as_json=json)


def _print_judged(judged: Judged, *, as_json: bool) -> None:
    if as_json:
        console.print_json(judged.model_dump(mode="json"))
    else:
        console.say(f"kept as {judged.record}; creators that change: {', '.join(judged.changed) or 'none'}")


@identity_app.command("learn")
def learn(
    *,
    adopt: Annotated[bool, typer.Option(help="Put the new model in force and compare everything again.")] = False,
    seed: Annotated[int, typer.Option(help="Of the random pairs that chance is measured on.")] = 1,
    json: AsJson = False,
) -> None:
    """Learn a match model from the accounts that are known and from what people decided.

    It is kept in the lake; without --adopt nothing uses it yet.
    """
    from enrich.resolve import current, resolution, training

    with opened("identity") as stores:
        model, judged = training.learnt_from(stores, seed=seed)
        version = current.keep(stores, model)
        queued = 0
        if adopt:
            current.adopt(stores, version)
            queued = resolution.requeue(stores)
    told: dict[str, Any] = {"version": version, "decisions": judged, "adopted": adopt, "objects_queued": queued}
    if json:
        console.print_json(told)
    else:
        use = (
            f"in force; {queued} objects are compared again"
            if adopt
            else "not in force: `identity adopt` puts it there"
        )
        console.say(f"model {version}, learnt with {judged} decisions of people, is {use}")


@identity_app.command("adopt")
def adopt_model(
    version: Annotated[str, typer.Argument(help="Of a model that was learnt here, or `shipped`.")],
) -> None:
    """Put a match model in force and compare everything again with it."""
    from enrich.resolve import current, resolution

    with opened("identity") as stores:
        current.adopt(stores, version)
        queued = resolution.requeue(stores)
    console.say(f"model {version} is in force; {queued} objects are compared again")


@identity_app.command("models")
def models(*, json: AsJson = False) -> None:
    """List the match models that were learnt here, and which one is in force."""
    from enrich.resolve import current

    with opened("identity") as stores:
        known, used = current.learnt(stores), current.current(stores).version
    if json:
        console.print_json({"in_force": used, "learnt": known})
        return
    console.say(f"in force: {used}")
    for version in known:
        console.say(f"learnt:   {version}")


@identity_app.command("resolve")
def resolve(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Compare every account again.")] = False,
    workers: Workers = 1,
    json: AsJson = False,
) -> None:
    """Compare what is still to be compared, or with --all everything again, and wait for the end of it."""
    from api.installation import workers as worker_processes
    from enrich.resolve.whole import compare_all
    from indexers import pipeline

    told: dict[str, Any] = {}
    with opened("identity") as stores:
        pipeline.reconcile(stores)
        if everything:
            with console.steps_progress() as on_step:
                compared = compare_all(stores, workers=max(1, workers), regroup=True, on_step=on_step)
            told = {
                "accounts": compared.outcome.accounts,
                "pairs_compared": compared.outcome.candidates,
                "matches": len(compared.outcome.matches),
                "matches_written": compared.written,
                "matches_dropped": compared.dropped,
            }
        with worker_processes(stores.settings, workers) as running, console.ingest_progress("identity") as progress:
            balance = pipeline.wait(stores, None, on_progress=progress, alive=lambda: someone_works(stores, running))
    told["unresolved"] = balance.unresolved
    if json:
        console.print_json(told)
    else:
        console.say(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in told.items()))
