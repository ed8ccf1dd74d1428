"""``python -m benchmarks.guard --creators 5000``; exit status 1 names what moved. ``--help`` lists the options."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.guard.bounds import Bound, judge, read, rebased, write
from benchmarks.guard.measure import Figures, counts, ratios
from benchmarks.load.questions import Asked
from benchmarks.machine import machine
from creators.errors import CreatorscopeError
from creators.settings import Settings, load_settings
from creators.telemetry import configure_logging
from enrich.encoders.opened import open_encoder

SEED = 11
COUNTED = 25
"""Searches whose work is counted."""
A_ROUND = 12
"""Questions that each round asks."""


def measured(settings: Settings, questions: list[Asked], *, rounds: int) -> Figures:
    """Return all figures of the guard from an installation: the counts, and the ratios of so many rounds."""
    encoder = open_encoder(settings)
    found = asyncio.run(counts(settings, encoder, questions[:COUNTED]))
    others = questions[COUNTED : COUNTED + (rounds + 1) * A_ROUND]
    return found | asyncio.run(ratios(settings, encoder, others, rounds=rounds))


def result(figures: Figures, bounds: Mapping[str, Bound], *, creators: int, wall_s: float) -> dict[str, Any]:
    """Return what is committed and printed: NaN is null."""
    judgement = judge(figures, bounds)
    return {
        "name": "guard",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "seed": SEED,
        "creators": creators,
        "machine": machine(["creatorscope"]) | {"load_average": [round(one, 1) for one in os.getloadavg()]},
        "passed": not judgement.moved,
        "moved": judgement.moved,
        "unmeasured": judgement.unmeasured,
        "figures": {name: None if math.isnan(value) else round(value, 3) for name, value in figures.items()},
        "bounds": {name: round(bound.most, 3) for name, bound in bounds.items()},
        "wall_s": round(wall_s, 1),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the figures for people, those with a bound first."""
    lines = []
    for name, value in sorted(found["figures"].items(), key=lambda one: one[0] not in found["bounds"]):
        most = found["bounds"].get(name)
        lines.append(f"{name:28}{'-' if value is None else value:>12}{'' if most is None else f'   at most {most}'}")
    lines += [f"MOVED  {what}" for what in found["moved"]]
    lines += [f"not measured here: {name}" for name in found["unmeasured"]]
    return "\n".join([*lines, "passed" if found["passed"] else "NOT passed"])


def main(arguments: list[str] | None = None) -> None:
    """Measure, compare with the bounds and end with 0 or 1; the table goes to stderr, JSON to stdout or a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("--creators", type=int, default=5000, help="size of the installation that is made or reused")
    parser.add_argument("--rounds", type=int, default=4, help="that count; even, so that everybody is first as often")
    parser.add_argument("--json", nargs="?", const="-", help="write the result to this file; without one print it")
    parser.add_argument("--rebase", action="store_true", help="set the bounds from this run, with the same slacks")
    chosen = parser.parse_args(arguments)
    configure_logging(load_settings().model_copy(update={"log_level": "warning"}))
    from benchmarks.corpus.questions import questions
    from benchmarks.ingest.installed import installed

    started = time.monotonic()
    try:
        bounds = read()
        with installed(chosen.creators) as ready:
            wanted = COUNTED + (chosen.rounds + 1) * A_ROUND
            asked = [Asked(one.text, one.filters, one.kind) for one in questions(ready.corpus, wanted, seed=SEED)]
            figures = measured(ready.settings, asked, rounds=chosen.rounds)
    except (CreatorscopeError, RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")
    if chosen.rebase:
        bounds = rebased(figures, bounds)
        write(bounds)
    found = result(figures, bounds, creators=chosen.creators, wall_s=time.monotonic() - started)
    print(table(found), file=sys.stderr)
    text = json.dumps(found, indent=1) + "\n"
    if chosen.json == "-":
        print(text, end="")
    elif chosen.json:
        Path(chosen.json).write_text(text, encoding="utf-8")
    sys.exit(0 if found["passed"] else 1)


if __name__ == "__main__":
    main()
