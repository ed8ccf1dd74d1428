"""``python -m benchmarks.load run --creators 20000 --users 40 --seconds 120``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.load.run import Asking, run
from creators.errors import CreatorscopeError


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    one = made.add_subparsers(dest="command", required=True).add_parser(
        "run",
        help="journeys of users against an installation, judged; exit status 1 when it does not pass",
        description="Users come (a fifth of the time), stay (half), become half as many more (the rest). Closed loop: "
        "it can hide stalls; the same load in open loop follows, and both are printed.",
    )
    one.add_argument("--creators", type=int, default=20_000, help="size of the installation that is made and served")
    one.add_argument("--users", type=int, default=40, help="users while they stay")
    one.add_argument("--seconds", type=int, default=120, help="of the whole closed run")
    one.add_argument("--budget-ms", type=float, default=500.0, help="largest P90 of searches while the users stay")
    one.add_argument("--url", help="ask what is served there instead")
    one.add_argument("--questions", type=Path, help="JSON lines with text and filters, instead of the corpus's own")
    one.add_argument("--seed", type=int, default=7)
    one.add_argument("--think", type=float, default=1.0, help="factor on all pauses; 0.1: ten times as hasty")
    one.add_argument("--html", type=Path, help="write Locust's report to this file")
    one.add_argument("--json", help="write the result to this file; `-` prints it")
    one.add_argument("--no-agreement", dest="agreement", action="store_false", help="leave the open-loop run out")
    return made


def table(result: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{result['model']}; {result['users']} users, {result['seconds']} s"]
    head = f"{'':22}{'count':>8}{'failed':>8}{'degraded':>10}{'P50 ms':>9}{'P90 ms':>9}{'P99 ms':>9}"
    for phase, entry in result["phases"].items():
        lines += ["", f"{phase:22}{head[22:]}"]
        for name, row in (*entry["steps"].items(), ("all searches", entry["searches"])):
            lines.append(
                f"{name:22}{row['count']:>8}{row['failed']:>8}{row['degraded']:>10}"
                + "".join(_cell(row[f"p{share}_ms"]) for share in (50, 90, 99))
            )
    if "open" in result.get("agreement", {}):
        lines += ["", "searches, closed and open loop at the same mean rate and mix:"]
        lines += [
            f"  {loop:8}" + "".join(_cell(result["agreement"][loop][f"p{share}_ms"]) for share in (50, 90, 99))
            for loop in ("closed", "open")
        ]
        lines.append(result["agreement"]["why"])
    return "\n".join([*lines, "", *(f"FAULT {fault}" for fault in result["faults"])])


def _cell(value: float | None) -> str:
    return f"{'-' if value is None else f'{value:.1f}':>9}"


def main(arguments: list[str] | None = None) -> None:
    """Run it; the table goes to stderr, the result to stdout or a file."""
    chosen = vars(parser().parse_args(arguments))
    target, _ = chosen.pop("json"), chosen.pop("command")
    try:
        result = run(Asking(**chosen))
    except (CreatorscopeError, ValueError, OSError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    print(table(result), file=sys.stderr)
    text = json.dumps(result, indent=1) + "\n"
    if target == "-":
        print(text, end="")
    elif target:
        Path(target).write_text(text, encoding="utf-8")
    sys.exit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
