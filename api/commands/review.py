"""Pairs of accounts that wait for a decision, one after the other in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from api import console
from api.commands.data import AsJson
from api.commands.identity import UserName, opened, who
from creators.models import Platform

if TYPE_CHECKING:
    from api.identity_views import AccountView, ReviewView
    from enrich.resolve.judgements import Decision

DECISIONS: dict[str, Decision] = {"s": "same", "d": "different", "u": "unsure"}
ASKED = "[s]ame  [d]ifferent  [u]nsure  [n]ext  [q]uit"
_SHOWN = ("account_id", "handle", "name", "bio", "website", "url", "country", "followers", "as_of")


def review(
    *,
    platform: Annotated[Platform | None, typer.Option(help="Only pairs with an account there.")] = None,
    probable: Annotated[bool, typer.Option(help="The most probable first; unset: the most uncertain.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many pairs.")] = 20,
    user: UserName = None,
    json: AsJson = False,
) -> None:
    """Decide about pairs of accounts that may be one person: s same, d different, u unsure, n next, q quit.

    Every decision takes effect at once, is kept for ever, and can be superseded by a later one.
    """
    from api.identity import open_reviews
    from enrich.resolve.reviews import Wanted

    wanted = Wanted(platform=platform, order="probability" if probable else "uncertainty", limit=limit)
    with opened("review") as stores:
        page = open_reviews(stores, wanted)
        if json:
            console.print_json(page.model_dump(mode="json"))
            return
        from api.identity import decide
        from api.identity_views import Verdict

        decided = 0
        for number, one in enumerate(page.reviews, start=1):
            _print(one, f"{number} of {len(page.reviews)}; {page.total - decided} wait in all")
            key = _ask()
            if key == "q":
                break
            if key in DECISIONS:
                decide(stores, one.pair.review_id, Verdict(decision=DECISIONS[key], user=who(user)))
                decided += 1
    console.say(f"{decided} decided, {page.total - decided} wait")


def _ask() -> str:
    """Return the key that was pressed; the end of the input, as of a pipe, ends the review."""
    console.say(ASKED)
    while True:
        try:
            key = typer.getchar().lower()
        except EOFError:
            return "q"
        if key in {*DECISIONS, "n", "q"}:
            return key


def _print(one: ReviewView, title: str) -> None:
    sides = Table("", "left", "right", box=box.SIMPLE_HEAD, pad_edge=False, title=title)
    for name in _SHOWN:
        # What strangers wrote is no markup.
        sides.add_row(name, *(escape(_cell(account, name)) for account in one.accounts))
    console.out.print(sides)
    waterfall = Table("bits", "comparison", "found", box=box.SIMPLE_HEAD, pad_edge=False)
    for part in one.pair.parts:
        waterfall.add_row(f"{part.weight:+.1f}", part.name, escape(part.detail))
    waterfall.add_row(f"{one.pair.weight:+.1f}", "all", f"probability {one.pair.probability:.1%} ({one.pair.reason})")
    console.out.print(waterfall)


def _cell(account: AccountView, name: str) -> str:
    value = getattr(account, name)
    return "" if value is None else str(value)
