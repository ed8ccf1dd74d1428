"""How good the data of a day is, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from api import console
from api.commands.data import AsJson
from api.commands.identity import opened


def quality(
    *,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Which day, in UTC; unset is yesterday.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Measure a day: missing fields, counts that are off, dead letters, open identities, drift against the week before.

    Workers do the same once a day. What is shown lies in the index `quality`, and in `/metrics`.

        creatorscope quality --day 2026-11-20
    """
    from indexers.quality import MIN_CREATORS, measure

    wanted = day.date() if day else datetime.now(UTC).date() - timedelta(days=1)
    with opened("quality") as stores:
        doc = measure(stores, wanted)
    if json:
        console.print_json({name: value for name, value in doc.items() if name != "sample"})
        return
    console.say(f"{doc['day']}: {doc['creators']:,} creators, {doc['arrived']:,} with their newest record of that day")
    _print(doc["report"])
    if not doc["report"]["drift"]:
        console.say(f"drift: not compared; that takes {MIN_CREATORS} creators of the day and of the 7 days before")
    elif doc["shifted"]:
        console.say(f"shifted: {', '.join(doc['shifted'])}")


def _print(report: dict[str, Any]) -> None:
    missing = {platform: found["fields"] for platform, found in report["missing"].items()}
    fields = sorted({name for shares in missing.values() for name in shares})
    header = ("missing", *(f"{name} ({found['creators']:,})" for name, found in report["missing"].items()))
    console.print_rows(header, [(name, *(f"{shares[name]:.1%}" for shares in missing.values())) for name in fields])
    sections = {
        ("source", "field", "records without"): report["lacking"],
        ("stage", "error", "letters", "records"): report["dead_letters"],
    }
    for titles, rows in sections.items():
        if rows:
            console.print_rows(titles, [tuple("" if one is None else str(one) for one in row.values()) for row in rows])
    if report["outliers"]:
        rows = [(name, f"{one['off']:,}", f"{one['accounts']:,}") for name, one in report["outliers"].items()]
        console.print_rows(("followers off their past", "off", "accounts"), rows)
    if report["drift"]:
        rows = [(name, f"{s['value']:.4f}", f"{s['chance']:.4f}", _word(s)) for name, s in report["drift"].items()]
        console.print_rows(("drift", "value", "by chance", ""), rows)
    identity = report["identity"]
    console.say(f"identity: {identity['unresolved']:,} to be compared, {identity['reviews']:,} pairs to be reviewed")


def _word(shift: dict[str, Any]) -> str:
    return "SHIFTED" if shift["shifted"] else ""
