"""``python -m benchmarks.path``: two states of the code in turns on one installation, or the requests of a search."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from benchmarks.ingest.installed import installed
from benchmarks.path.requests import requests
from benchmarks.path.run import Plan, run

MOST_ROUNDS = 50


def main(argv: list[str]) -> int:
    """Measure, write the result as JSON, and return 0 where both states gave the same answers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.path", description=__doc__)
    parser.add_argument("--creators", type=int, default=20_000, help="size of the installation (made once, then kept)")
    parser.add_argument(
        "--against", type=Path, help="folder of another state (`git worktree add`); unset: what each request costs"
    )
    parser.add_argument("--rounds", type=int, default=4, help=f"turns of each state, at most {MOST_ROUNDS}")
    parser.add_argument("--searches", type=int, default=50, help="questions of a round, never asked before")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="file of the result; unset is the standard output")
    given = parser.parse_args(argv)
    rounds = min(given.rounds, MOST_ROUNDS)
    with installed(given.creators) as made:
        if given.against:
            result = run(made, Plan(given.against.resolve(), rounds, given.searches, given.seed))
        else:
            result = asyncio.run(requests(made, searches=given.searches, rounds=rounds, seed=given.seed))
    text = json.dumps(result, indent=1) + "\n"
    if given.json:
        given.json.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    compared = result.get("answers")
    return 0 if compared is None or compared["same_ids"] == compared["compared"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
