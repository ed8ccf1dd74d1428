"""The keys of ``creatorscope review``, and what it shows of two accounts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from api.commands import review
from api.identity_views import AccountView, ReviewView
from enrich.resolve.reviews import OpenPair, PartView

AT = datetime(2026, 11, 1, tzinfo=UTC)


def pressed(monkeypatch, *keys):
    waiting = iter(keys)

    def press():
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(typer, "getchar", press)


@pytest.mark.parametrize(
    ("keys", "understood"),
    [("s", "s"), ("D", "d"), ("xyu", "u"), ("n", "n"), ("q", "q"), ("", "q"), ("xx", "q")],
)
def test_a_key_is_waited_for_that_means_something_and_the_end_of_input_ends_it(monkeypatch, keys, understood):
    pressed(monkeypatch, *keys)
    assert review._ask() == understood


def test_both_accounts_and_the_waterfall_are_shown_as_strangers_wrote_them(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    facts = dict.fromkeys(("bio", "url", "website", "country", "followers"))
    told = {"platform": "x", "as_of": AT, "gone": False, **facts}
    accounts = tuple(
        AccountView(account_id=f"x:{number}", handle=f"rosa{number}", name="[bold]Rosa[/bold]", **told)
        for number in (1, 2)
    )
    part = PartView(name="name", level="full_rare", weight=4.5, detail="the full names agree")
    pair = OpenPair(
        review_id="0" * 32, left="x:1", right="x:2", probability=0.8, reason="probability", weight=4.5, parts=(part,),
        model="v1", at=AT,
    )  # fmt: skip
    review._print(ReviewView(pair=pair, accounts=accounts, creator_ids=("a", "b")), "1 of 1")
    shown = capsys.readouterr().out
    for words in ("rosa1", "rosa2", "[bold]Rosa[/bold]", "+4.5", "the full names agree", "80.0%"):
        assert words in shown
