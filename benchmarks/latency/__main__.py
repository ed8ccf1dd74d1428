"""``python -m benchmarks.latency [command] --creators N``: a cell where no command is named; ``--help`` has a list."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from benchmarks.latency import cell, clients, closed, cold, grid, knee, plots, similar
from benchmarks.latency.arms import ARMS
from benchmarks.latency.bench import Bench, opened
from benchmarks.latency.histogram import Histogram
from benchmarks.latency.schedule import ARRIVALS
from creators.settings import load_settings
from creators.telemetry import configure_logging

CLIENT_SHARE = 0.15
"""From here on the client takes so much of the machine that its figures are partly its own."""
Json = dict[str, Any]
What = TypeVar("What")


@dataclass(frozen=True)
class Command:
    """One thing to measure: its options, how it is done, and its figure.

    ``options`` adds what it has beside the shared ones; ``draw`` is None where there is no figure.
    """

    help: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Json]
    draw: Callable[[Json, Path, str], None] | None = None


def _on_bench(creators: int, what: What, measure: Callable[[Bench, What], Coroutine[Any, Any, Json]]) -> Json:
    with opened(creators) as bench:
        before = bench.state()
        result = uvloop.run(measure(bench, what))
        after = bench.state()
    known = {"corpus": bench.installed.corpus.fingerprint, "questions": after["questions"]}
    return {**before, **known, "index_after": after["index"], **result}


async def _measured_cell(bench: Bench, what: cell.Cell) -> Json:
    return cell.report(await cell.measure(bench, what))


def _cell(chosen: argparse.Namespace) -> Json:
    what = cell.Cell(
        chosen.creators,
        chosen.qps,
        chosen.seconds,
        chosen.arrivals,
        chosen.mix,
        chosen.writes,
        tuple(chosen.arms.split(",")),
        chosen.seed,
        chosen.runs,
        chosen.warm,
    )
    return _on_bench(chosen.creators, what, _measured_cell)


def _cell_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qps", type=float, default=10.0, help="requests per second that are offered")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured for each arm")
    parser.add_argument("--mix", default="mixed", help="of questions, see benchmarks.corpus.questions")
    parser.add_argument("--writes", type=float, default=0.0, help="documents updated per second meanwhile")
    parser.add_argument("--arms", default="ours", help=f"of {','.join(ARMS)}; the first is compared with the others")
    parser.add_argument("--runs", type=int, default=5, help="turns of each arm")
    parser.add_argument("--warm", type=float, default=10.0, help="seconds of warming for each arm, up to three times")


def _grid(chosen: argparse.Namespace) -> Json:
    what = grid.Grid(
        chosen.creators,
        chosen.qps,
        chosen.seconds,
        tuple(chosen.writes),
        tuple(chosen.shares.split(",")),
        tuple(chosen.breadths.split(",")),
        chosen.correlation,
        chosen.recall,
        chosen.arrivals,
        chosen.seed,
    )
    return _on_bench(chosen.creators, what, grid.measure)


def _grid_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qps", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=20.0, help="in each cell")
    parser.add_argument("--writes", type=float, nargs="+", default=[0.0, 100.0], help="documents per second")
    parser.add_argument("--shares", default=",".join(grid.SHARES), help="of creators that pass the filter, per cent")
    parser.add_argument("--breadths", default=",".join(grid.BREADTHS))
    parser.add_argument("--correlation", choices=["random", "aligned", "opposed"], default="random")
    parser.add_argument("--recall", type=int, default=0, help="questions of each cell compared with an exact scan")


def _knee(chosen: argparse.Namespace) -> Json:
    what = knee.Climb(
        chosen.creators,
        chosen.start,
        seconds=chosen.seconds,
        steps=chosen.steps,
        mix=chosen.mix,
        arrivals=chosen.arrivals,
        seed=chosen.seed,
    )
    return _on_bench(chosen.creators, what, knee.measure)


def _knee_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=float, default=5.0, help="first rate")
    parser.add_argument("--seconds", type=float, default=20.0, help="at each rate")
    parser.add_argument("--steps", type=int, default=12, help="rates at most")
    parser.add_argument("--mix", default="mixed")


def _closed(chosen: argparse.Namespace) -> Json:
    what = closed.Gap(
        chosen.creators,
        chosen.knee,
        seconds=chosen.seconds,
        users=chosen.users,
        mix=chosen.mix,
        arrivals=chosen.arrivals,
        seed=chosen.seed,
    )
    return _on_bench(chosen.creators, what, closed.measure)


def _closed_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--knee", type=float, required=True, help="requests per second, as `knee` found it")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each loop at 50, 70 and 90 %% of the knee")
    parser.add_argument("--users", type=int, default=8, help="in the closed loop")
    parser.add_argument("--mix", default="mixed")


def _cold(chosen: argparse.Namespace) -> Json:
    what = cold.Cold(chosen.creators, chosen.qps, chosen.restarts, chosen.mix, chosen.arrivals, chosen.seed)
    return cold.measure(what)


def _cold_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qps", type=float, default=10.0)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--mix", default="mixed")


def _similar(chosen: argparse.Namespace) -> Json:
    what = similar.Similar(chosen.creators, chosen.qps, chosen.seconds, arrivals=chosen.arrivals, seed=chosen.seed)
    return _on_bench(chosen.creators, what, similar.measure)


def _similar_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qps", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=60.0)


def _draw_cell(result: Json, path: Path, title: str) -> None:
    plots.curves({arm: Histogram.decoded(one["hdr"]) for arm, one in result["arms"].items()}, path, title)


def _draw_closed(result: Json, path: Path, title: str) -> None:
    found = {
        f"{loop} loop, {row['qps']:g}/s": Histogram.decoded(row[loop]["hdr"])
        for row in result["rates"]
        for loop in ("open", "closed")
    }
    plots.curves(found, path, title)


def _draw_similar(result: Json, path: Path, title: str) -> None:
    plots.curves({"similar": Histogram.decoded(result["hdr"])}, path, title)


COMMANDS = {
    "cell": Command("one cell, arms in turns", _cell_options, _cell, _draw_cell),
    "grid": Command("share of the filter by breadth of the words by writes", _grid_options, _grid, plots.grid),
    "knee": Command("the highest rate that is kept up", _knee_options, _knee, plots.knee),
    "closed": Command("open and closed loop at the same rate", _closed_options, _closed, _draw_closed),
    "cold": Command("the first hundred requests after a restart", _cold_options, _cold),
    "client": Command("what the client itself costs", lambda _: None, lambda _: clients.measure()),
    "similar": Command("creators like one, under three filters", _similar_options, _similar, _draw_similar),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; print what was found, and write it with its figure where a file is named."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = given.pop(0) if given and given[0] in COMMANDS else "cell"
    command = COMMANDS[name]
    chosen = _parser(name, command).parse_args(given)
    configure_logging(load_settings())
    # Ended from outside it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    result = {"name": name, "date": time.strftime("%Y-%m-%d", time.gmtime()), "creators": chosen.creators}
    result |= {"seed": chosen.seed, "arrivals": chosen.arrivals} | command.run(chosen)
    _warn(result)
    text = json.dumps(result, indent=1)
    if chosen.json and chosen.json != Path("-"):
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")
        if command.draw:
            command.draw(result, chosen.json.with_suffix(".svg"), f"{name}, {chosen.creators:,} creators")
    print(text)


def _parser(name: str, command: Command) -> argparse.ArgumentParser:
    prog = f"python -m benchmarks.latency {name}"
    others = f"Commands: {', '.join(f'{one} ({what.help})' for one, what in COMMANDS.items())}."
    parser = argparse.ArgumentParser(prog=prog, description=command.help, epilog=others)
    needed = name != "client"
    parser.add_argument("--creators", type=int, required=needed, help="in the index; made where it is not there yet")
    parser.add_argument("--arrivals", choices=list(ARRIVALS), default="poisson")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--json", type=Path, nargs="?", const=Path("-"), help="also write to this file, and a figure (.svg) beside it"
    )
    command.options(parser)
    return parser


def _warn(result: Json) -> None:
    share = client_share(result)
    if share > CLIENT_SHARE:
        print(f"note: the client took {share:.0%} of the machine; its figures are partly its own", file=sys.stderr)
    machine = result.get("machine", {})
    if machine and machine.get("load_average", [0])[0] > machine["cores"]:
        print("note: the machine was busy before the run; compare CPU per request, not milliseconds", file=sys.stderr)


def client_share(found: object) -> float:
    """Return the largest share of the machine that the client took in any run of a result."""
    if isinstance(found, list):
        return max(map(client_share, found), default=0.0)
    if not isinstance(found, dict):
        return 0.0
    own = float(found.get("share_of_machine", {}).get("client", 0.0))
    return max(own, *map(client_share, found.values()), 0.0)


if __name__ == "__main__":
    main()
